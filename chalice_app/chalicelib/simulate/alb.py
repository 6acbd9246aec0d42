"""Requests from the access logs of an application load balancer: files or folders of them, packed or not.

The service is the target group of a line; the request began at `request_creation_time` and ended at `time`. Files of
several load balancer nodes overlap in time, so the requests are sorted, in a temporary file.
Format: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from chalicelib.errors import TraceError
from chalicelib.simulate.spool import Spool
from chalicelib.simulate.trace import NOTHING_IS_UNUSED, UNREADABLE, Trace, moment, open_text

TYPES = frozenset({"http", "https", "h2", "grpcs", "ws", "wss"})
_FIELD = re.compile(r'"([^"]*)"|(\S+)')
"""Load balancers write a quotation mark within a field as ``\\x22``."""
_TIME, _TARGET_GROUP, _CREATED, _FIELDS = 1, 16, 21, 22


def looks_like_a_log(path: Path) -> bool:
    """Whether it is a folder, or a file whose first line begins as those of load balancers do."""
    if path.is_dir():
        return True
    with open_text(path) as text:
        try:
            return text.readline().partition(" ")[0] in TYPES
        except UNREADABLE:
            return False


def alb_trace(path: Path, service: str | None = None) -> Trace:
    """``service``: the name of the target group; None where all lines have the same. Raises TraceError."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    if not files:
        raise TraceError(f"{path}: there is no file in it")
    requests, owner = _read(files, service)
    if requests.is_empty:
        whose = f' of the target group "{service}"' if service else ""
        raise TraceError(f"{path}: there is no request{whose} in it")
    return Trace(service or owner, lambda: iter(requests), (NOTHING_IS_UNUSED,))


def _read(files: Sequence[Path], service: str | None) -> tuple[Spool, str]:
    requests, owner = Spool(), ""
    for path in files:
        with open_text(path) as text:
            for number, line in enumerate(_lines(text, path), 1):
                found = _line(line, f"{path}:{number}")
                if found is None or (service is not None and found[2] != service):
                    continue
                if service is None and owner and found[2] != owner:
                    raise TraceError(
                        f'{path}:{number}: here begins "{found[2]}" beside "{owner}": say which with --service'
                    )
                owner = found[2]
                requests.add((found[0], found[1]))
    return requests, owner


def _lines(text: TextIO, path: Path) -> Iterator[str]:
    try:
        yield from text
    except UNREADABLE as error:
        raise TraceError(f"{path}: cannot be read as text ({error})") from None


def _line(line: str, where: str) -> tuple[float, float, str] | None:
    """(began, seconds, target group); None for a request that no target group was chosen for."""
    if not line.strip():
        return None
    if line.count('"') % 2:
        raise TraceError(f"{where}: a quotation that does not end")
    fields = [quoted or plain for quoted, plain in _FIELD.findall(line)]
    if len(fields) < _FIELDS or fields[0] not in TYPES:
        raise TraceError(f"{where}: no line of an ALB access log: it has {len(fields)} fields of {_FIELDS} or more")
    if fields[_TARGET_GROUP] == "-":
        return None
    began, ended = moment(fields[_CREATED], where), moment(fields[_TIME], where)
    parts = fields[_TARGET_GROUP].split("/")
    return began, max(0.0, ended - began), parts[1] if len(parts) > 1 else fields[_TARGET_GROUP]
