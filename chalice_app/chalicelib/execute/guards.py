"""What must hold just before we act: it is the service, the record and the wish that the plan was made for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ServiceFacts, ServiceMemory
from chalicelib.errors import LifecycleError, NoLongerWanted, NotManageable, WorldChanged
from chalicelib.execute.plan import NOTHING_IS_WRITTEN, Plan, PlanKind, mend
from chalicelib.execute.plan import plan as make_plan


@dataclass(frozen=True, slots=True)
class Again:
    """What looking again found: the service as it is now, and what is decided about it now."""

    facts: ServiceFacts
    decision: Decision


LookAgain = Callable[[], Again]
"""Reads facts, signals, people's words and the record afresh. Raises a LifecycleError when it cannot."""


def same_world(
    plan: Plan, facts: ServiceFacts, memory: ServiceMemory, now: datetime, policy_version: str | None
) -> None:
    """Raises NotManageable or WorldChanged, naming what is different."""
    seen, service = plan.seen, facts.id
    if facts.unmanageable:
        raise NotManageable(f"{service} cannot be managed: {facts.unmanageable}")
    if facts.desired_count != seen.desired_count:
        raise WorldChanged(
            f"{service}: its desired count is {facts.desired_count} now; the plan was made for {seen.desired_count}."
        )
    if facts.task_definition != seen.task_definition:
        raise WorldChanged(
            f"{service}: it runs another task definition ({facts.task_definition}) than was planned for."
        )
    if policy_version is not None and policy_version != seen.policy_version:
        raise WorldChanged(
            f"{service}: policy {plan.decision.policy} in force is not the one the plan was made with; plan again."
        )
    fresh = (
        make_plan(plan.decision, facts, memory, now, policy_version=seen.policy_version)
        if plan.decision.policy
        else mend(facts, memory, now)
    )
    if fresh is None or fresh.steps != plan.steps:
        raise WorldChanged(
            f"{service}: its saved size, autoscaling or pending action changed since the plan was made; plan again."
        )


def still_wanted(look_again: LookAgain | None, plan: Plan) -> Again | None:
    """What a fresh look found, None when there is none to be had (``look_again`` None).

    Raises NoLongerWanted when it wants something else than ``plan`` does, or cannot tell.
    """
    if look_again is None:
        return None
    try:
        again = look_again()
    except LifecycleError as unseen:
        reason = f"could not look again just before acting: {unseen}"
        unknown = replace(plan.decision, wanted=Wanted.LEAVE, because=Because.UNKNOWN, reason=reason)
        raise NoLongerWanted(unknown) from unseen
    if not _still(plan, again.decision):
        raise NoLongerWanted(again.decision, again.facts)
    return again


def _still(plan: Plan, now: Decision) -> bool:
    if plan.kind is PlanKind.MOVE:
        return _same_move(plan.decision, now)
    if now.rule in NOTHING_IS_WRITTEN:
        return False
    match plan.kind:
        case PlanKind.STOP:
            return now.wanted is Wanted.STOPPED
        case PlanKind.START:
            return now.wanted is Wanted.RUNNING or _own_retry(plan, now)
        case PlanKind.MOVE | PlanKind.MEND:
            return True
        case other:
            assert_never(other)


def _same_move(planned: Decision, now: Decision) -> bool:
    """A freeze that holds stops alone holds no move; one that holds moves leaves nothing to move to."""
    there, then = now.placing, planned.placing
    return there is not None and then is not None and bool(there.to) and there.to == then.to


def _own_retry(plan: Plan, now: Decision) -> bool:
    """A failed start of ours is tried again even where nothing is wanted, unless people took the service from us."""
    nothing = plan.decision.wanted is Wanted.LEAVE and now.wanted is Wanted.LEAVE
    return nothing and now.rule is not RuleName.EXCLUSION
