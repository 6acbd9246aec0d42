"""`demo`, `up` and `doctor`: what runs on this machine, and whether this machine can reach what it needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, Stop, explain
from chalicelib.cli.kinds import Number, Whole
from chalicelib.cli.options import command
from chalicelib.decide import words

_NEEDS_LOCAL = (
    "The simulated AWS is not installed: pip install 'ollama-lifecycle[local]', or `make demo` in a clone ({missing})."
)


@command("demo")
@click.option("--days", type=Whole(1, 7), default=7, show_default=True, help="How many days to play.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out") / "demo",
    show_default=True,
    metavar="DIR",
    help="Where the report goes.",
)
@click.pass_obj
def demo(desk: Desk, days: int, out: Path) -> Exit:
    """Play a week of a small GPU fleet on a simulated AWS, in under a minute.

    No account, no credentials, no network: everything happens in this process, through the
    handlers that are deployed.

    \b
    Examples:
      lifecycle demo
      lifecycle demo --days 2
    """
    try:
        from chalicelib.local.demo import run_demo
        from chalicelib.local.scenario import week
    except ModuleNotFoundError as missing:
        raise Stop(_NEEDS_LOCAL.format(missing=missing.name)) from None
    desk.may_have_written = True
    return Exit.DONE if run_demo(out=out, scenario=week(days=days)) == 0 else Exit.ERROR


@command("up")
@click.option(
    "--speed",
    type=Number(1, 3600),
    default=60.0,
    show_default=True,
    help="Simulated seconds a second: 60 lets an hour pass in a minute.",
)
@click.option("--api-port", type=Whole(0, 65535), default=0, help="Port of the HTTP API.  [default: any free]")
@click.pass_obj
def up(desk: Desk, speed: float, api_port: int) -> Exit:
    """Keep the demo's fleet running here, with the HTTP API, until Ctrl-C.

    Its policies are copied to .lifecycle/policies: edit them and watch what happens. Another
    terminal in this folder talks to the fleet with --local.

    \b
    Examples:
      lifecycle up --speed 600
      lifecycle --local status                 in another terminal
      lifecycle --local keep dev-chat --for 1h
    """
    try:
        from chalicelib.local.up import run_up
    except ModuleNotFoundError as missing:
        raise Stop(_NEEDS_LOCAL.format(missing=missing.name)) from None
    desk.may_have_written = True
    return Exit.DONE if run_up(speed=speed, api_port=api_port) == 0 else Exit.ERROR


@command("doctor")
@click.pass_obj
def doctor(desk: Desk) -> Exit:
    """Check what the other commands need: policies, credentials, region, ECS, the record; and what Spot needs.

    \b
    Examples:
      lifecycle doctor
      lifecycle --profile team-gpu --region ap-northeast-1 doctor
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
    for title, check in checks:
        good, says = _checked(check, desk)
        well = well and good
        desk.paper.say(f"{'ok  ' if good else 'FAIL'}  {title:<9} {says}", None if good else "red")
    desk.paper.last_line(NOTHING_CHANGED)
    return Exit.DONE if well else Exit.ERROR


def _checked(check: Callable[[Desk], str], desk: Desk) -> tuple[bool, str]:
    """A check that fails says why, and the next one runs."""
    try:
        return True, check(desk)
    except Exception as error:
        known = explain(error)
        if known is None or desk.debug:
            raise
        return False, known[1]


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


COMMANDS = (demo, up, doctor)
