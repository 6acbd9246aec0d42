"""Tells whether somebody else started or stopped a service since we last looked.

ECS sends no event when a person changes the desired count, so the only witnesses are the count seen last
time and our own record of what we did. Where the two do not prove a hand, nothing is claimed: a wrong
"by hand" would keep a forgotten service running.
"""

from __future__ import annotations

from enum import StrEnum

from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceMemory


class Hand(StrEnum):
    STARTED = "started"
    STOPPED = "stopped"


def hand(before: ServiceFacts | None, now: ServiceFacts, memory: ServiceMemory) -> Hand | None:
    """``before`` is what the last look saw, None when the service is new to us (one made anew under its name is).

    Only a service that was described anew can show a hand.
    """
    if before is not None and before.created_at != now.created_at:
        before = None
    if before is not None and now.described_at <= before.described_at:
        return None
    if memory.stopped_at is not None and now.described_at < memory.stopped_at:
        return None  # seen before our own stop
    if _scales_to_zero_by_itself(now):
        return None
    pending = memory.pending.kind if memory.pending else None
    ours = memory.stopped_at is not None
    if now.desired_count > 0:
        if pending is ActionKind.START or memory.hand_started_at is not None:
            return None
        stood_still = before is not None and before.desired_count == 0
        return Hand.STARTED if ours or memory.hand_stopped_at is not None or stood_still else None
    if ours or pending is ActionKind.STOP or memory.hand_stopped_at is not None:
        return None
    return Hand.STOPPED if before is not None and before.desired_count > 0 else None


def _scales_to_zero_by_itself(facts: ServiceFacts) -> bool:
    """Whether autoscaling may take the count to zero and back: then a change of it is nobody's hand."""
    scaling = facts.scaling
    return scaling is not None and scaling.min_capacity == 0 and not scaling.scale_in_suspended
