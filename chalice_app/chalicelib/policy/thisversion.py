"""What the language has and this version of the program does not do yet. Refused where it would matter, never ignored.

A policy that is ``disabled`` may already say it. Whoever builds the effect takes its line out of here.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.policy.nodes import MapNode, Mark, Nothing, Scalar
from chalicelib.policy.problems import Problem

_SECTIONS = {
    "spot": "moving services to Spot and back is not in this version; leave spot out, or write mode: disabled",
    "approval": "asking people before acting is not in this version; leave approval out, or write mode: disabled",
}
_ADAPTIVE = "stop-after: adaptive is not in this version; write a duration as 45m, or mode: disabled"


def refusals(merged: MapNode) -> Iterator[Problem]:
    """LC080 for each use of something that would have no effect, in a policy that is looked at."""
    mode = merged.get("mode")
    if isinstance(mode, Scalar) and mode.text == "disabled":
        return
    for name, message in _SECTIONS.items():
        entry = merged.entry(name)
        if entry and not isinstance(entry.value, Nothing):
            yield _refuse(entry.mark, None, message)
    idle = merged.get("idle")
    stop_after = idle.get("stop-after") if isinstance(idle, MapNode) else None
    if isinstance(stop_after, Scalar) and stop_after.text == "adaptive":
        yield _refuse(stop_after.mark, "adaptive", _ADAPTIVE)


def _refuse(mark: Mark, value: str | None, message: str) -> Problem:
    return Problem("LC080", "error", mark.file, mark.line, mark.column, mark.path, value, message)
