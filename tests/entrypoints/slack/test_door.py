"""Who is let in, once, and what they get at once: a dialog, a line, or a place in the queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalicelib.entrypoints.slack.door import MOST_BYTES, Door, DoorParts, Reply
from chalicelib.entrypoints.slack.help import HELP
from chalicelib.entrypoints.slack.jobs import Job, Task, job_of
from chalicelib.errors import AwsUnreachable, Forbidden, NotAuthenticated, NotDelivered, UnreadableRequest
from chalicelib.record.slack_requests import SlackRequests
from chalicelib.runtime.clock import SteppedClock
from support.moto_record import moto_client, new_table
from support.slack_side import (
    RESPONSE_URL,
    SECRET,
    TEAM,
    TRIGGER,
    KeptSecrets,
    RememberingSlack,
    click,
    command,
    filled,
    signed,
)

NOW = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)
VALUE = "apr-0123456789abcdef:3"


@dataclass
class Waiting:
    bodies: list[str] = field(default_factory=list)
    fails: Exception | None = None

    def send(self, body: str) -> None:
        if self.fails:
            raise self.fails
        self.bodies.append(body)

    @property
    def jobs(self) -> list[Job]:
        return [job_of(body) for body in self.bodies]


@dataclass
class Hall:
    door: Door
    clock: SteppedClock
    queue: Waiting
    slack: RememberingSlack
    secrets: KeptSecrets

    def send(self, door: str, body: bytes, **headers: str | None) -> Reply:
        sent = signed(body, self.clock.now().timestamp()) | {name.replace("_", "-"): v for name, v in headers.items()}
        return self.door.answer(door, {name: v for name, v in sent.items() if v is not None}, body)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with moto_client() as client:
        yield client


@pytest.fixture
def hall(dynamodb: Any) -> Hall:
    clock, queue, slack, secrets = SteppedClock(NOW), Waiting(), RememberingSlack(), KeptSecrets()
    requests = SlackRequests(new_table(dynamodb))
    parts: Any = {"secrets": secrets, "requests": requests, "queue": queue, "slack": slack, "clock": clock}
    return Hall(Door(DoorParts(teams=frozenset({TEAM}), **parts)), clock, queue, slack, secrets)


# --- whose it is


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Slack_Signature": "v0=" + "0" * 64},
        {"X_Slack_Signature": None},
        {"X_Slack_Request_Timestamp": None},
        {"X_Slack_Request_Timestamp": "noon"},
        {"X_Slack_Request_Timestamp": str(int(NOW.timestamp()) - 400)},
    ],
    ids=["forged", "unsigned", "undated", "non-numeric", "another date"],
)
def test_what_slack_has_not_signed_is_refused_and_waits_nowhere(hall: Hall, headers: dict[str, str | None]) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        hall.send("interactive", click("approve", VALUE), **headers)

    assert str(refused.value) == "This request is not signed as Slack signs."
    assert hall.queue.bodies == []


def test_an_old_request_is_refused_though_its_signature_is_right(hall: Hall) -> None:
    body = click("approve", VALUE)
    headers = signed(body, NOW.timestamp())
    hall.clock.advance(timedelta(minutes=5, seconds=1))

    with pytest.raises(NotAuthenticated):
        hall.door.answer("interactive", headers, body)


def test_a_body_that_was_changed_on_the_way_is_refused(hall: Hall) -> None:
    headers = signed(click("deny", VALUE), NOW.timestamp())

    with pytest.raises(NotAuthenticated):
        hall.door.answer("interactive", headers, click("approve", VALUE))


def test_a_request_is_let_in_once(hall: Hall) -> None:
    body = command("stop chat")
    headers = signed(body, NOW.timestamp())
    hall.door.answer("commands", headers, body)

    with pytest.raises(NotAuthenticated) as refused:
        hall.door.answer("commands", headers, body)

    assert refused.value.reason == "slack: replayed"
    assert len(hall.queue.bodies) == 1


def test_of_twenty_replays_at_once_one_is_let_in(hall: Hall) -> None:
    body = command("stop chat")
    headers = signed(body, NOW.timestamp())

    def send(_: int) -> bool:
        try:
            hall.door.answer("commands", headers, body)
        except NotAuthenticated:
            return False
        return True

    with ThreadPoolExecutor(20) as replays:
        let_in = list(replays.map(send, range(20)))

    assert let_in.count(True) == len(hall.queue.bodies) == 1


def test_the_same_click_again_is_another_request(hall: Hall) -> None:
    hall.send("interactive", click("approve", VALUE))
    hall.clock.advance(timedelta(seconds=1))
    hall.send("interactive", click("approve", VALUE))

    assert len({job.request for job in hall.queue.jobs}) == 2


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("interactive", click("approve", VALUE, team="T0OTHER")),
        ("interactive", click("approve", VALUE, home="T0GUEST")),
        ("interactive", click("keep", VALUE, team="T0OTHER")),
        ("commands", command("status", team="T0OTHER")),
    ],
)
def test_another_workspace_is_not_heard(hall: Hall, door: str, body: bytes) -> None:
    with pytest.raises(Forbidden):
        hall.send(door, body)

    assert (hall.queue.bodies, hall.slack.views) == ([], [])


def test_a_secret_that_was_changed_is_read_anew_once(hall: Hall) -> None:
    hall.secrets.kept = "the old one"

    hall.send("commands", command("status"))

    assert (hall.secrets.read_anew, len(hall.queue.jobs)) == (1, 1)


def test_a_forged_request_is_not_believed_after_the_secret_was_read_anew(hall: Hall) -> None:
    hall.secrets.fresh = "the new one"
    body = command("status")

    with pytest.raises(NotAuthenticated):
        hall.door.answer("commands", signed(body, NOW.timestamp(), secret="guessed"), body)


def test_nothing_too_large_is_even_looked_at(hall: Hall) -> None:
    with pytest.raises(UnreadableRequest) as refused:
        hall.send("commands", b"x" * (MOST_BYTES + 1))

    assert refused.value.status == 413


def test_what_cannot_be_read_leaves_no_mark(hall: Hall) -> None:
    with pytest.raises(UnreadableRequest):
        hall.send("interactive", b"payload={}")

    assert hall.queue.bodies == []


# --- what they get


def test_slack_is_told_that_the_address_is_ours(hall: Hall) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()

    assert hall.send("events", body).body == {"challenge": "abc"}


@pytest.mark.parametrize("press", ["approve", "deny", "snooze", "details"])
def test_a_click_waits_in_the_queue_with_ids_alone(hall: Hall, press: str) -> None:
    reply = hall.send("interactive", click(press, VALUE))

    assert reply == Reply()
    (job,) = hall.queue.jobs
    assert (job.task, job.user, job.question, job.version) == (Task(press), "U0ADA", "apr-0123456789abcdef", 3)
    assert "approved by everybody" not in hall.queue.bodies[0]


@pytest.mark.parametrize("press", ["keep", "exclude"])
def test_a_dialog_is_opened_at_once_and_nothing_is_asked_of_the_worker(hall: Hall, press: str) -> None:
    reply = hall.send("interactive", click(press, VALUE))

    ((trigger, view),) = hall.slack.views
    assert (reply, trigger, view["callback_id"]) == (Reply(), TRIGGER, press)
    assert hall.queue.bodies == []


def test_a_dialog_that_slack_does_not_open_is_a_click_that_did_not_work(hall: Hall) -> None:
    hall.slack.fails = NotDelivered("Slack did not answer views.open: TimeoutError.")

    with pytest.raises(NotDelivered):
        hall.send("interactive", click("keep", VALUE))


def dialog(hall: Hall, until: datetime | None, reason: str | None) -> bytes:
    hall.send("interactive", click("keep", VALUE))
    metadata = hall.slack.views[-1][1]["private_metadata"]
    return filled("keep", metadata, int(until.timestamp()) if until else None, reason)


def test_a_dialog_that_is_filled_in_waits_in_the_queue(hall: Hall) -> None:
    until = NOW + timedelta(hours=3)

    assert hall.send("interactive", dialog(hall, until, "load test")) == Reply()

    (job,) = hall.queue.jobs
    assert (job.task, job.until, job.reason, job.response_url) == (Task.KEEP, until, "load test", RESPONSE_URL)


@pytest.mark.parametrize(
    ("until", "reason", "wrong"),
    [
        (None, "why", {"until"}),
        (NOW - timedelta(minutes=1), "why", {"until"}),
        (NOW, "why", {"until"}),
        (NOW + timedelta(hours=1), "  ", {"reason"}),
        (NOW + timedelta(hours=1), "x" * 301, {"reason"}),
        (None, None, {"until", "reason"}),
    ],
)
def test_a_dialog_says_what_is_wrong_while_it_is_still_open(
    hall: Hall, until: datetime | None, reason: str | None, wrong: set[str]
) -> None:
    reply = hall.send("interactive", dialog(hall, until, reason))

    assert isinstance(reply.body, dict)
    assert (reply.body["response_action"], set(reply.body["errors"])) == ("errors", wrong)
    assert hall.queue.bodies == []


def test_help_is_told_at_once_and_only_to_who_asked(hall: Hall) -> None:
    for words in ("", "help", " HELP "):
        assert hall.send("commands", command(words)).body == {"response_type": "ephemeral", "text": HELP}
        hall.clock.advance(timedelta(seconds=1))
    assert hall.queue.bodies == []


def test_other_words_are_heard_at_once_and_done_afterwards(hall: Hall) -> None:
    reply = hall.send("commands", command("why chat"))

    assert isinstance(reply.body, dict) and reply.body["response_type"] == "ephemeral"
    (job,) = hall.queue.jobs
    assert (job.task, job.words) == (Task.COMMAND, "why chat")


def test_who_dies_before_the_queue_has_done_nothing_and_the_next_click_works(hall: Hall) -> None:
    hall.queue.fails = AwsUnreachable("SQS did not answer")
    with pytest.raises(AwsUnreachable):
        hall.send("interactive", click("approve", VALUE))
    hall.queue.fails = None
    hall.clock.advance(timedelta(seconds=2))

    hall.send("interactive", click("approve", VALUE))

    assert len(hall.queue.jobs) == 1


def test_no_secret_and_no_text_of_a_message_is_handed_on(hall: Hall) -> None:
    hall.send("interactive", click("approve", VALUE))

    assert SECRET not in hall.queue.bodies[0]
