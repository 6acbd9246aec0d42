"""What the history is owed of a question. Pure: the same lines however often they are made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.controller import wording
from chalicelib.record.approval import Question, State
from chalicelib.record.history import Entry, EntryKind


def lines_of(question: Question) -> Iterator[Entry]:
    """So far."""
    if question.told_version == 0:
        who = question.requester or "controller"
        yield _line(question, question.asked_at, who, wording.asked(question), "asked")
    if given := question.given:
        yield _line(question, given.at, given.by, wording.answer_of(given, question), given.answer.kind.value)
    if question.closed_at is not None and (question.given is None or question.state is State.FAILED):
        yield _line(question, question.closed_at, "controller", question.outcome, question.state.value)


def _line(question: Question, at: datetime, who: str, said: str, outcome: str) -> Entry:
    asks = outcome == "asked"
    return Entry(
        at=at,
        kind=EntryKind.APPROVAL,
        who=who,
        reason=said,
        service=question.service,
        policy=question.policy,
        policy_version=question.policy_version,
        evidence=question.evidence if asks else (),
        steps=question.steps if asks else (),
        outcome=outcome,
        action_id=question.id,
    )
