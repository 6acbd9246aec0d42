"""The outbox as the application composes it: who fills it, and who sends what to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
import pytest
from chalicelib.notify.notice import LogNotifier, Notice, NoticeKind
from chalicelib.notify.outbox import OutboxNotifier
from chalicelib.notify.settings import MailSettings, NoticeSettings, Outbox
from chalicelib.record.policies import PoliciesInForce
from chalicelib.record.table import Table, create_table
from chalicelib.runtime import compose_post
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock
from chalicelib.runtime.settings import Settings
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

if TYPE_CHECKING:
    from chalicelib.notify.delivering import Post

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
CLOCK = SteppedClock(datetime(2026, 11, 18, 12, tzinfo=UTC))
BY_MAIL = NoticeSettings(mail=MailSettings("from@example.com", ("ada@example.com",)))


def settings(**more: Any) -> Settings:
    return Settings(table="lifecycle", policies="s3://none", region=REGION, **more)


@pytest.fixture
def clients() -> Iterator[Clients]:
    with patch.dict("os.environ", KEYS), mock_aws():
        made = Clients(boto3.session.Session(region_name=REGION))
        create_table(made.dynamodb, "lifecycle")
        yield made


def composed(clients: Clients, how: Settings) -> Post | None:
    table = Table(clients.dynamodb, "lifecycle")
    return compose_post.post(how, clients, CLOCK, table, PoliciesInForce(table))


def test_what_one_function_puts_down_another_mails(clients: Clients) -> None:
    clients.mail.create_email_identity(EmailIdentity="from@example.com")
    teller = compose_post.notifier(settings(outbox=Outbox.FILL), Table(clients.dynamodb, "lifecycle"))
    assert isinstance(teller, OutboxNotifier)
    teller.tell([Notice(CLOCK.now(), NoticeKind.POLICY_PROBLEM, None, "dev.yaml: does not parse", "dev")])
    post = composed(clients, settings(outbox=Outbox.DELIVER, notices=BY_MAIL))

    assert post is not None
    assert post.deliver(30).sent == 1
    from moto.ses.models import ses_backends

    (mail,) = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    assert "ada@example.com" in str(mail.destinations)


def test_a_mail_that_ses_refuses_waits(clients: Clients) -> None:
    table = Table(clients.dynamodb, "lifecycle")
    compose_post.notifier(settings(outbox=Outbox.FILL), table).tell(
        [Notice(CLOCK.now(), NoticeKind.ORPHAN, None, "an orphan")]
    )
    post = composed(clients, settings(outbox=Outbox.DELIVER, notices=BY_MAIL))

    assert post is not None
    assert post.deliver(30).retried == 1


def test_where_nobody_is_told_anything_there_is_the_log_alone(clients: Clients) -> None:
    assert isinstance(compose_post.notifier(settings(), Table(clients.dynamodb, "lifecycle")), LogNotifier)
    assert compose_post.herald(settings(), Table(clients.dynamodb, "lifecycle")) is None
    assert composed(clients, settings()) is None
    assert composed(clients, settings(outbox=Outbox.FILL)) is None
