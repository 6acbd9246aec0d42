"""The queries over a bill: one text each, in Athena's dialect, and its translation for DuckDB beside it.

`translate` writes the translations; a test fails while one is not current. A text has named parameters (``:since``);
DuckDB binds them, Athena gets them as literals, which `literal` writes and nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from chalicelib.errors import ReportError

FOLDER = Path(__file__).parent
BILL = "bill"

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_COMMENT = re.compile(r"--[^\n]*")
_TEXT = re.compile(r"[\w\s+\-=.:/@]{0,256}")
"""What a key or a value of an AWS tag may hold; so may a billing period."""


def for_duckdb(name: str) -> str:
    return (FOLDER / "duckdb" / f"{name}.sql").read_text()


def for_athena(name: str, values: Mapping[str, str | date]) -> str:
    """The text with every parameter written out.

    Raises:
        ReportError: a value that no tag of AWS can have.
        KeyError: a parameter without a value, which is a mistake of ours.
    """
    text = _COMMENT.sub("", (FOLDER / f"{name}.sql").read_text())
    return _PARAMETER.sub(lambda found: literal(found[1], values[found[1]]), text).strip()


def parameters(name: str) -> frozenset[str]:
    return frozenset(_PARAMETER.findall(_COMMENT.sub("", (FOLDER / f"{name}.sql").read_text())))


def literal(name: str, value: str | date) -> str:
    """``value`` as a literal of SQL; no text gets in that could end it."""
    text = value.isoformat() if isinstance(value, date) else value
    if not _TEXT.fullmatch(text):
        raise ReportError(
            f"{name} is '{text}', which no tag of AWS can be: letters, digits, spaces and + - = . _ : / @ only"
        )
    return f"'{text}'"
