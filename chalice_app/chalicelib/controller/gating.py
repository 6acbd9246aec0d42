"""Before acting: which of the wanted acts need a person's yes, and whether a yes that was given still fits the world.

An act that needs one waits, and people are asked once. A yes lets exactly the act pass that it was given for: the same
service, size and task definition under the same version of the policy. What nobody wants any more is not asked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from chalicelib.controller import wording
from chalicelib.controller.framing import LOOK_BACK, MOST_ENTRIES, frame, seen_when_asked
from chalicelib.controller.parts import Parts
from chalicelib.controller.report import Decided
from chalicelib.controller.run import Run
from chalicelib.decide import words
from chalicelib.decide.approval import act_of, needed_yes, quiet_until
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import OverrideKind, ServiceId
from chalicelib.decide.tags import zone_of
from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.execute.plan import PlanKind
from chalicelib.record.approval import ID_PREFIX, Question, State
from chalicelib.record.controls import ControlState

MOST_A_RUN = 50
"""Questions asked by one run; the next sweep asks the rest."""


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
    """Pure: what is to become of an act that is wanted (or not) now, as far as a yes goes."""
    question = controls.question(one.facts.id)
    needed = _needed(one, controls, now)
    if question is None or not question.is_open:
        return _not_asked(one, question, needed, now)
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


def _not_asked(one: Decided, last: Question | None, needed: ApprovalAction | None, now: datetime) -> Verdict:
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


# --- doing it


def tend(parts: Parts, run: Run) -> None:
    """What questions about the services of this run are owed, before anything is decided."""
    mine = [one for one in run.known.controls.questions if run.is_about(one.service)]
    if mine and parts.questions.tend(mine, parts.clock.now()):
        run.known = replace(run.known, controls=parts.controls.read(run.now))


def to_carry_out(run: Run) -> frozenset[ServiceId]:
    """Services of which a yes waits to be carried out: looked at whatever their time."""
    return frozenset(one.service for one in run.known.controls.questions if one.is_granted)


def gate(parts: Parts, run: Run, decided: Sequence[Decided]) -> tuple[Decided, ...]:
    """The same services; what needs a yes and has none is held, what has one bears it."""
    controls = run.known.controls
    judged = [(one, judge(one, controls, run.now)) for one in decided]
    asks = [one.facts.id for one, verdict in judged if isinstance(verdict, Ask)]
    later = frozenset(asks[MOST_A_RUN:])

    def work(pair: tuple[Decided, Verdict]) -> Decided:
        one, verdict = pair
        if one.facts.id in later:
            return held(one, "people are asked at the next look: this run asked enough")
        try:
            return _apply(parts, run, one, verdict)
        except (ConditionFailed, RecordUnavailable) as lost:
            return held(one, f"it could not be asked now: {lost}")

    busy = [pair for pair in judged if not isinstance(pair[1], (Pass, Wait))]
    applied = dict(zip((one.facts.id for one, _ in busy), parts.actor.side_by_side(work, busy), strict=True))
    _those_gone(parts, run)
    return tuple(applied.get(one.facts.id) or work((one, verdict)) for one, verdict in judged)


def preview(one: Decided, controls: ControlState, now: datetime) -> Decided:
    """What `gate` would hold, without asking anybody."""
    match judge(one, controls, now):
        case Wait(why, question):
            return held(one, why, question)
        case Ask(action, _) | TakeBack(_, _, ApprovalAction() as action) | Over(_, _, _, ApprovalAction() as action):
            where = one.policy.approval.ask if one.policy and one.policy.approval else "people"
            return held(one, f"{where} would be asked whether to {action.says}")
        case _:
            return one


def held(one: Decided, why: str, question: Question | None = None) -> Decided:
    return replace(one, held=why, question=question, awaits_yes=True)


def _apply(parts: Parts, run: Run, one: Decided, verdict: Verdict) -> Decided:
    match verdict:
        case Pass(granted):
            return replace(one, question=granted)
        case Wait(why, question):
            return held(one, why, question)
        case Ask(action, before):
            return _ask(parts, run, one, action, before)
        case TakeBack(question, why, then_ask):
            return _then(parts, run, one, parts.questions.withdraw(question, why), then_ask)
        case Over(question, done, why, then_ask):
            return _then(parts, run, one, parts.questions.end(question, done=done, why=why), then_ask)
        case other:
            assert_never(other)


def _then(parts: Parts, run: Run, one: Decided, ended: Question, then_ask: ApprovalAction | None) -> Decided:
    if then_ask is None:
        return one
    if ended.is_open:
        return held(one, wording.first_word(ended), ended)
    verdict = _not_asked(one, ended, then_ask, run.now)
    return _apply(parts, run, one, verdict)


def _ask(parts: Parts, run: Run, one: Decided, action: ApprovalAction, before: Question | None) -> Decided:
    past = parts.history.of_service(one.facts.id, since=run.now - LOOK_BACK, limit=MOST_ENTRIES)
    question = frame(one, action, run.known.controls, past, parts.price, parts.clock.now())
    opened = parts.questions.ask(question, before)
    return held(one, wording.asked(opened.question), opened.question)


def _those_gone(parts: Parts, run: Run) -> None:
    """Questions about services that are not there any more."""
    for question in run.known.controls.questions:
        if not question.is_open or question.launches or not run.is_about(question.service):
            continue
        if question.service in run.fleet.services or question.action is ApprovalAction.REMOVE:
            continue
        if question.is_pending:
            parts.questions.withdraw(question, "It does not exist any more")
        elif question.is_granted:
            parts.questions.end(question, done=False, why="It does not exist any more")
