"""The document as a workbook: a sheet of the summary, then one a section, figures as numbers a person can add up."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from reports.render import numbers
from reports.render.document import Cell, Document, Figure, Part, Unit

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_LONG_AGO = datetime(1980, 1, 1)  # noqa: DTZ001  a workbook has no zone; the date is that of a ZIP without one
_NAME_MOST = 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_FORMATS = {
    Unit.SHARE: "0.0%",
    Unit.CHANGE_SHARE: "+0.0%;-0.0%;0.0%",
    Unit.HOURS: "#,##0.0",
    Unit.COUNT: "#,##0",
    Unit.RATIO: "0.00",
}


def xlsx(document: Document) -> bytes:
    """The same bytes for the same document."""
    from xlsxwriter import Workbook

    kept = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(kept, options) as book:
        book.set_properties({"title": document.title, "created": _LONG_AGO})
        styles = _Styles(book)
        _summary(book.add_worksheet(_name(document.week)), document, styles)
        for part in document.parts:
            if part.tables:
                _part(book.add_worksheet(_name(part.title)), part, styles)
    return kept.getvalue()


class _Styles:
    """One format object a kind of cell, as XlsxWriter wants it."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, bool], Format] = {}
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.section = book.add_format({"bold": True, "font_color": "#5c6b7a"})

    def of(self, cell: Cell, *, bold: bool) -> Format:
        form = _form(cell) if isinstance(cell, Figure) else "@"
        if (form, bold) not in self._made:
            self._made[form, bold] = self._book.add_format({"num_format": form, "bold": bold, "valign": "top"})
        return self._made[form, bold]


def _form(figure: Figure) -> str:
    if figure.unit not in (Unit.MONEY, Unit.CHANGE):
        return _FORMATS[figure.unit]
    digits = numbers.places(figure.currency)
    plain = "#,##0" + (f".{'0' * digits}" if digits else "")
    return f'"{figure.currency}" {plain};-"{figure.currency}" {plain}'


def _summary(sheet: Worksheet, document: Document, styles: _Styles) -> None:
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 2, 60)
    sheet.write_string(0, 0, document.title, styles.title)
    sheet.write_string(1, 0, document.span)
    line = 3
    for tile in document.tiles:
        _write(sheet, line, 0, tile.label, styles, bold=True)
        _write(sheet, line, 1, tile.figure or "–", styles, bold=True)
        _write(sheet, line, 2, tile.note, styles)
        line += 1
    for sentence in (*document.headline, *document.todo, *document.closing):
        line += 1
        _write(sheet, line, 0, sentence, styles)


def _part(sheet: Worksheet, part: Part, styles: _Styles) -> None:
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 9, 18)
    sheet.write_string(0, 0, part.title, styles.title)
    line = 2
    for table in part.tables:
        if table.title:
            sheet.write_string(line, 0, table.title, styles.section)
            line += 1
        for at, column in enumerate(table.columns):
            sheet.write_string(line, at, column.title, styles.head)
        for row in table.rows:
            line += 1
            for at, cell in enumerate(row):
                _write(sheet, line, at, cell, styles)
        if table.foot:
            line += 1
            for at, cell in enumerate(table.foot):
                _write(sheet, line, at, cell, styles, bold=True)
        line += 2
    for note in (*part.says, *part.notes):
        _write(sheet, line, 0, note, styles)
        line += 1


def _write(sheet: Worksheet, line: int, at: int, cell: Cell, styles: _Styles, *, bold: bool = False) -> None:
    form = styles.of(cell, bold=bold)
    if isinstance(cell, Figure):
        sheet.write_number(line, at, float(cell.value), form)
    else:
        sheet.write_string(line, at, cell, form)


def _name(title: str) -> str:
    return title.translate(_FORBIDDEN)[:_NAME_MOST].strip("' ")
