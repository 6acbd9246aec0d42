"""The part of the composition that tells people: the outbox, what sends it, and who gets what."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.errors import AwsUnreachable, ConfigurationError
from chalicelib.notify.notice import LogNotifier
from chalicelib.notify.settings import Outbox
from chalicelib.record.outbox import OutboxRows

if TYPE_CHECKING:
    from chalicelib.controller.ports import Herald
    from chalicelib.notify.delivering import Carrier, Post
    from chalicelib.notify.notice import Notice, Notifier
    from chalicelib.notify.routing import Target
    from chalicelib.notify.settings import NoticeSettings
    from chalicelib.policy.model import PolicySet
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.table import Table
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.clock import Clock
    from chalicelib.runtime.settings import Settings

POLICIES_KEPT = timedelta(minutes=1)
"""A channel that somebody writes into a policy is used this much later."""


def notifier(settings: Settings, table: Table) -> Notifier:
    """Into the log in any case, and into the outbox where somebody reads it."""
    from aws_lambda_powertools import Logger

    log = Logger(service="lifecycle")
    if settings.outbox is Outbox.OFF:
        return LogNotifier(log)
    from chalicelib.notify.outbox import OutboxNotifier

    return OutboxNotifier(OutboxRows(table), LogNotifier(log), log)


def herald(settings: Settings, table: Table) -> Herald | None:
    """None where nobody can be asked."""
    if settings.slack is None:
        return None
    from chalicelib.notify.outbox import OutboxHerald

    return OutboxHerald(OutboxRows(table))


def post(settings: Settings, clients: Clients, clock: Clock, table: Table, in_force: PoliciesInForce) -> Post | None:
    """None where nothing is sent. Who gets a notice is found out only where all receivers are known; elsewhere it sends
    what is addressed to Slack, so that who clicks sees at once what came of it."""
    delivers = settings.outbox is Outbox.DELIVER
    if settings.slack is None and not delivers:
        return None
    from chalicelib.notify.delivering import Post

    rows = OutboxRows(table)
    slack = None
    if settings.slack is not None:
        from chalicelib.notify.slack.showing import SlackCarrier
        from chalicelib.runtime.compose_slack import slack_client

        slack = SlackCarrier(slack_client(settings.slack, clients), rows)
    route = Router(settings.notices, in_force, clock, slack=slack is not None).targets if delivers else None
    carriers = _carriers(settings.notices, clients) if delivers else {}
    return Post(rows, route, carriers, slack, clock, lambda: uuid.uuid4().hex[:12], time.monotonic)


def _carriers(settings: NoticeSettings, clients: Clients) -> dict[str, Carrier]:
    found: dict[str, Carrier] = {}
    if settings.mail is not None:
        from chalicelib.notify.mail import MailCarrier

        found["mail"] = MailCarrier(lambda: clients.mail, settings.mail.sender)
    if settings.webhook is not None:
        from chalicelib.notify.webhook import WebhookCarrier
        from chalicelib.runtime.clock import SystemClock

        secret = _secret(settings.webhook.secret, clients)
        found["webhook"] = WebhookCarrier(settings.webhook.url, secret, SystemClock())
    return found


def _secret(name: str, clients: Clients) -> Callable[[], str]:
    """Raises ConfigurationError or AwsUnreachable."""

    def read() -> str:
        from aws_lambda_powertools.utilities.parameters import SecretsProvider
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

        try:
            found = SecretsProvider(boto3_client=clients.secrets).get(name)
        except GetParameterError as error:
            raise AwsUnreachable(f"the secret {name} could not be read; is it there, and may we?") from error
        if not isinstance(found, str) or not found.strip():
            raise ConfigurationError(f"the secret {name} is empty: write the webhook's signing secret there")
        return found

    return read


class Router:
    """By the policies in force, which are read when the first notice needs them and then once in a while."""

    def __init__(self, settings: NoticeSettings, in_force: PoliciesInForce, clock: Clock, *, slack: bool) -> None:
        self._settings = settings
        self._in_force = in_force
        self._clock = clock
        self._slack = slack
        self._read_at: datetime | None = None
        self._policies: PolicySet | None = None

    def targets(self, notice: Notice, now: datetime) -> Sequence[Target]:
        from chalicelib.notify.routing import targets

        policies = self._now(now) if notice.policy else None
        policy = policies.named(notice.policy) if policies else None
        return targets(notice, policy, self._settings, now, slack=self._slack)

    def _now(self, now: datetime) -> PolicySet | None:
        from chalicelib.controller.book import PolicyBook

        if self._read_at is None or now - self._read_at >= POLICIES_KEPT:
            try:
                self._policies = PolicyBook(None, self._in_force).open(now).policies
            except ConfigurationError:
                self._policies = None  # none were ever in force
            self._read_at = now
        return self._policies
