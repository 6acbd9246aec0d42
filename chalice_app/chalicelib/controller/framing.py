"""Frames a question: the decision and its plan as they are now, and what they cost, save and touch.

Nothing of it is read again later: people answer what they were shown. Figures that are not known are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from chalicelib.decide.approval import answer_by
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import RuleName, Wanted
from chalicelib.decide.facts import INSTANCE_TAG, ActionKind, OverrideKind, ServiceFacts
from chalicelib.decide.limits import waiting_since
from chalicelib.decide.tags import zone_of
from chalicelib.execute.entries import PriceOf
from chalicelib.execute.plan import Fingerprint, Plan
from chalicelib.fleet.model import OWNER_TAG
from chalicelib.policy.timetable import Timetable
from chalicelib.record.approval import Question, Stakes, new_id
from chalicelib.record.history import Entry, EntryKind

if TYPE_CHECKING:
    from chalicelib.controller.report import Decided
    from chalicelib.fleet.people import Caller
    from chalicelib.policy.model import Policy
    from chalicelib.record.controls import ControlState

LOOK_BACK = timedelta(days=14)
"""For the last start: what runs for days has begun some time ago."""
MOST_ENTRIES = 200
_LATELY = timedelta(days=1)
_CENT = Decimal("0.01")
_LAUNCH = ("let them launch it, and keep it running until then",)
_REMOVAL = (
    "stop it as soon as nobody uses it",
    "delete its address, its service and all that was made for it",
)


def frame(
    one: Decided, action: ApprovalAction, controls: ControlState, past: Sequence[Entry], price: PriceOf, now: datetime
) -> Question:
    """``past``: the service's history since `LOOK_BACK`, newest first."""
    plan, policy, decision = one.plan, one.policy, one.decision
    assert plan is not None and policy is not None and policy.approval is not None and decision is not None
    asks = policy.approval
    question = Question(
        id=new_id(),
        service=one.facts.id,
        action=action,
        policy=policy.name,
        policy_version=policy.version,
        asked_at=now,
        reason=decision.reason,
        evidence=decision.evidence,
        steps=plan.describe(),
        plan=frozen(plan, now),
        stakes=stakes_of(one, policy, past, price, now),
        approvers=tuple(asks.approvers),
        no_answer=asks.no_answer,
        escalate_to=asks.escalate_to or "",
        zone=zone_of(policy).key,
        channel=asks.ask,
        answer_by=answer_by(policy, now, asks.answer_within),
        instance=one.facts.tags.get(INSTANCE_TAG, ""),
    )
    return _wished(question, controls) if action is ApprovalAction.START_WHEN_CLOSED else question


def wish(
    facts: ServiceFacts,
    policy: Policy,
    action: ApprovalAction,
    caller: Caller,
    why: str,
    now: datetime,
    price: PriceOf,
    *,
    keep_until: datetime | None = None,
) -> Question:
    """A person's wish that no plan of the service stands for: a launch (``keep_until``) or a removal."""
    assert policy.approval is not None
    asks, known, launches = policy.approval, price(facts), keep_until is not None
    size = facts.desired_count or int(launches)
    return Question(
        id=new_id(),
        service=facts.id,
        action=action,
        policy=policy.name,
        policy_version=policy.version,
        asked_at=now,
        reason=why,
        steps=_LAUNCH if launches else _REMOVAL,
        stakes=Stakes(
            usd_per_hour=known.usd_per_hour * size if known and size else None,
            price_source=known.source if known else "",
            owner=facts.tags.get(OWNER_TAG) or policy.owner or "",
            desired_count=facts.desired_count,
        ),
        approvers=tuple(asks.approvers),
        no_answer=asks.no_answer,
        escalate_to=asks.escalate_to or "",
        zone=zone_of(policy).key,
        requester=str(caller),
        requester_sub=caller.sub,
        keep_until=keep_until,
        launches=launches,
        instance=facts.tags.get(INSTANCE_TAG, ""),
        channel=asks.ask,
        answer_by=answer_by(policy, now, asks.answer_within),
    )


def _wished(question: Question, controls: ControlState) -> Question:
    """A start while closed is somebody's word: theirs is the wish, and its end."""
    keeps = [one for one in controls.overrides if one.kind is OverrideKind.KEEP and one.service == question.service]
    word = next(iter(keeps), None)
    if word is None:
        return question
    return replace(question, requester=word.by, keep_until=word.until)


def frozen(plan: Plan, now: datetime) -> str:
    """Decision and plan as JSON, to be read back with `plan_of`."""
    from chalicelib.execute.planfile import PlanFile, to_json  # pydantic: only when somebody is asked

    return to_json(PlanFile(made_at=now, account="", region="", plans=(plan,)))


def plan_of(question: Question) -> Plan | None:
    """The plan that people were asked about; None for a service that does not exist yet."""
    from chalicelib.execute.planfile import from_json

    return from_json(question.plan, f"the plan of {question.id}").plans[0] if question.plan else None


def seen_when_asked(question: Question) -> Fingerprint | None:
    if not question.plan:
        return None
    seen = json.loads(question.plan)["plans"][0]["seen"]
    return Fingerprint(int(seen["desired_count"]), str(seen["task_definition"]), str(seen["policy_version"]))


def stakes_of(one: Decided, policy: Policy, past: Sequence[Entry], price: PriceOf, now: datetime) -> Stakes:
    facts, decision = one.facts, one.decision
    known = price(facts)
    size = facts.desired_count or (one.seen.memory.saved_size.desired_count if one.seen.memory.saved_size else 0)
    hourly = known.usd_per_hour * size if known and size else None
    until = _changes_at(policy, now)
    stops = decision is not None and decision.wanted is Wanted.STOPPED
    idle = decision is not None and decision.rule is RuleName.IDLE and decision.evidence
    return Stakes(
        usd_per_hour=hourly,
        price_source=known.source if known else "",
        saves_usd=_saved(hourly, until, now) if stops else None,
        saves_until=until if stops else None,
        desired_count=size,
        owner=facts.tags.get(OWNER_TAG) or policy.owner or "",
        cold_start_seconds=_last_start_seconds(past) or _usual_start_seconds(one),
        used_by=_people_in(entry for entry in past if entry.at >= now - _LATELY),
        last_used=waiting_since(decision) if idle and decision else None,
    )


def _changes_at(policy: Policy, now: datetime) -> datetime | None:
    """The next opening, or the next closing, which would stop it anyway."""
    return Timetable.of(policy.hours).phase(now).until if policy.hours is not None else None


def _saved(hourly: Decimal | None, until: datetime | None, now: datetime) -> Decimal | None:
    if hourly is None or until is None:
        return None
    hours = Decimal((until - now).total_seconds()) / 3600
    return (hourly * hours).quantize(_CENT, ROUND_HALF_UP)


def _last_start_seconds(past: Sequence[Entry]) -> int | None:
    """From a start to its being seen ready."""
    ready: dict[str, datetime] = {}
    for entry in past:
        if entry.action is not ActionKind.START or not entry.action_id:
            continue
        if entry.outcome == "done":
            ready[entry.action_id] = entry.at
        elif entry.outcome == "begun" and entry.action_id in ready:
            return round((ready[entry.action_id] - entry.at).total_seconds())
    return None


def _usual_start_seconds(one: Decided) -> int | None:
    """Of a service whose timeout is learned, from its boots."""
    boot = one.seen.learned.boot_seconds
    return round(boot) if boot is not None else None


def _people_in(past: Iterable[Entry]) -> tuple[str, ...]:
    said = (entry.who for entry in past if entry.kind is EntryKind.OVERRIDE and "@" in entry.who)
    return tuple(dict.fromkeys(said))
