"""The days of an Instance Scheduler period: ``weekdays``, ``monthdays`` and ``months``, all of which must agree.

Grammar as its documentation and its own parser give it (v3.2.8): numbers or names (full or three letters, any case),
lists, ranges (weekdays and months wrap, days of the month do not), ``start/step`` and ``a-b/step``, ``*`` and ``?``,
``L`` (last day of the month; Sunday), ``friL`` (last of the month), ``mon#2`` (nth), ``15W`` (nearest weekday). A step
is the number that is written; that its parser keeps only the last digit of it is a mistake of its own.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from chalicelib.policy.cron_expression import LAST, CronExpression
from chalicelib.policy.windows import MONTHS, WEEKDAYS

_MONTH_NAMES = tuple(name.lower() for name in calendar.month_name[1:])
_WEEKDAY_NAMES = tuple(name.lower() for name in calendar.day_name)
_STEP = re.compile(r"(?P<range>[^/]+)/\s*(?P<step>\d+)", re.ASCII)
_ALL = ("*", "?")


class BadRecurrence(ValueError):
    """One item cannot be read; the message is a sentence without its place."""


@dataclass(frozen=True, slots=True)
class Days:
    """When a period is on: every given part must agree; None: every day (month)."""

    months: frozenset[int] | None = None
    month_days: frozenset[int] | None = None
    """1 to 31; LAST is the last day. Days that a month lacks do not happen."""
    nearest: frozenset[int] = frozenset()
    """Days whose nearest Monday to Friday in the same month is meant; beside ``month_days``."""
    weekdays: frozenset[int] | None = None
    nth: frozenset[tuple[int, int]] = frozenset()
    """(weekday, 1 to 5 or LAST); beside ``weekdays``."""

    @property
    def is_weekly(self) -> bool:
        """Whether it depends on the weekday alone."""
        return self.months is None and self.month_days is None and not self.nearest and not self.nth

    def on(self, day: date) -> bool:
        if self.months is not None and day.month not in self.months:
            return False
        by_date = CronExpression("", (0,), (0,), self.month_days or frozenset(), self.nearest)
        if (self.month_days is not None or self.nearest) and not (
            (self.month_days or self.nearest) and by_date.fires_on(day)
        ):
            return False
        if self.weekdays is None and not self.nth:
            return True
        return CronExpression("", (0,), (0,), weekdays=self.weekdays or frozenset(), nth=self.nth).fires_on(day)

    def undefined_in(self, day: date) -> bool:
        """In a month without such a day its own evaluation of ``31W`` ends with an error."""
        last = calendar.monthrange(day.year, day.month)[1]
        return any(number > last for number in self.nearest)


def read_days(weekdays: list[str] | None, month_days: list[str] | None, months: list[str] | None) -> Days:
    """Raises BadRecurrence for what Instance Scheduler would refuse too."""
    month_set: set[int] = set()
    day_set: set[int] = set()
    nearest: set[int] = set()
    weekday_set: set[int] = set()
    nth: set[tuple[int, int]] = set()
    all_months = _each(months, "months", lambda item: _month(item, month_set))
    all_days = _each(month_days, "monthdays", lambda item: _month_day(item, day_set, nearest))
    all_weekdays = _each(weekdays, "weekdays", lambda item: _weekday(item, weekday_set, nth))
    return Days(
        None if all_months else frozenset(month_set),
        None if all_days or (nearest and not day_set) else frozenset(day_set),
        frozenset() if all_days else frozenset(nearest),
        None if all_weekdays or (nth and not weekday_set) else frozenset(weekday_set),
        frozenset() if all_weekdays else frozenset(nth),
    )


def _each(texts: list[str] | None, field: str, take: Callable[[str], bool]) -> bool:
    """Gives every item to ``take``; True when the field says every one."""
    if texts is None:
        return True
    items = [item.strip().lower() for text in texts for item in text.split(",")]
    if not any(items):
        raise BadRecurrence(f"{field} is empty; leave it out, or name some")
    every = False
    for item in items:
        try:
            every = take(item) or every
        except BadRecurrence as error:
            raise BadRecurrence(f'{field} "{item}": {error}') from None
    return every


def _month(item: str, found: set[int]) -> bool:
    if item in _ALL:
        return True
    found.update(_numbers(item, 1, 12, (_MONTH_NAMES, MONTHS), wraps=True))
    return False


def _weekday(item: str, found: set[int], nth: set[tuple[int, int]]) -> bool:
    names = (_WEEKDAY_NAMES, WEEKDAYS)
    day, mark, number = item.partition("#")
    if item in _ALL:
        return True
    if item == "l":
        found.add(6)
    elif mark:
        if number not in ("1", "2", "3", "4", "5"):
            raise BadRecurrence("the number after # runs from 1 to 5")
        nth.add((_number(day, 0, 6, names), int(number)))
    elif item.endswith("l") and len(item) > 1:
        nth.add((_number(item[:-1], 0, 6, names), LAST))
    else:
        found.update(_numbers(item, 0, 6, names, wraps=True))
    return False


def _month_day(item: str, found: set[int], nearest: set[int]) -> bool:
    if item in _ALL:
        return True
    if item == "l":
        found.add(LAST)
    elif item.endswith("w"):
        nearest.add(_number(item[:-1], 1, 31, ()))
    else:
        found.update(_numbers(re.sub(r"-\s*l\b", "-31", item), 1, 31, (), wraps=False))
    return False


def _numbers(item: str, lowest: int, highest: int, names: Iterable[tuple[str, ...]], *, wraps: bool) -> list[int]:
    step_form = _STEP.fullmatch(item)
    text, step = (step_form["range"], int(step_form["step"])) if step_form else (item, 1)
    if step == 0:
        raise BadRecurrence("a step of 0 never moves; write 1 or more")
    start_text, dash, end_text = text.partition("-")
    start = _number(start_text, lowest, highest, names)
    if not dash:
        return list(range(start, highest + 1, step)) if step_form else [start]
    end = _number(end_text, lowest, highest, names)
    if start > end and not wraps:
        raise BadRecurrence("days of the month do not wrap; write two ranges")
    size = highest - lowest + 1
    span = (end - start) % size
    return [(start - lowest + n) % size + lowest for n in range(0, span + 1, step)]


def _number(text: str, lowest: int, highest: int, names: Iterable[tuple[str, ...]]) -> int:
    word = text.strip()
    for listed in names:
        if word in listed:
            return listed.index(word) + lowest
    if not (word.isascii() and word.isdigit()) or not lowest <= int(word) <= highest:
        named = f" or names such as {next(iter(names))[0]}" if names else ""
        raise BadRecurrence(f'"{word}" is none; it holds numbers from {lowest} to {highest}{named}')
    return int(word)
