"""The proof of a translation: the original and our policy compared minute by minute, over a year of both clock changes.

Ours is asked as it will rule: the policy as our loader read it from the text that was written. Minutes for which the
original is not defined (or keeps hands off) are counted apart. A difference is either explained, because we decide
otherwise on purpose, or it is a fault of the translation: then the translation must not be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.importing.model import Original, Wish
from chalicelib.importing.wall import DAY, MINUTE
from chalicelib.policy.timetable import Timetable

DAYS = 366
MOST_DIFFERENCES = 2_000
"""Kept of one policy. A translation that differs more often differs in its principle, which the first ones show."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A stretch (UTC, half-open) in which the two are not of one mind; ``reason`` None: a fault."""

    begin: datetime
    end: datetime
    theirs: Wish
    reason: str | None

    @property
    def minutes(self) -> int:
        return round((self.end - self.begin) / MINUTE)


@dataclass(frozen=True, slots=True)
class Proof:
    begin: datetime
    end: datetime
    minutes: int
    undefined: int
    differences: tuple[Difference, ...]

    @property
    def holds(self) -> bool:
        return all(one.reason for one in self.differences)


def prove(original: Original, table: Timetable, begin: datetime, days: int = DAYS) -> Proof:
    """Compares from ``begin`` (UTC, a whole minute) on."""
    end = begin + days * DAY
    minutes = round((end - begin) / MINUTE)
    theirs = original.wishes(begin, minutes)
    ours = _ours(table, begin, end)
    differences = tuple(
        Difference(first, last, wish, original.reason(first, last))
        for first, last, wish in _stretches(theirs, ours, begin, table.zone)
    )
    return Proof(begin, end, minutes, theirs.count(Wish.EITHER), differences)


def _ours(table: Timetable, begin: datetime, end: datetime) -> bytes:
    said = bytearray()
    at, is_open = begin, table.phase(begin).open
    for edge in table.transitions(begin + MINUTE / 60, end):
        said += bytes([is_open]) * round((edge.at - at) / MINUTE)
        at, is_open = edge.at, edge.opens
    return bytes(said + bytes([is_open]) * round((end - at) / MINUTE))


def _stretches(theirs: bytes, ours: bytes, begin: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime, Wish]]:
    """Stretches of one and the same difference, cut where the wall clock starts to show minutes again."""
    found: list[tuple[datetime, datetime, Wish]] = []
    if theirs == ours:
        return found
    since: int | None = None
    for at in range(len(ours) + 1):
        differs = at < len(ours) and theirs[at] != Wish.EITHER and theirs[at] != ours[at]
        if since is not None and (not differs or theirs[at] != theirs[since] or _new_pass(zone, begin, at)):
            found.append((begin + since * MINUTE, begin + at * MINUTE, Wish(theirs[since])))
            since = None
            if len(found) >= MOST_DIFFERENCES:
                return found
        if differs and since is None:
            since = at
    return found


def _new_pass(zone: ZoneInfo, begin: datetime, at: int) -> bool:
    now, before = begin + at * MINUTE, begin + (at - 1) * MINUTE
    return now.astimezone(zone).fold != before.astimezone(zone).fold
