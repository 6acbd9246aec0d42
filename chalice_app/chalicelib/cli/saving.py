"""`lifecycle savings`: what the policies saved, counted by the ledger from the record. Reads, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit
from chalicelib.cli.kinds import OneOf
from chalicelib.cli.options import command, output_option
from chalicelib.cli.progress import waiting
from chalicelib.cli.saved import as_json, show
from chalicelib.cli.times import past
from chalicelib.cli.zones import policies_in, shared_zone, zone_called

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from chalicelib.ledger.values import Ledger
    from chalicelib.record.table import Table

VIEWS = ("policy", "service", "day")
BASELINES = ("always-on", "own-habit")


@command("savings")
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="7d, 2026-11-16 or 2026-11-16T08:00.")
@click.option("--until", "end", metavar="TIME", help="The same; a date means its end.  [default: now]")
@click.option("--by", "view", type=OneOf(VIEWS), default="policy", show_default=True, help="One line for each.")
@click.option(
    "--baseline",
    type=OneOf(BASELINES),
    default="always-on",
    show_default=True,
    help="What would have run: everything always, or as each service ran before the first policy.",
)
@click.option("--zone", metavar="ZONE", help="Whose days and times: an IANA name.  [default: the policies' own]")
@output_option
@click.pass_obj
def savings(desk: Desk, since: str, end: str | None, view: str, baseline: str, zone: str | None, output: str) -> Exit:
    """Show what was saved, in host hours and US dollars at list price, from the record.

    A saving is what would have run minus what ran, hour by hour: a host counts until it was seen
    to be gone, else until 15 minutes after its last task (not on Fargate). Each hour belongs to the
    one policy whose stop was in force. What people stopped by hand saves nothing here; hours that
    cost more than the baseline count against it. A host without a known price has hours and no
    dollars. What dry-run policies would have saved stands apart, in no sum.

    \b
    Examples:
      lifecycle savings
      lifecycle savings --since 2026-11-01 --until 2026-11-30 --by day
      lifecycle savings --since 30d --baseline own-habit --by service
      lifecycle savings --output json

    \b
    JSON: {since, until, zone, baseline, currency, price_sources, unpriced, by, total: {ran, baseline,
           saved: {host_hours, gpu_hours, usd}, saved_share, unpriced_hours},
           lines: [{name, services, ran, baseline, saved, unpriced_hours}],
           (of a policy: in the hours in which what it did was in force)
           dry_run: [{policy, services, host_hours, usd, unpriced}], troubles}
    """
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.table import Table

    now = desk.now()
    table = Table(desk.aws().dynamodb, desk.table)
    where = zone_called(zone) if zone else shared_zone(policies_in(PoliciesInForce(table), now.date()))
    begin, until = past(since, now, where, "--since"), past(end, now, where, "--until", ends=True) if end else now
    if begin >= until:
        raise click.BadParameter(f"{since} is not before {end or 'now'}.", param_hint="--since")
    with waiting("Reading the record"):
        counted, troubles = _counted(desk, table, begin, until, where, with_habits=baseline == "own-habit")
    if output == "json":
        desk.paper.json(as_json(counted, where, view, troubles))
    else:
        show(desk.paper, counted, where, view, troubles)
    desk.paper.last_line(NOTHING_CHANGED, beside_json=output == "json")
    return Exit.DONE


def _counted(
    desk: Desk, table: Table, since: datetime, until: datetime, zone: ZoneInfo, *, with_habits: bool
) -> tuple[Ledger, Sequence[str]]:
    """And what could not be asked of prices, in sentences."""
    from chalicelib.ledger.counting import Terms, ledger
    from chalicelib.ledger.places import unquoted
    from chalicelib.ledger.reading import read, read_habits
    from chalicelib.prices.book import price_book
    from chalicelib.record.history import History
    from chalicelib.record.states import States

    history = History(table)
    entries = read(history, States(table).all(), since, until)
    services = {entry.service for entry in entries if entry.service is not None}
    habits = read_habits(history, services, until, zone) if with_habits else None
    region = desk.region or desk.aws().session.region_name or ""
    quoted = price_book(desk.aws(), table, region).quoted(unquoted(entries), since, until, desk.now())
    return ledger(entries, since, until, Terms(zone, quoted, habits)), quoted.problems


COMMANDS = (savings,)
