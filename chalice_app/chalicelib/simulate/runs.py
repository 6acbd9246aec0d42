"""Requests grouped into runs: stretches of use with no more than a minute of idleness inside.

No policy stops within a minute, so runs and the gaps between them are all that an idle rule can see. They are made
one at a time; only the arrivals that could wait for a boot are kept, so memory does not grow with the trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chalicelib.simulate.trace import Request

LEAST_GAP_SECONDS = 60.0


class Run(NamedTuple):
    """Used from ``start`` to ``end`` (the last answer's end), if nobody had to wait; ``early`` are the requests that
    would wait for a boot that began with the run, or shortly before it."""

    start: float
    end: float
    early: tuple[Request, ...]

    def held_until(self, ready_at: float) -> tuple[int, float]:
        """How many requests wait when the service is ready at ``ready_at``, and when the last of them is answered."""
        waiting = [seconds for at, seconds in self.early if at < ready_at]
        return len(waiting), ready_at + max(waiting) if waiting else self.end


def runs(requests: Iterable[Request], boot_seconds: float) -> Iterator[Run]:
    """``requests`` in order of arrival."""
    start = end = 0.0
    early: list[Request] = []
    there = False
    for request in requests:
        at, seconds = request
        if there and at - end <= LEAST_GAP_SECONDS:
            until = at + seconds
            if until > end:
                end = until
            if at < start + boot_seconds:
                early.append(request)
            continue
        if there:
            yield Run(start, end, tuple(early))
        there, start, end = True, at, at + seconds
        early = [request]
    if there:
        yield Run(start, end, tuple(early))
