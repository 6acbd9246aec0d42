"""Finds what in a file is no bill before any query reads it, and tells it with its column, its row and its value."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
from chalicelib.errors import SourceFailed

from reports.sources.embedded import name, quoted, rows
from reports.sources.focus_columns import Column, Is
from reports.sources.focus_files import Files, Form

RAW = "raw"
"""The file as it is, before `focus_view` makes ``focus`` of it."""

NULL_AS_TEXT = "'NULL', 'null', 'None', 'NaN'"
"""How some exports write what has no value; the FOCUS project's own sample does."""

TYPES = {Is.NUMBER: "DECIMAL(28, 12)", Is.TIME: "TIMESTAMP WITH TIME ZONE", Is.TAGS: "JSON"}
TEXTS = "VARCHAR"
_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UINTEGER", "UBIGINT")
_TIMES = ("TIMESTAMP", "DATE", TEXTS)


def check(
    connection: duckdb.DuckDBPyConnection, files: Files, chosen: Mapping[Column, str], held: Mapping[str, str]
) -> int:
    """``chosen`` are the columns by their own names, ``held`` the type of each; answers how many rows there are.

    Raises:
        SourceFailed: with the first thing that is wrong.
    """
    for column, own in chosen.items():
        _check_type(files, column, own, held[own])
    return _check_rows(connection, files, chosen, held)


def value_of(own: str, kind: str) -> str:
    """An expression of a column's own value; text that says it has no value, has none."""
    if not kind.startswith(TEXTS):
        return name(own)
    return f"CASE WHEN {name(own)} IN ({NULL_AS_TEXT}) THEN NULL ELSE {name(own)} END"


def _check_type(files: Files, column: Column, own: str, kind: str) -> None:
    fits = {
        Is.TEXT: True,
        Is.NUMBER: kind.startswith(_NUMBERS),
        Is.TIME: kind.startswith(_TIMES),
        Is.TAGS: kind.startswith(("MAP", "STRUCT", "JSON", TEXTS)),
    }
    if files.form is Form.PARQUET and not fits[column.kind]:
        raise SourceFailed(f"{files.place}: column {own} is {kind}, not {column.kind.value}; export it again as FOCUS")


def _check_rows(
    connection: duckdb.DuckDBPyConnection, files: Files, chosen: Mapping[Column, str], held: Mapping[str, str]
) -> int:
    """One pass over what may be wrong: values that every charge has, and texts that must be something else."""
    checks = {
        (column, "empty"): f"count(*) FILTER ({value_of(own, held[own])} IS NULL)"
        for column, own in chosen.items()
        if column.every
    }
    for column, own in chosen.items():
        if column.kind in TYPES and held[own].startswith(TEXTS):
            checks[column, "wrong"] = f"count(*) FILTER ({_wrong(column, own, held[own])})"
    (counts,) = rows(connection, f"SELECT count(*), {', '.join(checks.values())} FROM {RAW}")  # noqa: S608
    if not counts[0]:
        raise SourceFailed(f"{files.place} has columns and no row; the export may not be finished")
    for (column, what), found in zip(checks, counts[1:], strict=True):
        if found and what == "empty":
            raise SourceFailed(
                f"{files.place}: {column.name} has no value in {found} of {counts[0]} rows, and every charge has one; "
                "export it again"
            )
        if found:
            raise SourceFailed(_first_wrong(connection, files, column, chosen[column], held[chosen[column]], found))
    return int(counts[0])


def _wrong(column: Column, own: str, kind: str) -> str:
    value = value_of(own, kind)
    if column.kind is Is.TAGS:
        is_object = f"CASE WHEN json_valid({value}) THEN json_type({value}) = 'OBJECT' ELSE false END"
        return f"{value} IS NOT NULL AND NOT {is_object}"
    return f"{value} IS NOT NULL AND TRY_CAST({value} AS {TYPES[column.kind]}) IS NULL"


def _first_wrong(
    connection: duckdb.DuckDBPyConnection, files: Files, column: Column, own: str, kind: str, found: int
) -> str:
    connection.execute("SET threads = 1")
    (first,) = rows(
        connection,
        f"SELECT row, value FROM (SELECT row_number() OVER () AS row, {name(own)} AS value, "  # noqa: S608
        f"{_wrong(column, own, kind)} AS wrong FROM {RAW}) WHERE wrong ORDER BY row LIMIT 1",
    )
    meant = "a JSON object of tags" if column.kind is Is.TAGS else column.kind.value
    more = f" (and in {found - 1} rows more)" if found > 1 else ""
    return f"{files.place}: {own} in row {first[0]} is {quoted(str(first[1])[:60])}, not {meant}{more}; export it again"
