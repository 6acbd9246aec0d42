"""How results look: tables for people, JSON for programs, times in a zone, sizes and dollars.

Off a terminal a table is as wide as its text, one row a line, so that `grep` and `awk` work on it.
JSON is one document on stdout; everything said beside it goes to stderr.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 400
"""Columns taken for granted where the output is no terminal."""
_NARROW = 150


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    title: str
    right: bool = False
    fold: bool = False
    """May be broken over several lines on a narrow terminal; other columns keep their width."""


class Paper:
    """Writes to stdout and stderr as they stand when the run begins."""

    def __init__(self, *, color: bool) -> None:
        terminal = sys.stdout.isatty()
        self._out = Console(
            file=sys.stdout,
            no_color=not color or None,
            highlight=False,
            markup=False,
            emoji=False,
            width=None if terminal else _WIDE,
        )

    @property
    def is_narrow(self) -> bool:
        """A terminal on which side columns should break at their joints, so that the reasons keep some width."""
        return self._out.width < _NARROW

    def say(self, text: str = "", style: str | None = None) -> None:
        self._out.print(Text(text, style=style or ""), soft_wrap=True)

    def say_text(self, text: Text) -> None:
        self._out.print(text, soft_wrap=True)

    def err(self, text: str) -> None:
        click.echo(text, err=True)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str | Text]]) -> None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in columns:
            table.add_column(
                column.title,
                justify="right" if column.right else "left",
                no_wrap=not column.fold,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*row)
        with self._out.capture() as drawn:
            self._out.print(table)
        click.echo("\n".join(line.rstrip() for line in drawn.get().splitlines()), color=True)

    def json(self, document: object) -> None:
        click.echo(json.dumps(plain(document), indent=2, ensure_ascii=False))

    def last_line(self, text: str, *, beside_json: bool = False) -> None:
        """What every run ends with; beside a JSON document it goes to stderr."""
        if beside_json:
            self.err(text)
        else:
            self.say(text, "dim")


def plain(value: object) -> Any:
    """A value of ours as JSON has it: times in ISO 8601 UTC, money as text, names as text."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return utc(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
        case Mapping():
            return {str(plain(key)): plain(one) for key, one in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case Iterable():
            return [plain(one) for one in value]
        case _:
            return str(value)


def utc(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def short_moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """As short as it can be without doubt: `20:00 JST`, `Tue 08:00 JST` within six days, else `31 Dec 10:00 JST`."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = f"{local:%H:%M} {local.tzname()}"
    days = (local.date() - today).days
    if days == 0:
        return clock
    if -6 <= days <= 6:
        return f"{local:%a} {clock}"
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local.day} {local:%b}{year} {clock}"


def without_name(text: str, service: object) -> str:
    """A sentence as it stands in a line that names the service already."""
    return text.removeprefix(f"{service}: ").removeprefix(f"{service} ")


def dollars(amount: Decimal | None, *, per: str = "") -> str:
    """`$1.20/h`; unknown prices are `?`, never an invented number. Half a cent is rounded up."""
    if amount is None:
        return "?"
    cents = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'-' if cents < 0 else ''}${abs(cents):,.2f}{per}"
