"""What people are still to be told, row by row, and what stands in their channels already.

    TO#id              a letter that waits; gone when it was sent, and moved to DEAD# when it was given up
    WAIT#address       nothing is sent there before: it asked us to wait, or did not answer
    SENT#id            what was sent, so that it is not sent again, and where it stands, so that it can be changed
    THREAD#address#…   where answers about one service go
    DEAD#id            letters that were given up, for people to look at

Every letter is sent at least once: a process that dies between sending and noting it sends again. Rows of one partition
are few: letters leave it, everything else expires. What a letter says, and to whom it goes, is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from chalicelib.errors import ConditionFailed
from chalicelib.record import outbox_conditions as conditions
from chalicelib.record.codec import Item, epoch, maybe_when, when, when_text
from chalicelib.record.conditions import Condition
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

PK = "OUTBOX"
_TO, _WAIT, _SENT, _THREAD, _DEAD = "TO#", "WAIT#", "SENT#", "THREAD#", "DEAD#"
_AFTER_WAIT = "WAIT$"
SENT_STAYS = timedelta(days=30)
"""As long as a message may still have to be changed."""
DEAD_STAYS = timedelta(days=14)
CLAIM = timedelta(minutes=1)
"""Longer than any one attempt to send: no carrier waits for more than a few seconds."""


class Sort(StrEnum):
    """What a letter's ``body`` holds."""

    NOTICE = "notice"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Letter:
    """``address`` is ``slack:#channel``, ``mail:who@where`` or ``webhook:``; empty until somebody said who gets it.

    ``due_at``: not sent before. ``useless_after``: not sent afterwards. ``tries``: attempts that failed, the last one
    for the reason in ``trouble``. Times are aware.
    """

    id: str
    sort: Sort
    body: str
    made_at: datetime
    due_at: datetime
    address: str = ""
    version: int = 1
    useless_after: datetime | None = None
    tries: int = 0
    trouble: str = ""
    claimed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands. ``address`` is where it was meant to go, ``channel`` and ``ts`` what Slack made of it."""

    address: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Sent:
    version: int
    at: datetime
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Letters in the order in which they were made, and until when nothing is sent to an address."""

    letters: tuple[Letter, ...] = ()
    pauses: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))


class OutboxRows:
    """Every method raises RecordUnavailable when the table does not answer. ``owner`` names who claims."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, letter: Letter, *, same_again_after: timedelta | None = None) -> bool:
        """False when it waits already, or was sent: within ``same_again_after`` before, None for ever."""
        sent = self.sent(letter.id)
        if sent is not None and sent.version >= letter.version:
            is_news = same_again_after is not None and letter.made_at - sent.at >= same_again_after
            if not is_news:
                return False
        ends = epoch(letter.due_at + SENT_STAYS)  # for a deployment in which nobody delivers
        content = {**_content_of(letter), TTL_ATTRIBUTE: ends}
        changes = Changes(set={**content, "tries": letter.tries, "trouble": letter.trouble or None})
        values = {":letter_version": letter.version}
        return self._won(f"{_TO}{letter.id}", changes, conditions.NEWER_LETTER, values)

    def waiting(self) -> Waiting:
        letters: list[Letter] = []
        pauses: dict[str, datetime] = {}
        for item in self._table.query(PK, since=_TO, before=_AFTER_WAIT):
            if item["sk"].startswith(_TO):
                letters.append(_letter(item))
            elif item["sk"].startswith(_WAIT):
                pauses[item["sk"].removeprefix(_WAIT)] = when(item["paused_until"])
        ordered = tuple(sorted(letters, key=lambda one: (one.made_at, one.id)))
        return Waiting(ordered, MappingProxyType(pauses))

    def claim(self, letter: Letter, owner: str, now: datetime) -> bool:
        """The right to send it for as long as `CLAIM`."""
        changes = Changes(set={"claimed_by": owner, "claimed_until": when_text(now + CLAIM)})
        values = {":letter_version": letter.version, ":now": when_text(now)}
        return self._won(f"{_TO}{letter.id}", changes, conditions.NOBODY_SENDS, values)

    def away(self, letter: Letter, owner: str, now: datetime, places: tuple[Place, ...] = ()) -> bool:
        """It was sent, and stands at ``places``. False when a newer version waits already."""
        noted = {
            "sent_version": letter.version,
            "sent_at": when_text(now),
            "places": [[one.address, one.channel, one.ts] for one in places] or None,
            TTL_ATTRIBUTE: epoch(now + SENT_STAYS),
        }
        values = {":letter_version": letter.version}
        self._won(f"{_SENT}{letter.id}", Changes(set=noted), conditions.NEVER_BACK, values)
        if self._taken_out(letter, conditions.SENT_AS_READ, {**values, ":owner": owner}):
            return True
        self.give_back(letter, owner)
        return False

    def put_off(self, letter: Letter, owner: str, until: datetime, *, tries: int, trouble: str) -> None:
        """Not sent: again then."""
        changes = Changes(
            set={"due_at": when_text(until), "tries": tries, "trouble": trouble}, remove=("claimed_by", "claimed_until")
        )
        self._won(f"{_TO}{letter.id}", changes, conditions.OWN_CLAIM, {":owner": owner})

    def give_back(self, letter: Letter, owner: str) -> None:
        changes = Changes(remove=("claimed_by", "claimed_until"))
        self._won(f"{_TO}{letter.id}", changes, conditions.OWN_CLAIM, {":owner": owner})

    def bury(self, letter: Letter, owner: str, now: datetime, trouble: str) -> None:
        """Given up: kept for people to look at."""
        dead = {
            **_content_of(letter),
            "tries": letter.tries,
            "trouble": trouble,
            TTL_ATTRIBUTE: epoch(now + DEAD_STAYS),
        }
        grave = f"{_DEAD}{letter.id}#{letter.version}"
        self._won(grave, Changes(set=dead), conditions.NEWER_LETTER, {":letter_version": 0})
        ours = {":letter_version": letter.version, ":owner": owner}
        if not self._taken_out(letter, conditions.SENT_AS_READ, ours):
            self.give_back(letter, owner)

    def dead(self) -> tuple[Letter, ...]:
        """Those given up within the last two weeks."""
        return tuple(_letter(item) for item in self._table.query(PK, since=_DEAD, before="DEAD$"))

    def pause(self, address: str, until: datetime) -> None:
        changes = Changes(set={"paused_until": when_text(until), TTL_ATTRIBUTE: epoch(until)})
        values = {":paused_until": when_text(until)}
        self._won(f"{_WAIT}{address}", changes, conditions.LONGER_PAUSE, values)

    def sent(self, id: str) -> Sent | None:
        item = self._table.get(PK, f"{_SENT}{id}")
        if item is None:
            return None
        places = tuple(Place(*(str(part) for part in one)) for one in item.get("places", ()))
        return Sent(int(item["sent_version"]), when(item["sent_at"]), places)

    def thread(self, address: str, about: str, now: datetime) -> str:
        """Slack's ``ts`` of the message that answers about it go under; empty when none was begun lately."""
        item = self._table.get(PK, f"{_THREAD}{address}#{about}")
        return str(item["ts"]) if item and when(item["ends_at"]) > now else ""

    def begin_thread(self, address: str, about: str, ts: str, until: datetime) -> None:
        changes = Changes(set={"ts": ts, "ends_at": when_text(until), TTL_ATTRIBUTE: epoch(until)})
        values = {":ends_at": when_text(until)}
        self._won(f"{_THREAD}{address}#{about}", changes, conditions.LATER_THREAD, values)

    def _won(self, sk: str, changes: Changes, condition: Condition, values: Item) -> bool:
        try:
            self._table.update(PK, sk, changes, condition, values)
        except ConditionFailed:
            return False
        return True

    def _taken_out(self, letter: Letter, condition: Condition, values: Item) -> bool:
        try:
            self._table.delete(PK, f"{_TO}{letter.id}", condition, values)
        except ConditionFailed:
            return False
        return True


def for_address(letter: Letter, address: str, due_at: datetime, useless_after: datetime) -> Letter:
    """The letter as it goes to one address."""
    ends = min(useless_after, letter.useless_after) if letter.useless_after else useless_after
    return replace(letter, id=f"{letter.id}@{address}", address=address, due_at=due_at, useless_after=ends)


def _content_of(letter: Letter) -> dict[str, Any]:
    return {
        "sort": letter.sort.value,
        "body": letter.body,
        "address": letter.address or None,
        "letter_version": letter.version,
        "made_at": when_text(letter.made_at),
        "due_at": when_text(letter.due_at),
        "useless_after": when_text(letter.useless_after) if letter.useless_after else None,
    }


def _letter(item: Item) -> Letter:
    kept = str(item["sk"])
    return Letter(
        id=kept.removeprefix(_TO) if kept.startswith(_TO) else kept.removeprefix(_DEAD).rpartition("#")[0],
        sort=Sort(item["sort"]),
        body=str(item["body"]),
        made_at=when(item["made_at"]),
        due_at=when(item["due_at"]),
        address=str(item.get("address", "")),
        version=int(item["letter_version"]),
        useless_after=maybe_when(item.get("useless_after")),
        tries=int(item.get("tries", 0)),
        trouble=str(item.get("trouble", "")),
        claimed_until=maybe_when(item.get("claimed_until")),
    )
