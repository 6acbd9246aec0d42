"""Puts together what hears Slack: the door, lean because Slack waits for it, and the worker behind the queue."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.errors import AwsUnreachable, ConfigurationError, SwitchedOff

if TYPE_CHECKING:
    from chalicelib.entrypoints.slack.answering import Worker
    from chalicelib.entrypoints.slack.door import Door
    from chalicelib.notify.slack.client import SlackClient
    from chalicelib.notify.slack.settings import SlackSettings
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.clock import Clock
    from chalicelib.runtime.compose import App

DELIVER_SECONDS = 10.0
"""Of the worker's time, for telling people at once what became of a click."""

_installed: Door | None = None
_worker: tuple[App, Worker] | None = None


def door() -> Door:
    """That of this process. Raises SwitchedOff in a deployment without Slack, and ConfigurationError when the
    environment does not say how to build it."""
    global _installed
    if _installed is None:
        from chalicelib.notify.slack.settings import SlackSettings
        from chalicelib.runtime.clients import Clients

        settings, table = SlackSettings.from_env(os.environ), os.environ.get("LIFECYCLE_TABLE", "").strip()
        if settings is None:
            raise SwitchedOff("this deployment has no Slack")
        if not settings.queue_url or not table:
            raise ConfigurationError("LIFECYCLE_TABLE and LIFECYCLE_SLACK_QUEUE have to be set to hear Slack")
        _installed = build_door(settings, Clients(region=os.environ.get("AWS_REGION")), table)
    return _installed


def install_door(door: Door | None) -> None:
    """Puts ``door`` in the place of the one that would be built; None takes it away again."""
    global _installed
    _installed = door


def build_door(
    settings: SlackSettings, clients: Clients, table: str, clock: Clock | None = None, *, fleets: Clock | None = None
) -> Door:
    """``clock`` is the machine's: Slack's signatures bear its time, whatever clock the fleet has (``fleets``)."""
    from chalicelib.entrypoints.slack.door import Door, DoorParts
    from chalicelib.record.slack_requests import SlackRequests
    from chalicelib.record.table import Table
    from chalicelib.runtime.clock import SystemClock
    from chalicelib.runtime.slack_secrets import SlackSecrets

    secrets = SlackSecrets(settings.secret, lambda: clients.hurried("secretsmanager"))
    return Door(
        DoorParts(
            secrets=secrets,
            teams=frozenset(settings.teams),
            requests=SlackRequests(Table(clients.hurried("dynamodb"), table)),
            queue=SqsQueue(lambda: clients.hurried("sqs"), settings.queue_url),
            slack=_client(settings, secrets.bot_token, timeout_seconds=2),
            clock=clock or SystemClock(),
            fleets=fleets,
        )
    )


def slack_client(settings: SlackSettings, clients: Clients) -> SlackClient:
    """For whoever has time: the outbox and the worker."""
    from chalicelib.notify.slack.client import TIMEOUT_SECONDS
    from chalicelib.runtime.slack_secrets import SlackSecrets

    secrets = SlackSecrets(settings.secret, lambda: clients.secrets)
    return _client(settings, secrets.bot_token, timeout_seconds=TIMEOUT_SECONDS)


def worker() -> Worker:
    """That of the process's application: it keeps its clients, and what Slack said of people."""
    global _worker
    from chalicelib.runtime import compose

    app = compose.current()
    if _worker is None or _worker[0] is not app:
        _worker = app, build_worker(app)
    return _worker[1]


def build_worker(app: App) -> Worker:
    """Raises SwitchedOff in a deployment without Slack."""
    from chalicelib.entrypoints.middleware import logger
    from chalicelib.entrypoints.slack.answering import Worker, WorkerParts
    from chalicelib.entrypoints.slack.commands import Commands
    from chalicelib.entrypoints.slack.people import SlackPeople
    from chalicelib.fleet.identity.pool_people import PoolPeople
    from chalicelib.fleet.wishes import Wishes
    from chalicelib.record.slack_requests import SlackRequests
    from chalicelib.record.table import Table

    settings, pool = app.settings.slack, app.settings.pool
    if settings is None:
        raise SwitchedOff("this deployment has no Slack, so nobody should hand it jobs of Slack's")
    slack = slack_client(settings, app.clients)
    wishes = app.fleet.wishes if app.fleet else Wishes(
        app.controller, app.inventory, app.policies_in_force, app.controls, app.history, app.clock
    )  # fmt: skip
    return Worker(
        WorkerParts(
            approvals=app.approvals,
            commands=Commands(app, wishes),
            people=SlackPeople(slack, PoolPeople(app.clients.cognito, pool.id) if pool else None, settings),
            slack=slack,
            requests=SlackRequests(Table(app.clients.dynamodb, app.settings.table)),
            clock=app.clock,
            deliver=lambda: deliver_at_once(app),
            log=logger,
        )
    )


def deliver_at_once(app: App) -> None:
    """Counted like what the function `deliver` sends: an alarm has to see what is given up here, too."""
    from chalicelib.entrypoints.deliver import counted

    if app.post is not None:
        counted(app.post.deliver(DELIVER_SECONDS))


class SqsQueue:
    def __init__(self, client: Callable[[], Any], url: str) -> None:
        self._make = client
        self._url = url

    @cached_property
    def _client(self) -> Any:
        return self._make()

    def send(self, body: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise AwsUnreachable("what was asked in Slack could not be handed on; ask again") from error


def _client(settings: SlackSettings, token: Any, *, timeout_seconds: int) -> SlackClient:
    from chalicelib.notify.slack.client import SlackClient

    return SlackClient(token, base_url=settings.base_url, timeout_seconds=timeout_seconds)
