"""`demo` and `up`: what runs on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop
from chalicelib.cli.kinds import Number, Whole
from chalicelib.cli.options import command

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


COMMANDS = (demo, up)
