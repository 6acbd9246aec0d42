"""Hours as windows, laid out month by month.

Decides which windows begin on which days, holidays considered, and at which instants they begin and end: each edge is
one instant, by ``moments.first_instant``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from chalicelib.policy.calendars import HolidayRules
from chalicelib.policy.expansion import MONTHS_TO_LOOK, REGULAR_MONTHS, Month, Piece, Span, lay_out
from chalicelib.policy.moments import first_instant
from chalicelib.policy.windows import Window

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
        if not begun:
            return [Piece(month.begin, False, "", None)]
        only = begun[0].window
        if only.is_all_day and len(begun) == month.count_of_local_days and all(one.window is only for one in begun):
            return [Piece(month.begin, True, only.text, None)]  # spares 41 years of midnights to hours that never close
        return lay_out(month, [self._span(one) for one in begun])

    def _begun(self, month: Month) -> Iterator[_Begun]:
        for day in month.local_days():
            holiday = self.holidays.name_on(day) if self.holidays is not None else None
            for window in self.windows:
                ordinarily = window.begins_on(day)
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
