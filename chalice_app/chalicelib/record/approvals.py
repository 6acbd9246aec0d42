"""The rows of questions to people: one a service, in the partition that every look reads anyway (`controls`).

Of one service at most one question is open: its row is named by the service. Each step is one conditional write from
the version that was seen. A closed question stays for a day, to tell late answers who was first, and until then a
new one may take its place. Whether a person may answer is the caller's question.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import ConditionFailed
from chalicelib.record import approval_conditions as conditions
from chalicelib.record.approval import Answer, AnswerKind, Earlier, Given, Question, Stakes, State
from chalicelib.record.codec import Item, epoch, maybe_when, when, when_text
from chalicelib.record.history import evidence_map, evidence_of
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

PK = "CONTROL"
SK = "APPROVAL#"
_AFTER = "APPROVAL$"
CLOSED_STAYS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """``ours`` False: another question about the service was open already, and stands."""

    question: Question
    ours: bool


class ApprovalRows:
    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> tuple[Question, ...]:
        """Open ones, and those that were closed lately. Whoever reads `Controls` has them already."""
        return tuple(question_of(item) for item in self._table.query(PK, since=SK, before=_AFTER))

    def of_service(self, service: ServiceId) -> Question | None:
        item = self._table.get(PK, f"{SK}{service}")
        return question_of(item) if item else None

    def open(self, question: Question, before: Question | None) -> Opened:
        """Asks, in the place of ``before`` (closed) or of none; else the question that stands there instead."""
        whole = replace(question, earlier=before.as_earlier()) if before else question
        try:
            if before is None:
                self._table.put(item_of(whole), conditions.NOBODY_ASKED)
            else:
                self._table.put(item_of(whole), conditions.QUESTION_CLOSED, {":before": before.id})
        except ConditionFailed as lost:
            return Opened(question_of(lost.standing), ours=False) if lost.standing else self.open(question, None)
        return Opened(whole, ours=True)

    def step(self, before: Question, after: Question) -> Question:
        """Writes the next step of ``before``. Raises ConditionFailed when somebody else took one (see `standing`)."""
        values: dict[str, Any] = {":approval_id": before.id, ":asked_version": before.version}
        condition = conditions.SAME_STEP
        if before.is_pending:
            condition, values = conditions.STILL_ASKED, {**values, ":pending": State.PENDING.value}
        self._table.update(PK, f"{SK}{before.service}", Changes(set=_steps_of(after)), condition, values)
        return after

    def told(self, question: Question) -> Question:
        """Notes that people were told of this version; without effect when it has gone on meanwhile."""
        values = {":approval_id": question.id, ":asked_version": question.version}
        changes = Changes(set={"told_version": question.version})
        try:
            self._table.update(PK, f"{SK}{question.service}", changes, conditions.SAME_STEP, values)
        except ConditionFailed:
            return question
        return replace(question, told_version=question.version)

    def forget(self, question: Question) -> None:
        """Takes a closed question away."""
        values = {":approval_id": question.id, ":asked_version": question.version}
        try:
            self._table.delete(PK, f"{SK}{question.service}", conditions.SAME_STEP, values)
        except ConditionFailed:
            return  # another took its place


def standing(lost: ConditionFailed) -> Question | None:
    """The question as it stood when a step was lost."""
    return question_of(lost.standing) if "approval_id" in lost.standing else None


def is_question(item: Item) -> bool:
    return str(item["sk"]).startswith(SK)


def item_of(question: Question) -> dict[str, Any]:
    """What `question_of` reads."""
    return {
        "pk": PK,
        "sk": f"{SK}{question.service}",
        "approval_id": question.id,
        "frozen": zlib.compress(json.dumps(_frozen(question), sort_keys=True).encode()),
        **_steps_of(question),
    }


def _steps_of(question: Question) -> dict[str, Any]:
    """What changes, as attributes; None is none."""
    given = question.given
    rests = max(question.rest_until or question.closed_at, question.closed_at) if question.closed_at else None
    return {
        "channel": question.channel,
        "answer_by": _text(question.answer_by),
        "asked_state": question.state.value,
        "asked_version": question.version,
        "told_version": question.told_version,
        "escalated": question.escalated,
        "given": _given_map(given) if given else None,
        "carrying_until": _text(question.carrying_until),
        "closed_at": _text(question.closed_at),
        "came_of_it": question.outcome,
        "rest_until": _text(question.rest_until),
        "earlier": [[one.id, one.state.value, one.by, when_text(one.at)] for one in question.earlier],
        TTL_ATTRIBUTE: epoch(rests + CLOSED_STAYS) if rests else None,
    }


def question_of(item: Item) -> Question:
    found: dict[str, Any] = json.loads(zlib.decompress(bytes(item["frozen"])))
    given = item.get("given")
    return Question(
        id=str(item["approval_id"]),
        service=ServiceId.parse(str(item["sk"]).removeprefix(SK)),
        action=ApprovalAction(found["action"]),
        policy=found["policy"],
        policy_version=found["policy_version"],
        asked_at=when(found["asked_at"]),
        reason=found["reason"],
        evidence=tuple(evidence_of(one) for one in found["evidence"]),
        steps=tuple(found["steps"]),
        plan=found["plan"],
        stakes=_stakes(found["stakes"]),
        approvers=tuple(found["approvers"]),
        no_answer=found["no_answer"],
        escalate_to=found["escalate_to"],
        zone=found["zone"],
        requester=found["requester"],
        requester_sub=found["requester_sub"],
        keep_until=maybe_when(found["keep_until"]),
        launches=found["launches"],
        instance=found["instance"],
        channel=str(item.get("channel", "")),
        answer_by=maybe_when(item.get("answer_by")),
        state=State(item["asked_state"]),
        version=int(item["asked_version"]),
        told_version=int(item["told_version"]),
        escalated=bool(item["escalated"]),
        given=_given(given) if given else None,
        carrying_until=maybe_when(item.get("carrying_until")),
        closed_at=maybe_when(item.get("closed_at")),
        outcome=str(item.get("came_of_it", "")),
        rest_until=maybe_when(item.get("rest_until")),
        earlier=tuple(Earlier(id, State(state), by, when(at)) for id, state, by, at in item.get("earlier", ())),
    )


def _frozen(question: Question) -> dict[str, Any]:
    stakes = question.stakes
    return {
        "action": question.action.value,
        "policy": question.policy,
        "policy_version": question.policy_version,
        "asked_at": when_text(question.asked_at),
        "reason": question.reason,
        "evidence": [evidence_map(one) for one in question.evidence],
        "steps": question.steps,
        "plan": question.plan,
        "stakes": {
            "usd_per_hour": _money(stakes.usd_per_hour),
            "price_source": stakes.price_source,
            "saves_usd": _money(stakes.saves_usd),
            "saves_until": _text(stakes.saves_until),
            "desired_count": stakes.desired_count,
            "owner": stakes.owner,
            "cold_start_seconds": stakes.cold_start_seconds,
            "used_by": stakes.used_by,
            "last_used": _text(stakes.last_used),
        },
        "approvers": question.approvers,
        "no_answer": question.no_answer,
        "escalate_to": question.escalate_to,
        "zone": question.zone,
        "requester": question.requester,
        "requester_sub": question.requester_sub,
        "keep_until": _text(question.keep_until),
        "launches": question.launches,
        "instance": question.instance,
    }


def _stakes(found: Mapping[str, Any]) -> Stakes:
    usd, saves = found["usd_per_hour"], found["saves_usd"]
    return Stakes(
        usd_per_hour=Decimal(usd) if usd else None,
        price_source=found["price_source"],
        saves_usd=Decimal(saves) if saves else None,
        saves_until=maybe_when(found["saves_until"]),
        desired_count=found["desired_count"],
        owner=found["owner"],
        cold_start_seconds=found["cold_start_seconds"],
        used_by=tuple(found["used_by"]),
        last_used=maybe_when(found["last_used"]),
    )


def _given_map(given: Given) -> dict[str, Any]:
    return {
        "kind": given.answer.kind.value,
        "until": _text(given.answer.until) or "",
        "reason": given.answer.reason,
        "by": given.by,
        "at": when_text(given.at),
        "role": given.role,
        "sub": given.sub,
    }


def _given(found: Mapping[str, Any]) -> Given:
    answer = Answer(AnswerKind(found["kind"]), maybe_when(found["until"]), str(found["reason"]))
    return Given(answer, str(found["by"]), when(found["at"]), str(found["role"]), str(found["sub"]))


def _text(moment: datetime | None) -> str | None:
    return when_text(moment) if moment else None


def _money(amount: Decimal | None) -> str | None:
    return str(amount) if amount is not None else None
