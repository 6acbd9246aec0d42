"""The queue of events as it is deployed: batches, a window, so many invocations at once, failures that come again.

Every number is read from what is deployed: batch, window and concurrency from ``app.py``, memory and timeout from
.chalice/config.json, visibility and tries from cfn/. The function itself is the deployed one. An invocation is played
whole, but the other one slips in between any two of its calls to AWS, whenever its own time has come: what two of them
do to each other's rows is played too, and not only what each does alone.
"""

from __future__ import annotations

import json
from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import app as deployed
from chalice.app import SQSEventConfig
from chalicelib.deploy.templates import read
from chalicelib.runtime import compose
from load_time import VirtualTime
from support.aws_events import queue_event

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "aws_events"


@dataclass(frozen=True)
class Deployed:
    """Of the function that hears AWS's events, and of its queue; times in seconds."""

    batch: int
    window: float
    at_once: int
    megabytes: int
    timeout: float
    visibility: float
    tries: int


def as_deployed(stage: str = "prod") -> Deployed:
    sources = (one for one in deployed.app.event_sources if isinstance(one, SQSEventConfig))
    source = next(one for one in sources if one.name == FUNCTION)
    config = json.loads((ROOT / "chalice_app" / ".chalice" / "config.json").read_text())
    function = config["stages"][stage]["lambda_functions"][FUNCTION]
    queue = read(ROOT / "cfn" / "app-resources.yaml")["Resources"]["EventQueue"]["Properties"]
    return Deployed(
        source.batch_size,
        source.maximum_batching_window_in_seconds,
        source.maximum_concurrency or 1,
        function["lambda_memory_size"],
        function["lambda_timeout"],
        queue["VisibilityTimeout"],
        queue["RedrivePolicy"]["maxReceiveCount"],
    )


@dataclass(frozen=True, order=True, slots=True)
class Message:
    """``visible_at``: when it may be received (again)."""

    visible_at: float
    number: int
    sent_at: float = field(compare=False)
    body: str = field(compare=False)
    kind: str = field(compare=False)
    tries: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Invocation:
    """Seconds; ``messages`` that it got, and how many of them it gave back."""

    began: float
    took: float
    cpu: float
    messages: int
    failed: int


@dataclass
class Queue:
    """``apps``: one process of the application for each invocation that may go on at once."""

    clock: VirtualTime
    rules: Deployed
    apps: Sequence[compose.App]
    waiting: list[Message] = field(default_factory=list)
    handled: list[tuple[Message, float]] = field(default_factory=list)
    """What was done, and when."""
    dead: list[Message] = field(default_factory=list)
    invocations: list[Invocation] = field(default_factory=list)
    after_each: Callable[[], None] = lambda: None
    _free_at: list[float] = field(default_factory=list)
    _busy: list[int] = field(default_factory=list)
    _next_number: int = 0

    def __post_init__(self) -> None:
        self._free_at = [0.0] * len(self.apps)

    def send(self, at: float, body: str, kind: str) -> None:
        insort(self.waiting, Message(at, self._next_number, at, body, kind))
        self._next_number += 1

    def drain(self) -> None:
        """Until nothing waits, and nothing comes back."""
        while self.waiting:
            self.clock.idle_at = max(self.clock.idle_at, self._begins_at(self._first_free()))
            self._invoke(self._first_free())

    def slip_in(self) -> None:
        """Before a call of an invocation: whatever the others would have begun by now, they do now."""
        while self.waiting and self._busy and (free := self._idle()):
            one = min(free, key=self._free_at.__getitem__)
            if self._begins_at(one) > self.clock.seconds():
                return
            self._invoke(one)

    def _idle(self) -> list[int]:
        return [one for one in range(len(self.apps)) if one not in self._busy]

    def _first_free(self) -> int:
        return min(self._idle(), key=self._free_at.__getitem__)

    def _begins_at(self, one: int) -> float:
        """A batch is full, or its window is over."""
        first = max(self._free_at[one], self.waiting[0].visible_at)
        full = self.waiting[self.rules.batch - 1].visible_at if len(self.waiting) >= self.rules.batch else None
        ends = self.waiting[0].visible_at + self.rules.window
        return max(first, ends if full is None else min(full, ends))

    def _invoke(self, one: int) -> None:
        began = self._begins_at(one)
        most = min(self.rules.batch, bisect_right(self.waiting, began, key=lambda message: message.visible_at))
        batch = [self.waiting.pop(0) for _ in range(most)]
        self._busy.append(one)
        with self.clock.course(began) as course:
            compose.install(self.apps[one])
            try:
                answer = deployed.on_aws_events(_event(batch), self._context(began))
            finally:
                self._busy.pop()
                compose.install(self.apps[self._busy[-1]] if self._busy else None)
            ended = self.clock.seconds()
        self._free_at[one] = ended
        self._settle(batch, {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}, began, ended)
        failures = len(answer["batchItemFailures"])
        self.invocations.append(Invocation(began, ended - began, course.cpu, len(batch), failures))
        self.after_each()

    def _settle(self, batch: Sequence[Message], failed: set[str], began: float, ended: float) -> None:
        """Done ones are deleted; failed ones are seen again when their visibility is over, or are given up."""
        for message in batch:
            tries = message.tries + 1
            if str(message.number) not in failed:
                self.handled.append((message, ended))
                continue
            again = Message(
                began + self.rules.visibility, message.number, message.sent_at, message.body, message.kind, tries
            )
            if tries < self.rules.tries:
                insort(self.waiting, again)
            else:
                self.dead.append(again)

    def _context(self, began: float) -> Any:
        def left() -> float:
            return (began + self.rules.timeout - self.clock.seconds()) * 1000

        return SimpleNamespace(
            function_name=FUNCTION,
            memory_limit_in_mb=self.rules.megabytes,
            invoked_function_arn=f"arn:aws:lambda:eu-central-1:123456789012:function:{FUNCTION}",
            aws_request_id="00000000-0000-0000-0000-000000000000",
            get_remaining_time_in_millis=left,
        )


def _event(batch: Sequence[Message]) -> Mapping[str, Any]:
    return {"Records": [_record(message) for message in batch]}


def _record(message: Message) -> Mapping[str, Any]:
    record: dict[str, Any] = queue_event(message.body, receive_count=message.tries + 1)["Records"][0]
    return record | {"messageId": str(message.number)}
