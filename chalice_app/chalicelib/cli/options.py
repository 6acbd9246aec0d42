"""Options that several commands share: the global ones (before or after the command), --output, --yes.

Each global option stores its value on the `Desk` and reaches no command as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.kinds import OneOf

F = TypeVar("F", bound=Callable[..., Any])


def _store(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Only a value that was written counts, so that the option's place does not matter."""
    desk = ctx.ensure_object(Desk)
    name = param.name or ""
    source = ctx.get_parameter_source(name)
    if value is not None and source not in (None, click.core.ParameterSource.DEFAULT):
        desk.choose(name, value)


def _option(*names: str, hidden: bool, **attributes: Any) -> Callable[[F], F]:
    return click.option(*names, expose_value=False, callback=_store, hidden=hidden, **attributes)


def _globals(hidden: bool) -> tuple[Callable[[F], F], ...]:
    return (
        _option(
            "--policies",
            hidden=hidden,
            metavar="DIR",
            envvar=None if hidden else "LIFECYCLE_POLICIES",
            help="Folder of policies, or s3://bucket/prefix.  [default: ./policies]",
        ),
        _option("--profile", hidden=hidden, metavar="NAME", help="AWS profile to use."),
        _option("--region", hidden=hidden, metavar="REGION", help="AWS region, for example ap-northeast-1."),
        _option(
            "--table",
            hidden=hidden,
            metavar="NAME",
            envvar=None if hidden else "LIFECYCLE_TABLE",
            help="DynamoDB table of the record.  [default: the one our stack made here]",
        ),
        _option("--local", hidden=hidden, is_flag=True, help="Talk to the fleet of a running `lifecycle up`."),
        _option("--no-color", hidden=hidden, is_flag=True, help="Plain text (NO_COLOR does the same)."),
        _option("--debug", hidden=hidden, is_flag=True, help="Show tracebacks."),
    )


def global_options(command: F) -> F:
    for option in reversed(_globals(hidden=False)):
        command = option(command)
    return command


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A sub-command that also takes the global options, hidden in its own help."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        for option in reversed(_globals(hidden=True)):
            function = option(function)
        settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
        made: click.Command = click.command(name, cls=click.Command, context_settings=settings, **attributes)(function)
        return made

    return decorate


def output_option(function: F) -> F:
    return click.option(
        "--output",
        type=OneOf(["table", "json"]),
        default="table",
        show_default=True,
        help="json: one document on stdout; its fields are listed below and only ever grow.",
    )(function)


def yes_option(function: F) -> F:
    return click.option("--yes", "-y", is_flag=True, help="Do not ask; needed where nobody can answer.")(function)
