"""What the language has and this version of the program does not do yet. Refused where it would matter, never ignored.

A policy that is ``disabled`` may already say it. Whoever builds the effect takes its line out of here.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.policy.nodes import MapNode, Mark, Nothing, Scalar
from chalicelib.policy.problems import Problem

_SECTIONS = {
    "spot": "moving services to Spot and back is not in this version; leave spot out, or write mode: disabled",
}


def refusals(merged: MapNode) -> Iterator[Problem]:
    """LC080 for each use of something that would have no effect, in a policy that is looked at."""
    mode = merged.get("mode")
    if isinstance(mode, Scalar) and mode.text == "disabled":
        return
    for name, message in _SECTIONS.items():
        entry = merged.entry(name)
        if entry and not isinstance(entry.value, Nothing):
            yield _refuse(entry.mark, message)


def _refuse(mark: Mark, message: str) -> Problem:
    return Problem("LC080", "error", mark.file, mark.line, mark.column, mark.path, None, message)
