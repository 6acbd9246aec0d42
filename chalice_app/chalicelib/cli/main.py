"""The `lifecycle` command: its sub-commands in sections, its global options, and how a run ends.

Commands are imported when they are asked for, so that `lifecycle --help` and shell completion stay quick.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import NOTHING_CHANGED, Exit, ending
from chalicelib.cli.options import global_options


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `lifecycle --help`, and the module that holds the command."""

    name: str
    module: str
    says: str


SECTIONS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Write policies",
        (
            Entry("init", "starting", "Write a first policy, its schema and the editor settings."),
            Entry("validate", "checking", "Check every policy file and run the tests inside."),
            Entry("test", "checking", "Run the tests that stand in the policies."),
            Entry("show", "showing", "The merged policy, and where each value comes from."),
            Entry("schedule", "calendar", "When a policy opens and closes, day by day."),
            Entry("import", "importing", "Policies from Cloud Custodian, Instance Scheduler or kube-downscaler."),
            Entry("explain", "explaining", "What an error code such as LC014 means."),
        ),
    ),
    (
        "From dry-run to enforce",
        (
            Entry("plan", "planning", "What would be done now, and why. Changes nothing."),
            Entry("apply", "applying", "Do exactly what a plan says, looking again before each step."),
            Entry("simulate", "simulating", "What a policy would have done over past requests, in dollars and waits."),
            Entry("tune", "tuning", "Propose the idle rule that would have cost a service least."),
            Entry("promote", "promoting", "Turn one policy from dry-run to enforce, with its figures."),
        ),
    ),
    (
        "See",
        (
            Entry("status", "fleet", "Every service: its state, who governs it, what comes next."),
            Entry("why", "reasons", "The rules for one service, with a mark at the one that won."),
            Entry("history", "past", "What was decided and done, by whom and why."),
            Entry("savings", "saving", "What was saved, by policy, service or day, and against what."),
            Entry("report", "reporting", "The week's cost report: page, text, CSV, XLSX, JSON; mailed if you say so."),
        ),
    ),
    (
        "Act on one service",
        (
            Entry("start", "overriding", "Start it now and keep it running for a while."),
            Entry("stop", "overriding", "Stop it as soon as nobody uses it."),
            Entry("keep", "overriding", "Keep it as it runs, whatever the schedule says."),
            Entry("resume", "overriding", "End the override: policy rules again."),
            Entry("exclude", "overriding", "Leave it alone until a date."),
        ),
    ),
    (
        "In an emergency",
        (
            Entry("freeze", "freezing", "Hold everything: nothing is started or stopped."),
            Entry("unfreeze", "freezing", "Let the policies act again."),
        ),
    ),
    (
        "Into an account",
        (
            Entry("deploy", "deploying", "Put the suite into an account: packages, shows the change set, asks."),
            Entry("remove", "removing", "Take it out again; what people would miss is kept, and named."),
        ),
    ),
    (
        "On this machine",
        (
            Entry("demo", "home", "A week of a small fleet on a simulated AWS, in a minute."),
            Entry("up", "home", "Keep that simulated fleet running, with the HTTP API."),
            Entry("doctor", "doctoring", "Check an account: what is wrong, and how to put it right."),
            Entry("support-bundle", "bundling", "What a bug report needs, in one zip without secrets."),
            Entry("completion", "completing", "Print the shell completion for bash, zsh or fish."),
        ),
    ),
)
ENTRIES = {entry.name: entry for _, entries in SECTIONS for entry in entries}


class Lifecycle(click.Group):
    """A group whose wrong usage ends with 64 and whose errors are sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return None
        commands: Sequence[click.Command] = vars(importlib.import_module(f"chalicelib.cli.{entry.module}"))["COMMANDS"]
        return next(command for command in commands if command.name == cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in ENTRIES:
            near = difflib.get_close_matches(args[0], ENTRIES, n=1)
            hint = f" Did you mean `lifecycle {near[0]}`?" if near else ""
            raise click.UsageError(f'There is no command "{args[0]}".{hint}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, entries in SECTIONS:
            with formatter.section(title):
                formatter.write_dl([(entry.name, entry.says) for entry in entries], col_max=12)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click's, but every ending is ours: see `exits`."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        debug = "--debug" in (sys.argv[1:] if args is None else args)
        desk = extra["obj"] = extra.get("obj") or Desk()
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except Exception as error:  # noqa: BLE001  the command line's border: every failure becomes a sentence here
            sys.exit(_report(error, desk, debug))
        sys.exit(code if isinstance(code, int) else Exit.DONE)


def _report(error: Exception, desk: Desk, debug: bool) -> int:
    if debug and not isinstance(error, click.ClickException):
        traceback.print_exception(error)
    known = ending(error, may_have_written=desk.may_have_written)
    if known is None:
        click.echo(
            f"lifecycle met a fault of its own ({type(error).__name__}: {error}). "
            "Run it again with --debug and report what it prints.",
            err=True,
        )
        if not desk.may_have_written:
            click.echo(NOTHING_CHANGED, err=True)
        return Exit.ERROR
    code, sentence = known
    click.echo(sentence, err=True)
    return code


def _version(ctx: click.Context) -> None:
    try:
        click.echo(f"lifecycle {importlib.metadata.version('ollama-lifecycle')}")
    except importlib.metadata.PackageNotFoundError:
        click.echo("lifecycle, run from its source")
    ctx.exit()


@click.group(
    cls=Lifecycle,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Names: a service is written cluster/service, or by its bare name where only one cluster has it. "
    "Exit codes: 0 done, 1 error, 64 wrong usage. The options above may also follow the command.",
)
@global_options
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _param, wanted: _version(ctx) if wanted else None,
    help="Show the version and exit.",
)
@click.pass_context
def lifecycle(ctx: click.Context) -> None:
    """Stops GPU model services on ECS while nobody uses them, and proves what it saved.

    \b
    First steps, none of which changes anything in AWS:
      lifecycle demo                  a week of a small fleet, simulated here
      lifecycle init                  write policies/dev-nights-off.yaml
      lifecycle validate              is every policy right?
      lifecycle schedule dev-nights-off --days 7
      lifecycle plan                  what would be done now, and why

    Nothing is stopped until a policy says `mode: enforce`.
    """
    ctx.ensure_object(Desk)


def main() -> NoReturn:
    lifecycle.main(prog_name="lifecycle")
    raise SystemExit(Exit.DONE)
