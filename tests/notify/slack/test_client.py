"""What Slack answers, and what we make of it: sent, wait, try again, or never."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from chalicelib.errors import NotDelivered
from chalicelib.notify.slack.client import Message, Posted, SlackBot, SlackClient, SlackPerson

HELLO = Message("hello", ({"type": "divider"},))


@dataclass
class Answers:
    """Slack's side: what it answers by turns (the last again and again), and what it was asked."""

    bodies: list[bytes] = field(default_factory=lambda: [b'{"ok": true, "channel": "C1", "ts": "1.2"}'])
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    asked: list[tuple[str, str, Any]] = field(default_factory=list)


@contextmanager
def slack(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            body = json.loads(raw or "{}") if "json" in self.headers["Content-Type"] else parse_qs(raw)
            answers.asked.append((self.path, self.headers.get("Authorization", ""), body))
            time.sleep(answers.seconds)
            text = answers.bodies.pop(0) if len(answers.bodies) > 1 else answers.bodies[0]
            self.send_response(answers.status)
            for name, value in ({"Content-Length": str(len(text))} | answers.headers).items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # the client has stopped waiting
                self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/api/"
    finally:
        server.shutdown()
        server.server_close()


def client(base_url: str, timeout_seconds: Any = 5) -> SlackClient:
    return SlackClient(
        lambda *, fresh=False: "xoxb-new" if fresh else "xoxb-old", base_url=base_url, timeout_seconds=timeout_seconds
    )


def failure(answers: Answers, timeout_seconds: Any = 5) -> NotDelivered:
    with slack(answers) as base_url, pytest.raises(NotDelivered) as failed:
        client(base_url, timeout_seconds).post("#vision", HELLO)
    return failed.value


def test_a_message_is_posted_and_changed_where_it_stands() -> None:
    answers = Answers()
    with slack(answers) as base_url:
        posted = client(base_url).post("#vision", HELLO, thread="1.0")
        client(base_url).update(posted, Message("bye"))

    assert posted == Posted("C1", "1.2")
    (path, token, body), (changed, _, after) = answers.asked
    assert (path, token) == ("/api/chat.postMessage", "Bearer xoxb-old")
    assert (body["channel"], body["thread_ts"], body["blocks"]) == ("#vision", "1.0", [{"type": "divider"}])
    assert (changed, after["channel"], after["ts"], after["text"]) == ("/api/chat.update", "C1", "1.2", "bye")


def test_a_dialog_is_opened() -> None:
    answers = Answers()
    with slack(answers) as base_url:
        client(base_url).open_view("t.1", {"type": "modal"})

    ((path, _, body),) = answers.asked
    assert (path, body) == ("/api/views.open", {"trigger_id": "t.1", "view": {"type": "modal"}})


def test_a_token_says_whose_it_is() -> None:
    answers = Answers([json.dumps({"ok": True, "user": "lifecycle", "team_id": "T1"}).encode()])
    with slack(answers) as base_url:
        assert client(base_url).itself() == SlackBot("lifecycle", "T1")

    assert answers.asked[0][0] == "/api/auth.test"


def user(**more: object) -> bytes:
    known = {"id": "U1", "team_id": "T1", "tz": "Asia/Tokyo", "is_email_confirmed": True}
    return json.dumps({"ok": True, "user": {**known, "profile": {"email": "Ada@Example.com"}, **more}}).encode()


def test_a_person_is_known_by_the_address_that_slack_has_confirmed() -> None:
    with slack(Answers([user()])) as base_url:
        assert client(base_url).person("U1") == SlackPerson("U1", "ada@example.com", "T1", "Asia/Tokyo")


@pytest.mark.parametrize(
    "more", [{"is_email_confirmed": False}, {"deleted": True}, {"is_bot": True}, {"is_stranger": True}, {"profile": {}}]
)
def test_who_has_no_confirmed_address_has_none(more: dict[str, object]) -> None:
    with slack(Answers([user(**more)])) as base_url:
        assert client(base_url).person("U1").email == ""


def test_slack_asking_to_wait_says_for_how_long() -> None:
    failed = failure(Answers([b'{"ok": false, "error": "ratelimited"}'], 429, {"Retry-After": "37"}))

    assert (failed.retry_after_seconds, failed.final, failed.uncertain) == (37.0, False, False)


@pytest.mark.parametrize("header", ["soon", "", "-5", "nan", "inf"])
def test_a_wait_that_is_no_number_is_none(header: str) -> None:
    assert failure(Answers([b"{}"], 429, {"Retry-After": header})).retry_after_seconds is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"ok": false, "error": "internal_error"}', 500),
        (b"<html>Bad Gateway</html>", 502),
        (b"<html>maintenance</html>", 200),
        (b"", 200),
        (b"[]", 200),
        (b'{"ok": "yes"}', 200),
        (b'{"ok": true}', 200),
        (b'{"ok": false, "error": {"deep": 1}}', 200),
        (b'{"ok": false, "error": "fatal_error"}', 200),
        (b"\xff\xfe\x00", 200),
    ],
)
def test_slack_failing_or_talking_garbage_is_tried_again_later(body: bytes, status: int) -> None:
    failed = failure(Answers([body], status))

    assert not failed.final
    assert "<html>" not in str(failed)


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "is_archived"])
def test_a_channel_that_somebody_can_mend_is_tried_again(code: str) -> None:
    failed = failure(Answers([json.dumps({"ok": False, "error": code}).encode()]))

    assert (failed.final, failed.mendable, failed.code) == (False, True, code)


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long"])
def test_a_message_that_slack_never_takes_is_not_tried_again(code: str) -> None:
    failed = failure(Answers([json.dumps({"ok": False, "error": code}).encode()]))

    assert (failed.final, failed.mendable, failed.code) == (True, False, code)


def test_silence_may_mean_that_it_was_sent() -> None:
    failed = failure(Answers(seconds=0.5), timeout_seconds=0.1)

    assert (failed.final, failed.uncertain) == (False, True)


def test_nobody_there_means_that_it_was_not() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/api/"
    with pytest.raises(NotDelivered) as failed:
        client(address).post("#vision", HELLO)

    assert (failed.value.final, failed.value.uncertain) == (False, False)


def test_a_token_that_was_changed_is_read_anew_once() -> None:
    answers = Answers([b'{"ok": false, "error": "invalid_auth"}', b'{"ok": true, "channel": "C1", "ts": "1.2"}'])
    with slack(answers) as base_url:
        client(base_url).post("#vision", HELLO)

    assert [token for _, token, _ in answers.asked] == ["Bearer xoxb-old", "Bearer xoxb-new"]


def test_a_token_that_is_still_wrong_is_no_reason_to_throw_the_message_away() -> None:
    failed = failure(Answers([b'{"ok": false, "error": "invalid_auth"}']))

    assert (failed.final, failed.code) == (False, "invalid_auth")


# --- response_url


def test_a_line_for_one_person_goes_where_the_click_said() -> None:
    answers = Answers([b"ok"])
    with slack(answers) as base_url:
        client(base_url).respond(base_url.replace("/api/", "/respond/1"), Message("only you"))

    ((path, token, body),) = answers.asked
    assert (path, token) == ("/respond/1", "")
    assert body == {"text": "only you", "response_type": "ephemeral", "replace_original": False}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/actions/T1",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com@evil.example/x",
        "http://hooks.slack.com/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_is_not_slacks_is_never_called(url: str) -> None:
    with pytest.raises(NotDelivered) as failed:
        SlackClient(lambda *, fresh=False: "xoxb").respond(url, HELLO)

    assert failed.value.final


@pytest.mark.parametrize(
    ("status", "body", "final"), [(404, b"expired_url", True), (500, b"oops", False), (429, b"", False)]
)
def test_a_response_that_did_not_arrive_is_said(status: int, body: bytes, final: bool) -> None:
    with slack(Answers([body], status)) as base_url, pytest.raises(NotDelivered) as failed:
        client(base_url).respond(base_url, HELLO)

    assert failed.value.final is final


def test_no_token_stands_in_what_is_said_of_a_failure() -> None:
    assert "xoxb" not in str(failure(Answers([b'{"ok": false, "error": "xoxb-old"}'])))
