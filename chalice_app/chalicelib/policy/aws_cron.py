"""EventBridge's cron form, ``cron(minute hour day-of-month month day-of-week year)``, translated by ourselves.

It differs from Unix cron in what matters: weekdays count from 1 = Sunday, ``?`` must stand in exactly one of the two
day fields, ``L``, ``W`` and ``#`` exist, and the sixth field is a year (croniter takes it for seconds and then fires
every second). Follows the reference "Cron expressions" of Amazon EventBridge Scheduler.

Refuses what that reference does not describe (``L-3``), rather than guess what AWS would do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.policy.cron_expression import EVERY_WEEKDAY, LAST, CronExpression
from chalicelib.policy.problems import ScalarError

BAD_CRON = "LC017"

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ITEM = re.compile(r"(?P<start>\*|\w+)(?:-(?P<end>\w+))?(?:/(?P<step>\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    title: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    wraps: bool = False

    def values(self, text: str) -> tuple[int, ...]:
        """``5``, ``MON-FRI``, ``20-2`` (wraps), ``0/15``, ``*/2`` and lists of them -> sorted numbers."""
        found: set[int] = set()
        for item in text.split(","):
            match = _ITEM.fullmatch(item)
            if match is None:
                raise _unreadable(self, item)
            found.update(self._item(item, match))
        return tuple(sorted(found))

    def _item(self, item: str, match: re.Match[str]) -> list[int]:
        step = int(match["step"] or 1)
        if match["start"] == "*":
            if match["end"]:
                raise _unreadable(self, item)
            return list(range(self.lowest, self.highest + 1, step))
        start = self.number(match["start"])
        if match["end"] is None:
            return list(range(start, self.highest + 1, step)) if match["step"] else [start]
        end = self.number(match["end"])
        if end < start:
            if not self.wraps:
                raise ScalarError(BAD_CRON, f"{item} in the {self.title} field ends before it begins")
            end += self.highest - self.lowest + 1
        size = self.highest - self.lowest + 1
        return [(value - self.lowest) % size + self.lowest for value in range(start, end + 1, step)]

    def number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.lowest
        if not text.isdecimal() or not self.lowest <= int(text) <= self.highest:
            raise _unreadable(self, text)
        return int(text)


_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23, wraps=True)
_DAY = _Field("day-of-month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTHS, wraps=True)
_WEEKDAY = _Field("day-of-week", 1, 7, _WEEKDAYS, wraps=True)
_YEAR = _Field("year", 1970, 2199)


def parse_aws_cron(text: str) -> CronExpression:
    """``cron(0 8 ? * MON-FRI *)`` -> CronExpression. Raises ScalarError with one sentence."""
    if not text.endswith(")"):
        raise ScalarError(BAD_CRON, "the closing ) of cron(...) is missing")
    fields = text.removeprefix("cron(").removesuffix(")").split()
    if len(fields) != 6:
        raise ScalarError(
            BAD_CRON,
            "AWS's form has six fields, minute hour day-of-month month day-of-week year: cron(0 8 ? * MON-FRI *)",
        )
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise ScalarError(BAD_CRON, "AWS wants ? in exactly one of the day fields, such as cron(0 8 ? * MON-FRI *)")
    month_days, nearest_to = _month_days(day)
    weekdays, nth = _weekdays(weekday)
    return CronExpression(
        text=text,
        minutes=_MINUTE.values(minute),
        hours=_HOUR.values(hour),
        month_days=month_days,
        nearest_to=nearest_to,
        months=frozenset(_MONTH.values(month)),
        weekdays=weekdays,
        nth=nth,
        years=frozenset() if year == "*" else frozenset(_YEAR.values(year)),
    )


def _month_days(text: str) -> tuple[frozenset[int], frozenset[int]]:
    """The day-of-month field -> (days, days whose nearest weekday is meant)."""
    if text in ("?", "*"):
        return frozenset(), frozenset()
    days: set[int] = set()
    nearest: set[int] = set()
    for item in text.upper().split(","):
        if item == "L":
            days.add(LAST)
        elif item == "LW":
            nearest.add(LAST)
        elif item.startswith("L-"):
            raise ScalarError(BAD_CRON, f"AWS does not say what {item} means; write the days, or L for the last one")
        elif item.endswith("W"):
            nearest.add(_DAY.number(item[:-1]))
        else:
            days.update(_DAY.values(item))
    return frozenset(days), frozenset(nearest)


def _weekdays(text: str) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """The day-of-week field -> (weekdays, nth weekdays), counted from 0 = Monday."""
    if text in ("?", "*"):
        return EVERY_WEEKDAY, frozenset()
    upper = text.upper()
    if upper == "L":
        return frozenset({5}), frozenset()  # AWS's week ends on Saturday
    if "#" in upper:
        day, _, nth = upper.partition("#")
        if nth not in ("1", "2", "3", "4", "5"):
            raise ScalarError(BAD_CRON, f"{text}: one weekday and its number from 1 to 5, such as FRI#2")
        return frozenset(), frozenset({(_from_sunday(_WEEKDAY.number(day)), int(nth))})
    if upper.endswith("L"):
        return frozenset(), frozenset({(_from_sunday(_WEEKDAY.number(upper[:-1])), LAST)})
    return frozenset(_from_sunday(day) for day in _WEEKDAY.values(text)), frozenset()


def _from_sunday(day: int) -> int:
    """AWS counts from 1 = Sunday, Python from 0 = Monday."""
    return (day - 2) % 7


def _unreadable(field: _Field, item: str) -> ScalarError:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return ScalarError(
        BAD_CRON, f'"{item}" is no {field.title}; it holds numbers from {field.lowest} to {field.highest}{names}'
    )
