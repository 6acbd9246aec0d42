"""The document as plain text of at most `WIDTH` columns, for mail programmes and people who read nothing else."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from reports.render.document import Cell, Document, Figure, Part, Table

WIDTH = 78
_ROWS = 8
_WIDEST = 30
"""Of a column of text; what is longer stands on a line of its own below the row."""


def text(document: Document) -> str:
    return "\n".join(_lines(document.folded(_ROWS))) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield document.title
    yield document.span
    yield ""
    for sentence in document.headline:
        yield from _wrapped(sentence)
    yield ""
    for tile in document.tiles:
        shown = tile.figure.text if tile.figure else "–"
        yield from _wrapped(f"{tile.label}: {shown}" + (f" ({tile.note})" if tile.note else ""))
    if document.todo:
        yield from _title(document.todo_title)
        for number, line in enumerate(document.todo, 1):
            yield from _wrapped(line, f"{number}. ")
    for part in document.parts:
        yield from _part(part)
    yield ""
    if document.link_text:
        yield document.link_text
    for line in document.closing:
        yield from _wrapped(line)


def _part(part: Part) -> Iterator[str]:
    yield from _title(part.title)
    for line in (*([part.missing] if part.missing else []), *part.says):
        yield from _wrapped(line)
    for chart in part.charts:
        yield from _wrapped(chart.alt)
    for table in part.tables:
        yield from _table(table)
    for note in part.notes:
        yield from _wrapped(note, "* ")


def _table(table: Table) -> Iterator[str]:
    yield ""
    if table.title:
        yield table.title
    head = tuple(column.title for column in table.columns)
    rows = [tuple(_text(cell) for cell in row) for row in table.rows]
    foot = [tuple(_text(cell) for cell in table.foot)] if table.foot else []
    wide = {
        at
        for at, column in enumerate(table.columns)
        if at and not column.is_number and max((_columns(row[at]) for row in rows), default=0) > _WIDEST
    }
    narrow = [at for at in range(len(head)) if at not in wide]
    widths = {at: max(_columns(row[at]) for row in (head, *rows, *foot)) for at in narrow}
    yield _row(head, table, widths)
    yield "-" * min(WIDTH, sum(widths.values()) + 2 * (len(widths) - 1))
    for row in (*rows, *foot):
        yield _row(row, table, widths)
        for at in sorted(wide):
            if row[at]:
                yield from _wrapped(f"{head[at]}: {row[at]}", "    ")


def _row(row: Sequence[str], table: Table, widths: dict[int, int]) -> str:
    padded = (_pad(row[at], width, to_the_right=table.columns[at].is_number) for at, width in widths.items())
    return "  ".join(padded).rstrip()


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Figure) else cell


def _title(title: str) -> Iterator[str]:
    yield ""
    yield title
    yield "=" * _columns(title)


def _wrapped(text: str, begin: str = "") -> Iterator[str]:
    if _columns(text) != len(text):
        yield begin + text  # there are no blanks to wrap at; the mail programme does it
        return
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=begin, subsequent_indent=" " * len(begin), break_long_words=False
    )


def _pad(text: str, width: int, *, to_the_right: bool) -> str:
    blanks = " " * (width - _columns(text))
    return blanks + text if to_the_right else text + blanks


def _columns(text: str) -> int:
    """On a screen: East Asian wide letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
