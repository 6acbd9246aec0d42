"""Windows as values: on which days one begins, and from which minute to which. ``window_text`` reads them.

Half-open: at 20:00 it is closed. An end before the start is the next day's, and the day that is named is the day on
which the window begins; months and dates too are judged by that day. All fields must agree (cron's "either day" does
not exist here). Knows no time zone and no holidays: those are ``timetable``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import assert_never

from chalicelib.policy.dates import DateRange

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MINUTES_OF_DAY = 24 * 60

_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, 0 = Monday."""

    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The ``nth`` (1 to 5) or last (-1) such weekday of a month. A month without a fifth one has none."""

    weekday: int
    nth: int


@dataclass(frozen=True, slots=True)
class MonthDays:
    """Days of the month from ``first`` to ``last``, both included; a short month ends sooner."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LastDay:
    """The last day of a month."""


Days = Weekdays | NthWeekday | MonthDays | LastDay | DateRange


@dataclass(frozen=True, slots=True)
class Window:
    """One window. ``begin`` and ``end`` are minutes from the midnight at which the begin day starts; an overnight
    window's ``end`` is beyond 1440."""

    text: str
    months: frozenset[int]
    days: Days
    begin: int
    end: int

    def __str__(self) -> str:
        return self.text

    def begins_on(self, day: date, as_weekday: int | None = None) -> bool:
        """Whether the window begins on ``day``. ``as_weekday`` (0 = Monday) takes the day for another weekday, as
        ``holidays.day-is`` asks for; the first or last Friday of a month stays the real one."""
        if day.month not in self.months:
            return False
        weekday = day.weekday()
        match self.days:
            case Weekdays(days):
                return (weekday if as_weekday is None else as_weekday) in days
            case NthWeekday(named, nth):
                if weekday != named or as_weekday not in (None, named):
                    return False
                return _is_last_week(day) if nth == -1 else (day.day - 1) // 7 + 1 == nth
            case MonthDays(first, last):
                return first <= day.day <= last
            case LastDay():
                return (day + timedelta(days=1)).day == 1
            case DateRange():
                return day in self.days
            case other:
                assert_never(other)

    def may_begin_between(self, first: date, last: date) -> bool:
        """False only if it begins on no day from ``first`` to ``last``: a date that is far away."""
        return not isinstance(self.days, DateRange) or (self.days.first <= last and first <= self.days.last)

    def on(self, day: date) -> tuple[datetime, datetime]:
        """Begin and end in wall time (naive) of the window that begins on ``day``."""
        midnight = datetime.combine(day, time())
        return midnight + timedelta(minutes=self.begin), midnight + timedelta(minutes=self.end)

    @property
    def is_regular(self) -> bool:
        """Whether it begins in every year: no date, no day that months may lack, no fifth weekday."""
        match self.days:
            case NthWeekday(_, nth):
                return nth != 5
            case MonthDays(first, _):
                return first <= 28
            case DateRange():
                return False
            case _:
                return True

    @property
    def can_begin(self) -> bool:
        """False for days that no year has, such as ``feb day 30``."""
        match self.days:
            case MonthDays(first, _):
                return any(first <= _LONGEST_MONTHS[month - 1] for month in self.months)
            case DateRange(first, last):
                span = min((last - first).days, 366)
                return any((first + timedelta(days=n)).month in self.months for n in range(span + 1))
            case _:
                return True


def _is_last_week(day: date) -> bool:
    return (day + timedelta(days=7)).month != day.month
