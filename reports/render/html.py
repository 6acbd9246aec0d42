"""The document as HTML for mail: styles inlined, pictures by address (``cid:`` in mail, a file beside the page)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup, escape

from reports.render.document import Cell, Document, Figure, Table
from reports.render.numbers import MINUS

TEMPLATES = Path(__file__).parent.parent / "templates"
MOST_BYTES = 100_000
"""Gmail cuts a message off at about 102 KB of HTML; what is beyond is behind a link."""
_SIGNED = re.compile(rf"(?<=\s)({MINUS}[^\s、,]+)")
_ROWS = (8, 5, 3, 1)
"""Of a table in the mail, at most; fewer where the whole would be too long."""


def html(document: Document, images: Mapping[str, str]) -> str:
    """``images``: the address of each chart by its name. Tables show fewer rows until all is below `MOST_BYTES`."""
    import css_inline
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("mail.html.j2")
    inliner = css_inline.CSSInliner(keep_at_rules=True, keep_style_tags=False, load_remote_stylesheets=False)
    made = ""
    for shown in _ROWS:
        fitted = document.folded(shown)
        made = str(inliner.inline(template.render(doc=fitted, images=images, cell_of=_cell)))
        if len(made.encode()) < MOST_BYTES:
            break
    return made


def _cell(table: Table, index: int, row: tuple[Cell, ...]) -> Markup:
    cell, column = row[index], table.columns[index]
    label = Markup(' data-label="{}"').format(column.title) if index and cell != "" else Markup("")
    css = Markup(' class="n"') if column.is_number else Markup("")
    text = _unbroken(escape(cell.text if isinstance(cell, Figure) else cell))
    if column.is_number and isinstance(cell, str) and cell:
        text = Markup('<span class="unknown">{}</span>').format(text)
    return Markup("<td{}{}>{}{}</td>").format(css, label, text, _bar(table, row) if not index else "")


def _unbroken(text: Markup) -> Markup:
    """No line ends between a minus and its amount."""
    return Markup(_SIGNED.sub(r'<span style="white-space:nowrap">\1</span>', str(text)))  # noqa: S704  is escaped


def _bar(table: Table, row: tuple[Cell, ...]) -> Markup:
    """Beside the name, as long as the row's share of the greatest."""
    at = next((n for n, column in enumerate(table.columns) if column.key == table.bar), None)
    if at is None or row is table.foot:
        return Markup("")
    amounts = [one.value for one in (line[at] for line in table.rows) if isinstance(one, Figure)]
    mine, most = row[at], max(amounts, default=None)
    if not isinstance(mine, Figure) or not most or most < 0 or mine.value <= 0:
        return Markup("")
    return Markup('<div class="bar" style="width:{}%">&nbsp;</div>').format(max(1, round(100 * mine.value / most)))
