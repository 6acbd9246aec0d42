"""Questions and answers in words, as people read them in Slack, the history and `why`. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from chalicelib.decide import words
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceMemory
from chalicelib.record.approval import AnswerKind, Given, NoAnswer, Question, State


def without_an_answer(question: Question) -> str:
    """What happens when nobody answers: ``Without an answer by Fri 20 Nov 13:00 JST: it stays as it is``."""
    by = _clock(question.answer_by, question) if question.answer_by else "the deadline"
    return f"without an answer by {by}: {silence(question)}"


def silence(question: Question) -> str:
    """What it means when nobody answers in time: ``it stays as it is``."""
    return _default("stay-as-is" if question.escalated else question.no_answer, question)


def asked(question: Question) -> str:
    """For the history and `why`."""
    whose = f" (wished by {question.requester})" if question.requester else ""
    return f"asked in {question.channel} whether to {question.action.says}{whose}; {without_an_answer(question)}"


def first_word(question: Question) -> str:
    """Who was first, and what came of it: for whoever answers late."""
    said = f": {question.outcome}" if question.outcome else ""
    if question.given is not None:
        return f"{answer_of(question.given, question)}{said}"
    match question.state:
        case State.WITHDRAWN:
            return f"The question was taken back before anybody answered{said}"
        case State.PENDING:
            return asked(question)
        case State.EXPIRED if question.outcome:
            return question.outcome
        case _:
            return f"Nobody answered by {_clock(question.answer_by, question)}{said}"


def not_answered(question: Question) -> str:
    return f"Nobody answered by {_clock(question.answer_by, question)}: it stays as it is"


def answer_of(given: Given, question: Question) -> str:
    """``ada@example.com, Fri 20 Nov 12:31 JST: approved (nobody needs it)``."""
    at, until = _clock(given.at, question), _clock(given.answer.until, question)
    why = f" ({words.sentence(given.answer.reason)})" if given.answer.reason else ""
    match given.answer.kind:
        case AnswerKind.APPROVE:
            said = "approved"
        case AnswerKind.DENY:
            said = "no"
        case AnswerKind.SNOOZE | AnswerKind.KEEP:
            said = f"keep it running until {until}"
        case AnswerKind.EXCLUDE:
            said = f"exclude it until {until}"
        case other:
            assert_never(other)
    return f"{given.by}, {at}: {said}{why}"


def state_of(facts: ServiceFacts, memory: ServiceMemory) -> str:
    """``running 2``, ``starting 0/1``, ``stopping``, ``stopped``: one or two words."""
    pending = memory.pending.kind if memory.pending else None
    if facts.desired_count == 0:
        return "stopping" if facts.running_count or pending is ActionKind.STOP else "stopped"
    if facts.running_count < facts.desired_count or not facts.is_ready:
        return f"starting {facts.running_count}/{facts.desired_count}"
    return f"running {facts.running_count}"


def measured(one: Evidence) -> str:
    """``requests: 3``, ``task-protection: 1 protected task``: the unit only where the name does not say it."""
    unit = "" if one.unit == one.name else one.unit
    if one.value == "1" and unit in ("requests", "requests in flight", "protected tasks", "tasks"):
        unit = unit.replace("requests", "request").replace("tasks", "task")
    return f"{one.name}: {one.value} {unit}".rstrip()


def _default(no_answer: NoAnswer, question: Question) -> str:
    match no_answer:
        case "do-it":
            return question.action.says
        case "stay-as-is":
            return "it stays as it is"
        case "escalate":
            return f"{question.escalate_to} is asked"
        case other:
            assert_never(other)


def _clock(at: datetime | None, question: Question) -> str:
    return words.clock(at, ZoneInfo(question.zone)) if at else "the deadline"
