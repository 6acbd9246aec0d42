"""People's words (overrides, the freeze), what they are asked, and the hourly stop slots of each policy.

An override past its end is not there, whatever DynamoDB still holds. Keep and stop share one row per service, so the
later word replaces the earlier; an exclusion stands beside them. This room refuses an override that ends before it
was made; whether a person *may* say a word is the caller's question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.decide.facts import Override, OverrideKind, ServiceId, Switches
from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.record import conditions
from chalicelib.record.approval import Question
from chalicelib.record.approvals import PK, is_question, question_of
from chalicelib.record.codec import Item, epoch, maybe_when, when, when_text
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

SLOTS_PK = "SLOTS"
FREEZE_SK = "FREEZE"
ROLLING = timedelta(hours=1)
_TRIES = 50
"""A loser of the slots' race reads again at once; each round has a winner, so this outlasts 50 rivals."""


@dataclass(frozen=True, slots=True)
class ControlState:
    """``overrides`` holds only live ones; ``questions`` those to people, one a service, closed ones for a day."""

    overrides: tuple[Override, ...] = ()
    switches: Switches = field(default_factory=Switches)
    questions: tuple[Question, ...] = ()

    def question(self, service: ServiceId) -> Question | None:
        return next((one for one in self.questions if one.service == service), None)


class Controls:
    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, now: datetime) -> ControlState:
        """Everything people said that still holds at ``now``, in one query."""
        overrides: list[Override] = []
        questions: list[Question] = []
        switches = Switches()
        for item in self._table.query(PK):
            if item["sk"] == FREEZE_SK:
                switches = _switches(item)
            elif is_question(item):
                questions.append(question_of(item))
            elif is_live(override := _override(item), now):
                overrides.append(override)
        return ControlState(tuple(overrides), switches, tuple(questions))

    def add_override(self, override: Override) -> bool:
        """False when a later word already stands. Raises ValueError for one that ends before it was made."""
        if override.until is not None and override.until <= override.made_at:
            raise ValueError(f"{override.service}: an override that ends at {override.until} was over when it was made")
        try:
            self._table.put(_override_item(override), conditions.LATER_WORD, {":made_at": when_text(override.made_at)})
        except ConditionFailed:
            return False
        return True

    def end_override(
        self, service: ServiceId, by: str, now: datetime, *, kinds: tuple[OverrideKind, ...] = tuple(OverrideKind)
    ) -> tuple[Override, ...]:
        """Ends what holds for the service now and returns it (empty: nothing held); ``by`` is for the history."""
        ended: list[Override] = []
        for override in self.read(now).overrides:
            if override.service != service or override.kind not in kinds:
                continue
            try:
                self._table.delete(PK, _override_sk(override), conditions.SAME_WORD, {":override_id": override.id})
            except ConditionFailed:
                continue
            ended.append(override)
        return tuple(ended)

    def freeze_all(self, by: str, reason: str, now: datetime) -> Switches:
        """The freeze that stands afterwards: the first one, when there was one already."""
        item = {"pk": PK, "sk": FREEZE_SK, "frozen_by": by, "frozen_reason": reason, "frozen_at": when_text(now)}
        try:
            self._table.put(item, conditions.NOT_FROZEN)
        except ConditionFailed as lost:
            return _switches(lost.standing)
        return _switches(item)

    def unfreeze(self, by: str, now: datetime) -> Switches | None:
        """The freeze that was lifted; None when there was none or another took its place."""
        item = self._table.get(PK, FREEZE_SK)
        if item is None:
            return None
        try:
            self._table.delete(PK, FREEZE_SK, conditions.SAME_FREEZE, {":frozen_at": item["frozen_at"]})
        except ConditionFailed:
            return None
        return _switches(item)

    def reserve_stops(self, policy_name: str, wanted: int, limit: int, now: datetime) -> int:
        """How many of ``wanted`` stops the policy may make within the rolling hour that ends now; takes them."""
        for _ in range(_TRIES):
            row = self._table.get(SLOTS_PK, policy_name)
            taken = _stamps(row, now)
            granted = max(0, min(wanted, limit - len(taken)))
            if granted == 0:
                return 0
            if self._write_slots(policy_name, row, [*taken, *[when_text(now)] * granted], now):
                return granted
        raise RecordUnavailable(f"The stop slots of {policy_name} changed {_TRIES} times while we tried to take some.")

    def give_back_stops(self, policy_name: str, count: int, now: datetime) -> None:
        """Slots that were reserved and not used (the stop was refused): the newest ones go."""
        for _ in range(_TRIES):
            row = self._table.get(SLOTS_PK, policy_name)
            taken = _stamps(row, now)
            if not taken or count < 1:
                return
            if self._write_slots(policy_name, row, taken[: max(0, len(taken) - count)], now):
                return

    def _write_slots(self, policy_name: str, row: Item | None, stamps: list[str], now: datetime) -> bool:
        seen = int(row["revision"]) if row else None
        changes = Changes(set={"stamps": stamps, "revision": (seen or 0) + 1, TTL_ATTRIBUTE: epoch(now + 2 * ROLLING)})
        condition = conditions.FIRST_REVISION if seen is None else conditions.SAME_REVISION
        try:
            self._table.update(SLOTS_PK, policy_name, changes, condition, None if seen is None else {":seen": seen})
        except ConditionFailed:
            return False
        return True


def is_live(override: Override, now: datetime) -> bool:
    return override.until is None or override.until > now


def _stamps(row: Item | None, now: datetime) -> list[str]:
    since = when_text(now - ROLLING)
    return sorted(stamp for stamp in (row or {}).get("stamps", []) if stamp > since)


def _override_sk(override: Override) -> str:
    word = "exclude" if override.kind is OverrideKind.EXCLUDE else "word"
    return f"OVERRIDE#{override.service}#{word}"


def _override_item(override: Override) -> Mapping[str, Any]:
    return {
        "pk": PK,
        "sk": _override_sk(override),
        "override_id": override.id,
        "on_service": str(override.service),
        "word": override.kind.value,
        "ends_at": when_text(override.until) if override.until else None,
        "made_by": override.by,
        "reason": override.reason,
        "made_at": when_text(override.made_at),
        "forced": override.force,
        "wakes": override.wakes,
        TTL_ATTRIBUTE: epoch(override.until) if override.until else None,
    }


def _override(item: Item) -> Override:
    return Override(
        id=str(item["override_id"]),
        service=ServiceId.parse(item["on_service"]),
        kind=OverrideKind(item["word"]),
        until=maybe_when(item.get("ends_at")),
        by=str(item["made_by"]),
        reason=str(item["reason"]),
        made_at=when(item["made_at"]),
        force=bool(item.get("forced", False)),
        wakes=bool(item.get("wakes", False)),
    )


def _switches(item: Item) -> Switches:
    return Switches(
        frozen_by=str(item["frozen_by"]), frozen_reason=str(item["frozen_reason"]), frozen_at=when(item["frozen_at"])
    )
