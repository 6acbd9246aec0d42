"""The border of Slack: API Gateway's event at the endpoint, and what is handed on, done by the worker.

Signatures are right, wrong, old or odd; a signed request may still say anything, because who knows the secret is not
who clicked. Only people who may change nothing send these, so every change of the fleet or of a question is a crash.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import app as deployed
from chalicelib.entrypoints.slack.door import Door, DoorParts
from chalicelib.entrypoints.slack.jobs import job_of
from chalicelib.errors import LifecycleError, NotDelivered
from chalicelib.notify.slack.client import SlackPerson
from chalicelib.runtime import compose_slack
from fuzz.app_events import Invocation
from fuzz.hunt import Border, Take
from fuzz.mutations import edited, odd_texts, text_edits, texts_near, trees_near
from hypothesis import strategies as st
from support.slack_room import POLICY, Room, room_on
from support.slack_side import (
    SECRET,
    TEAM,
    KeptSecrets,
    RememberingSlack,
    click,
    command,
    filled,
    form,
    signed,
)
from support.stage import staged

AT = "2026-11-18T12:00+09:00"
STRANGERS = ("U0EVE", "U0NOBODY", "U0GUEST", "U0RITA")
ABOUT = "apr-0123456789abcdef:1"
QUESTION = "QUESTION:1"
"""In the place of a real question's id, which is known when the room is made."""
METADATA = json.dumps({"about": QUESTION, "response_url": "https://hooks.slack.com/actions/T0OURS/1/abc"})


def _sent(body: bytes) -> Any:
    """The JSON inside a form."""
    return json.loads(parse_qs(body.decode())["payload"][0])


PAYLOADS = [
    _sent(click(action, QUESTION, user=user))
    for action in ("approve", "deny", "snooze", "keep", "exclude", "details")
    for user in STRANGERS
]
PAYLOADS += [_sent(click("keep_service", "gpu-dev/chat:1763435000", user=user)) for user in STRANGERS]
PAYLOADS += [_sent(filled(kind, METADATA, 1_763_470_000, "because", user="U0RITA")) for kind in ("keep", "exclude")]
EVENTS = (
    {"type": "url_verification", "challenge": "c"},
    {"type": "event_callback", "team_id": TEAM, "event": {"type": "app_uninstalled"}},
)
WORDS = (
    "status", "why chat", "stop chat now", "stop gpu-dev/chat 2h because of me", "keep chat until 18:00",
    "start chat 30m", "snooze chat for 1h", "keep chat until 2026-12-31T18:00", "help", "stop",
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """``late_seconds`` is how old the signature is; ``headers`` replace those of a signed request."""

    door: str
    body: bytes
    secret: str = SECRET
    late_seconds: int = 0
    headers: Mapping[str, Any] = field(default_factory=dict)
    encoded: bool = False
    event: Mapping[str, Any] = field(default_factory=dict)


_JSONS = trees_near(PAYLOADS).map(json.dumps) | texts_near([json.dumps(one) for one in PAYLOADS])
_DEEP = st.integers(1, 30_000).map(lambda depth: '{"a":' * depth)
_INTERACTIONS = st.one_of(_JSONS, _JSONS, _JSONS, _DEEP).map(lambda text: form(payload=_plain(text)))
_COMMANDS = st.builds(
    lambda words, user, edits: edited(command(_plain(words), user=user).decode(), edits).encode("utf-8", "replace"),
    texts_near(WORDS) | odd_texts,
    st.sampled_from(STRANGERS),
    text_edits(2),
)
_EVENTS = (trees_near(EVENTS).map(json.dumps) | _DEEP).map(lambda text: text.encode("utf-8", "replace"))
_BODIES = st.one_of(
    st.tuples(st.just("interactive"), _INTERACTIONS),
    st.tuples(st.just("interactive"), _INTERACTIONS),
    st.tuples(st.just("commands"), _COMMANDS),
    st.tuples(st.just("events"), _EVENTS),
    st.tuples(st.sampled_from(("commands", "events", "interactive", "", "x")), st.binary(max_size=40)),
    st.tuples(st.just("commands"), st.integers(900_000, 1_100_000).map(lambda size: b"text=" + b"a" * size)),
)
_HEADERS = st.dictionaries(
    st.sampled_from(("X-Slack-Request-Timestamp", "x-slack-signature", "X-Slack-Signature", "Content-Type")),
    odd_texts | st.none() | st.integers(),
    max_size=2,
)
_MORE = st.fixed_dictionaries(
    {}, optional={"path": odd_texts | st.none(), "headers": st.none() | st.just({}), "isBase64Encoded": st.booleans(),
                  "body": odd_texts | st.none() | st.integers()},
)  # fmt: skip
_NONE: st.SearchStrategy[dict[str, Any]] = st.just({})
REQUESTS = st.builds(
    lambda drawn, secret, late, headers, encoded, event: Sent(*drawn, secret, late, headers, encoded, event),
    _BODIES,
    st.sampled_from((SECRET,) * 8 + ("wrong",)),
    st.sampled_from((0,) * 8 + (299, 301, -301)),
    st.one_of(_NONE, _NONE, _NONE, _HEADERS),
    st.booleans(),
    st.one_of(_NONE, _NONE, _NONE, _MORE),
)


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@dataclass
class _Queue:
    bodies: list[str] = field(default_factory=list)

    def send(self, body: str) -> None:
        self.bodies.append(body)


@dataclass
class _Endpoint:
    room: Room
    door: Door
    queue: _Queue
    opened: RememberingSlack
    question: str

    def take(self, sent: Sent) -> None:
        self.queue.bodies.clear()
        clock = self.room.stage.clock
        body = sent.body.replace(b"QUESTION", self.question.encode())
        headers = signed(body, clock.now().timestamp() - sent.late_seconds, secret=sent.secret) | dict(sent.headers)
        text = base64.b64encode(body).decode() if sent.encoded else body.decode("utf-8", "replace")
        event = {"path": f"/api/slack/{sent.door}", "httpMethod": "POST", "headers": headers, "body": text,
                 "isBase64Encoded": sent.encoded, **sent.event}  # fmt: skip
        answer = deployed.slack(event, Invocation())
        assert answer["statusCode"] in (200, 400, 401, 403, 404, 413), answer
        assert isinstance(answer["body"], str)
        honest = sent.secret == SECRET and abs(sent.late_seconds) < 300
        assert honest or not self.queue.bodies, "what was not signed was handed on"
        assert answer["statusCode"] == 200 or not self.queue.bodies, "what was refused was handed on"
        for job in self.queue.bodies:
            self._work(job)

    def _work(self, body: str) -> None:
        before = self._standing()
        try:
            self.room.worker.do(job_of(body))
        except LifecycleError as refusal:
            assert str(refusal).strip()
        self.room.slack.lines.clear()
        assert self._standing() == before, "somebody who may change nothing changed something"

    def _standing(self) -> object:
        stage = self.room.stage
        question = stage.app.approvals.find(self.question, stage.clock.now())
        desired = [service.desired for among in stage.aws.world.clusters.values() for service in among.values()]
        return question, desired, stage.app.controls.read(stage.clock.now())


class _Known(dict[str, SlackPerson]):
    """Slack says that it knows nobody of this id, and our client says it so."""

    def __missing__(self, user: str) -> SlackPerson:
        raise NotDelivered("Slack refused users.info: user_not_found", final=True, code="user_not_found")


@contextmanager
def _room() -> Iterator[Take]:
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder), POLICY, at=AT) as stage:
        room = room_on(stage)
        room.slack.people = _Known(room.slack.people)
        _, question = room.ask("chat")
        queue, slack = _Queue(), RememberingSlack()
        parts: Any = {"secrets": KeptSecrets(), "requests": room.requests, "queue": queue, "slack": slack}
        door = Door(DoorParts(teams=frozenset({TEAM}), clock=stage.clock, **parts))
        compose_slack.install_door(door)
        try:
            yield _Endpoint(room, door, queue, slack, question.id).take
        finally:
            compose_slack.install_door(None)


SLACK_REQUESTS = Border("Slack", REQUESTS, _room)
