"""The report in one language, still without a form: sentences, tables of typed figures, charts by name.

HTML, text, Slack, CSV and XLSX are all written from this value; none of them computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from reports.render import numbers
from reports.values import Money


class Unit(StrEnum):
    """``change`` and ``change share`` carry their sign."""

    MONEY = "money"
    CHANGE = "change"
    SHARE = "share"
    CHANGE_SHARE = "change share"
    HOURS = "hours"
    COUNT = "count"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Figure:
    """``currency`` only of money. Exact: forms round, all by `numbers`."""

    value: Decimal
    unit: Unit
    currency: str = ""

    @property
    def text(self) -> str:
        match self.unit:
            case Unit.MONEY:
                return numbers.money(Money(self.value, self.currency))
            case Unit.CHANGE:
                return numbers.change(Money(self.value, self.currency))
            case Unit.SHARE:
                return numbers.share(self.value)
            case Unit.CHANGE_SHARE:
                return numbers.change_share(self.value)
            case Unit.HOURS:
                return numbers.hours(self.value)
            case Unit.COUNT:
                return numbers.count(int(self.value))
            case Unit.RATIO:
                return f"{numbers.rounded(self.value, 2)}"
            case never:
                assert_never(never)


Cell = Figure | str


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` is the same in every language."""

    key: str
    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """All rows; a mail shows some of them (`folded`). ``foot`` sums up all.

    ``bar`` is the column whose share of the greatest is drawn beside the name.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: tuple[Cell, ...] | None = None
    bar: str = ""


def folded(table: Table, shown: int, others: Callable[[int], str], unknown: str) -> Table:
    """Its first rows, and one that sums up the rest, named by ``others``; whole when that saves no two rows."""
    if len(table.rows) <= shown + 2:
        return table
    rest = table.rows[shown:]
    sums = [_sum([row[at] for row in rest], unknown) for at in range(1, len(table.columns))]
    return replace(table, rows=(*table.rows[:shown], (others(len(rest)), *sums)))


_SUMMED = (Unit.MONEY, Unit.CHANGE, Unit.HOURS, Unit.COUNT)


def _sum(cells: Sequence[Cell], unknown: str) -> Cell:
    """Empty where there is nothing to add up; unknown where one of them is."""
    figures = [cell for cell in cells if isinstance(cell, Figure) and cell.unit in _SUMMED]
    if not figures:
        return ""
    if len(figures) < len(cells):
        return unknown
    return replace(figures[0], value=sum((one.value for one in figures), Decimal(0)))


@dataclass(frozen=True, slots=True)
class Chart:
    """``name`` of the PNG file; ``legend`` are (name of a colour, text). ``alt`` says what it shows, in words."""

    name: str
    caption: str
    alt: str
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One section. ``missing`` says why it has nothing to show."""

    key: str
    title: str
    says: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    missing: str = ""
    notes: tuple[str, ...] = ()


class Tone(StrEnum):
    GOOD = "good"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Tile:
    """``figure`` None: unknown, and the note says why."""

    key: str
    label: str
    figure: Figure | None
    note: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Document:
    language: str
    title: str
    subject: str
    team: str
    week: str
    span: str
    headline: tuple[str, ...]
    tiles: tuple[Tile, ...]
    todo_title: str
    todo: tuple[str, ...]
    parts: tuple[Part, ...]
    closing: tuple[str, ...]
    link: str = ""
    link_text: str = ""
    others: str = ""
    """``{n}`` in it: how many rows a table leaves to the files."""
    unknown: str = ""

    def folded(self, shown: int) -> Document:
        """With at most ``shown`` rows a table, and one more for all the others."""

        def fold(part: Part) -> Part:
            tables = (folded(one, shown, lambda n: self.others.format(n=n), self.unknown) for one in part.tables)
            return replace(part, tables=tuple(tables))

        return replace(self, parts=tuple(fold(part) for part in self.parts))

    def part(self, key: str) -> Part:
        return next(part for part in self.parts if part.key == key)
