"""One notice, shown in Slack, in a mail and to a machine: golden files for people, signatures for machines."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import NotDelivered
from chalicelib.notify import cost_notices, mail
from chalicelib.notify.headings import HEADINGS
from chalicelib.notify.letters import letter_of, notice_of
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.notify.slack import notices as in_slack
from chalicelib.notify.webhook import WebhookCarrier, as_json, key_of
from chalicelib.runtime.clock import SteppedClock
from support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 18, 10, 45, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "chat")
CLOSING = Notice(
    NOW, NoticeKind.CLOSING_SOON, CHAT, "gpu-dev/chat: closes Wed 18 Nov 20:00 JST; `lifecycle keep` keeps it running",
    "dev-nights-off", useless_after=NOW + timedelta(minutes=15),
)  # fmt: skip
FAILED = Notice(NOW, NoticeKind.START_FAILED, CHAT, "gpu-dev/chat: does not start: no GPU capacity <now> & here", "dev")
ANOMALY = cost_notices.of_anomaly(
    "Amazon EC2 in ap-northeast-1", Decimal("123.4"), "USD", date(2026, 11, 16), None, NOW, link="https://example.com/a"
)
PACE = cost_notices.of_pace(
    "gpu-november", Decimal(900), Decimal(1200), Decimal("1450.5"), "USD", "November 2026", Decimal("0.6"), NOW
)  # fmt: skip
ALL = (CLOSING, FAILED, ANOMALY, PACE)


def test_every_kind_of_notice_has_a_name_that_people_read() -> None:
    assert set(HEADINGS) == set(NoticeKind)


@pytest.mark.parametrize("notice", ALL, ids=lambda one: one.kind.value)
def test_notices_in_slack_look_as_agreed(notice: Notice) -> None:
    message = in_slack.of_notice(notice)
    assert_golden(GOLDEN / f"slack-{notice.kind.value}.json", {"text": message.text, "blocks": message.blocks})


def test_a_digest_in_slack_looks_as_agreed() -> None:
    message = in_slack.of_digest([replace(CLOSING, service=ServiceId("gpu-dev", f"s{n}")) for n in range(2)] + [FAILED])
    assert_golden(GOLDEN / "slack-digest.json", {"text": message.text, "blocks": message.blocks})


def test_a_digest_never_has_more_blocks_than_slack_takes() -> None:
    message = in_slack.of_digest([FAILED] * 500)

    assert len(message.blocks) <= 50
    assert "460 more" in json.dumps(message.blocks)


def test_mails_look_as_agreed() -> None:
    one, many = mail.of_notices([ANOMALY]), mail.of_notices(ALL)
    assert_golden(
        GOLDEN / "mail.json", [[each.subject, each.text.splitlines(), each.html.splitlines()] for each in (one, many)]
    )


def test_what_a_machine_is_told_is_as_agreed() -> None:
    assert_golden(GOLDEN / "webhook.json", [as_json(one) for one in ALL])


def test_a_subject_of_a_mail_is_one_line_whatever_stands_in_it() -> None:
    bad = replace(FAILED, service=None, kind=NoticeKind.POLICY_PROBLEM, text="a\r\nBcc: x@example.com")

    assert "\n" not in mail.of_notices([bad]).subject


@pytest.mark.parametrize("notice", ALL, ids=lambda one: one.kind.value)
def test_a_notice_comes_out_of_the_outbox_as_it_went_in(notice: Notice) -> None:
    assert notice_of(letter_of(notice).body) == notice


# --- the webhook


class Receiver:
    """Keeps what it gets and answers with ``status``."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status, self.headers = 204, {"Location": "http://127.0.0.1:9/elsewhere"}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def hook(url: str, secret: str = "whsec_c2VjcmV0LW9mLWEtdGVzdA==") -> WebhookCarrier:
    return WebhookCarrier(url, lambda: secret, SteppedClock(NOW))


def test_a_webhook_is_signed_so_that_a_standard_receiver_can_check_it(receiver: Receiver) -> None:
    hook(receiver.url).tell("", [FAILED], "notice-1@webhook:", NOW)

    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"secret-of-a-test", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert json.loads(body) == as_json(FAILED)


@pytest.mark.parametrize(
    ("status", "headers", "wait", "final"),
    [
        (500, {}, None, False),
        (404, {}, None, False),
        (301, {}, None, False),
        (410, {}, None, True),
        (429, {"Retry-After": "120"}, 120.0, False),
        (503, {"Retry-After": "Wed, 21 Oct 2026"}, None, False),
        (429, {"Retry-After": "99999999999"}, 86_400.0, False),
    ],
)
def test_a_webhook_that_is_not_taken_is_tried_again_unless_it_asks_never_to_be(
    receiver: Receiver, status: int, headers: dict[str, str], wait: float | None, final: bool
) -> None:
    receiver.status, receiver.headers = status, {**receiver.headers, **headers}
    with pytest.raises(NotDelivered) as failed:
        hook(receiver.url).tell("", [FAILED], "notice-1", NOW)

    assert (failed.value.retry_after_seconds, failed.value.final) == (wait, final)
    assert len(receiver.got) == 1, "a redirect is not followed"


def test_a_webhook_that_nobody_answers_is_tried_again() -> None:
    with pytest.raises(NotDelivered) as failed:
        hook("http://127.0.0.1:9/nobody").tell("", [FAILED], "notice-1", NOW)
    assert not failed.value.final


def test_a_webhooks_secret_is_any_text_or_base64_that_says_so() -> None:
    assert key_of("plain\n") == b"plain"
    assert key_of("whsec_c2VjcmV0") == b"secret"
    with pytest.raises(NotDelivered, match="whsec_"):
        key_of("whsec_no base64!")


# --- mail


class Ses:
    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.error = error

    def send_email(self, **message: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(message)


def test_a_mail_goes_to_one_address_from_the_verified_one() -> None:
    ses = Ses()
    mail.MailCarrier(lambda: ses, "lifecycle@example.com").tell("ada@example.com", [FAILED], "notice-1", NOW)

    (sent,) = ses.sent
    assert (sent["FromEmailAddress"], sent["Destination"]) == (
        "lifecycle@example.com",
        {"ToAddresses": ["ada@example.com"]},
    )


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (ClientError({"Error": {"Code": "TooManyRequestsException"}}, "SendEmail"), False),
        (ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail"), False),
        (ClientError({"Error": {"Code": "BadRequestException"}}, "SendEmail"), True),
        (ConnectTimeoutError(endpoint_url="https://email"), False),
    ],
)
def test_a_mail_that_ses_does_not_take_is_tried_again_unless_it_never_will(error: Exception, final: bool) -> None:
    with pytest.raises(NotDelivered) as failed:
        mail.MailCarrier(lambda: Ses(error), "a@example.com").tell("b@example.com", [FAILED], "notice-1", NOW)
    assert failed.value.final is final
