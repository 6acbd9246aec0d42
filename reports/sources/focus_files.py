"""Finds the files of a FOCUS bill and tells how to read them. Refuses, in one sentence, what is no FOCUS file.

Parquet (any compression) and CSV with commas (plain or gzip): one file, or a folder of one export with all that lies
below it. A file of another kind in the folder (a manifest) is left alone.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from chalicelib.errors import SourceFailed

from reports.sources.embedded import quoted
from reports.sources.focus_columns import COLUMNS, PERIOD

OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"


class Form(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one export. ``place`` is what a person named: errors speak of it."""

    place: Path
    form: Form
    paths: tuple[Path, ...]

    def reader(self) -> str:
        """The table function of DuckDB that reads them. CSV comes as text, to be turned into its types by us."""
        listed = ", ".join(quoted(str(path)) for path in self.paths)
        if self.form is Form.CSV:
            return f"read_csv([{listed}], header = true, all_varchar = true, delim = ',', quote = '\"', nullstr = '')"
        partitioned = all(f"{PERIOD}=" in str(path.relative_to(self._root)) for path in self.paths)
        hive = f"hive_partitioning = {str(partitioned).lower()}, hive_types_autocast = false"
        return f"read_parquet([{listed}], union_by_name = true, {hive})"

    @property
    def _root(self) -> Path:
        return self.place if self.place.is_dir() else self.place.parent


def found_at(place: Path) -> Files:
    """Raises SourceFailed: nothing there, two forms beside each other, or a file that is neither."""
    if not place.exists():
        raise SourceFailed(f"{place} does not exist; name a FOCUS file or the folder of an export")
    paths = sorted(_below(place)) if place.is_dir() else [place]
    forms = {path: _form(path) for path in paths}
    bills = [path for path, form in forms.items() if form is not None]
    if not bills:
        raise SourceFailed(f"{place} holds no parquet and no CSV file; name a FOCUS export")
    kinds = {form for form in forms.values() if form is not None}
    if len(kinds) > 1:
        raise SourceFailed(f"{place} holds parquet and CSV files; name the one of them that is the bill")
    files = Files(place, kinds.pop(), tuple(bills))
    for path in bills:
        _check(path, files.form)
    return files


def _below(folder: Path) -> Sequence[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "_"))]


def _form(path: Path) -> Form | None:
    names = path.name.lower()
    if names.endswith(".parquet"):
        return Form.PARQUET
    return Form.CSV if names.endswith((".csv", ".csv.gz")) else None


def _check(path: Path, form: Form) -> None:
    if path.stat().st_size == 0:
        raise SourceFailed(f"{path} is empty; the export may not be finished")
    with path.open("rb") as file:
        begin = file.read(len(PARQUET))
    if form is Form.PARQUET and begin != PARQUET:
        raise SourceFailed(f"{path} is no parquet file, whatever its name says; export it again")
    if form is Form.CSV:
        _check_header(path, zipped=begin.startswith(GZIP))


def _check_header(path: Path, *, zipped: bool) -> None:
    if zipped != path.name.lower().endswith(".gz"):
        ending, content = (".csv", "gzip") if zipped else (".csv.gz", "not gzip")
        raise SourceFailed(f"{path} ends in {ending} and is {content}; give it the name of what it is")
    try:
        with gzip.open(path, "rt", encoding="utf-8-sig") if zipped else path.open(encoding="utf-8-sig") as file:
            head, first = file.readline().rstrip("\r\n"), file.readline().strip()
        columns = next(csv.reader([head]), [])
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
        raise SourceFailed(f"{path} cannot be read as UTF-8 text: {error}; export it again") from error
    if len(columns) < 2:
        _refuse_delimiter(path, head)
    if not first:
        raise SourceFailed(f"{path} has a header and no row; the export may not be finished")


def _refuse_delimiter(path: Path, head: str) -> None:
    for mark, called in OTHER_DELIMITERS.items():
        if head.count(mark) >= sum(column.must for column in COLUMNS) - 1:
            raise SourceFailed(f"{path} is separated by {called}; FOCUS files are separated by commas")
    raise SourceFailed(f"{path} has one column in its header, '{head[:40]}'; a FOCUS file has some forty")
