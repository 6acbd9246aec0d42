"""An oracle for schedules that shares nothing with the code it checks: it watches a clock, minute by minute.

The clock on its wall never steps back: in a repeated hour it stands still until the real one has caught up, and a gap
it jumps over. Hours are open when some plain rule says that the time on that clock lies in a window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DAY = 24 * 60
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
"""Clocks change on whole quarters of an hour, so within one they just run."""
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLE = 2 * DAY
"""Minutes watched before the year begins, so that a clock change just before it is known."""


@dataclass(frozen=True)
class PlainWindow:
    """A window as a rule on days and two clock times in minutes; ``end <= begin`` means the next day."""

    on: Callable[[date], bool]
    begin: int
    end: int


@cache
def shown_minutes(zone: ZoneInfo, year: int) -> NDArray[np.int64]:
    """For every minute of a UTC year: what the clock that never steps back shows, in minutes since 1970."""
    first = datetime(year, 1, 1, tzinfo=UTC) - _SETTLE * MINUTE
    quarters = (datetime(year + 1, 1, 1, tzinfo=UTC) - first) // QUARTER
    local = [(first + n * QUARTER).astimezone(zone).replace(tzinfo=UTC, fold=0) for n in range(quarters)]
    shown = np.array([(at - _ZERO) // MINUTE for at in local], dtype=np.int64)
    every_minute = (shown[:, np.newaxis] + np.arange(QUARTER // MINUTE)).ravel()
    return np.maximum.accumulate(every_minute)[_SETTLE:]


def open_minutes(windows: Sequence[PlainWindow], zone: ZoneInfo, year: int) -> NDArray[np.bool_]:
    """For every minute of a UTC year: whether any window holds."""
    shown = shown_minutes(zone, year)
    day, minute = shown // DAY, shown % DAY
    first = int(day[0]) - 1
    found = np.zeros(len(shown), dtype=np.bool_)
    for window in windows:
        on = np.array([window.on(date(1970, 1, 1) + timedelta(days=n)) for n in range(first, int(day[-1]) + 1)])
        today, yesterday = on[day - first], on[day - first - 1]
        if window.end > window.begin:
            found |= today & (minute >= window.begin) & (minute < window.end)
        else:
            found |= (today & (minute >= window.begin)) | (yesterday & (minute < window.end))
    return found


def open_after_edges(
    starts: Sequence[tuple[set[int], int]], stops: Sequence[tuple[set[int], int]], zone: ZoneInfo, year: int
) -> NDArray[np.bool_]:
    """For every minute of a UTC year: whether the last edge was a start. An edge is (weekdays, minute of the day); a
    start and a stop at one minute are a start."""
    shown = shown_minutes(zone, year)
    edges = sorted(
        (day * DAY + minute, opens)
        for opens, group in ((False, stops), (True, starts))
        for weekdays, minute in group
        for day in range(int(shown[0]) // DAY - 8, int(shown[-1]) // DAY + 1)
        if (date(1970, 1, 1) + timedelta(days=day)).weekday() in weekdays
    )
    times, kinds = np.array([at for at, _ in edges]), np.array([opens for _, opens in edges])
    return np.asarray(kinds[np.searchsorted(times, shown, side="right") - 1], dtype=np.bool_)


def minutes_of(year: int) -> list[datetime]:
    """Every minute of a UTC year."""
    first = datetime(year, 1, 1, tzinfo=UTC)
    return [first + n * MINUTE for n in range((datetime(year + 1, 1, 1, tzinfo=UTC) - first) // MINUTE)]
