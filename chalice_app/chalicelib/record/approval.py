"""One question to people: what is to be done to a service, frozen as it was when it was asked, and what became of it.

    pending ─┬─ approved ──┬─ executing ─┬─ done
             ├─ expired  ──┤             └─ failed
             │             └─ (left as it is)
             ├─ snoozed, kept, excluded, denied, withdrawn

A question is *open* until its last step is done and ``closed_at`` is set: also an answered one, whose answer somebody
still has to carry out. The frozen part never changes. Nothing here reads or writes.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import ServiceId

NoAnswer = Literal["stay-as-is", "do-it", "escalate"]

ID_PREFIX = "apr-"


def new_id() -> str:
    """Also the id of the override that carries the answer out."""
    return f"{ID_PREFIX}{uuid.uuid4().hex[:16]}"


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    SNOOZED = "snoozed"
    KEPT = "kept"
    EXCLUDED = "excluded"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """It came to be pointless before anybody answered: the service is in use again, or gone, or the policy changed."""
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"


class AnswerKind(StrEnum):
    APPROVE = "approve"
    DENY = "deny"
    SNOOZE = "snooze"
    KEEP = "keep"
    EXCLUDE = "exclude"


STATE_AFTER = {
    AnswerKind.APPROVE: State.APPROVED,
    AnswerKind.DENY: State.DENIED,
    AnswerKind.SNOOZE: State.SNOOZED,
    AnswerKind.KEEP: State.KEPT,
    AnswerKind.EXCLUDE: State.EXCLUDED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says. ``until`` (aware) is required for KEEP and EXCLUDE; SNOOZE without one is two hours."""

    kind: AnswerKind
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """The answer that counts: the first. ``role`` is what the person was at that moment."""

    answer: Answer
    by: str
    at: datetime
    role: str = ""
    sub: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A question about the same service before this one, for people who answer an old message."""

    id: str
    state: State
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stakes:
    """What it costs, saves and touches, as known when it was asked; None and empty are "not known".

    ``usd_per_hour`` is that of the whole service. ``saves_usd`` counts until ``saves_until``, the next opening.
    ``cold_start_seconds`` is what the last start took, or starts usually take. ``used_by``: people who asked something
    of it in the last 24 hours.
    """

    usd_per_hour: Decimal | None = None
    price_source: str = ""
    saves_usd: Decimal | None = None
    saves_until: datetime | None = None
    desired_count: int = 0
    owner: str = ""
    cold_start_seconds: int | None = None
    used_by: tuple[str, ...] = ()
    last_used: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """``version`` grows with every step; a button holds ``id`` and ``version``. ``told_version`` is the last one that
    was handed to whoever tells people. Times are aware."""

    # frozen when it was asked
    id: str
    service: ServiceId
    action: ApprovalAction
    policy: str
    policy_version: str
    asked_at: datetime
    reason: str
    """Why, in one sentence: the decision's."""
    evidence: tuple[Evidence, ...] = ()
    steps: tuple[str, ...] = ()
    """What will be done, one line a step."""
    plan: str = ""
    """The frozen decision and plan as JSON (`execute.planfile`); empty when the service does not exist yet."""
    stakes: Stakes = field(default_factory=Stakes)
    approvers: tuple[str, ...] = ()
    """``group:x`` and ``user:mail``, as the policy names them."""
    no_answer: NoAnswer = "stay-as-is"
    escalate_to: str = ""
    zone: str = "UTC"
    requester: str = ""
    """Whose wish it is, by name; empty when it is the policy's own."""
    requester_sub: str = ""
    keep_until: datetime | None = None
    """For a start while closed: how long it shall run."""
    launches: bool = False
    """A start of a service that does not exist yet: a yes lets the person launch it."""
    instance: str = ""
    """The launched instance that it is about, if it is one."""

    # what became of it
    channel: str = ""
    """Where it is asked: ``approval.ask``, after an escalation ``escalate-to``."""
    answer_by: datetime | None = None
    state: State = State.PENDING
    version: int = 1
    told_version: int = 0
    escalated: bool = False
    given: Given | None = None
    carrying_until: datetime | None = None
    """While EXECUTING: until then nobody else carries it out."""
    closed_at: datetime | None = None
    outcome: str = ""
    """What came of it, in one sentence."""
    rest_until: datetime | None = None
    """The same is not asked again before."""
    earlier: tuple[Earlier, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_pending(self) -> bool:
        return self.state is State.PENDING

    @property
    def is_granted(self) -> bool:
        """A yes (or the policy's own yes to silence) stands that is still to be carried out."""
        waits = self.state in (State.APPROVED, State.EXECUTING)
        return self.is_open and (waits or (self.state is State.EXPIRED and self.no_answer == "do-it"))

    def is_over(self, now: datetime) -> bool:
        """Nobody answered in time."""
        return self.is_pending and self.answer_by is not None and now >= self.answer_by

    def rests(self, now: datetime) -> bool:
        return self.rest_until is not None and now < self.rest_until

    @property
    def who(self) -> str:
        """In whose name it is carried out: ``ada@example.com``, or the policy that takes silence for a yes."""
        return self.given.by if self.given else f"policy {self.policy} (nobody answered)"

    def became(self, state: State, **more: object) -> Question:
        """The next step."""
        return replace(self, state=state, version=self.version + 1, **more)  # type: ignore[arg-type]

    def closed(self, now: datetime, outcome: str, *, rest_until: datetime | None = None) -> Question:
        """The last step, in the state it is in."""
        return replace(self, version=self.version + 1, closed_at=now, outcome=outcome, rest_until=rest_until)

    def as_earlier(self) -> tuple[Earlier, ...]:
        """What the next question about the service remembers of this one and of those before."""
        last = Earlier(self.id, self.state, self.given.by if self.given else "", self.closed_at or self.asked_at)
        return (last, *self.earlier)[:5]
