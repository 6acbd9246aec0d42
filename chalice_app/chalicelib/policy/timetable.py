"""When hours are open: the one place that answers "open at this instant?" and "when does that change next?".

Decides on the instant alone, from the ``hours`` of a policy: windows or cron, zone and holidays. Half-open everywhere:
at the instant of a closing it is closed. Touching windows are one, so nothing happens where they meet. All answers are
in UTC; each month is expanded when it is first asked for, then an answer is one search in a sorted list.

Refuses naive datetimes. Says nothing about what a service should do: ``decide`` does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.policy.calendars import HolidayRules
from chalicelib.policy.cron_expression import CronExpression
from chalicelib.policy.cron_source import CronSource
from chalicelib.policy.expansion import Month, Piece
from chalicelib.policy.window_source import WindowSource
from chalicelib.policy.windows import Window

if TYPE_CHECKING:
    from chalicelib.policy.sections.hours import Hours

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""``Phase.since`` of hours that have been as they are for as long as anybody can look back (41 years)."""

MOST_OVERLAPS = 20
"""Doubts of one kind that anybody reads."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Phase:
    """What holds at one instant. ``since`` and ``until`` (UTC) bound the whole time of being open or closed, across
    touching windows; ``until`` is None when nothing changes within 41 years.

    ``window`` is the text that rules at this very instant: the open window that ends last, or the cron edge; empty
    while no window is open. ``holiday`` names the holiday without which it would be open now.
    """

    open: bool
    since: datetime
    until: datetime | None
    window: str
    holiday: str | None


@dataclass(frozen=True, slots=True)
class Transition:
    """An instant (UTC) at which hours open or close. ``window`` begins or ends there (cron: the edge's expression);
    ``holiday`` names the holiday that makes it close then, earlier than the day's ordinary windows would."""

    at: datetime
    opens: bool
    window: str
    holiday: str | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two windows that are open together, and the first day on which they are."""

    first: str
    second: str
    on: date


@dataclass(frozen=True, slots=True)
class _Expanded:
    begins: list[datetime]
    phases: list[Phase]


@dataclass(slots=True, eq=False)
class Timetable:
    """The hours of one policy. Make it with `of`; equal hours share one, with all that it has worked out."""

    zone: ZoneInfo
    source: WindowSource | CronSource
    _expanded: dict[tuple[int, int], _Expanded] = field(default_factory=dict, repr=False)
    _pieces: dict[Month, list[Piece]] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(hours: Hours) -> Timetable:
        """The timetable of a policy's ``hours``: its windows, or its cron edges when it has no windows."""
        return _of_hours(hours)

    @staticmethod
    def of_windows(zone: ZoneInfo, windows: tuple[Window, ...], holidays: HolidayRules | None = None) -> Timetable:
        return _of_source(WindowSource(zone, windows, holidays))

    @staticmethod
    def of_cron(
        zone: ZoneInfo,
        start: tuple[CronExpression, ...],
        stop: tuple[CronExpression, ...],
        holidays: HolidayRules | None = None,
    ) -> Timetable:
        return _of_source(CronSource(zone, start, stop, holidays))

    def phase(self, at: datetime) -> Phase:
        """What holds at ``at``. Raises ValueError for a naive datetime."""
        if at.tzinfo is not UTC:
            at = _in_utc(at)
        expanded = self._expanded.get((at.year, at.month)) or self._expand(Month(at.year, at.month))
        return expanded.phases[bisect_right(expanded.begins, at) - 1]

    def next_transition(self, after: datetime) -> Transition | None:
        """The first transition strictly later than ``after``, or None when there is none within 41 years."""
        at = self.phase(after).until
        return None if at is None else self._transition(at)

    def transitions(self, start: datetime, end: datetime) -> Iterator[Transition]:
        """All transitions with ``start <= at < end``, in order."""
        found = self.next_transition(_in_utc(start) - _INSTANT)
        while found is not None and found.at < end:
            yield found
            found = self.next_transition(found.at)

    def holiday_on(self, day: date) -> str | None:
        """The holiday's name on a date of the policy's calendar, or None."""
        return self.source.holidays.name_on(day) if self.source.holidays is not None else None

    @property
    def can_open(self) -> bool:
        """False when no window can ever begin (cron: when nothing starts)."""
        if isinstance(self.source, CronSource):
            return bool(self.source.start)
        return any(window.can_begin for window in self.source.windows)

    def dead_windows(self) -> tuple[Window, ...]:
        """Windows whose days no calendar has."""
        windows = self.source.windows if isinstance(self.source, WindowSource) else ()
        return tuple(window for window in windows if not window.can_begin)

    def overlaps(self, first: date, days: int = 366) -> tuple[Overlap, ...]:
        """Pairs of windows open together on a day of the ``days`` from ``first`` on, each pair once; touching is no
        overlap. By the wall clock, holidays left aside. Of more than `MOST_OVERLAPS` the first."""
        windows = self.source.windows if isinstance(self.source, WindowSource) else ()
        found: dict[tuple[int, int], Overlap] = {}
        recent: list[tuple[datetime, int]] = []
        for day in (first + timedelta(days=n) for n in range(days)):
            midnight = datetime.combine(day, time())
            recent = [(end, index) for end, index in recent if end > midnight]
            starting = sorted((*window.on(day), index) for index, window in enumerate(windows) if window.begins_on(day))
            for begin, end, index in starting:
                for other_end, other in recent:
                    pair = (min(index, other), max(index, other))
                    if other_end > begin and index != other and pair not in found:
                        found[pair] = Overlap(windows[pair[0]].text, windows[pair[1]].text, day)
                        if len(found) == MOST_OVERLAPS:
                            return tuple(found.values())
                recent.append((end, index))
        return tuple(found.values())

    def _transition(self, at: datetime) -> Transition:
        now, before = self.phase(at), self.phase(at - _INSTANT)
        return Transition(at, now.open, now.window or before.window, now.holiday)

    def _expand(self, month: Month) -> _Expanded:
        """Joins the month's pieces into phases; the first and the last reach into the months beside it."""
        pieces = self._month(month)
        phases: list[Phase] = []
        since: datetime | None = None
        for index, piece in enumerate(pieces):
            if since is None:
                since = self._since(month, piece.open)
            elif piece.open != pieces[index - 1].open:
                since = piece.begin
            phases.append(Phase(piece.open, since, None, piece.window, piece.holiday))
        until = self._until(month, pieces[-1].open)
        for index in range(len(pieces) - 1, -1, -1):
            if index + 1 < len(pieces) and pieces[index + 1].open != pieces[index].open:
                until = pieces[index + 1].begin
            phase = phases[index]
            phases[index] = Phase(phase.open, phase.since, until, phase.window, phase.holiday)
        expanded = _Expanded([piece.begin for piece in pieces], phases)
        self._expanded[month.year, month.number] = expanded
        return expanded

    def _month(self, month: Month) -> list[Piece]:
        pieces = self._pieces.get(month)
        if pieces is None:
            pieces = self._pieces[month] = self.source.pieces(month)
        return pieces

    def _since(self, month: Month, is_open: bool) -> datetime:
        """When the state at the begin of ``month`` began."""
        since = month.begin
        for n in range(1, self.source.months_to_look + 1):
            earlier = month.shift(-n)
            if is_open and self.source.is_open_throughout(earlier):
                since = earlier.begin
                continue
            for piece in reversed(self._month(earlier)):
                if piece.open != is_open:
                    return since
                since = piece.begin
        return BEGINNING

    def _until(self, month: Month, is_open: bool) -> datetime | None:
        """When the state at the end of ``month`` ends."""
        for n in range(1, self.source.months_to_look + 1):
            later = month.shift(n)
            if is_open and self.source.is_open_throughout(later):
                continue
            for piece in self._month(later):
                if piece.open != is_open:
                    return piece.begin
        return None


def _in_utc(at: datetime) -> datetime:
    """Before any arithmetic: local datetimes add and subtract by the wall clock, which is wrong around its changes."""
    if at.tzinfo is None:
        raise ValueError("a timetable is asked with an aware datetime")
    return at.astimezone(UTC)


@lru_cache(maxsize=1024)
def _of_hours(hours: Hours) -> Timetable:
    zone = hours.timezone
    holidays = None
    if hours.holidays is not None:
        rules = hours.holidays
        holidays = HolidayRules(rules.country, rules.subdivision, rules.extra, rules.ignore, rules.day_is.value)
    if hours.open is not None:
        return Timetable.of_windows(zone, hours.open, holidays)
    if hours.cron is not None:
        return Timetable.of_cron(zone, hours.cron.start, hours.cron.stop, holidays)
    return Timetable.of_windows(zone, (), holidays)


@lru_cache(maxsize=1024)
def _of_source(source: WindowSource | CronSource) -> Timetable:
    return Timetable(source.zone, source)
