"""A move that went out and is not in the history, because its process died or no answer came: what is left to do of it.

Whoever moves notes beforehand where to (`ServiceMemory.moving`); who finds the service placed there goes on from there.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.capacity import Strategy
from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceMemory
from chalicelib.execute.steps import MarkPending


def awaited_move(to: Strategy, within: timedelta, *, to_spot: bool) -> MarkPending:
    return MarkPending(ActionKind.MOVE, int(within.total_seconds()), to, to_spot)


def record_of_move(facts: ServiceFacts, memory: ServiceMemory, within: timedelta) -> tuple[MarkPending, ...]:
    """The move goes into the history and is awaited. Empty when there was none, or it never reached AWS."""
    moving = memory.moving
    if moving is None or memory.pending is not None or facts.desired_count == 0:
        return ()
    if facts.capacity_providers != moving.to:
        return ()
    return (awaited_move(moving.to, within, to_spot=moving.to_spot),)
