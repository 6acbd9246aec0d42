"""Hours as cron edges, laid out month by month: the later of the last start and the last stop rules.

Decides which edges a day has by the wall clock and at which instants they fall: each edge is one instant, by
``moments.first_instant``, and edges keep their order when a gap throws them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib.policy.calendars import HolidayRules
from chalicelib.policy.cron_expression import CronExpression
from chalicelib.policy.expansion import DAYS_BEFORE, MONTHS_TO_LOOK, REGULAR_MONTHS, Month, Piece, Span, lay_out
from chalicelib.policy.moments import first_instant

_FAR = timedelta(days=DAYS_BEFORE)
"""Wall times this far outside a month in UTC are outside it in every zone."""


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
        """What has not changed for so many months never will."""
        regular = self.holidays is None and all(one.is_regular for one in (*self.start, *self.stop))
        return REGULAR_MONTHS if regular else MONTHS_TO_LOOK

    def pieces(self, month: Month) -> list[Piece]:
        spans = [
            Span(begin, end, "open" if edge.opens else "closed", edge.text)
            for begin, end, edge in _in_month(self, month, actual=True)
        ]
        if self.holidays is not None:
            spans += [
                Span(begin, end, "rest", edge.holiday)
                for begin, end, edge in _in_month(self, month, actual=False)
                if edge.opens and edge.holiday
            ]
        return lay_out(month, spans)

    def is_open_throughout(self, month: Month) -> bool:
        """False: a month without an edge is laid out as fast as it could be told."""
        return False

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
