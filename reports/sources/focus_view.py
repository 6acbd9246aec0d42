"""Makes a file's own columns the table ``focus`` that the queries read: text becomes what it should be, here alone."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
from chalicelib.errors import SourceFailed

from reports.sources.embedded import rows
from reports.sources.focus_checks import RAW, TEXTS, TYPES, check, value_of
from reports.sources.focus_columns import COLUMNS, PERIOD, Column, Is
from reports.sources.focus_files import Files


def make_view(connection: duckdb.DuckDBPyConnection, files: Files) -> int:
    """Makes the view ``focus`` and answers how many rows it has.

    Raises:
        SourceFailed: a column is missing or of another type, or a row lacks what every charge has.
    """
    connection.execute(f"CREATE VIEW {RAW} AS SELECT * FROM {files.reader()}")  # noqa: S608
    held = {str(row[0]): str(row[1]) for row in rows(connection, f"DESCRIBE {RAW}")}
    chosen = _chosen(files, held)
    count = check(connection, files, chosen, held)
    fields = [f"{_read(column, own, held[own])} AS {column.name}" for column, own in chosen.items()]
    fields += [f"{_nothing(column)} AS {column.name}" for column in COLUMNS if column not in chosen]
    if PERIOD not in held:
        period = _read(_column("BillingPeriodStart"), chosen[_column("BillingPeriodStart")], held)
        fields.append(f"strftime({period}, '%Y-%m') AS {PERIOD}")
    else:
        fields.append(PERIOD)
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


def _read(column: Column, own: str, held: str | Mapping[str, str]) -> str:
    """An expression of the column in its own type."""
    kind = held if isinstance(held, str) else held[own]
    value, is_text = value_of(own, kind), kind.startswith(TEXTS)
    match column.kind:
        case Is.TEXT:
            return value if is_text else f"CAST({value} AS VARCHAR)"
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


def _column(named: str) -> Column:
    return next(column for column in COLUMNS if column.name == named)
