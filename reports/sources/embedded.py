"""The engine for bills that fit one machine: DuckDB inside this process, kept to the memory and the cores it is given.

It loads no extension from the network and spills to ``folder`` what does not fit. Ten million rows take it some 8 s of
processor time and stay under 450 MB (tests/bench/report_bench.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

Row = tuple[Any, ...]

MEMORY_MIB = 220
"""DuckDB's own limit; the process adds Python, pandas and what is being fetched."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``folder`` is where DuckDB may spill; a temporary one when None."""

    memory_mib: int = MEMORY_MIB
    threads: int = 2
    folder: Path | None = None


@contextmanager
def engine(limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in memory, in UTC; gone at the end."""
    with TemporaryDirectory(prefix="bill-", dir=limits.folder) as spill:
        connection = duckdb.connect(config=_config(limits, spill))
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            yield connection
        finally:
            connection.close()


def _config(limits: Limits, spill: str) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": f"{limits.memory_mib}MiB",
        "threads": limits.threads,
        "temp_directory": spill,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def rows(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None) -> Sequence[Row]:
    """Every row of the answer. Money comes as Decimal: duckdb's own way into pandas would make floats of it."""
    return connection.execute(query, values or {}).fetchall()


def quoted(text: str) -> str:
    """A literal of SQL, for the places that take no parameter: the paths of files."""
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """A quoted identifier."""
    return '"' + text.replace('"', '""') + '"'
