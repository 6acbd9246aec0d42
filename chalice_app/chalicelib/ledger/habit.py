"""When a service used to run before the first action of ours, hour by hour of the week, by what people's hands did.

A team that always switched its service off at night must not read that we saved its nights. The habit is learned only
from at least `ENOUGH` of record before our first action, in which people started or stopped it; else there is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.ledger.courses import Known, stretches
from chalicelib.ledger.cutting import pieces, seconds
from chalicelib.record.history import Entry, EntryKind

ENOUGH = timedelta(days=14)
"""Every hour of the week twice."""

HourOfWeek = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Habit:
    """(weekday, hour) of ``zone`` -> share of that hour during which it ran, 0 to 1."""

    zone: ZoneInfo
    shares: Mapping[HourOfWeek, Decimal]

    def at(self, moment: datetime) -> Decimal:
        return self.shares[_hour_of_week(moment, self.zone)]


def habit_of(known: Known, entries: Sequence[Entry], zone: ZoneInfo) -> Habit | None:
    """``entries`` of one service, oldest first, from before our first action on. None: none can be told."""
    if not entries:
        return None
    begin = entries[0].at
    end = next((one.at for one in entries if one.kind is EntryKind.ACTED), None)
    theirs = [one for one in entries if end is not None and one.at < end]
    if end is None or end - begin < ENOUGH or not any(one.kind is EntryKind.HAND for one in theirs):
        return None
    ran: dict[HourOfWeek, Decimal] = defaultdict(Decimal)
    seen: dict[HourOfWeek, Decimal] = defaultdict(Decimal)
    for stretch in stretches(known, theirs, begin, end, scale_in=timedelta()):
        for since, until in pieces(stretch.since, stretch.until, zone):
            hour = _hour_of_week(since, zone)
            seen[hour] += seconds(since, until)
            ran[hour] += seconds(since, until) if stretch.tasks else 0
    return Habit(zone, {hour: ran[hour] / seen[hour] for hour in seen})


def _hour_of_week(moment: datetime, zone: ZoneInfo) -> HourOfWeek:
    local = moment.astimezone(zone)
    return local.weekday(), local.hour
