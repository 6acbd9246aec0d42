"""Takes questions to people from step to step: asks them, tells of them, ends them, and carries words out.

Every step is one conditional write; what belongs to it (the history's line, telling people, a person's word) follows
and may be done twice with the same effect. So a process that dies between any two leaves a row from which the next
look goes on: `tend` does what is still owed. Whether an act needs a yes, and whether a yes still fits the world, is
`judging`'s to judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

from chalicelib.controller import wording
from chalicelib.controller.ports import Deed, Herald, NoHerald, NoTimers, Timers
from chalicelib.controller.question_lines import lines_of
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.facts import Override, OverrideKind, ServiceId
from chalicelib.errors import ConditionFailed, LifecycleError, RecordUnavailable, Refused
from chalicelib.execute.doing import Clock
from chalicelib.record.approval import Question, State
from chalicelib.record.approvals import CLOSED_STAYS, ApprovalRows, Opened, standing
from chalicelib.record.controls import Controls
from chalicelib.record.history import History

REST_AFTER_NO = timedelta(hours=12)
"""Who said no is not asked the same again before. Another act, or another policy version, may be asked for."""
REST_AFTER_SILENCE = timedelta(hours=4)
REST_AFTER_FAILURE = timedelta(minutes=30)

CARRIED_OUT_WITHIN = timedelta(minutes=10)
"""As long as the executor's lock: after that nobody carries it out any more."""


class Questions:
    """``deeds`` may be filled after this was made, by whoever can do them."""

    def __init__(
        self,
        rows: ApprovalRows,
        controls: Controls,
        history: History,
        clock: Clock,
        herald: Herald | None = None,
        timers: Timers | None = None,
    ) -> None:
        self._rows = rows
        self._controls = controls
        self._history = history
        self._clock = clock
        self.herald: Herald = herald or NoHerald()
        self.timers: Timers = timers or NoTimers()
        self.deeds: dict[ApprovalAction, Deed] = {}

    # --- reading

    def all(self, now: datetime) -> tuple[Question, ...]:
        return self._controls.read(now).questions

    def standing(self, service: ServiceId) -> Question | None:
        """The question about it that is open, or the last one if it was closed lately."""
        return self._rows.of_service(service)

    def of_service(self, service: ServiceId, otherwise: Question) -> Question:
        found = self._rows.of_service(service)
        return found if found is not None and found.id == otherwise.id else otherwise

    # --- steps

    def ask(self, question: Question, before: Question | None) -> Opened:
        """One open question a service: another that was open already stands. Raises RecordUnavailable."""
        opened = self._rows.open(question, before)
        if opened.ours:
            self._set_timer(opened.question)
            self.announce(opened.question)
        return opened

    def step(self, before: Question, after: Question) -> Question:
        """Raises ConditionFailed when somebody else took a step first."""
        taken = self._rows.step(before, after)
        self.announce(taken)
        return taken

    def claim(self, question: Question) -> Question:
        """The right to carry it out, for as long as a lock stands. Raises ConditionFailed when somebody else has it."""
        until = self._clock.now() + CARRIED_OUT_WITHIN
        return self._rows.step(question, question.became(State.EXECUTING, carrying_until=until))

    def give_back(self, question: Question) -> None:
        """It could not even be begun: the yes stands, and the next look carries it out."""
        state = State.APPROVED if question.given else State.EXPIRED
        with suppress(ConditionFailed, RecordUnavailable):
            self._rows.step(question, question.became(state, carrying_until=None))

    def withdraw(self, question: Question, why: str) -> Question:
        """The question as it stands now, which is an answered one if somebody was faster."""
        after = question.became(State.WITHDRAWN, closed_at=self._clock.now(), outcome=why)
        return self._or_as_it_stands(question, after)

    def end(self, question: Question, *, done: bool, why: str, rest: timedelta | None = None) -> Question:
        now = self._clock.now()
        until = now + rest if rest else None
        state = State.DONE if done else State.FAILED
        return self._or_as_it_stands(question, question.became(state, closed_at=now, outcome=why, rest_until=until))

    def end_run(self, question: Question, *, done: bool, why: str) -> None:
        """What came of carrying it out; when it cannot be written, a look after the claim's end finds out."""
        with suppress(RecordUnavailable):
            self.end(question, done=done, why=why, rest=None if done else REST_AFTER_FAILURE)

    def announce(self, question: Question) -> None:
        """Lines into the history, and the newest version to people. What cannot be done now, a later look does."""
        with suppress(RecordUnavailable):
            for entry in lines_of(question):
                self._history.append(entry)
            self.herald.tell(question)
            self._rows.told(question)

    # --- what is owed

    def tend(self, questions: Iterable[Question], now: datetime) -> bool:
        """Takes every question as far as it goes without acting on its service. Whether anything was written."""
        changed = False
        for question in questions:
            try:
                changed = self._tend(question, now) or changed
            except (ConditionFailed, RecordUnavailable):
                changed = True  # somebody else goes on with it, or the next look does
        return changed

    def _tend(self, question: Question, now: datetime) -> bool:
        if question.told_version < question.version:
            self.announce(question)
        if question.closed_at is not None:
            if now >= max(question.closed_at, question.rest_until or question.closed_at) + CLOSED_STAYS:
                self._rows.forget(question)
            return False
        match question.state:
            case State.PENDING:
                return question.is_over(now) and self._is_not_answered(question, now)
            case State.SNOOZED | State.KEPT:
                return self._say(question, OverrideKind.KEEP)
            case State.EXCLUDED:
                return self._say(question, OverrideKind.EXCLUDE)
            case State.DENIED:
                self._end_the_word(question)
                self.step(question, question.closed(now, "", rest_until=now + REST_AFTER_NO))
                return True
            case State.APPROVED | State.EXPIRED:
                return self._grant(question, now)
            case State.EXECUTING | State.DONE | State.FAILED | State.WITHDRAWN:
                return False
            case other:
                assert_never(other)

    def _is_not_answered(self, question: Question, now: datetime) -> bool:
        if question.no_answer == "escalate" and not question.escalated:
            waited = (question.answer_by or now) - question.asked_at
            after = question.became(State.PENDING, channel=question.escalate_to, escalated=True, answer_by=now + waited)
            self._set_timer(self.step(question, after))
        elif question.no_answer == "do-it":
            self._tend(self.step(question, question.became(State.EXPIRED)), now)
        else:
            said = wording.not_answered(question)
            self._end_the_word(question)
            rest = now + REST_AFTER_SILENCE
            self.step(question, question.became(State.EXPIRED, closed_at=now, outcome=said, rest_until=rest))
        return True

    def _say(self, question: Question, kind: OverrideKind) -> bool:
        """A person's word in the place of the act, under the question's id: said twice, it is the same."""
        given, now = question.given, self._clock.now()
        assert given is not None
        word = Override(
            question.id, question.service, kind, given.answer.until, given.by, given.answer.reason, given.at
        )
        stands = self._controls.add_override(word)
        said = "" if stands else "somebody said something later, and theirs stands"
        self.step(question, question.closed(now, said))
        return True

    def _grant(self, question: Question, now: datetime) -> bool:
        """What has to be written before a granted act can be wanted: the word of a start, or the act itself."""
        if question.action is ApprovalAction.START_WHEN_CLOSED:
            return self._let_run(question, now)
        if deed := self.deeds.get(question.action):
            try:
                self.end(question, done=True, why=deed(question, now))
            except Refused as refused:
                self.end(question, done=False, why=str(refused), rest=REST_AFTER_FAILURE)
            except LifecycleError:
                return False  # AWS or the record did not answer; the next look tries again
            return True
        return False

    def _let_run(self, question: Question, now: datetime) -> bool:
        said_at = question.given.at if question.given else question.answer_by or now
        until = question.keep_until
        if until is not None and question.launches:
            until = said_at + (until - question.asked_at)
        if until is None or until <= now:
            self.end(question, done=False, why="The time it was to run for is over")
            return True
        word = Override(
            question.id, question.service, OverrideKind.KEEP, until, question.requester or question.who,
            f"start approved by {question.who}", said_at,
        )  # fmt: skip
        if not self._controls.add_override(word):
            self.end(question, done=False, why="Somebody said something later, and theirs stands")
        elif question.launches:
            self.end(question, done=True, why=f"{question.requester} may launch it now")
        return True

    def _end_the_word(self, question: Question) -> None:
        """The wish that a start was asked for ends with the no."""
        if question.action is ApprovalAction.START_WHEN_CLOSED and not question.launches:
            now = self._clock.now()
            self._controls.end_override(question.service, question.who, now, kinds=(OverrideKind.KEEP,))

    # --- how

    def _or_as_it_stands(self, before: Question, after: Question) -> Question:
        try:
            return self.step(before, after)
        except ConditionFailed as lost:
            return standing(lost) or before

    def _set_timer(self, question: Question) -> None:
        if question.answer_by is not None:
            with suppress(LifecycleError):  # the sweep ends it all the same
                self.timers.at(question.answer_by)
