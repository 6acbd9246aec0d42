"""Makes a file's own columns the table ``focus`` that the queries read: text becomes what it should be, here alone."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
from chalicelib.errors import SourceFailed

from reports.sources.embedded import name, rows
from reports.sources.focus_checks import RAW, TEXTS, TYPES, check, value_of
from reports.sources.focus_columns import COLUMNS, PERIOD, Column, Is
from reports.sources.focus_files import Files, Form


def make_view(connection: duckdb.DuckDBPyConnection, files: Files) -> int:
    """Makes the view ``focus`` and answers how many rows it has.

    Raises:
        SourceFailed: a column is missing or of another type, or a row lacks what every charge has.
    """
    connection.execute(f"CREATE VIEW {RAW} AS SELECT * FROM {files.reader()}")  # noqa: S608
    held = {str(row[0]): str(row[1]) for row in rows(connection, f"DESCRIBE {RAW}")}
    chosen = _chosen(files, held)
    count = check(connection, files, chosen, held)
    made = {column.name: _read(files.form, column, own, held[own]) for column, own in chosen.items()}
    made |= {column.name: _nothing(column) for column in COLUMNS if column not in chosen}
    made[PERIOD] = PERIOD if PERIOD in held else f"strftime({made['BillingPeriodStart']}, '%Y-%m')"
    fields = [f"{expression} AS {called}" for called, expression in made.items()]
    connection.execute(f"CREATE VIEW focus AS SELECT {', '.join(fields)} FROM {RAW}")  # noqa: S608
    return count


def _chosen(files: Files, held: Mapping[str, str]) -> dict[Column, str]:
    chosen: dict[Column, str] = {}
    for column in COLUMNS:
        own = column.among(held)
        if own is not None:
            chosen[column] = own
        elif column.must:
            raise SourceFailed(f"{files.place} has no column {column.name}; is it an export of FOCUS 1.0 to 1.2?")
    return chosen


def _read(form: Form, column: Column, own: str, kind: str) -> str:
    """An expression of the column in the type that it should have; ``kind`` is the one it has.

    Text of parquet files is taken as it is: they can say that there is no value, and asking costs a second of ten
    million rows.
    """
    value, is_text = value_of(own, kind), kind.startswith(TEXTS)
    match column.kind:
        case Is.TEXT if is_text:
            return value if form is Form.CSV else name(own)
        case Is.TEXT:
            return f"CAST({value} AS VARCHAR)"
        case Is.NUMBER:
            return f"CAST({value} AS {TYPES[Is.NUMBER]})" if is_text else value
        case Is.TIME:
            return f"CAST(CAST({value} AS TIMESTAMPTZ) AS TIMESTAMP)" if is_text or "ZONE" in kind else value
        case Is.TAGS:
            if kind.startswith("MAP"):
                return value
            return f"CAST(CAST({value} AS JSON) AS MAP(VARCHAR, VARCHAR))"


def _nothing(column: Column) -> str:
    kinds = {Is.TEXT: "VARCHAR", Is.TIME: "TIMESTAMP", Is.TAGS: "MAP(VARCHAR, VARCHAR)"}
    return f"CAST(NULL AS {kinds.get(column.kind) or TYPES[column.kind]})"
