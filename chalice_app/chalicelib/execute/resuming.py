"""What the lock of another run says about it: which action it had begun, and under which id."""

from __future__ import annotations

from datetime import datetime

from chalicelib.decide import words
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.errors import Locked
from chalicelib.execute.entries import action_of
from chalicelib.execute.plan import Plan
from chalicelib.record.states import Lease


def lock_word(plan: Plan) -> str:
    action = action_of(plan)
    return action.value if action else plan.kind.value


def acting_now(service: ServiceId, held: Locked, now: datetime) -> str:
    """The sentence of who finds the lock taken."""
    match held.holder.partition(":")[0]:
        case ActionKind.START:
            doing = "is starting it"
        case ActionKind.STOP:
            doing = "is stopping it"
        case ActionKind.MOVE:
            doing = "is moving it"
        case _:
            doing = "is acting on it"
    longest = f", for {words.length(held.until - now)} at the longest" if held.until else ""
    return f"{service}: another run {doing} right now{longest}"


def interrupted_start(lease: Lease) -> bool:
    """A start that a dead run may have sent out: the lock says that it was ours until something else does."""
    return (lease.interrupted or "").startswith(f"{ActionKind.START.value}:") and lease.memory.pending is None


def resumed(plan: Plan, lease: Lease) -> str | None:
    """The id of the same action, when a run that died had begun it."""
    word, _, action_id = (lease.interrupted or "").partition(":")
    return action_id if word == lock_word(plan) and action_id else None
