"""What must hold just before we act: it is the service, the record and the wish that the plan was made for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.decide.decision import Because, Decision, Wanted
from chalicelib.decide.facts import ServiceFacts, ServiceMemory
from chalicelib.errors import LifecycleError, NotManageable, Refused, WorldChanged
from chalicelib.execute.plan import Plan
from chalicelib.execute.plan import plan as make_plan

LookAgain = Callable[[], Decision]
"""Decides once more with fresh facts and probes. Raises a LifecycleError when it cannot."""


class NoLongerWanted(Refused):
    """Looking again changed the decision; carries the new one."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.decision = decision


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
        raise WorldChanged(f"{service}: policy {plan.decision.policy} changed since the plan was made; plan again.")
    fresh = make_plan(plan.decision, facts, memory, now, policy_version=seen.policy_version)
    if fresh is None or fresh.steps != plan.steps:
        raise WorldChanged(
            f"{service}: its saved size, autoscaling or pending action changed since the plan was made; plan again."
        )


def still_wanted(look_again: LookAgain | None, decision: Decision) -> Decision:
    """The newest decision to stop. Raises NoLongerWanted when a fresh look wants something else or cannot tell."""
    if look_again is None:
        return decision
    try:
        again = look_again()
    except LifecycleError as unseen:
        reason = f"could not look again before stopping: {unseen}"
        unknown = replace(decision, wanted=Wanted.LEAVE, because=Because.UNKNOWN, reason=reason)
        raise NoLongerWanted(unknown) from unseen
    if again.wanted is not Wanted.STOPPED:
        raise NoLongerWanted(again)
    return again
