"""What people may do with the questions that policies make the controller ask: see them, and answer them.

An answer is checked (who may say it, whether the question still stands), written down by one conditional write, and
carried out by a look at the service, which observes and decides anew: a yes to what is no longer so does nothing.
Nothing of it is lost when the process dies in between: the next look or sweep goes on from the row (`questions`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.controller.answering import check
from chalicelib.controller.framing import wish
from chalicelib.controller.ports import Deed
from chalicelib.controller.questions import Questions
from chalicelib.controller.wording import first_word
from chalicelib.decide import words
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.errors import ConditionFailed, Forbidden, LifecycleError, NotAllowed, Unfit
from chalicelib.execute.entries import PriceOf, no_price
from chalicelib.record.approval import STATE_AFTER, Answer, AnswerKind, Given, Question, State
from chalicelib.record.approvals import standing

if TYPE_CHECKING:
    from chalicelib.controller.controller import Controller
    from chalicelib.decide.facts import ServiceFacts
    from chalicelib.fleet.people import Caller
    from chalicelib.policy.model import Policy, PolicySet

__all__ = ["Answer", "AnswerKind", "Answered", "Approvals", "Became"]


class Became(StrEnum):
    """COUNTED: it was the first, and is carried out as far as the world allows. LATE: somebody or the deadline was
    first. STALE: the question was changed (escalated) since that button was shown; a newer message stands. REFUSED:
    this person may not say that, or it makes no sense here. UNKNOWN: there is no such question (any more)."""

    COUNTED = "counted"
    LATE = "late"
    STALE = "stale"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answered:
    """``text`` is one sentence for the person who answered. ``question`` as it stands now: its ``given`` says who was
    first, its ``outcome`` what came of it; None when it is not known any more."""

    became: Became
    text: str
    question: Question | None = None


class Approvals:
    """``policies`` gives those in force at this moment."""

    def __init__(
        self,
        controller: Controller,
        questions: Questions,
        policies: Callable[[], PolicySet],
        price: PriceOf = no_price,
    ) -> None:
        self._controller = controller
        self._questions = questions
        self._policies = policies
        self._price = price

    def pending(self, now: datetime) -> tuple[Question, ...]:
        """Those that wait for an answer, the most urgent first."""
        waiting = [one for one in self._questions.all(now) if one.is_pending and not one.is_over(now)]
        return tuple(sorted(waiting, key=lambda one: (one.answer_by or one.asked_at, one.id)))

    def find(self, id: str, now: datetime) -> Question | None:
        """Also a closed one, for a day and as long as no newer one took its place."""
        return next((one for one in self._questions.all(now) if one.id == id), None)

    def answer(self, id: str, version: int, answer: Answer, caller: Caller, now: datetime) -> Answered:
        """``version`` is that of the button. Never raises for what a person may do; RecordUnavailable when nothing
        could be written, and then nothing was done."""
        every = self._questions.all(now)
        question = next((one for one in every if one.id == id), None)
        if question is None:
            return _of_an_earlier(id, every)
        if question.is_over(now):
            question = self._time_is_over(question, now)
        if not question.is_pending:
            return Answered(Became.LATE, first_word(question), question)
        if question.version != version:
            text = f"This was changed since: it is asked in {question.channel} now; use the newest message."
            return Answered(Became.STALE, text, question)
        try:
            given = check(question, answer, caller, self._policies(), now)
        except (Forbidden, NotAllowed, Unfit) as refused:
            return Answered(Became.REFUSED, str(refused), question)
        return self._taken(question, given, now)

    def ask_to_launch(
        self, facts: ServiceFacts, policy: Policy, caller: Caller, keep_until: datetime, now: datetime
    ) -> Question:
        """Asks whether ``caller`` may launch, while hours are closed, a service that does not exist yet; the question
        that stands already, if there is one. A yes writes a `keep` for the service."""
        why = f"{caller} wants to launch it while hours are closed"
        return self._wish(
            wish(facts, policy, ApprovalAction.START_WHEN_CLOSED, caller, why, now, self._price, keep_until=keep_until)
        )

    def ask_to_remove(
        self, facts: ServiceFacts, policy: Policy, caller: Caller, reason: str, now: datetime
    ) -> Question:
        """Asks whether the launched instance behind the service may be removed for ``caller``."""
        why = f"{caller} wants to remove it" + (f": {words.sentence(reason)}" if reason else "")
        return self._wish(wish(facts, policy, ApprovalAction.REMOVE, caller, why, now, self._price))

    def carries_out(self, action: ApprovalAction, deed: Deed) -> None:
        """``deed`` does what a yes to ``action`` allows, where that is no plan of a service."""
        self._questions.deeds[action] = deed

    # --- how

    def _wish(self, question: Question) -> Question:
        """A no that rests is the answer to the same wish."""
        last = self._questions.standing(question.service)
        rests = last is not None and last.action is question.action and last.rests(question.asked_at)
        if last is not None and (last.is_open or rests):
            return last
        return self._questions.ask(question, last).question

    def _taken(self, question: Question, given: Given, now: datetime) -> Answered:
        after = question.became(STATE_AFTER[given.answer.kind], given=given)
        try:
            taken = self._questions.step(question, after)
        except ConditionFailed as lost:
            first = standing(lost)
            if first is None or first.id != question.id:
                return Answered(Became.UNKNOWN, _UNKNOWN, first)
            if first.is_pending:
                return Answered(Became.STALE, f"This was changed since: it is asked in {first.channel} now.", first)
            return Answered(Became.LATE, first_word(first), first)
        after = self._carried_out(taken, now, f"{given.answer.kind.value} by {given.by}")
        return Answered(Became.COUNTED, after.outcome or first_word(after), after)

    def _carried_out(self, question: Question, now: datetime, why: str) -> Question:
        """The next sweep goes on where this look could not."""
        try:
            self._controller.look_at([question.service], now, why=why)
            return self._questions.of_service(question.service, question)
        except LifecycleError:
            return question

    def _time_is_over(self, question: Question, now: datetime) -> Question:
        return self._carried_out(question, now, "the time to answer is over")


_UNKNOWN = "This question does not stand any more."


def _of_an_earlier(id: str, every: tuple[Question, ...]) -> Answered:
    for question in every:
        for earlier in question.earlier:
            if earlier.id == id:
                who = f" by {earlier.by}" if earlier.by else ""
                text = f"This was {_DONE_WORD.get(earlier.state, earlier.state.value)}{who}; a newer question stands."
                return Answered(Became.LATE, text, question)
    return Answered(Became.UNKNOWN, _UNKNOWN)


_DONE_WORD = {State.DONE: "done", State.FAILED: "approved, and failed", State.EXPIRED: "not answered in time"}
