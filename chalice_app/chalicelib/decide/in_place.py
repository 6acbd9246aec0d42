"""Whether a service's tasks run where ECS is told to run them. Pure, and without any policy."""

from __future__ import annotations

from datetime import datetime

from chalicelib.decide.capacity import Strategy
from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceMemory


def short(facts: ServiceFacts) -> int:
    """Tasks that do not run where they are to."""
    return max(0, facts.desired_count - _in_place(facts, facts.capacity_providers))


def at_place(facts: ServiceFacts, to: Strategy) -> bool:
    """Whether all its tasks run where ``to`` wants them."""
    return 0 < facts.desired_count <= _in_place(facts, to)


def short_since(facts: ServiceFacts, memory: ServiceMemory) -> datetime | None:
    """Since when tasks are missing; a start or a move that is awaited knows it best. None: none are missing, or it
    was not noted yet."""
    if not short(facts):
        return None
    pending = memory.pending
    begun = pending.since if pending and pending.kind in (ActionKind.START, ActionKind.MOVE) else None
    return begun or memory.spot.short_since


def _in_place(facts: ServiceFacts, to: Strategy) -> int:
    """Without a word of ECS about providers every running task counts, if ``to`` is what ECS holds."""
    if not facts.running_on:
        return facts.running_count if to == facts.capacity_providers else 0
    names = {one.name for one in to}
    return sum(count for name, count in facts.running_on if name in names)
