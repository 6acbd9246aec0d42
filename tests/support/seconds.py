"""A second-by-second simulator for tests, written apart from the event-driven one and as plainly as can be.

Every second of the trace is walked through. Requests are (second, length in seconds), all whole numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Walked:
    on_seconds: int = 0
    cold_starts: int = 0
    waited: int = 0
    stops: int = 0


def walk(requests: Sequence[tuple[int, int]], timeout: int, boot: int, end: int) -> Walked:
    """Off at first; a request starts it; ready after ``boot``; stops once idle for ``timeout``."""
    found, arriving = Walked(), _by_second(requests)
    up, ready_at, busy_until = False, 0, 0
    for second in range(end):
        if up and second - busy_until >= timeout and not (second - busy_until == timeout and second in arriving):
            up = False
            found.stops += 1
        for length in arriving.get(second, ()):
            if not up:
                up, ready_at = True, second + boot
                found.cold_starts += 1
            if second < ready_at:
                found.waited += 1
            busy_until = max(busy_until, max(second, ready_at) + length if second < ready_at else second + length)
        found.on_seconds += up
    return found


def walk_sweeps(
    requests: Sequence[tuple[int, int]], *, stop_after: int, warm_up: int, boot: int, sweep: int, drain: int, end: int
) -> Walked:
    """The same under a controller that looks every ``sweep`` seconds at what the load balancer counted by the minute,
    trusts nothing newer than two minutes, and lets a new task warm up. ``stop_after`` is in whole minutes, in seconds.
    """
    found, arriving = Walked(), _by_second(requests)
    counted: Counter[int] = Counter()
    up, ready_at, paid_until = False, 0, 0
    awaited = False
    for second in range(end):
        for _ in arriving.get(second, ()):
            if not up:
                up, ready_at, awaited = True, second + boot, False
            if second < ready_at:
                found.waited += 1
                found.cold_starts += not awaited
                awaited = True
            counted[second // 60] += 1
        if up and second % sweep == 0 and second >= ready_at:
            newest = (second - 120) // 60
            looked_at = range(newest - stop_after // 60, newest)
            first = -(-(-(-(ready_at + warm_up) // 60) * 60 + stop_after) // 60) * 60 + 120
            if second >= first and not any(counted[minute] for minute in looked_at):
                up, paid_until = False, second + drain
                found.stops += 1
        found.on_seconds += up or second < paid_until
    return found


def _by_second(requests: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for at, length in requests:
        found.setdefault(at, []).append(length)
    return found
