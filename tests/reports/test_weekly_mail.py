"""The report as it arrives: by SMTP at a server of this process, and by SES v2 at moto."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from unittest.mock import patch

import pytest
from aiosmtpd.controller import Controller
from chalicelib.errors import NotDelivered, ReportError
from support.moto_record import NO_CREDENTIALS
from support.weekly_sample import sample

from reports.mail import Letter, SesCarrier, SmtpCarrier, mail
from reports.render.charts import charts
from reports.writing import Forms, forms

NOW = datetime(2026, 11, 16, 0, 5, tzinfo=UTC)
LETTER = Letter("reports@example.com", ("cfo@example.com", "gone@example.com"))


@dataclass(slots=True)
class Postbox:
    """Takes mail for everybody but ``gone@``."""

    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    refuse: str = "gone@"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith(self.refuse):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((list(envelope.rcpt_tos), envelope.content))
        return "250 taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, SmtpCarrier]]:
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield box, SmtpCarrier("127.0.0.1", port)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return dict(charts(sample()))


def made(language: str, pictures: dict[str, bytes]) -> Forms:
    return forms(sample(), language, pictures)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_mail_arrives_whole_and_whom_the_server_refuses_is_named(
    language: str, postbox: tuple[Postbox, SmtpCarrier], pictures: dict[str, bytes]
) -> None:
    box, carrier = postbox
    report = made(language, pictures)

    refused = carrier.send(mail(report, LETTER, "2026-W46", NOW), LETTER.recipients)

    assert refused == {"gone@example.com": "550 no such mailbox"}
    ((taken_by, raw),) = box.mails
    assert taken_by == ["cfo@example.com"]
    message = read(raw)
    assert message["Subject"] == report.document.subject
    assert message["List-Unsubscribe"] == "<mailto:reports@example.com?subject=unsubscribe>"
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and page is not None
    assert plain.get_content().replace("\r\n", "\n") == report.text
    shown = page.get_content()
    inside = {part["Content-ID"].strip("<>"): part for part in message.walk() if part["Content-ID"]}
    assert {part.get_content() for part in inside.values()} == set(pictures.values())
    assert all(f'src="cid:{cid}"' in shown for cid in inside)
    assert 'src="data:' not in shown
    files = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    assert files.keys() == {"gpu-costs-2026-W46.csv", "gpu-costs-2026-W46.xlsx"}
    assert files["gpu-costs-2026-W46.csv"].lstrip("\ufeff").replace("\r\n", "\n") == report.csv.lstrip(
        "\ufeff"
    ).replace("\r\n", "\n")
    assert files["gpu-costs-2026-W46.xlsx"] == report.xlsx


def test_a_mail_that_nobody_takes_is_a_failure(
    postbox: tuple[Postbox, SmtpCarrier], pictures: dict[str, bytes]
) -> None:
    box, carrier = postbox
    letter = Letter("reports@example.com", ("gone@example.com",))
    with pytest.raises(NotDelivered, match="550 no such mailbox"):
        carrier.send(mail(made("en", pictures), letter, "2026-W46", NOW), letter.recipients)
    assert box.mails == []


def test_a_password_is_never_sent_in_the_clear(
    postbox: tuple[Postbox, SmtpCarrier], pictures: dict[str, bytes]
) -> None:
    box, plain = postbox
    asked: list[bool] = []

    def password() -> str:
        asked.append(True)
        return "secret"

    carrier = SmtpCarrier(plain.host, plain.port, "reports", password)
    with pytest.raises(NotDelivered):
        carrier.send(mail(made("en", pictures), LETTER, "2026-W46", NOW), LETTER.recipients)
    assert (box.mails, asked) == ([], [])


def test_a_server_that_is_not_there_is_a_sentence(pictures: dict[str, bytes]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        carrier = SmtpCarrier("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(NotDelivered, match=r"127\.0\.0\.1 did not take the report"):
            carrier.send(mail(made("en", pictures), LETTER, "2026-W46", NOW), LETTER.recipients)


@pytest.fixture
def ses() -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    with patch.dict("os.environ", NO_CREDENTIALS), mock_aws():
        yield boto3.client("sesv2")


def test_ses_gets_the_mail_raw_for_every_recipient(ses: Any, pictures: dict[str, bytes]) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    ses.create_email_identity(EmailIdentity="reports@example.com")
    report = made("en", pictures)

    assert SesCarrier(lambda: ses).send(mail(report, LETTER, "2026-W46", NOW), LETTER.recipients) == {}

    (sent,) = ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages
    assert set(sent.destinations) == set(LETTER.recipients)
    message = read(sent.raw_data.encode())
    assert message["Subject"] == report.document.subject
    assert len([part for part in message.walk() if part.get_content_type() == "image/png"]) == len(pictures)


def test_ses_refuses_an_address_that_nobody_verified(ses: Any, pictures: dict[str, bytes]) -> None:
    with pytest.raises(NotDelivered, match="SES refused the report: MessageRejected"):
        SesCarrier(lambda: ses).send(mail(made("en", pictures), LETTER, "2026-W46", NOW), LETTER.recipients)


@pytest.mark.parametrize(
    "address", ["nobody", "a@b", "x@example.com, y@example.com", "x@example.com\nBcc: y@example.com"]
)
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(ReportError, match="is no mail address"):
        Letter("reports@example.com", (address,))


def test_the_same_week_for_the_same_people_has_one_message_id(pictures: dict[str, bytes]) -> None:
    report = made("en", pictures)
    turned = Letter(LETTER.sender, tuple(reversed(LETTER.recipients)))
    ids = [mail(report, one, "2026-W46", NOW)["Message-ID"] for one in (LETTER, turned)]
    assert ids[0] == ids[1]
    assert mail(report, LETTER, "2026-W47", NOW)["Message-ID"] != ids[0]
