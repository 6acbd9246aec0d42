"""A service that a policy asks about, people in Slack, and the worker that does what they say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from chalicelib.entrypoints.slack.answering import Worker, WorkerParts
from chalicelib.entrypoints.slack.commands import Commands
from chalicelib.entrypoints.slack.jobs import Job, Task
from chalicelib.entrypoints.slack.people import SlackPeople
from chalicelib.fleet.people import Caller, Role
from chalicelib.fleet.wishes import Wishes
from chalicelib.notify.slack.client import SlackPerson
from chalicelib.notify.slack.settings import SlackSettings, Unknown
from chalicelib.record.approval import Question
from chalicelib.record.slack_requests import SlackRequests
from chalicelib.record.table import Table
from support.slack_side import RESPONSE_URL, TEAM, RememberingSlack
from support.stage import TABLE, Stage
from support.strict_world import FakeService

POLICY = """
lifecycle: v1
policies:
  vision:
    owner: owner@example.com
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    idle: {stop-after: 30m}
    approval:
      for: [idle-stop, start-when-closed]
      ask: "#vision"
      approvers: [group:leads]
      answer-within: 30m
    overrides: {longest: 24h}
    mode: enforce
"""

CALLERS = {
    "U0ADA": Caller("sub-ada", "ada@example.com", Role.USER, frozenset({"User", "leads"})),
    "U0BEN": Caller("sub-ben", "ben@example.com", Role.USER, frozenset({"User"})),
    "U0OWNER": Caller("sub-owner", "owner@example.com", Role.USER, frozenset({"User"})),
    "U0ROOT": Caller("sub-root", "root@example.com", Role.ADMIN, frozenset({"Admin"})),
    "U0RITA": Caller("sub-rita", "rita@example.com", Role.READ_ONLY, frozenset({"ReadOnly", "leads"})),
}
PEOPLE = {user: SlackPerson(user, caller.email, TEAM, "Asia/Tokyo") for user, caller in CALLERS.items()} | {
    "U0EVE": SlackPerson("U0EVE", "eve@example.com", TEAM),
    "U0NOBODY": SlackPerson("U0NOBODY", "", TEAM),
    "U0GUEST": SlackPerson("U0GUEST", "ada@example.com", "T0GUEST"),
}


@dataclass
class Pool:
    """In the place of the user pool."""

    callers: dict[str, Caller] = field(default_factory=lambda: {one.email: one for one in CALLERS.values()})

    def with_address(self, email: str) -> Caller | None:
        return self.callers.get(email)


@dataclass
class Room:
    stage: Stage
    slack: RememberingSlack
    pool: Pool
    worker: Worker
    settings: SlackSettings
    delivered: list[datetime] = field(default_factory=list)
    _requests: Any = field(default_factory=lambda: count(1))

    def ask(self, name: str = "chat", **more: Any) -> tuple[FakeService, Question]:
        """A service that has been idle for long enough, and the question about it."""
        chat = self.stage.add(name, **more)
        self.stage.sweep()
        (question,) = self.stage.app.approvals.pending(self.stage.clock.now())
        return chat, question

    def press(self, task: Task, question: Question, user: str = "U0ADA", **more: Any) -> Job:
        job = self.job(task, user, question=question.id, version=question.version, **more)
        self.worker.do(job)
        return job

    def type(self, words: str, user: str = "U0ROOT") -> str:
        """The line they get."""
        self.worker.do(self.job(Task.COMMAND, user, words=words))
        return self.slack.said[-1]

    def job(self, task: Task, user: str, **more: Any) -> Job:
        request = f"request-{next(self._requests)}"
        self.requests.is_first(request, self.stage.clock.now())
        return Job(request, task, user, RESPONSE_URL, **more)

    @property
    def requests(self) -> SlackRequests:
        return SlackRequests(Table(self.stage.app.clients.dynamodb, TABLE))

    def now(self, question: Question) -> Question:
        found = self.stage.app.approvals.find(question.id, self.stage.clock.now())
        assert found is not None
        return found

    def worker_of(self, app: Any, slack: RememberingSlack, unknown: Unknown = Unknown.NOTHING) -> Worker:
        """Another container's worker on the same table."""
        settings = replace(self.settings, unknown=unknown)
        wishes = Wishes(app.controller, app.inventory, app.policies_in_force, app.controls, app.history, app.clock)
        parts: Any = {"slack": slack, "people": SlackPeople(slack, self.pool, settings)}  # type: ignore[arg-type]
        return Worker(
            WorkerParts(
                approvals=app.approvals,
                commands=Commands(app, wishes),
                requests=SlackRequests(Table(app.clients.dynamodb, TABLE)),
                clock=app.clock,
                deliver=lambda: self.delivered.append(app.clock.now()),
                log=_Quiet(),
                **parts,
            )
        )


class _Quiet:
    def warning(self, msg: str, /) -> None:
        return


def room_on(stage: Stage) -> Room:
    slack = RememberingSlack(dict(PEOPLE))
    room = Room(stage, slack, Pool(), None, SlackSettings("secret", (TEAM,)))  # type: ignore[arg-type]
    room.worker = room.worker_of(stage.app, slack)
    return room
