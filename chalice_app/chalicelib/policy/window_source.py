"""Hours as windows, laid out month by month.

Decides which windows begin on which days, holidays considered, and at which instants they begin and end: each edge is
one instant, by ``moments.first_instant``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from chalicelib.policy.calendars import HolidayRules
from chalicelib.policy.expansion import MONTHS_TO_LOOK, REGULAR_MONTHS, Month, Piece, Span, lay_out
from chalicelib.policy.moments import first_instant
from chalicelib.policy.windows import MINUTES_OF_DAY, Days, Window

_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class _Begun:
    """A window on a day on which it begins, or would begin but for the holiday it is ``lost_to``."""

    window: Window
    day: date
    lost_to: str | None


@dataclass(frozen=True, slots=True)
class WindowSource:
    """Hours as windows: open while any window is."""

    zone: ZoneInfo
    windows: tuple[Window, ...]
    holidays: HolidayRules | None = None

    @property
    def months_to_look(self) -> int:
        """What has not changed for so many months never will."""
        regular = self.holidays is None and all(window.is_regular for window in self.windows)
        return REGULAR_MONTHS if regular else MONTHS_TO_LOOK

    def pieces(self, month: Month) -> list[Piece]:
        begun = list(self._begun(month))
        return lay_out(month, [self._span(one) for one in begun]) if begun else [Piece(month.begin, False, "", None)]

    def is_open_throughout(self, month: Month) -> bool:
        """Whether hours never close in all of the month, told by the wall clock without laying it out: hours that never
        close at all are looked through for 41 years. Windows that touch by the wall clock touch by any other."""
        days: dict[date, list[tuple[int, int]]] = {day: [] for day in month.local_days()}
        for one in self._begun(month):
            if one.lost_to is None:
                days[one.day].append((one.window.begin, one.window.end))
        spans = [tuple(on_day) for on_day in days.values()]
        return all(_cover_day(before, on_day) for before, on_day in pairwise(spans))

    def _begun(self, month: Month) -> Iterator[_Begun]:
        days = list(month.local_days())
        windows = tuple(window for window in self.windows if window.may_begin_between(days[0], days[-1]))
        kinds, first_of_kind = _kinds_of_days(windows)
        for day in days:
            holiday = self.holidays.name_on(day) if self.holidays is not None else None
            begins = [window.begins_on(day) for window in first_of_kind]
            if holiday is None and not any(begins):
                continue
            for window, kind in zip(windows, kinds, strict=True):
                ordinarily = begins[kind]
                if ordinarily if holiday is None else self._begins_on_holiday(window, day):
                    yield _Begun(window, day, None)
                elif ordinarily:
                    yield _Begun(window, day, holiday)

    def _begins_on_holiday(self, window: Window, day: date) -> bool:
        match self.holidays.day_is if self.holidays is not None else "ordinary":
            case "closed":
                return False
            case "sat":
                return window.begins_on(day, _SATURDAY)
            case "sun":
                return window.begins_on(day, _SUNDAY)
            case "ordinary":
                return window.begins_on(day)

    def _span(self, one: _Begun) -> Span:
        begin, end = (first_instant(self.zone, local) for local in one.window.on(one.day))
        if one.lost_to is None:
            return Span(begin, end, "open", one.window.text)
        return Span(begin, end, "rest", one.lost_to)


@lru_cache(maxsize=256)
def _kinds_of_days(windows: tuple[Window, ...]) -> tuple[tuple[int, ...], tuple[Window, ...]]:
    """For each window the number of its kind, and one window of each: those of a kind begin on the same days, so that
    hundreds of windows cost a few looks a day."""
    found: dict[tuple[frozenset[int], Days], int] = {}
    kinds = tuple(found.setdefault((window.months, window.days), len(found)) for window in windows)
    first = {kind: window for window, kind in zip(reversed(windows), reversed(kinds), strict=True)}
    return kinds, tuple(first[kind] for kind in range(len(found)))


@lru_cache(maxsize=4096)
def _cover_day(before: tuple[tuple[int, int], ...], on_day: tuple[tuple[int, int], ...]) -> bool:
    """Whether the windows that begin on a day, and on the one before it, leave none of its minutes out."""
    covered = 0
    for begin, end in sorted([*on_day, *((begin - MINUTES_OF_DAY, end - MINUTES_OF_DAY) for begin, end in before)]):
        if begin > covered:
            return False
        covered = max(covered, end)
    return covered >= MINUTES_OF_DAY
