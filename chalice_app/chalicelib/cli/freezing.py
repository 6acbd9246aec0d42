"""`freeze` and `unfreeze`: the switch that holds everything, for the worst quarter of an hour of a year."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit
from chalicelib.cli.options import command, yes_option
from chalicelib.decide import words

if TYPE_CHECKING:
    from chalicelib.record.table import Table


@command("freeze")
@click.option("--all", "everything", is_flag=True, help="Needed: there is no smaller freeze on the command line.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; everybody who asks `why` reads it.")
@yes_option
@click.pass_obj
def freeze(desk: Desk, everything: bool, reason: str, yes: bool) -> Exit:
    """Hold everything: from now on nothing is started or stopped, whatever policies and people say.

    It lasts until `lifecycle unfreeze`. What would have been done meanwhile is not made up afterwards;
    what is then right is done. A freeze for foreseen days belongs under `freezes:` in a policy file.

    \b
    Examples:
      lifecycle freeze --all --reason "incident 4711"
    """
    from chalicelib.record.controls import Controls
    from chalicelib.record.history import Entry, EntryKind, History

    if not everything:
        raise click.UsageError("`freeze` holds every service: say `lifecycle freeze --all`. For one: `exclude`.")
    account = desk.account()
    table = _table(desk)
    controls, history = Controls(table), History(table)
    desk.confirm(f"About to freeze everything: {reason}.", account, yes=yes)
    who, now = desk.person(), desk.now()
    standing = controls.freeze_all(who, reason, now)
    if standing.frozen_at != now or standing.frozen_by != who:
        at = _said(standing.frozen_at, table) if standing.frozen_at else "before"
        desk.paper.say(f"It is frozen already, by {standing.frozen_by} since {at}: {standing.frozen_reason}.")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    history.append(Entry(at=now, kind=EntryKind.FREEZE, who=who, reason=f"froze everything: {reason}"))
    desk.paper.say("FROZEN  Nothing is started or stopped until `lifecycle unfreeze`.", "bold")
    return Exit.DONE


@command("unfreeze")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept in the history.")
@yes_option
@click.pass_obj
def unfreeze(desk: Desk, reason: str, yes: bool) -> Exit:
    """Let the policies act again. The next sweep does what is right by then.

    \b
    Examples:
      lifecycle unfreeze
      lifecycle plan            first look at what the policies will do
    """
    from chalicelib.record.controls import Controls
    from chalicelib.record.history import Entry, EntryKind, History

    account = desk.account()
    table = _table(desk)
    controls, history = Controls(table), History(table)
    standing = controls.read(desk.now()).switches
    if standing.frozen_at is None:
        desk.paper.say("Nothing is frozen.")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    since = _said(standing.frozen_at, table)
    desk.confirm(
        f"About to end the freeze by {standing.frozen_by} since {since}: {standing.frozen_reason}.", account, yes=yes
    )
    who, now = desk.person(), desk.now()
    if controls.unfreeze(who, now) is None:
        desk.paper.say("Somebody else ended it meanwhile, or froze anew: `lifecycle status` shows which.")
        desk.paper.last_line(NOTHING_CHANGED)
        return Exit.DONE
    history.append(
        Entry(at=now, kind=EntryKind.FREEZE, who=who, reason="ended the freeze" + (f": {reason}" if reason else ""))
    )
    desk.paper.say("The policies act again at the next sweep, within five minutes.")
    return Exit.DONE


def _said(at: datetime, table: Table) -> str:
    from chalicelib.cli.zones import policies_in, shared_zone
    from chalicelib.record.policies import PoliciesInForce

    return words.clock_with_year(at, shared_zone(policies_in(PoliciesInForce(table), at.date())))


def _table(desk: Desk) -> Table:
    """Nothing else: an emergency switch must not depend on policies that load or services that can be read."""
    from chalicelib.record.table import Table

    return Table(desk.aws().dynamodb, desk.table)


COMMANDS = (freeze, unfreeze)
