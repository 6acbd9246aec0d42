"""Cuts time at every hour of UTC and at every hour of a zone, so that no row of the ledger lies in two hours or days.

Everything is counted in UTC; a zone only says where its days and hours end. On the day of a clock change a day has 23
or 25 hours, and in zones that are off by half an hour a row may be half an hour long.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS = Decimal(1_000_000)


def pieces(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """``[since, until)`` in order, without a gap."""
    begin, until = since.astimezone(UTC), until.astimezone(UTC)
    while begin < until:
        end = min(_next_edge(begin, zone), until)
        yield begin, end
        begin = end


def _next_edge(at: datetime, zone: ZoneInfo) -> datetime:
    """Offsets are whole minutes and change on whole hours of UTC or of the zone, so the next edge is one of these."""
    hour = at.replace(minute=0, second=0, microsecond=0) + _HOUR
    offset = at.astimezone(zone).utcoffset() or timedelta()
    local = (at + offset).replace(minute=0, second=0, microsecond=0) + _HOUR - offset
    return min(hour, local)


def seconds(since: datetime, until: datetime) -> Decimal:
    """Exact."""
    return ((until - since) // _MICROSECOND) / _MICROSECONDS
