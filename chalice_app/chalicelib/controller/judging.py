"""What becomes of an act that is wanted, as far as people's yes goes: it passes, waits, is asked for, or a yes is over.

A yes lets exactly the act pass that it was given for: the same service, size and task definition under the same version
of the policy. What nobody wants any more is not asked on. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.controller import wording
from chalicelib.controller.framing import seen_when_asked
from chalicelib.controller.report import Decided
from chalicelib.decide import words
from chalicelib.decide.approval import act_of, needed_yes, quiet_until
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import OverrideKind
from chalicelib.decide.tags import zone_of
from chalicelib.execute.plan import PlanKind
from chalicelib.record.approval import ID_PREFIX, Question, State
from chalicelib.record.controls import ControlState


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing to ask, or ``granted`` is carried out with it."""

    granted: Question | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    why: str
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """``before``: the closed question whose place it takes."""

    action: ApprovalAction
    before: Question | None = None


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Nobody answered yet, and there is nothing to answer any more. ``then_ask``: something else is to be asked."""

    question: Question
    why: str
    then_ask: ApprovalAction | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """A yes that does not fit the world (any more), or has been fulfilled already."""

    question: Question
    done: bool
    why: str
    then_ask: ApprovalAction | None = None


Verdict = Pass | Wait | Ask | TakeBack | Over


def judge(one: Decided, controls: ControlState, now: datetime) -> Verdict:
    """Of an act that is wanted (or not) now."""
    question = controls.question(one.facts.id)
    needed = _needed(one, controls, now)
    if question is None or not question.is_open:
        return not_asked_yet(one, question, needed, now)
    if question.launches or question.action is ApprovalAction.REMOVE:
        return Pass() if needed is None else Wait("another question about it is open", question)
    if question.is_pending:
        return _asked(one, question, needed, now)
    if question.is_granted:
        return _granted(one, question, needed, now)
    return Wait(wording.first_word(question), question) if needed else Pass()


def _needed(one: Decided, controls: ControlState, now: datetime) -> ApprovalAction | None:
    plan, policy, decision = one.plan, one.policy, one.decision
    if policy is None or decision is None or plan is None or plan.refusal or not plan.steps:
        return None
    if plan.kind is PlanKind.MEND:
        return None
    needed = needed_yes(policy, decision, now)
    if needed is ApprovalAction.START_WHEN_CLOSED and _is_let_run(one, controls):
        return None
    return needed


def _is_let_run(one: Decided, controls: ControlState) -> bool:
    """The word that an approval wrote still holds: what it lets run may be started again."""
    return any(
        word.service == one.facts.id and word.kind is OverrideKind.KEEP and word.id.startswith(ID_PREFIX)
        for word in controls.overrides
    )


def not_asked_yet(one: Decided, last: Question | None, needed: ApprovalAction | None, now: datetime) -> Verdict:
    if needed is None or one.policy is None:
        return Pass()
    rests = last is not None and last.action is needed and last.policy_version == one.policy.version and last.rests(now)
    if last is not None and rests:
        return Wait(f"not asked again yet: {wording.first_word(last)}", last)
    quiet = quiet_until(one.policy, now)
    if quiet is not None and needed is not ApprovalAction.START_WHEN_CLOSED:
        return Wait(f"people are asked after their quiet time, {words.clock(quiet, zone_of(one.policy))}")
    return Ask(needed, last)


def _asked(one: Decided, question: Question, needed: ApprovalAction | None, now: datetime) -> Verdict:
    if one.decision is not None and one.decision.because is Because.UNKNOWN:
        return Pass()  # perhaps one can tell again before somebody answers
    if needed is question.action and _fits(one, question):
        return Wait(wording.asked(question), question)
    why = "It changed since it was asked" if needed is question.action else f"Not needed any more: {_now(one)}"
    return TakeBack(question, why, needed)


def _granted(one: Decided, question: Question, needed: ApprovalAction | None, now: datetime) -> Verdict:
    if question.state is State.EXECUTING and question.carrying_until is not None and now < question.carrying_until:
        return Wait("a yes is being carried out", question) if needed or _act(one, now) is question.action else Pass()
    if _act(one, now) is question.action and one.plan is not None and one.plan.steps and not one.plan.refusal:
        if one.plan.kind is not PlanKind.MEND and _fits(one, question):
            return Pass(question)
        if one.plan.kind is not PlanKind.MEND:
            return Over(question, False, "Not done: it changed since it was asked", needed)
    if question.action is ApprovalAction.SPOT_MOVE:
        pending = one.seen.memory.pending
        moved = pending is not None and pending.to_spot
        return Over(question, moved, "It is moved to Spot" if moved else f"Not done after all: {_now(one)}", needed)
    stops = question.action is not ApprovalAction.START_WHEN_CLOSED
    if stops == (one.facts.desired_count == 0):
        return Over(question, True, f"It is {'stopped' if stops else 'started'}")
    return Over(question, False, f"Not done after all: {_now(one)}", needed)


def _act(one: Decided, now: datetime) -> ApprovalAction | None:
    return act_of(one.policy, one.decision, now) if one.policy and one.decision else None


def _fits(one: Decided, question: Question) -> bool:
    """It is still what people were asked about."""
    seen = seen_when_asked(question)
    return one.plan is not None and seen == one.plan.seen and one.plan.decision.policy == question.policy


def _now(one: Decided) -> str:
    return one.decision.reason if one.decision else one.refused or "no policy governs it"
