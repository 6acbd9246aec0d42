"""What `lifecycle up` prints while the fleet runs: everything that was recorded, whoever did it, and what holds a
service back, once each time that changes.

The record is the source, because people act from other terminals (`lifecycle --local …`) and their deeds stand
nowhere else. It does not say that a service is kept because it is in use, or waits; that is heard from the looks of
this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.local.timeline import Happening, Line, Word, alike, as_line
from chalicelib.notify.notice import NoticeKind
from chalicelib.record.history import Entry, EntryKind, History

OVERLAP = timedelta(hours=2)
"""The record is read again from so long before the last reading: another terminal's clock may be behind by a little."""

REMEMBERED = 2 * OVERLAP
"""What was given out is known for so long, by the latest reading and whatever a later one finds or misses."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)
KEPT = NoticeKind.KEPT.value
"""The sort of a line that says what keeps a service, and with that what its look would say beside it."""


@dataclass(slots=True)
class Live:
    """``news`` is asked after each step of the world; every line is given out once."""

    history: History
    zone: ZoneInfo
    _known: set[Entry] = field(default_factory=set)
    _latest: datetime = LONG_AGO
    _standing: dict[ServiceId, frozenset[tuple[Word, str]]] = field(default_factory=dict)

    def news(self, standing: Mapping[ServiceId, tuple[Happening, ...]], until: datetime) -> list[Line]:
        """Oldest first."""
        recorded = self._recorded(until)
        told_of = {(one.at, one.service) for one in recorded if one.sort == KEPT}
        kept = (
            one for one in self._changed(standing) if one.word is not Word.KEEP or (one.at, one.service) not in told_of
        )
        happened = [*recorded, *kept]
        return sorted((as_line(group) for group in alike(happened)), key=lambda line: line.at)

    def _recorded(self, until: datetime) -> list[Happening]:
        fresh = [entry for entry in self.history.since(until - OVERLAP, until) if entry not in self._known]
        self._latest = max(self._latest, until)
        self._known = {one for one in (*self._known, *fresh) if one.at >= self._latest - REMEMBERED}
        return [self._without_zone(one) for entry in fresh if (one := told(entry))]

    def _changed(self, standing: Mapping[ServiceId, tuple[Happening, ...]]) -> Iterable[Happening]:
        for service, happenings in standing.items():
            before = self._standing.get(service, frozenset())
            self._standing[service] = frozenset((one.word, one.sort) for one in happenings)
            yield from (one for one in happenings if (one.word, one.sort) not in before)

    def _without_zone(self, one: Happening) -> Happening:
        zone = one.at.astimezone(self.zone).tzname()
        return Happening(one.at, one.word, one.service, one.text.replace(f" {zone}", ""), one.sort, one.saves_usd)


def told(entry: Entry) -> Happening | None:
    """One line of the record as a line of the screen; None for what another line says already."""
    word = _word(entry)
    if word is None:
        return None
    text = _without_name(entry.reason, entry.service)
    if word is Word.SAID:
        text = f"{entry.who.partition('@')[0]}: {text}"
    sort = KEPT if entry.outcome == NoticeKind.KEPT else entry.kind.value
    return Happening(entry.at, word, entry.service, text.splitlines()[0], sort, _saves(entry, word))


def _word(entry: Entry) -> Word | None:
    match entry.kind:
        case EntryKind.POLICY:
            return Word.POLICY
        case EntryKind.FREEZE | EntryKind.OVERRIDE | EntryKind.APPROVAL:
            return Word.SAID
        case EntryKind.HAND:
            return Word.HAND
        case EntryKind.WOULD:
            return Word.WOULD
        case EntryKind.REFUSED:
            return Word.REFUSE
        case EntryKind.FAILED:
            return Word.FAIL
        case EntryKind.ACTED:
            return _of_action(entry)
        case EntryKind.NOTICE:
            return _of_notice(entry)


def _of_action(entry: Entry) -> Word | None:
    """Of an action that took its time, the begin of a stop and the begin and the end of a start are told."""
    match entry.outcome, entry.action:
        case "begun", ActionKind.STOP:
            return Word.STOP
        case "begun", ActionKind.MOVE:
            return Word.NOTE
        case "begun", _:
            return Word.START
        case "mended", _:
            return Word.MEND
        case _, ActionKind.START:
            return Word.READY
        case _:
            return None


def _of_notice(entry: Entry) -> Word:
    match entry.outcome:
        case NoticeKind.UNKNOWN:
            return Word.LEAVE
        case NoticeKind.TIE | NoticeKind.REFUSED:
            return Word.REFUSE
        case _:
            return Word.NOTE


def _saves(entry: Entry, word: Word) -> Decimal | None:
    """Dollars an hour."""
    if word is not Word.STOP or entry.price_usd_per_hour is None:
        return None
    return entry.price_usd_per_hour * (entry.desired_count or 1)


def _without_name(text: str, service: ServiceId | None) -> str:
    return text.removeprefix(f"{service}: ").removeprefix(f"{service} ") if service else text
