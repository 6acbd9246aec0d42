"""Who waits for an instance that sleeps: one row each, apart from the instance, because every request writes here.

The first request takes the turn to start it, however many ask at once; the others are counted. A turn that nobody
ends runs out, so that a wake which died is tried again. A refusal is remembered for a few seconds, so that a client
that knocks all night does not have the policies weighed at every knock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import ConditionFailed
from chalicelib.record.codec import epoch, maybe_when, when_text
from chalicelib.record.conditions import STANDS, Condition
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

PK = "WAKE"
TURN = timedelta(seconds=60)
"""A wake takes a few seconds; longer than this it has died."""
REFUSAL_HOLDS = timedelta(seconds=15)
_KEEP = timedelta(days=7)
_REFUSAL = ("refusal", "retry_after_seconds")

NOBODY_WAKES = Condition("nobody-wakes", "attribute_not_exists(wake_until) OR wake_until <= :now")
"""However many requests find an instance asleep, one of them starts it.

    request 1  ──turn──start──
    request 2  ─────x turn: waits, is counted
    crashed    ──turn──†   wake_until passes │ request 3 ──turn──start──
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """``ours``: we start it. Else somebody does, or ``refusal`` says why nobody may; a limit that was reached says too
    after how many seconds to ask again."""

    ours: bool
    refusal: str = ""
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Waited:
    """Since when somebody waited, and how many requests were told to come back."""

    since: datetime
    requests: int


class Waits:
    def __init__(self, table: Table) -> None:
        self._table = table

    def take_turn(self, instance_id: str, now: datetime) -> Turn:
        changes = Changes(
            set={"wake_until": when_text(now + TURN), "woken_at": when_text(now), TTL_ATTRIBUTE: epoch(now + _KEEP)},
            remove=_REFUSAL,
            add={"waiting": 1},
        )
        try:
            self._table.update(PK, instance_id, changes, NOBODY_WAKES, {":now": when_text(now)})
        except ConditionFailed as lost:
            refusal = str(lost.standing.get("refusal", ""))
            if not refusal:
                self.count(instance_id)
            seconds = lost.standing.get("retry_after_seconds")
            return Turn(False, refusal, None if seconds is None else int(seconds))
        return Turn(True)

    def count(self, instance_id: str) -> None:
        """One more request that has to wait. One that nobody woke for (the policy started it) is not counted."""
        try:
            self._table.update(PK, instance_id, Changes(add={"waiting": 1}), STANDS)
        except ConditionFailed:
            return

    def refused(self, instance_id: str, why: str, now: datetime, *, retry_after_seconds: int | None = None) -> None:
        """Ends our turn: it may not be started, and whoever asks in the next seconds hears why."""
        changes = Changes(
            set={
                "wake_until": when_text(now + REFUSAL_HOLDS),
                "refusal": why,
                "retry_after_seconds": retry_after_seconds,
            },
            remove=("woken_at", "waiting"),
        )
        self._table.update(PK, instance_id, changes, STANDS)

    def give_back(self, instance_id: str) -> None:
        """Ends our turn without a start: the next request may try at once."""
        self._table.drop(PK, instance_id)

    def end(self, instance_id: str) -> Waited | None:
        """It answers, or never will: who waited until now, once; None when nobody did."""
        gone = ("wake_until", "woken_at", "waiting", *_REFUSAL)
        try:
            row = self._table.update(PK, instance_id, Changes(remove=gone), STANDS, returning="ALL_OLD")
        except ConditionFailed:
            return None
        since = maybe_when(row.get("woken_at"))
        return Waited(since, int(row.get("waiting", 0))) if since else None
