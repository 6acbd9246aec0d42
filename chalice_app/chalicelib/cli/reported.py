"""What `lifecycle report` does: asks the bill and the record, writes the files, mails them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop, sentence_of
from chalicelib.cli.progress import waiting
from chalicelib.cli.zones import policies_in, shared_zone, zone_called
from chalicelib.decide.tags import UTC_ZONE
from reports import gathering
from reports.build import build
from reports.mail import Letter, SesCarrier, mail
from reports.making.from_ledger import LEDGER_CURRENCY
from reports.model import Rate, State, WeeklyReport
from reports.sources.asked import asked_for
from reports.sources.frames import Gathered, TagKeys
from reports.values import Known, Section, Sentence, Unknown, Week
from reports.words import words
from reports.writing import Forms, forms, write

KEPT_ANSWERS = ".cost-explorer"
"""Below the report's folder: what was paid for lies there for a day."""


@dataclass(frozen=True, slots=True)
class Asked:
    """As on the command line, read. ``place`` of a bill in files or in Athena. ``rate`` is of dollars until the bill is
    known."""

    source: str
    place: str
    week: str | None
    zone: str | None
    team: str
    rate: Rate | None
    tags: TagKeys
    out: Path
    beside: tuple[Path, ...] = ()


def made(desk: Desk, asked: Asked, language: str) -> tuple[Forms, WeeklyReport]:
    now = desk.now()
    reach = _reach(desk)
    zone = zone_called(asked.zone) if asked.zone else _zone(reach)
    week = Week.parse(asked.week, zone) if asked.week else Week.of(now, zone).back(1)
    if week.since >= now:
        raise Stop(f"{week} has not begun; the last whole week is {Week.of(now, zone).back(1)}.", Exit.USAGE)
    with waiting("Reading the bill"):
        gathered = _gathered(desk, asked, week)
    for path in asked.beside:
        gathered = _with(gathered, path, asked, desk, week)
    if asked.source == "focus" and isinstance(gathered.bill, Unknown):
        raise Stop(words(language).say(gathered.bill.sentence))
    billed = gathered.bill.value.currency if isinstance(gathered.bill, Known) else LEDGER_CURRENCY
    rate = replace(asked.rate, billed=billed) if asked.rate else None
    with waiting("Reading record and metrics"):
        given = gathering.given(reach, gathered, week, now, asked.team, rate)
    report = build(given)
    return forms(report, language), report


def written(desk: Desk, made: Forms, report: WeeklyReport, out: Path) -> Path:
    """The page, told to whoever asked, with the sources that are lacking."""
    page = write(made, out, f"{report.header.week}.{made.document.language}")
    desk.paper.say(made.document.title, "bold")
    for line in made.document.headline:
        desk.paper.say(line)
    say = words(made.document.language)
    for source in report.header.sources:
        if source.state is not State.OK:
            desk.paper.say(f"{source.name}, {say(source.state.value)}: {say.say(source.sentence)}", "yellow")
    desk.paper.say(f"Report: {page}   (text, CSV, XLSX, JSON and Slack blocks beside it)")
    return page


def mailed(desk: Desk, made: Forms, report: WeeklyReport, letter: Letter) -> None:
    """Once a week to the same people, whoever asks. Raises NotDelivered."""
    from functools import partial

    from chalicelib.record.table import Table
    from reports.delivering import deliver
    from reports.keep import Sent

    week = str(report.header.week)
    clients = desk.aws()
    carrier = SesCarrier(lambda: clients.mail)
    done = deliver(
        Sent(Table(clients.dynamodb, desk.table)),
        desk.time(),
        week,
        letter.recipients,
        uuid.uuid4().hex[:12],
        lambda: partial(carrier.send, mail(made, letter, week, desk.now()), letter.recipients),
    )
    if done is None:
        desk.paper.say(f"The report of {week} was mailed to these people before, or is just now: not mailed again.")
        return
    desk.paper.say(f"Mailed to {len(letter.recipients) - len(done)} of {len(letter.recipients)}.")
    for address, why in done.items():
        desk.paper.say(f"Refused: {address}: {why}", "yellow")


def of_demo(out: Path, week: str | None) -> Path:
    """Plays the demo's week, which takes about a minute. Raises Stop for another week."""
    from chalicelib.local.demo import run_demo
    from chalicelib.local.scenario import week as demo_week

    scenario = demo_week()
    its_week = Week.of(scenario.start, scenario.zone)
    if week and week != str(its_week):
        raise Stop(f"The demo knows one week only: --week {its_week}.")
    if run_demo(out=out, scenario=scenario):
        raise Stop("The demo stopped something that was in use: see above.")
    return out / "weekly" / "report.html"


def week_of(text: str | None) -> str | None:
    """As it was written. Raises ReportError for what is no week."""
    return str(Week.parse(text, UTC_ZONE)) if text else None


def _gathered(desk: Desk, asked: Asked, week: Week) -> Gathered:
    days = asked_for(week, desk.now().date())
    if asked.source == "focus":
        from reports.sources.focus import FocusFiles

        return FocusFiles(Path(asked.place), asked.tags).gather(days)
    from reports.running import account_of
    from reports.sources.cache import InFolder
    from reports.sources.cost_explorer import CostExplorer

    clients, clock = desk.aws(), desk.time()
    kept = InFolder(asked.out / KEPT_ANSWERS, desk.now)
    account = account_of(clients)
    explorer = CostExplorer(clients.cost_explorer, kept, asked.tags, budgets=clients.budgets, account=account)
    if asked.source == "ce":
        return explorer.gather(days)
    from reports.sources.athena import Athena, export_of

    athena = Athena(clients.athena, export_of(asked.place), clock.now, clock.sleep, asked.tags)
    return explorer.beside(athena.gather(days), days)


def _with(gathered: Gathered, path: Path, asked: Asked, desk: Desk, week: Week) -> Gathered:
    """Raises Stop: a person named this file, and a report without it would be another one."""
    from reports.sources.focus import FocusFiles
    from reports.sources.together import together

    other = FocusFiles(path, asked.tags).gather(asked_for(week, desk.now().date()))
    if isinstance(other.bill, Unknown):
        raise Stop(words("en").say(other.bill.sentence))
    return together(gathered, other)


def _reach(desk: Desk) -> Section[gathering.Reach]:
    """The record of the account one is signed in to; without an account the bill alone is told."""
    try:
        with waiting("Looking for the record"):
            return Known(_reached(desk))
    except Exception as error:  # noqa: BLE001  # `sentence_of` raises what people cannot have caused
        return Unknown(Sentence.told(sentence_of(error, debug=desk.debug)))


def _reached(desk: Desk) -> gathering.Reach:
    from functools import partial

    from chalicelib.cli.world import all_services
    from chalicelib.observe.batches import ask
    from chalicelib.prices.book import price_book
    from chalicelib.record.history import History
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.table import Table

    clients = desk.aws()
    table = Table(clients.dynamodb, desk.table)
    region = desk.region or clients.session.region_name or ""
    return gathering.Reach(
        history=History(table),
        services=all_services(desk),
        policies=policies_in(PoliciesInForce(table), desk.now().date()),
        region=region,
        ask=partial(ask, clients.cloudwatch),
        prices=price_book(clients, table, region),
        table=desk.table,
    )


def _zone(reach: Section[gathering.Reach]) -> ZoneInfo:
    return shared_zone(reach.value.policies) if isinstance(reach, Known) else UTC_ZONE
