"""The outbox with what delivers it, the stand-in for Slack behind it, and a clock that is stepped.

with post_room(table) as room:
    room.tell("stopped", "gpu-dev/chat: stopped")
    room.deliver()
    assert room.shown() == ["⏹️ Stopped: gpu-dev/chat: stopped"]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

from chalicelib.decide.facts import ServiceId
from chalicelib.local.slack_standin import SlackStandIn, serving
from chalicelib.local.slack_workspace import Member, Shown, Workspace
from chalicelib.notify.delivering import Carrier, Delivered, Post
from chalicelib.notify.notice import Notice, NoticeKind, Silence
from chalicelib.notify.outbox import OutboxHerald, OutboxNotifier
from chalicelib.notify.routing import Target, targets
from chalicelib.notify.settings import NoticeSettings
from chalicelib.notify.slack.client import SlackClient
from chalicelib.notify.slack.showing import SlackCarrier
from chalicelib.policy.model import Policy
from chalicelib.record.outbox import OutboxRows
from chalicelib.record.table import Table
from chalicelib.runtime.clock import SteppedClock

START = datetime(2026, 11, 18, 12, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "chat")
TOKEN, SIGNING = "xoxb-of-a-test", "signing-secret-of-a-test"


@dataclass
class Lines:
    """A log that tests can read."""

    warnings: list[str] = field(default_factory=list)

    def warning(self, msg: str, *, extra: dict[str, object]) -> None:
        self.warnings.append(msg)


@dataclass
class PostRoom:
    table: Table
    slack: SlackStandIn
    clock: SteppedClock
    settings: NoticeSettings
    carriers: dict[str, Carrier]
    policies: dict[str, Policy]
    timeout_seconds: int = 5
    log: Lines = field(default_factory=Lines)
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def rows(self) -> OutboxRows:
        return OutboxRows(self.table)

    def post(self, table: Table | None = None, *, routes: bool = True) -> Post:
        """As one process has it."""
        rows = OutboxRows(table or self.table)

        def token(*, fresh: bool = False) -> str:
            return TOKEN

        client = SlackClient(token, base_url=self.slack.api, timeout_seconds=self.timeout_seconds)

        def route(notice: Notice, now: datetime) -> Sequence[Target]:
            return targets(notice, self.policies.get(notice.policy), self.settings, now)

        return Post(
            rows,
            route if routes else None,
            self.carriers,
            SlackCarrier(client, rows),
            self.clock,
            lambda: f"run-{next(self._names)}",
            time.monotonic,
        )

    def tell(self, kind: str, text: str, service: ServiceId | None = CHAT, **more: Any) -> None:
        notice = Notice(self.clock.now(), NoticeKind(kind), service, text, **more)
        OutboxNotifier(self.rows, Silence(), self.log).tell([notice])

    @property
    def herald(self) -> OutboxHerald:
        return OutboxHerald(self.rows)

    def deliver(self, seconds: float = 60) -> Delivered:
        return self.post().deliver(seconds)

    def later(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))

    def shown(self, *, in_channel: bool = False) -> list[str]:
        """The texts of all messages, oldest first; ``in_channel`` without answers that only the thread shows."""
        return [one.text for one in self.messages if not in_channel or not one.thread or one.broadcast]

    @property
    def messages(self) -> list[Shown]:
        return self.slack.workspace.messages


@contextmanager
def post_room(
    table: Table,
    *,
    settings: NoticeSettings | None = None,
    policies: dict[str, Policy] | None = None,
    carriers: dict[str, Carrier] | None = None,
) -> Iterator[PostRoom]:
    slack = SlackStandIn(Workspace((Member("U1", "ada@example.com"),)), SIGNING, TOKEN)
    with serving(slack):
        yield PostRoom(
            table, slack, SteppedClock(START), settings or NoticeSettings(channel="#ml"), carriers or {}, policies or {}
        )


def answers(status: int, body: str = "", **headers: str) -> Callable[[BaseHTTPRequestHandler, str], bool]:
    """A fault that answers every call of Slack's Web API like this."""

    def fault(request: BaseHTTPRequestHandler, method: str) -> bool:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body.encode())))
        request.end_headers()
        request.wfile.write(body.encode())
        return True

    return fault
