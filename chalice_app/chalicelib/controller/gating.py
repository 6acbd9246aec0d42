"""Before acting: asks for the acts that need a yes, and carries out what `judging` makes of those that have one.

An act that needs one waits, and people are asked once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from chalicelib.controller import wording
from chalicelib.controller.framing import LOOK_BACK, MOST_ENTRIES, frame
from chalicelib.controller.judging import Ask, Over, Pass, TakeBack, Verdict, Wait, judge, not_asked_yet
from chalicelib.controller.parts import Parts
from chalicelib.controller.report import Decided
from chalicelib.controller.run import Run
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.record.approval import Question
from chalicelib.record.controls import ControlState

MOST_A_RUN = 50
"""Questions asked by one run; the next sweep asks the rest."""


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
    verdict = not_asked_yet(one, ended, then_ask, run.now)
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
