"""`lifecycle history`: what was decided and done, by whom and why, from the append-only record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit
from chalicelib.cli.kinds import OneOf, Whole
from chalicelib.cli.options import command, output_option
from chalicelib.cli.progress import waiting
from chalicelib.cli.render import Column, without_name
from chalicelib.cli.times import DURATION
from chalicelib.cli.zones import zone_called
from chalicelib.decide import words

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceId
    from chalicelib.record.history import Entry, History
    from chalicelib.record.table import Table

KINDS = ("policy", "freeze", "override", "hand", "would", "refused", "acted", "failed", "notice")


@command("history")
@click.argument("service", required=False)
@click.option("--since", type=DURATION, default="7d", show_default=True, metavar="DURATION", help="How far back.")
@click.option("--kind", "kinds", multiple=True, type=OneOf(KINDS), help="Only these; may be repeated.")
@click.option("--limit", type=Whole(1, 10_000), default=50, show_default=True, help="At most so many, newest.")
@click.option("--zone", metavar="ZONE", help="Show times there: an IANA name.  [default: each policy's own]")
@output_option
@click.pass_obj
def history(
    desk: Desk,
    service: str | None,
    since: timedelta,
    kinds: tuple[str, ...],
    limit: int,
    zone: str | None,
    output: str,
) -> Exit:
    """Show what was decided, done, refused and said, newest last; for SERVICE or for all.

    \b
    Examples:
      lifecycle history gpu-dev/chat
      lifecycle history --since 24h --kind acted --kind failed
      lifecycle history --output json --limit 1000

    \b
    JSON: [{at, kind, who, service, policy, policy_version, wanted, because, reason, evidence,
            steps, outcome, action, action_id, desired_count, price_usd_per_hour, ...}]
    """
    from chalicelib.record.history import History
    from chalicelib.record.table import Table

    shown_in = zone_called(zone) if zone else None
    now = desk.now()
    table = Table(desk.aws().dynamodb, desk.table)
    past = History(table)
    which = _service(desk, service, past, now - since) if service else None
    with waiting("Reading the history"):
        entries = _entries(past, which, now - since, now, frozenset(kinds), limit)
    if output == "json":
        desk.paper.json(entries)
    elif not entries:
        desk.paper.say(_why_nothing(service, since, kinds))
    else:
        _print(desk, entries, table, shown_in)
    desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
    return Exit.DONE


def _print(desk: Desk, entries: Sequence[Entry], table: Table, zone: ZoneInfo | None) -> None:
    """``zone`` None: each entry in the zone of its policy."""
    from chalicelib.cli.zones import policies_in, zone_named
    from chalicelib.record.policies import PoliciesInForce

    policies = policies_in(PoliciesInForce(table), desk.now().date())
    desk.paper.table(
        [Column("WHEN"), Column("KIND"), Column("SERVICE"), Column("WHAT AND WHY", fold=True), Column("WHO")],
        [_row(entry, zone or zone_named(policies, entry.policy)) for entry in entries],
    )


def _entries(
    past: History, service: ServiceId | None, since: datetime, now: datetime, kinds: frozenset[str], limit: int
) -> tuple[Entry, ...]:
    """The newest ``limit`` of them, oldest first."""
    found = past.since(since, now) if service is None else reversed(past.of_service(service, since))
    wanted = [entry for entry in found if not kinds or entry.kind.value in kinds]
    return tuple(wanted[-limit:])


def _service(desk: Desk, text: str, past: History, since: datetime) -> ServiceId:
    """A full name is taken as it is: services that are gone have a history too."""
    from chalicelib.cli.world import all_services
    from chalicelib.decide.facts import ServiceId
    from chalicelib.errors import UnknownService
    from chalicelib.fleet.finding import find_service

    if "/" in text:
        try:
            wanted = ServiceId.parse(text)
        except ValueError as error:
            raise UnknownService(str(error)) from None
        if past.of_service(wanted, since, limit=1):
            return wanted
    return find_service(text, all_services(desk))


def _row(entry: Entry, zone: ZoneInfo) -> list[str]:
    what = without_name(entry.reason, entry.service)
    if entry.outcome and entry.outcome not in what:
        what = f"{entry.action.value + ' ' if entry.action else ''}{entry.outcome}: {what}"
    return [
        words.clock_with_year(entry.at, zone),
        entry.kind.value,
        str(entry.service or "-"),
        what,
        entry.who,
    ]


def _why_nothing(service: str | None, since: timedelta, kinds: tuple[str, ...]) -> str:
    what = f" of kind {' or '.join(kinds)}" if kinds else ""
    about = f" about {service}" if service else ""
    return (
        f"The record holds nothing{what}{about} from the last {words.length(since)}; --since 30d looks further back. "
        "Only what changed something, or would have, is recorded."
    )


COMMANDS = (history,)
