"""The document's figures as one long CSV: part, table, line, column, value, unit. One line a figure, none left out.

Keys and units are the same in every language; lines are named as in the mail. Money is exact, with a point.
"""

from __future__ import annotations

import csv as lines
from io import StringIO

from reports.render.document import Document, Figure, Unit
from reports.render.numbers import exact

HEAD = ("week", "part", "table", "line", "column", "value", "unit")
BYTE_ORDER_MARK = "\ufeff"
"""Excel reads a CSV as UTF-8 only behind one."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv(document: Document, week: str) -> str:
    kept = StringIO()
    out = lines.writer(kept, lineterminator="\r\n")
    out.writerow(HEAD)
    for tile in document.tiles:
        if tile.figure:
            out.writerow(
                (week, "summary", "", plain(tile.label), tile.key, exact(tile.figure.value), _unit(tile.figure))
            )
    for part in document.parts:
        for table in part.tables:
            for row in (*table.rows, *([table.foot] if table.foot else [])):
                for column, cell in zip(table.columns, row, strict=True):
                    if isinstance(cell, Figure):
                        name = plain(str(row[0]))
                        out.writerow((week, part.key, table.key, name, column.key, exact(cell.value), _unit(cell)))
    return BYTE_ORDER_MARK + kept.getvalue()


def plain(text: str) -> str:
    """A tag's value may begin like a formula, which a spreadsheet would run."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _unit(figure: Figure) -> str:
    return figure.currency if figure.unit in (Unit.MONEY, Unit.CHANGE) else figure.unit.value
