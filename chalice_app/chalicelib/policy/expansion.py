"""One month of a schedule as UTC pieces: what `WindowSource` and `CronSource` lay out and `timetable` joins.

Decides how spans of time overlap: whether each instant of a month is open, which window or cron edge says so, and
which holiday closes what would have been open. Spans that are empty (a window wholly inside a gap) are nothing. Knows
nothing of windows, cron or zones, and nothing of before and after the month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

DAYS_BEFORE = 3
"""A window of the third day before a month can still be open in it: two days long, 14 hours west, and Apia's lost
day."""
DAYS_AFTER = 2
MONTHS_TO_LOOK = 41 * 12
"""Nothing in a calendar rests longer: ``feb 5th-mon`` comes after 40 years at the latest (across 2100)."""
REGULAR_MONTHS = 40
"""As far as one has to look when every rule comes each year: a clock change may swallow one year's turn, not three."""


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


@dataclass(frozen=True, slots=True)
class Piece:
    """From ``begin`` on (until the next piece) hours are ``open`` or not. ``window`` is the text that rules; in a
    closed piece ``holiday`` names what closes it."""

    begin: datetime
    open: bool
    window: str
    holiday: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """From ``begin`` to ``end`` a window or edge called ``text`` keeps it open or closed, or (``rest``) the holiday
    called ``text`` takes an opening away."""

    begin: datetime
    end: datetime
    kind: Literal["open", "closed", "rest"]
    text: str


def lay_out(month: Month, spans: list[Span]) -> list[Piece]:
    """Overlays spans on the month. Where several are open, the one that ends last rules, then the one written first."""
    begin, end = month.begin, month.end
    within = [span for span in spans if span.begin < span.end and span.end > begin and span.begin < end]
    within.sort(key=lambda span: span.begin)
    cuts = {begin, *(span.begin for span in within), *(span.end for span in within)}
    pieces: list[Piece] = []
    active: list[Span] = []
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


def _piece(begin: datetime, active: list[Span]) -> Piece:
    ruling = max((span for span in active if span.kind == "open"), key=lambda span: span.end, default=None)
    if ruling is not None:
        return Piece(begin, True, ruling.text, None)
    closed = next((span.text for span in active if span.kind == "closed"), "")
    return Piece(begin, False, closed, next((span.text for span in active if span.kind == "rest"), None))
