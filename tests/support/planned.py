"""Plans of one service and the lease of a run, as values: made without AWS and without a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.decide.capacity import CapacityProviderUse, Market, Strategy
from chalicelib.decide.decision import Placing, Wanted
from chalicelib.decide.facts import (
    SavedSize,
    ServiceFacts,
    ServiceMemory,
)
from chalicelib.execute.plan import Plan, plan
from chalicelib.record.states import Lease
from support.acting import ALL_OFF, DEV, PEOPLES, START, decision

UP = ServiceFacts(DEV, "arn", 3, 3, 0, START, scaling=PEOPLES, ready_since=START, task_definition="ollama:1")
DOWN = replace(UP, desired_count=0, running_count=0, ready_since=None, scaling=ALL_OFF)
NEVER = ServiceMemory()
ASLEEP = ServiceMemory(saved_size=SavedSize(3, PEOPLES, START), stopped_at=START)
SPOT: Strategy = (CapacityProviderUse("gpu-spot", 0, 1),)
OTHER: Strategy = (CapacityProviderUse("gpu-od", 0, 1),)
NOW = START + timedelta(minutes=30)


def made(wanted: Wanted, facts: ServiceFacts = UP, memory: ServiceMemory = NEVER, **changes: Any) -> Plan:
    found = plan(decision(wanted, **changes), facts, memory, NOW, policy_version="v1")
    assert found is not None
    return found


def to(there: Strategy, **more: Any) -> dict[str, Any]:
    return {"placing": Placing(Market.SPOT, "because", to=there, **more)}


STOP = made(Wanted.STOPPED)
BEGIN = made(Wanted.RUNNING, DOWN, ASLEEP)
MOVE = made(Wanted.LEAVE, **to(SPOT))


def lease(owner: str = "stop:a-1", **more: Any) -> Lease:
    return Lease(**{"service": DEV, "owner": owner, "fence": 1, "until": NOW, "memory": NEVER, **more})
