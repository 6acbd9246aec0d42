"""Writes the history's line for an action: who, why, on what evidence, which steps, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, assert_never

from chalicelib.decide.capacity import Market, Strategy
from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ActionKind, Pending, ServiceFacts, ServiceMemory
from chalicelib.execute.plan import Plan, PlanKind
from chalicelib.execute.steps import MarkPending, SaveSize, SetDesiredCount, SetPlacement
from chalicelib.prices.hosts import host_of, market_of
from chalicelib.record.history import Entry, EntryKind


class KnownPrice(Protocol):
    """What `chalicelib.prices` knows of one task's host."""

    @property
    def usd_per_hour(self) -> Decimal: ...
    @property
    def source(self) -> str: ...
    @property
    def as_of(self) -> date: ...


PriceOf = Callable[[ServiceFacts], KnownPrice | None]


def no_price(facts: ServiceFacts) -> KnownPrice | None:
    return None


def action_entry(
    plan: Plan,
    decision: Decision,
    *,
    kind: EntryKind,
    who: str,
    at: datetime,
    reason: str,
    outcome: str,
    action_id: str = "",
    price: KnownPrice | None = None,
) -> Entry:
    return Entry(
        at=at,
        kind=kind,
        who=who,
        reason=reason,
        service=plan.service,
        policy=decision.policy,
        policy_version=plan.seen.policy_version,
        wanted=decision.wanted,
        because=decision.because,
        evidence=decision.evidence,
        steps=plan.describe(),
        outcome=outcome,
        action=action_of(plan),
        action_id=action_id,
        desired_count=_size(plan),
        price_usd_per_hour=price.usd_per_hour if price else None,
        price_source=price.source if price else "",
        price_as_of=price.as_of if price else None,
    )


def placed(entry: Entry, facts: ServiceFacts | None, moved: Market | None = None, *, is_moving: bool = False) -> Entry:
    """With the place at which its tasks run from then on. ``moved``: whereto this very action has moved them.

    ``is_moving``: some may run where they were, so that nothing is said of the market yet.
    """
    if facts is None:
        return entry
    if moved is not None:
        come_from = Market.ON_DEMAND if moved is Market.SPOT else Market.SPOT
        return replace(entry, host=host_of(facts), market=moved.value, moved_from=come_from.value)
    market = None if is_moving else market_of(facts)
    return replace(entry, host=host_of(facts), market=market.value if market else "")


def begun_entry(entry: Entry, plan: Plan, facts: ServiceFacts | None) -> Entry:
    """`placed` at the begin of an action. Of running tasks only dearer ones count at once, Spot once they run there."""
    to = next((step.to for step in plan.steps if isinstance(step, SetPlacement)), None)
    market = plan.decision.placing.market if plan.decision.placing else None
    if to is None or entry.kind is not EntryKind.ACTED or market is None:
        return placed(entry, facts)
    waits = plan.kind is PlanKind.MOVE and market is Market.SPOT
    return placed(entry, facts, None if waits else _whole(to, market), is_moving=True)


def _whole(to: Strategy, market: Market) -> Market | None:
    """None for a strategy of both markets: the record knows no share of each, and so claims nothing."""
    return market if len([one for one in to if one.base or one.weight]) == 1 else None


def verified_entry(
    facts: ServiceFacts,
    memory: ServiceMemory,
    pending: Pending,
    *,
    kind: EntryKind,
    at: datetime,
    reason: str,
    outcome: str,
    price: KnownPrice | None = None,
) -> Entry:
    size = memory.saved_size.desired_count if memory.saved_size else facts.desired_count
    entry = Entry(
        at=at,
        kind=kind,
        who="verify",
        reason=reason,
        service=facts.id,
        outcome=outcome,
        action=pending.kind,
        action_id=pending.action_id,
        desired_count=size,
        price_usd_per_hour=price.usd_per_hour if price else None,
        price_source=price.source if price else "",
        price_as_of=price.as_of if price else None,
    )
    moved = None
    if pending.kind is ActionKind.MOVE and outcome == "done":
        moved = _whole(pending.to, Market.SPOT if pending.to_spot else Market.ON_DEMAND)
    return placed(entry, facts, moved, is_moving=pending.kind is ActionKind.MOVE)


def action_of(plan: Plan) -> ActionKind | None:
    """The action a plan's entries count as: a mend that awaits an effect finishes that action."""
    for step in plan.steps:
        if isinstance(step, MarkPending):
            return step.kind
    match plan.kind:
        case PlanKind.START:
            return ActionKind.START
        case PlanKind.STOP:
            return ActionKind.STOP
        case PlanKind.MOVE:
            return ActionKind.MOVE
        case PlanKind.MEND:
            return None
        case other:
            assert_never(other)


def _size(plan: Plan) -> int | None:
    """What a stop takes away or a start gives back; None for a plan that sets no count."""
    for step in plan.steps:
        if isinstance(step, SaveSize):
            return step.desired_count
        if isinstance(step, SetDesiredCount) and step.count > 0:
            return step.count
    return None
