"""What the history says of where a service runs: Spot only once tasks run there, and whose doing it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.capacity import FARGATE, FARGATE_SPOT, CapacityProviderUse, Market, Strategy
from chalicelib.decide.decision import Because, Decision, Placing, RuleName, Wanted
from chalicelib.decide.facts import ActionKind, Pending, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.execute.entries import action_entry, begun_entry, verified_entry
from chalicelib.execute.plan import Fingerprint, Plan, PlanKind
from chalicelib.execute.steps import MarkPending, SetDesiredCount, SetPlacement
from chalicelib.record.history import Entry, EntryKind

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "chat")
ON_DEMAND: Strategy = (CapacityProviderUse(FARGATE, 0, 1),)
SPOT: Strategy = (CapacityProviderUse(FARGATE_SPOT, 0, 1),)
MIXED: Strategy = (CapacityProviderUse(FARGATE, 1, 0), CapacityProviderUse(FARGATE_SPOT, 0, 1))
FACTS = ServiceFacts(CHAT, "arn", 1, 1, 0, NOW, tags={"vcpu": "4", "memory-gb": "16.0"}, capacity_providers=ON_DEMAND)


def begun(kind: PlanKind, to: Strategy, market: Market) -> Entry:
    decision = Decision(
        CHAT, Wanted.LEAVE, RuleName.DEFAULT, Because.HOURS, "so", (), NOW, placing=Placing(market, "so")
    )
    first = SetDesiredCount(1, was=0) if kind is PlanKind.START else MarkPending(ActionKind.MOVE, 1200, to)
    plan = Plan(CHAT, decision, kind, (SetPlacement(to, was=ON_DEMAND), first), Fingerprint(1, "", ""))
    entry = action_entry(plan, decision, kind=EntryKind.ACTED, who="us", at=NOW, reason="so", outcome="begun")
    return begun_entry(entry, plan, replace(FACTS, capacity_providers=to))


def verified(to: Strategy, *, to_spot: bool, outcome: str = "done") -> Entry:
    pending = Pending(ActionKind.MOVE, NOW, NOW + timedelta(minutes=20), "a1", to, to_spot)
    facts = replace(FACTS, capacity_providers=to)
    memory = ServiceMemory(pending=pending)
    return verified_entry(facts, memory, pending, kind=EntryKind.ACTED, at=NOW, reason="so", outcome=outcome)


@pytest.mark.parametrize(
    ("entry", "market", "moved_from"),
    [
        (begun(PlanKind.MOVE, SPOT, Market.SPOT), "", ""),
        (verified(SPOT, to_spot=True), "spot", "on-demand"),
        (verified(SPOT, to_spot=True, outcome="failed"), "", ""),
        (begun(PlanKind.START, SPOT, Market.SPOT), "spot", "on-demand"),
        (begun(PlanKind.MOVE, ON_DEMAND, Market.ON_DEMAND), "on-demand", "spot"),
        (begun(PlanKind.MOVE, MIXED, Market.SPOT), "", ""),
        (verified(MIXED, to_spot=True), "", ""),
    ],
    ids=[
        "a move to Spot that has only begun",
        "its tasks run there",
        "it failed",
        "a start on Spot",
        "back to on-demand, from the first moment",
        "both markets",
        "both markets, running",
    ],
)
def test_a_move_is_recorded_so_that_it_never_saves_too_much(entry: Entry, market: str, moved_from: str) -> None:
    assert (entry.host, entry.market, entry.moved_from) == ("fargate 4 vCPU 16 GB", market, moved_from)
