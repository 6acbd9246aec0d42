"""The worker: does what one job asks, in the name of the person who asked, and tells them what they have to know.

Whoever answered first is told by the message itself, which the outbox brings up to date; everybody else gets one line
that only they see. A job that fails because AWS, Slack or our record did not answer comes again from the queue; done
twice, it has one effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, assert_never

from chalicelib.controller.asking import Became
from chalicelib.entrypoints.slack.jobs import Job, Task
from chalicelib.errors import (
    ActionFailed,
    LifecycleError,
    NotDelivered,
    NotFound,
    RecordUnavailable,
    Refused,
    UnknownService,
)
from chalicelib.notify.slack.blocks import escaped
from chalicelib.notify.slack.messages import details_message, question_message
from chalicelib.notify.slack.replies import reply
from chalicelib.record.approval import Answer, AnswerKind

if TYPE_CHECKING:
    from chalicelib.controller.asking import Answered, Approvals
    from chalicelib.entrypoints.slack.commands import Commands
    from chalicelib.entrypoints.slack.people import SlackPeople, Visitor
    from chalicelib.fleet.people import Caller
    from chalicelib.notify.slack.client import Message, SlackClient
    from chalicelib.record.slack_requests import SlackRequests
    from chalicelib.runtime.clock import Clock


class Log(Protocol):
    def warning(self, msg: str, /) -> object: ...


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """``deliver`` sends at once what waits to be told; what it cannot send now, it sends later."""

    approvals: Approvals
    commands: Commands
    people: SlackPeople
    slack: SlackClient
    requests: SlackRequests
    clock: Clock
    deliver: Callable[[], object]
    log: Log


class Worker:
    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts

    def do(self, job: Job) -> None:
        """Raises LifecycleError when it has to come again."""
        if self._parts.requests.is_done(job.request):
            return
        visitor = self._parts.people.visitor(job.user, self._parts.clock.now())
        if visitor.caller is None:
            self._tell(job, reply([escaped(visitor.why)]))
        else:
            self._do(job, visitor, visitor.caller)
        self._parts.requests.done(job.request)

    def _do(self, job: Job, visitor: Visitor, caller: Caller) -> None:
        now = self._parts.clock.now()
        match job.task:
            case Task.APPROVE:
                self._answer(job, AnswerKind.APPROVE, caller)
            case Task.DENY:
                self._answer(job, AnswerKind.DENY, caller)
            case Task.SNOOZE:
                self._answer(job, AnswerKind.SNOOZE, caller)
            case Task.KEEP:
                self._answer(job, AnswerKind.KEEP, caller)
            case Task.EXCLUDE:
                self._answer(job, AnswerKind.EXCLUDE, caller)
            case Task.DETAILS:
                self._details(job)
            case Task.KEEP_SERVICE:
                self._say(
                    job, lambda: self._parts.commands.keep(job.service, job.until or now, caller, visitor.zone, now)
                )
            case Task.COMMAND:
                self._say(job, lambda: self._parts.commands.answer(job.words, caller, visitor.zone, now))
            case other:
                assert_never(other)

    def _answer(self, job: Job, kind: AnswerKind, caller: Caller) -> None:
        """The next look goes on where this one could not, so what AWS did not do is nobody's reason to come again."""
        now = self._parts.clock.now()
        said = Answer(kind, job.until, job.reason)
        answered = self._parts.approvals.answer(job.question, job.version, said, caller, now)
        self._deliver()
        if answered.became is not Became.COUNTED:
            self._tell(job, reply([escaped(answered.text)]))
        self._mend(job, answered)

    def _mend(self, job: Job, answered: Answered) -> None:
        """Takes the buttons off the message that was clicked. The outbox changes those that it noted; a copy whose
        sender died before noting it is known by this click alone."""
        question = answered.question
        if question is None or question.id != job.question:
            self._tell(job, reply([escaped(answered.text)]), replace=True)
        elif not question.is_open:
            self._tell(job, question_message(question), replace=True)

    def _details(self, job: Job) -> None:
        found = self._parts.approvals.find(job.question, self._parts.clock.now())
        self._tell(job, details_message(found) if found else reply(["This question does not stand any more."]))

    def _say(self, job: Job, say: Callable[[], list[str]]) -> None:
        try:
            lines = say()
        except (Refused, NotFound, UnknownService, ActionFailed) as no:
            lines = [escaped(str(no))]
        except RecordUnavailable:
            raise
        except LifecycleError as failed:
            lines = [escaped(f"This could not be done just now: {failed}")]
        self._deliver()
        self._tell(job, reply(lines))

    def _deliver(self) -> None:
        """What happened stands, whether people can be told of it now or later."""
        try:
            self._parts.deliver()
        except LifecycleError as error:
            self._parts.log.warning(f"what waits to be told could not be sent now; the next sweep tries again: {error}")

    def _tell(self, job: Job, message: Message, *, replace: bool = False) -> None:
        try:
            self._parts.slack.respond(job.response_url, message, replace=replace)
        except NotDelivered as error:
            self._parts.log.warning(f"a person in Slack could not be told what became of their click: {error}")
