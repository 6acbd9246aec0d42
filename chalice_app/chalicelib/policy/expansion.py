"""One month of a schedule as UTC pieces: from the rules of ``windows``, ``cron`` and ``calendars`` to plain intervals.

Decides, for every instant of a month, whether hours are open, which window or cron edge says so, and which holiday
closes what would have been open. Each edge becomes one instant by ``moments.first_instant``; what is empty after that
(a window wholly inside a gap) is nothing. Knows nothing of before and after: ``timetable`` joins the months.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from chalicelib.policy.calendars import HolidayRules
from chalicelib.policy.cron_expression import CronExpression
from chalicelib.policy.moments import first_instant
from chalicelib.policy.windows import Window

DAYS_BEFORE = 3
"""A window of the third day before a month can still be open in it: two days long, 14 hours west, and Apia's lost
day."""
DAYS_AFTER = 2
_FAR = timedelta(days=DAYS_BEFORE)
"""Wall times this far outside a month in UTC are outside it in every zone."""
MONTHS_TO_LOOK = 41 * 12
"""Nothing in a calendar rests longer: ``feb 5th-mon`` comes after 40 years at the latest (across 2100)."""
REGULAR_MONTHS = 40
"""As far as one has to look when every rule comes each year: a clock change may swallow one year's turn, not three."""

_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC: the unit of expansion."""

    year: int
    number: int

    @property
    def begin(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.shift(1).begin

    def shift(self, months: int) -> Month:
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    def local_days(self) -> Iterator[date]:
        """The days whose windows can touch this month in any zone."""
        day = date(self.year, self.number, 1) - timedelta(days=DAYS_BEFORE)
        last = self.end.date() + timedelta(days=DAYS_AFTER)
        while day < last:
            yield day
            day += timedelta(days=1)

    @property
    def count_of_local_days(self) -> int:
        return (self.end - self.begin).days + DAYS_BEFORE + DAYS_AFTER


@dataclass(frozen=True, slots=True)
class Piece:
    """From ``begin`` on (until the next piece) hours are ``open`` or not. ``window`` is the text that rules; in a
    closed piece ``holiday`` names what closes it."""

    begin: datetime
    open: bool
    window: str
    holiday: str | None


class Source(Protocol):
    """Anything that can lay out one month: the first piece begins with the month, and all of it is covered."""

    @property
    def months_to_look(self) -> int:
        """What has not changed for so many months never will."""
        ...

    def pieces(self, month: Month) -> list[Piece]: ...


@dataclass(frozen=True, slots=True)
class _Span:
    begin: datetime
    end: datetime
    kind: Literal["open", "closed", "rest"]
    text: str


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
        regular = self.holidays is None and all(window.is_regular for window in self.windows)
        return REGULAR_MONTHS if regular else MONTHS_TO_LOOK

    def pieces(self, month: Month) -> list[Piece]:
        begun = list(self._begun(month))
        if not begun:
            return [Piece(month.begin, False, "", None)]
        only = begun[0].window
        if only.is_all_day and len(begun) == month.count_of_local_days and all(one.window is only for one in begun):
            return [Piece(month.begin, True, only.text, None)]  # spares 41 years of midnights to hours that never close
        return _lay_out(month, [self._span(one) for one in begun])

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

    def _span(self, one: _Begun) -> _Span:
        begin, end = (first_instant(self.zone, local) for local in one.window.on(one.day))
        if one.lost_to is None:
            return _Span(begin, end, "open", one.window.text)
        return _Span(begin, end, "rest", one.lost_to)


@dataclass(frozen=True, slots=True)
class _Edge:
    at: datetime
    """Wall time, naive."""
    opens: bool
    text: str
    holiday: str | None


@dataclass(frozen=True, slots=True)
class CronSource:
    """Hours as cron edges: the later of the last start and the last stop rules, a start where both fall together.

    Before the first edge of all, hours are closed. On a holiday no start happens, unless ``day-is: ordinary``; stops
    always happen. (``sat`` and ``sun`` have no meaning without windows and close as well.)
    """

    zone: ZoneInfo
    start: tuple[CronExpression, ...]
    stop: tuple[CronExpression, ...]
    holidays: HolidayRules | None = None

    @property
    def months_to_look(self) -> int:
        regular = self.holidays is None and all(one.is_regular for one in (*self.start, *self.stop))
        return REGULAR_MONTHS if regular else MONTHS_TO_LOOK

    def pieces(self, month: Month) -> list[Piece]:
        spans = [
            _Span(begin, end, "open" if edge.opens else "closed", edge.text)
            for begin, end, edge in _in_month(self, month, actual=True)
        ]
        if self.holidays is not None:
            spans += [
                _Span(begin, end, "rest", edge.holiday)
                for begin, end, edge in _in_month(self, month, actual=False)
                if edge.opens and edge.holiday
            ]
        return _lay_out(month, spans)

    def edge_before(self, month: Month, actual: bool) -> _Edge | None:
        """The last edge of the nearest earlier month that has one."""
        first_year = min((min(one.years, default=0) for one in (*self.start, *self.stop)), default=0)
        for n in range(1, self.months_to_look + 1):
            earlier = month.shift(-n)
            if earlier.year < first_year:
                return None
            edges = _cron_edges(self, earlier, actual)
            if edges:
                return edges[-1]
        return None


@lru_cache(maxsize=4096)
def _cron_edges(source: CronSource, month: Month, actual: bool) -> tuple[_Edge, ...]:
    """The edges of the month's days by the wall clock, in order; ``actual`` leaves out starts lost to holidays."""
    edges: list[_Edge] = []
    day = date(month.year, month.number, 1)
    while day.month == month.number:
        holiday = source.holidays.name_on(day) if source.holidays and source.holidays.day_is != "ordinary" else None
        start = () if actual and holiday else tuple(one for one in source.start if one.fires_on(day))
        stop = tuple(one for one in source.stop if one.fires_on(day))
        if start or stop:
            found = _edges_of_day(start, stop)
            edges += [_Edge(datetime.combine(day, at), opens, text, holiday) for at, opens, text in found]
        day += timedelta(days=1)
    return tuple(edges)


@lru_cache(maxsize=1024)
def _edges_of_day(
    start: tuple[CronExpression, ...], stop: tuple[CronExpression, ...]
) -> tuple[tuple[time, bool, str], ...]:
    """What a day with these expressions does: of a stop and a start at one time the start counts, of a run of equal
    edges the first."""
    at: dict[time, tuple[bool, str]] = {}
    for opens, expressions in ((False, stop), (True, start)):
        for one in reversed(expressions):
            at.update(dict.fromkeys(one.times, (opens, one.text)))
    edges: list[tuple[time, bool, str]] = []
    for moment in sorted(at):
        if not edges or edges[-1][1] != at[moment][0]:
            edges.append((moment, *at[moment]))
    return tuple(edges)


def _in_month(source: CronSource, month: Month, *, actual: bool) -> Iterator[tuple[datetime, datetime, _Edge]]:
    """Which edge rules from when to when. A run of equal edges begins with its first."""
    ruling = source.edge_before(month.shift(-1), actual)
    begin, end = month.begin, month.end
    first, last = begin.replace(tzinfo=None) - _FAR, end.replace(tzinfo=None) + _FAR
    since = begin
    for edge in (edge for n in (-1, 0, 1) for edge in _cron_edges(source, month.shift(n), actual)):
        if edge.at > last:
            break
        if ruling is not None and edge.opens == ruling.opens:
            continue
        at = begin if edge.at < first else min(max(first_instant(source.zone, edge.at), begin), end)
        if ruling is not None:
            yield since, at, ruling
        ruling, since = edge, at
    if ruling is not None:
        yield since, end, ruling


def _lay_out(month: Month, spans: list[_Span]) -> list[Piece]:
    """Overlays spans on the month. Where several are open, the one that ends last rules, then the one written first."""
    begin, end = month.begin, month.end
    within = [span for span in spans if span.begin < span.end and span.end > begin and span.begin < end]
    within.sort(key=lambda span: span.begin)
    cuts = {begin, *(span.begin for span in within), *(span.end for span in within)}
    pieces: list[Piece] = []
    active: list[_Span] = []
    arrived = 0
    for cut in sorted(cut for cut in cuts if begin <= cut < end):
        while arrived < len(within) and within[arrived].begin <= cut:
            active.append(within[arrived])
            arrived += 1
        active = [span for span in active if span.end > cut]
        piece = _piece(cut, active)
        last = pieces[-1] if pieces else None
        if last is None or (piece.open, piece.window, piece.holiday) != (last.open, last.window, last.holiday):
            pieces.append(piece)
    return pieces


def _piece(begin: datetime, active: list[_Span]) -> Piece:
    ruling = max((span for span in active if span.kind == "open"), key=lambda span: span.end, default=None)
    if ruling is not None:
        return Piece(begin, True, ruling.text, None)
    closed = next((span.text for span in active if span.kind == "closed"), "")
    return Piece(begin, False, closed, next((span.text for span in active if span.kind == "rest"), None))
