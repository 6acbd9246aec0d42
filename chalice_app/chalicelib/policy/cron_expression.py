"""One cron expression, whatever form it was written in: at which wall times of which days it fires.

A frozen value that is asked day by day, so that no question about it can run away. Knows no zone, no text forms
(``cron``, ``aws_cron``) and no state: an expression only fires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

EVERY_MONTH = frozenset(range(1, 13))
EVERY_WEEKDAY = frozenset(range(7))
LAST = -1
"""As a day of the month: the last one. As an nth: the last such weekday."""


@dataclass(frozen=True, slots=True)
class CronExpression:
    """When to fire: on the days of ``month_days`` and ``nearest_to`` when one of them is given, else on those of
    ``weekdays`` and ``nth``; always only in ``months`` and ``years`` (empty: every year).

    ``weekdays`` count from 0 = Monday. ``nth`` holds (weekday, 1 to 5 or LAST). ``month_days`` may hold LAST,
    ``nearest_to`` days whose nearest weekday of the same month is meant (LAST: the month's last weekday).
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: frozenset[int] = frozenset()
    nearest_to: frozenset[int] = frozenset()
    months: frozenset[int] = EVERY_MONTH
    weekdays: frozenset[int] = EVERY_WEEKDAY
    nth: frozenset[tuple[int, int]] = frozenset()
    years: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return self.text

    @property
    def times(self) -> tuple[time, ...]:
        """Wall times at which it fires on each of its days, in order."""
        return _clock(self.hours, self.minutes)

    def times_on(self, day: date) -> tuple[time, ...]:
        """Wall times at which it fires on ``day``, in order; empty when it does not."""
        return self.times if self.fires_on(day) else ()

    def fires_on(self, day: date) -> bool:
        if day.month not in self.months or (self.years and day.year not in self.years):
            return False
        if self.month_days or self.nearest_to:
            return self._names_day(day)
        weekday = day.weekday()
        if weekday in self.weekdays:
            return True
        week = (day.day - 1) // 7 + 1
        is_last = (day + timedelta(days=7)).month != day.month
        return (weekday, week) in self.nth or (is_last and (weekday, LAST) in self.nth)

    def _names_day(self, day: date) -> bool:
        last = _days_in_month(day)
        if day.day in self.month_days or (LAST in self.month_days and day.day == last):
            return True
        return any(day.day == _nearest_weekday(day, target, last) for target in self.nearest_to)

    @property
    def is_regular(self) -> bool:
        """Whether it fires in every year: not tied to years, to days that months may lack, or to a fifth weekday."""
        return (
            not self.years
            and max(self.month_days | self.nearest_to, default=0) <= 28
            and all(week != 5 for _, week in self.nth)
        )

    @property
    def firings_a_day(self) -> int:
        return len(self.minutes) * len(self.hours)


@lru_cache(maxsize=1024)
def _clock(hours: tuple[int, ...], minutes: tuple[int, ...]) -> tuple[time, ...]:
    return tuple(time(hour, minute) for hour in hours for minute in minutes)


def _days_in_month(day: date) -> int:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def _nearest_weekday(day: date, target: int, last: int) -> int | None:
    """The weekday of ``day``'s month nearest to its day ``target``, never in another month. A day that the month does
    not have has no nearest one: AWS says nothing, and an edge on a day that nobody wrote would be a guess."""
    number = last if target == LAST else target
    if number > last:
        return None
    weekday = day.replace(day=number).weekday()
    if weekday < 5:
        return number
    if target == LAST:
        return number - (weekday - 4)
    if weekday == 5:
        return number - 1 if number > 1 else number + 2
    return number + 1 if number < last else number - 2
