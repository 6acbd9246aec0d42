"""Writes the DuckDB translation of every query: ``python -m reports.queries.translate``.

A tool of whoever changes a query; needs sqlglot, which the report itself does not.
"""

from __future__ import annotations

import sqlglot

from reports.queries import FOLDER


def translation(athena: str) -> str:
    """Raises sqlglot.errors.UnsupportedError for what DuckDB cannot say."""
    (text,) = sqlglot.transpile(
        athena,
        read="athena",
        write="duckdb",
        pretty=True,
        comments=False,
        unsupported_level=sqlglot.ErrorLevel.RAISE,
    )
    return f"-- Written by reports/queries/translate.py. Change the query in the folder above instead.\n{text}\n"


def main() -> None:
    for source in sorted(FOLDER.glob("*.sql")):
        (FOLDER / "duckdb" / source.name).write_text(translation(source.read_text()))


if __name__ == "__main__":
    main()
