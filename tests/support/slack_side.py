"""Slack's side of a request, for tests: signed bodies as Slack sends them, and a Slack that only remembers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from chalicelib.entrypoints.slack.signature import sign
from chalicelib.notify.slack.client import Message, Posted, SlackPerson

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM = "T0OURS"
RESPONSE_URL = "https://hooks.slack.com/actions/T0OURS/1/abc"
TRIGGER = "13345224609.738474920.8088930838d88f008e0"


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def payload(sent: Mapping[str, Any]) -> bytes:
    return form(payload=json.dumps(sent))


def click(action: str, value: str, *, user: str = "U0ADA", team: str = TEAM, home: str | None = None) -> bytes:
    """``home`` is the workspace that the person belongs to, if it is another."""
    return payload({
        "type": "block_actions",
        "user": {"id": user, "team_id": home or team},
        "team": {"id": team, "domain": "ours"},
        "api_app_id": "A1",
        "message": {"text": "approved by everybody", "blocks": []},
        "response_url": RESPONSE_URL,
        "trigger_id": TRIGGER,
        "actions": [{"type": "button", "action_id": action, "value": value, "block_id": "question"}],
    })  # fmt: skip


def filled(dialog: str, metadata: str, until: object, reason: object, *, user: str = "U0ADA") -> bytes:
    return payload({
        "type": "view_submission",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "view": {
            "callback_id": dialog,
            "private_metadata": metadata,
            "state": {"values": {
                "until": {"until": {"type": "datetimepicker", "selected_date_time": until}},
                "reason": {"reason": {"type": "plain_text_input", "value": reason}},
            }},
        },
    })  # fmt: skip


def command(text: str, *, user: str = "U0ADA", team: str = TEAM) -> bytes:
    return form(
        command="/lifecycle", text=text, user_id=user, team_id=team, response_url=RESPONSE_URL, trigger_id=TRIGGER
    )


def signed(body: bytes, at: float, *, secret: str = SECRET) -> dict[str, str]:
    """The headers that Slack sends with it."""
    stamp = str(int(at))
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(secret, stamp, body),
        "Content-Type": "application/x-www-form-urlencoded",
    }


@dataclass
class RememberingSlack:
    """In the place of `SlackClient`: keeps what it was told; ``fails`` is raised instead."""

    people: dict[str, SlackPerson] = field(default_factory=dict)
    lines: list[tuple[str, Message]] = field(default_factory=list)
    replaced: list[Message] = field(default_factory=list)
    """What took the place of the message that was clicked."""
    views: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    fails: Exception | None = None
    asked: int = 0

    def _maybe_fail(self) -> None:
        if self.fails is not None:
            raise self.fails

    def person(self, user_id: str) -> SlackPerson:
        self._maybe_fail()
        self.asked += 1
        return self.people[user_id]

    def respond(self, response_url: str, message: Message, *, replace: bool = False) -> None:
        self._maybe_fail()
        if replace:
            self.replaced.append(message)
        else:
            self.lines.append((response_url, message))

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        self._maybe_fail()
        self.views.append((trigger_id, view))

    def post(self, channel: str, message: Message, *, thread: str = "") -> Posted:
        raise AssertionError("only the outbox posts")

    @property
    def said(self) -> list[str]:
        """The ephemeral lines, as text."""
        return [
            "\n".join(str(block["text"]["text"]) for block in message.blocks if block["type"] == "section")
            for _, message in self.lines
        ]


@dataclass
class KeptSecrets:
    """In the place of `SlackSecrets`: ``fresh`` is what Secrets Manager has now."""

    kept: str = SECRET
    fresh: str = SECRET
    read_anew: int = 0

    def signing_secret(self, *, fresh: bool = False) -> str:
        if fresh:
            self.read_anew += 1
            self.kept = self.fresh
        return self.kept
