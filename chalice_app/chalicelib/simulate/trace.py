"""Requests as they were: one service's arrivals in order of time, read lazily, wrong lines named by file and line.

A CSV holds one request a line: its time (ISO 8601 with an offset, or seconds since 1970), then optionally how long its
answer took in seconds, then optionally the service. A first line with the names `time`, `seconds`, `service` puts the
columns in any order. Lines of a CSV are taken in order and never kept, so memory does not grow with the trace; that is
why a time that goes backwards is refused and not sorted away.
"""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from chalicelib.errors import TraceError

Request = tuple[float, float]
"""When it arrived, in seconds since 1970 (UTC), and for how many seconds it was answered."""

SERVICE_SECONDS = 10.0
"""Taken for requests of which nobody wrote down how long they took."""

NOTHING_IS_UNUSED = "minutes that are missing in the trace are taken as without requests"

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (_FIRST_YEAR, _LAST_YEAR))
"""Seconds since 1970 outside of it are milliseconds, or no times."""
_LONGEST_SECONDS = 7 * 86_400.0
UNREADABLE = (UnicodeDecodeError, OSError, EOFError, zlib.error)
"""What reading a file may raise that is no text, or whose packing is torn."""
COLUMNS = ("time", "seconds", "service")


@dataclass(frozen=True, slots=True)
class Trace:
    """One service's requests. ``open`` gives them anew each time, in order of arrival; ``notes`` are assumptions."""

    service: str
    open: Callable[[], Iterator[Request]]
    notes: tuple[str, ...] = ()

    def between(self, since: float, until: float) -> Iterator[Request]:
        """The requests that arrived in ``[since, until)``."""
        for request in self.open():
            if request[0] >= until:
                return
            if request[0] >= since:
                yield request


def csv_trace(path: Path, service: str | None = None) -> Trace:
    """The requests of ``service``; None: the file is of one service. Raises TraceError."""
    notes = [NOTHING_IS_UNUSED]
    if not has_column(path, "seconds"):
        notes.append(f"a request takes {SERVICE_SECONDS:g} s: the trace does not say")
    return Trace(service or path.name.partition(".")[0], lambda: read_csv(path, service), tuple(notes))


def read_csv(path: Path, service: str | None = None) -> Iterator[Request]:
    """Raises TraceError naming the line: unreadable, backwards, of several services when none is asked for."""
    with open_text(path) as text:
        rows = csv.reader(text)
        columns: dict[str, int] | None = None
        last, seen = -math.inf, None
        while True:
            try:
                row = next(rows)
            except StopIteration:
                break
            except (csv.Error, *UNREADABLE) as error:
                raise TraceError(f"{path}:{rows.line_num}: cannot be read as CSV text ({error})") from None
            where = f"{path}:{rows.line_num}"
            if not row or (len(row) == 1 and not row[0].strip()) or row[0].startswith("#"):
                continue
            if columns is None:
                columns = _columns(row, where)
                if _is_head(row):
                    continue
            request, owner = _request(row, columns, where)
            if owner != service and service is not None:
                continue
            if service is None and seen is not None and owner != seen:
                raise TraceError(f'{where}: here begins "{owner}" beside "{seen}": say which with --service')
            seen = owner
            if request[0] < last:
                raise TraceError(f"{where}: {row[columns['time']]} is earlier than the line before: sort it by time")
            last = request[0]
            yield request
    if last == -math.inf:
        whose = f' of the service "{service}"' if service is not None else ""
        raise TraceError(f"{path}: there is no request{whose} in it")


def open_text(path: Path) -> TextIO:
    """Plain or gzip, told by its first bytes. Raises TraceError when there is no such file."""
    try:
        with path.open("rb") as raw:
            begin = raw.read(512)
        packed = begin.startswith(b"\x1f\x8b")
        if not packed and b"\x00" in begin:
            raise TraceError(f"{path} is no text")
        return (
            gzip.open(path, "rt", encoding="utf-8", errors="replace")
            if packed
            else path.open(encoding="utf-8", errors="replace", newline="")
        )
    except FileNotFoundError:
        raise TraceError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise TraceError(f"{path} is a folder, and a trace is a file") from None
    except PermissionError:
        raise TraceError(f"{path}: may not be read") from None


def moment(text: str, where: str) -> float:
    """ISO 8601 with an offset, or seconds since 1970. Raises TraceError."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        pass
    else:
        if _FIRST <= seconds < _LAST:
            return seconds
        hint = "; it looks like milliseconds" if _FIRST <= seconds / 1000 < _LAST else ""
        raise TraceError(f'{where}: "{text}" is no time between 2000 and 2100 in seconds since 1970{hint}')
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise TraceError(
            f'{where}: "{text}" is no time: write 2026-11-20T09:15:00+09:00 or seconds since 1970'
        ) from None
    if at.tzinfo is None:
        whole = text if len(text) > len("2026-11-20") else f"{text}T00:00"
        raise TraceError(f'{where}: "{text}" has no offset: write {whole}Z or {whole}+09:00')
    if not _FIRST_YEAR <= at.year < _LAST_YEAR:
        raise TraceError(f'{where}: "{text}" is no time between {_FIRST_YEAR} and {_LAST_YEAR}')
    return at.astimezone(UTC).timestamp()


def _is_head(row: list[str]) -> bool:
    return "time" in [name.strip().lower() for name in row]


def _columns(row: list[str], where: str) -> dict[str, int]:
    if not _is_head(row):
        return dict(zip(COLUMNS, range(len(row)), strict=False))
    names = [name.strip().lower() for name in row]
    for name in names:
        if name not in COLUMNS:
            raise TraceError(f'{where}: there is no column "{name}": only time, seconds and service')
    if len(set(names)) < len(names):
        raise TraceError(f"{where}: a column stands twice in {', '.join(names)}")
    return {name: index for index, name in enumerate(names)}


def _request(row: list[str], columns: dict[str, int], where: str) -> tuple[Request, str]:
    if len(row) > len(columns):
        raise TraceError(f"{where}: {len(row)} columns, where the first line has {len(columns)}")
    if len(row) < len(columns):
        raise TraceError(f"{where}: only {len(row)} columns, where the first line has {len(columns)}")
    at = moment(row[columns["time"]], where)
    text = row[columns["seconds"]].strip() if "seconds" in columns else ""
    seconds = SERVICE_SECONDS
    if text:
        try:
            seconds = float(text)
        except ValueError:
            raise TraceError(f'{where}: "{text}" is no number of seconds') from None
        if not 0 <= seconds <= _LONGEST_SECONDS:
            raise TraceError(f'{where}: a request of "{text}" seconds: it must take from 0 seconds to a week')
    owner = row[columns["service"]].strip() if "service" in columns else ""
    return (at, seconds), owner


def has_column(path: Path, name: str) -> bool:
    """Whether its lines have a column of that name. Raises TraceError."""
    with open_text(path) as text:
        try:
            for number, row in enumerate(csv.reader(text), 1):
                if row and not row[0].startswith("#"):
                    return name in _columns(row, f"{path}:{number}")
        except (csv.Error, *UNREADABLE) as error:
            raise TraceError(f"{path}: cannot be read as CSV text ({error})") from None
    return False
