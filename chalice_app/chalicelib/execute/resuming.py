"""What the lock of another run says about it: which action it had begun, and under which id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.decide import words
from chalicelib.decide.facts import ActionKind, ServiceFacts
from chalicelib.errors import Locked
from chalicelib.execute.entries import action_of
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan
from chalicelib.execute.steps import MarkPending, SetDesiredCount, SettleRunning
from chalicelib.record.states import Lease


@dataclass(frozen=True, slots=True)
class Claim:
    """Under which name a run takes the lock. ``resumes``: the id of the action that a run which died had begun and
    this one goes on with. ``settles``: it finds that action done, and only has to write it down."""

    word: str
    resumes: str | None = None
    settles: ActionKind | None = None

    def owner(self, action_id: str) -> str:
        return f"{self.word}:{action_id}"


def claim(plan: Plan, holder: str | None) -> Claim:
    """``holder``: who held the lock last, None when it was given back."""
    action = action_of(plan)
    own = action.value if action else plan.kind.value
    word, _, action_id = (holder or "").partition(":")
    if not action_id:
        return Claim(own)
    if word == ActionKind.START and any(isinstance(step, SettleRunning) for step in plan.steps):
        return Claim(word, action_id, ActionKind.START)
    return Claim(own, action_id if word == own else None)


def acting_now(plan: Plan, held: Locked, now: datetime) -> Outcome:
    """What becomes of who finds the lock taken."""
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
    said = f"{plan.service}: another run {doing} right now{longest}"
    return Outcome(plan.service, plan.kind, OutcomeStatus.REFUSED, said, news=False, overtaken=True)


def interrupted_start(lease: Lease) -> bool:
    """A start that a dead run may have sent out: the lock says that it was ours until something else does."""
    return (lease.interrupted or "").startswith(f"{ActionKind.START.value}:") and lease.memory.pending is None


def went_down(plan: Plan, facts: ServiceFacts | None) -> bool:
    """Whether its tasks were taken away, and only the record of it is missing."""
    awaits = any(isinstance(step, MarkPending) and step.kind is ActionKind.STOP for step in plan.steps)
    return awaits and facts is not None and facts.desired_count == 0


def asks_for_tasks(plan: Plan) -> int:
    return next((step.count for step in plan.steps if isinstance(step, SetDesiredCount)), 0)
