"""From what each day of a wall clock says to what each minute of a stretch of time says.

The peers ask the wall clock and nothing else, so a repeated hour says the same twice and a skipped one nothing: just
that is reproduced here, independently of how our own timetables find their edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from chalicelib.policy.moments import clock_changes, wall_time
from chalicelib.policy.windows import MINUTES_OF_DAY

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def by_wall_clock(zone: ZoneInfo, begin: datetime, minutes: int, on_day: Callable[[date], bytes]) -> bytes:
    """One byte for each minute from ``begin`` (UTC); ``on_day`` gives the 1,440 bytes of a local day."""
    said = bytearray()
    for local, count in _steady_stretches(zone, begin, minutes):
        while count > 0:
            first = local.hour * 60 + local.minute
            here = min(count, MINUTES_OF_DAY - first)
            said += on_day(local.date())[first : first + here]
            local += here * MINUTE
            count -= here
    return bytes(said)


def _steady_stretches(zone: ZoneInfo, begin: datetime, minutes: int) -> Iterator[tuple[datetime, int]]:
    """Wall time (naive) and count of minutes of each stretch in which the clock is not changed."""
    end = begin + minutes * MINUTE
    marks = [begin, *(change.at for change in clock_changes(zone, begin + MINUTE, end)), end]
    for at, following in pairwise(marks):
        yield wall_time(zone, at), round((following - at) / MINUTE)


def in_second_pass(zone: ZoneInfo, begin: datetime, end: datetime) -> bool:
    """Whether the wall clock shows every minute from ``begin`` to ``end`` for the second time."""
    minutes = round((end - begin) / MINUTE)
    return all((begin + n * MINUTE).astimezone(zone).fold == 1 for n in range(minutes))


def gap_before(zone: ZoneInfo, begin: datetime) -> bool:
    """Whether a clock change has skipped the time just before ``begin``."""
    return any(change.forward for change in clock_changes(zone, begin, begin + MINUTE))
