"""The two functions as Lambda calls them: API Gateway's events in, its answers out; SQS's records one by one."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import app as deployed
import pytest
from chalice.test import Client
from chalicelib.entrypoints.middleware import logger
from chalicelib.entrypoints.slack.door import Door as RealDoor
from chalicelib.entrypoints.slack.door import DoorParts, Reply
from chalicelib.entrypoints.slack.jobs import Job, Task
from chalicelib.errors import (
    AwsUnreachable,
    ConfigurationError,
    Forbidden,
    LifecycleError,
    NotAuthenticated,
    NotDelivered,
    UnreadableRequest,
)
from chalicelib.notify.delivering import Delivered
from chalicelib.runtime import compose_slack
from chalicelib.runtime.clock import SystemClock
from support.aws_events import queue_event
from support.slack_side import RESPONSE_URL, SECRET, TEAM, KeptSecrets, command, signed


class Door:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.reply = Reply()
        self.fails: LifecycleError | None = None
        self.asked: list[tuple[str, bytes]] = []

    def answer(self, door: str, headers: dict[str, str], body: bytes) -> Reply:
        assert headers["X-Slack-Signature"].startswith("v0=")
        self.asked.append((door, body))
        if self.fails:
            raise self.fails
        return self.reply


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    compose_slack.install_door(made)  # type: ignore[arg-type]
    yield made
    compose_slack.install_door(None)


def call(
    path: str = "/api/slack/commands", body: bytes = command("status"), *, encoded: bool = False, secret: str = SECRET
) -> Any:
    event = {
        "path": path, "httpMethod": "POST", "headers": signed(body, time.time(), secret=secret),
        "body": base64.b64encode(body).decode() if encoded else body.decode(), "isBase64Encoded": encoded,
    }  # fmt: skip
    return Client(deployed.app).lambda_.invoke("slack", event).payload


def test_the_last_part_of_the_path_is_the_door(door: Door) -> None:
    door.reply = Reply(body={"response_type": "ephemeral", "text": "One moment…"})

    answer = call()

    assert door.asked == [("commands", command("status"))]
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "application/json")
    assert json.loads(answer["body"])["text"] == "One moment…"


def test_a_click_is_answered_with_nothing(door: Door) -> None:
    assert call("/api/slack/interactive")["body"] == ""


def test_a_body_that_api_gateway_has_encoded_is_the_same(door: Door) -> None:
    call(encoded=True)

    assert door.asked == [("commands", command("status"))]


@pytest.mark.parametrize(
    ("fails", "status"),
    [
        (NotAuthenticated("This request is not signed as Slack signs.", reason="slack: stale"), 401),
        (Forbidden("Only people of the workspace"), 403),
        (UnreadableRequest("payload is missing."), 400),
        (UnreadableRequest("The body is too large.", status=413), 413),
        (AwsUnreachable("SQS did not answer"), 503),
        (NotDelivered("Slack did not answer views.open"), 503),
        (ConfigurationError("the secret arn:secret has no signing_secret"), 500),
    ],
)
def test_each_refusal_has_its_status_and_tells_a_stranger_nothing(
    door: Door, fails: LifecycleError, status: int
) -> None:
    door.fails = fails

    answer = call()

    assert answer["statusCode"] == status
    assert "stale" not in answer["body"] and "arn:" not in answer["body"] and "SQS" not in answer["body"]


def test_without_slack_there_is_nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIFECYCLE_SLACK_SECRET", raising=False)

    assert call()["statusCode"] == 404


def test_no_log_line_holds_a_secret_a_signature_or_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    printed, body = io.StringIO(), command("why my-secret-project")
    monkeypatch.setattr(logger.registered_handler, "stream", printed)
    parts: Any = {
        "secrets": KeptSecrets(),
        "slack": None,
        "clock": SystemClock(),
        "queue": _Broken(),
        "requests": _First(),
    }
    compose_slack.install_door(RealDoor(DoorParts(teams=frozenset({TEAM}), **parts)))
    try:
        statuses = [call(body=body)["statusCode"], call(body=body, secret="guessed")["statusCode"]]
    finally:
        compose_slack.install_door(None)

    assert statuses == [503, 401]
    lines = printed.getvalue()
    assert "slack: wrong" in lines and "SQS did not answer" in lines
    for hidden in (SECRET, "my-secret-project", signed(body, time.time())["X-Slack-Signature"][:12]):
        assert hidden not in lines


class _Broken:
    def send(self, body: str) -> None:
        raise AwsUnreachable("SQS did not answer")


class _First:
    def is_first(self, request: str, now: object) -> bool:
        return True


class Worker:
    def __init__(self) -> None:
        self.done: list[Job] = []
        self.fails: Exception | None = None

    def do(self, job: Job) -> None:
        if self.fails:
            raise self.fails
        self.done.append(job)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    made = Worker()
    monkeypatch.setattr(compose_slack, "worker", lambda: made)
    return made


JOB = Job("r", Task.COMMAND, "U0ADA", RESPONSE_URL, words="status")


def deliver(*bodies: str) -> list[str]:
    answer = Client(deployed.app).lambda_.invoke("slack_actions", queue_event(*bodies)).payload
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_job_of_the_queue_is_done(worker: Worker) -> None:
    assert deliver(JOB.to_json()) == []
    assert worker.done == [JOB]


def test_what_is_no_job_fails_alone(worker: Worker) -> None:
    assert deliver("no job", JOB.to_json()) == ["message-0"]
    assert worker.done == [JOB]


def test_a_job_that_could_not_be_done_comes_again(worker: Worker) -> None:
    for worker.fails in (NotDelivered("Slack wants us to wait before users.info."), KeyError("a mistake of ours")):
        assert deliver(JOB.to_json()) == ["message-0"]


def test_what_the_worker_gives_up_is_counted_and_logged_with_its_reason(
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    why = "slack:#typo: Slack refused chat.postMessage: channel_not_found."
    app: Any = SimpleNamespace(post=SimpleNamespace(deliver=lambda seconds: Delivered(dead=1, given_up=[why])))
    monkeypatch.setattr(worker, "do", lambda job: compose_slack.deliver_at_once(app))

    assert deliver(JOB.to_json()) == []

    (metrics,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line)
    assert metrics["NoticesDead"] == [1.0]
    assert [vars(one)["given_up"] for one in caplog.records if "given_up" in vars(one)] == [[why]]


def test_a_body_that_is_no_text_is_refused_and_not_a_fault_of_ours(door: Door) -> None:
    event = {"path": "/api/slack/commands", "headers": {}, "body": "\ud800", "isBase64Encoded": False}

    answer = Client(deployed.app).lambda_.invoke("slack", event).payload

    assert answer["statusCode"] == 400
    assert door.asked == []
