"""The files of the report function's layer, as they lie in this environment: pip's, less what is cut."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import report_layer
from packaging.requirements import Requirement


def _distributions() -> Iterator[importlib.metadata.Distribution]:
    """What pip would install for the layer: its requirements and theirs."""
    waiting, seen = list(report_layer.REQUIREMENTS), set[str]()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        found = importlib.metadata.distribution(name)
        yield found
        needs = [Requirement(one) for one in found.requires or ()]
        waiting += [one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})]


def layer_files() -> dict[str, Path]:
    held = {str(file): Path(str(file.locate())) for found in _distributions() for file in found.files or ()}
    return {name: path for name, path in held.items() if report_layer.is_needed(name) and path.is_file()}
