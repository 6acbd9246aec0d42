"""`lifecycle doctor`: whether this machine reaches what the commands need, and what is wrong with an account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop, sentence_of
from chalicelib.cli.options import command
from chalicelib.cli.progress import waiting
from chalicelib.decide import words
from chalicelib.doctor.finding import Finding, Level

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

STYLES = {Level.WRONG: "red", Level.WARNING: "yellow"}
NEEDED = frozenset({"account", "services", "record"})
"""Without these nothing else can be looked at."""


@command("doctor")
@click.pass_obj
def doctor(desk: Desk) -> Exit:
    """Check an account: what the commands need, and what keeps the suite from its work, each with its fix.

    FAIL is to be put right; warn costs money or hides something; "?" could not be read, with AWS's
    own words; "-" is nothing that this deployment has. Nothing is changed.

    \b
    Examples:
      lifecycle doctor
      lifecycle --profile team-gpu --region ap-northeast-1 doctor
      lifecycle --local doctor
    """
    checks: tuple[tuple[str, Callable[[Desk], str]], ...] = (
        ("policies", _policies),
        ("account", _account),
        ("services", _services),
        ("record", _record),
        ("in force", _in_force),
        ("spot", _spot),
    )
    well = True
    reached = True
    for title, check in checks:
        good, says = _checked(check, desk)
        well = well and good
        reached = reached and (good or title not in NEEDED)
        _say(desk, title, Finding(Level.WELL if good else Level.WRONG, says))
    if reached:
        for title, finding in _examined(desk):
            well = well and finding.level is not Level.WRONG
            _say(desk, title, finding)
    desk.paper.last_line(NOTHING_CHANGED)
    return Exit.DONE if well else Exit.ERROR


def _examined(desk: Desk) -> Iterator[tuple[str, Finding]]:
    from chalicelib.doctor.examination import examine

    with waiting("Looking at the account"):
        yield from examine(patient_of(desk))


def patient_of(desk: Desk) -> Patient:
    """The account of this run."""
    import time

    from chalicelib.cli.world import all_services
    from chalicelib.doctor.patient import Patient
    from chalicelib.record.table import Table

    clients = desk.aws()
    region = desk.region or clients.session.region_name or ""
    table = Table(clients.dynamodb, desk.table)
    return Patient(clients, table, region, desk.now(), lambda: all_services(desk), time.sleep)


def _say(desk: Desk, title: str, finding: Finding) -> None:
    desk.paper.say(f"{finding.level.value:<4}  {title:<9} {finding.says}", STYLES.get(finding.level))
    if finding.fix:
        desk.paper.say(f"{'':<15} {finding.fix}")


def _checked(check: Callable[[Desk], str], desk: Desk) -> tuple[bool, str]:
    """A check that fails says why, and the next one runs."""
    try:
        return True, check(desk)
    except Exception as error:  # noqa: BLE001  # `sentence_of` raises what people cannot have caused
        return False, sentence_of(error, debug=desk.debug)


def _policies(desk: Desk) -> str:
    from chalicelib.cli.book import read_book

    book = read_book(desk)
    if book.errors:
        raise Stop(f"{words.counted(len(book.errors), 'error')} in {book.where}: `lifecycle validate` shows them.")
    found = Counter(policy.mode.value for policy in book.loaded.policies.policies)
    return f"{', '.join(f'{number} in {mode}' for mode, number in sorted(found.items()))}, from {book.where}"


def _account(desk: Desk) -> str:
    return f"{desk.account()}, as {desk.person()}"


def _services(desk: Desk) -> str:
    from chalicelib.cli.world import all_services

    services = all_services(desk)
    clusters = {one.cluster for one in services}
    return f"{words.counted(len(services), 'ECS service')} in {words.counted(len(clusters), 'cluster')}"


def _record(desk: Desk) -> str:
    from chalicelib.record.controls import Controls
    from chalicelib.record.table import Table

    state = Controls(Table(desk.aws().dynamodb, desk.table)).read(desk.now())
    frozen = "; everything is frozen" if state.switches.frozen_by else ""
    return f"table {desk.table}, {words.counted(len(state.overrides), 'override')}{frozen}"


def _in_force(desk: Desk) -> str:
    from chalicelib.policy.loader import load
    from chalicelib.record.policies import PoliciesInForce
    from chalicelib.record.table import Table

    kept = PoliciesInForce(Table(desk.aws().dynamodb, desk.table)).load()
    if kept is None:
        raise Stop("The deployment has read no policies yet: upload them to the stack's bucket.")
    count = len(load(kept.files, today=desk.now().date()).policies.policies)
    return f"{words.counted(count, 'policy', 'policies')}, version {kept.version[:12]}"


def _spot(desk: Desk) -> str:
    from chalicelib.cli.spot_check import spot_check

    return spot_check(desk)


COMMANDS = (doctor,)
