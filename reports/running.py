"""One deployment's report of the last week: asked for, built, kept, mailed and told in Slack, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.errors import ConfigurationError, LifecycleError, NotDelivered, ReportError
from chalicelib.notify.report_settings import ReportSettings, SmtpSettings
from chalicelib.observe.batches import ask
from chalicelib.policy.loader import load
from chalicelib.policy.model import PolicySet
from chalicelib.prices.book import price_book
from chalicelib.record.table import Table

from reports import gathering
from reports.build import build
from reports.delivering import Send, deliver
from reports.keep import Place, Sent, keep
from reports.mail import Carrier, Letter, SesCarrier, SmtpCarrier, mail
from reports.making.from_ledger import LEDGER_CURRENCY
from reports.model import Rate, Source, State, WeeklyReport
from reports.options import rate_of, tag_keys
from reports.pace import notices_of_pace
from reports.sources.asked import asked_for
from reports.sources.athena import Athena, export_of
from reports.sources.cache import InBucket, Nothing
from reports.sources.cost_explorer import CostExplorer
from reports.sources.frames import Gathered
from reports.values import Known, Section, Sentence, Unknown, Week
from reports.writing import Forms, forms

if TYPE_CHECKING:
    from chalicelib.runtime.clients import Clients
    from chalicelib.runtime.compose import App

KEPT_REPORTS, KEPT_ANSWERS = "reports", "cost-explorer"
"""Prefixes in the bucket. What was paid for is taken from there for a day: a run that is repeated costs nothing."""


@dataclass(frozen=True, slots=True)
class Done:
    """``refused`` by receiver; None: these people have it already, or another run sends it."""

    week: Week
    refused: Mapping[str, str] | None


def run(app: App, settings: ReportSettings, owner: str) -> Done:
    """The report of the week that ended last in the team's zone. ``owner`` names this run.

    Raises NotDelivered when nobody got it, ReportError for settings that cannot be read.
    """
    week = Week.of(app.clock.now(), settings.zone).back(1)
    table = Table(app.clients.dynamodb, app.settings.table)
    refused = deliver(
        Sent(table), app.clock, str(week), settings.recipients, owner, lambda: _make(app, settings, week, table)
    )
    return Done(week, refused)


def _make(app: App, settings: ReportSettings, week: Week, table: Table) -> Send:
    now = app.clock.now()
    place = Place(settings.bucket, KEPT_REPORTS, app.settings.region) if settings.bucket else None
    folder = place.folder(str(week), settings.language, now) if place else ""
    report = _report(app, settings, week, table, place.link(folder) if place else None)
    made = forms(report, settings.language)
    if place is not None:
        try:
            keep(app.clients.s3, place, folder, made)
        except ReportError as error:
            report = _not_kept(report, error)
            made = forms(report, settings.language, made.pictures)

    def send() -> Mapping[str, str]:
        refused = _send(app, settings, made, str(week), now)
        app.notifier.tell(notices_of_pace(report.budgets, now))
        return refused

    return send


def _not_kept(report: WeeklyReport, error: ReportError) -> WeeklyReport:
    """It is sent all the same, without a link, and says why."""
    missing = Source("S3", State.MISSING, Sentence.told(str(error)))
    return replace(report, header=replace(report.header, link=None, sources=(*report.header.sources, missing)))


def _report(app: App, settings: ReportSettings, week: Week, table: Table, link: str | None) -> WeeklyReport:
    now = app.clock.now()
    gathered = _gathered(app, settings, week, now)
    rate = _rate(settings, gathered)
    given = gathering.given(_reach(app, settings, table, now), gathered, week, now, settings.team, rate)
    return build(replace(given, link=link))


def _gathered(app: App, settings: ReportSettings, week: Week, now: datetime) -> Gathered:
    """The bill from its export where there is one; what only Cost Explorer knows from there in any case."""
    clients, tags, days = app.clients, tag_keys(settings.tags), asked_for(week, now.date())
    kept = InBucket(clients.s3, settings.bucket, KEPT_ANSWERS, lambda: now) if settings.bucket else Nothing()
    explorer = CostExplorer(clients.cost_explorer, kept, tags, budgets=clients.budgets, account=account_of(clients))
    if not settings.export:
        return explorer.gather(days)
    athena = Athena(clients.athena, export_of(settings.export), app.clock.now, app.clock.sleep, tags)
    return explorer.beside(athena.gather(days), days)


def account_of(clients: Clients) -> str:
    """Whose budgets are asked for; empty when nobody says, and then they are unknown."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return clients.sts.get_caller_identity()["Account"]
    except (ClientError, BotoCoreError):
        return ""


def _rate(settings: ReportSettings, gathered: Gathered) -> Rate | None:
    rate = rate_of(settings.rate)
    billed = gathered.bill.value.currency if isinstance(gathered.bill, Known) else LEDGER_CURRENCY
    return replace(rate, billed=billed) if rate else None


def _reach(app: App, settings: ReportSettings, table: Table, now: datetime) -> Section[gathering.Reach]:
    """Without the services nothing can be said of their hours: then the bill alone is told."""
    try:
        services = app.inventory.refresh_all(now).services
        kept = app.policies_in_force.load()
    except LifecycleError as error:
        return Unknown(Sentence.told(str(error)))
    region = app.settings.region
    return Known(
        gathering.Reach(
            history=app.history,
            services=services,
            policies=load(kept.files, today=now.date()).policies if kept else PolicySet(),
            region=region,
            ask=partial(ask, app.clients.cloudwatch),
            prices=price_book(app.clients, table, region, keeps=True),
            deployment=settings.deployment,
            table=app.settings.table,
        )
    )


def _send(app: App, settings: ReportSettings, made: Forms, week: str, now: datetime) -> Mapping[str, str]:
    """Slack failing is no reason to mail again: it is told as a receiver that refused."""
    refused: dict[str, str] = {}
    if settings.to:
        letter = Letter(settings.sender, settings.to)
        refused |= _carrier(app.clients, settings.smtp).send(mail(made, letter, week, now), letter.recipients)
    if settings.channel:
        try:
            _tell_slack(app, settings.channel, made)
        except (NotDelivered, ConfigurationError) as error:
            if not settings.to:
                raise
            refused[settings.channel] = str(error)
    return refused


def _carrier(clients: Clients, smtp: SmtpSettings | None) -> Carrier:
    if smtp is None:
        return SesCarrier(lambda: clients.mail)
    if not smtp.secret:
        return SmtpCarrier(smtp.host, smtp.port)
    user, password = _login(clients, smtp.secret)
    return SmtpCarrier(smtp.host, smtp.port, user, lambda: password)


def _login(clients: Clients, secret: str) -> tuple[str, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        held = json.loads(clients.secrets.get_secret_value(SecretId=secret)["SecretString"])
        return str(held["user"]), str(held["password"])
    except (ClientError, BotoCoreError) as error:
        raise NotDelivered(f"the secret {secret} cannot be read: {type(error).__name__}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f'the secret {secret} holds no {{"user": …, "password": …}}') from error


def _tell_slack(app: App, channel: str, made: Forms) -> None:
    from chalicelib.notify.slack.client import Message
    from chalicelib.runtime.compose_slack import slack_client

    if app.settings.slack is None:
        raise ConfigurationError(f"the report is to be told in {channel}, and this deployment has no Slack")
    told = json.loads(made.slack)
    slack_client(app.settings.slack, app.clients).post(channel, Message(told["text"], tuple(told["blocks"])))
