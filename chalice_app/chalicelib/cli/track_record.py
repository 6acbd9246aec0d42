"""What a dry-run policy would have done, computed from the record: the figures that `promote` prints.

Pure. The record holds one entry each time the policy begins to want a stop, and one when it ceases to. A would-be stop
lasts until then, until the next opening, or until somebody else (the policy that rules, a person) stopped or started
the service: whoever is down already saves nothing more. Use is seen only at a sweep, so it counts as from the sweep
before: this errs on the side of saving less and regretting more. Regrets are "as far as the record tells". Dollars are
list prices; unpriced stops are counted, never guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from chalicelib.decide.decision import Wanted
from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.wishes import wish_ended
from chalicelib.policy.model import Policy
from chalicelib.policy.timetable import Timetable
from chalicelib.record.history import Entry, EntryKind

REGRET_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class WouldStop:
    """The service would have been down from ``at`` to ``until``; ``usd`` is None without a price."""

    service: ServiceId
    at: datetime
    until: datetime
    reason: str
    usd: Decimal | None
    regretted: bool


@dataclass(frozen=True, slots=True)
class TrackRecord:
    observed: timedelta
    stops: tuple[WouldStop, ...]

    @property
    def days(self) -> Decimal:
        return (Decimal(int(self.observed.total_seconds())) / 86_400).quantize(Decimal("0.1"))

    @property
    def regrets(self) -> tuple[WouldStop, ...]:
        return tuple(one for one in self.stops if one.regretted)

    @property
    def usd(self) -> Decimal:
        return sum((one.usd for one in self.stops if one.usd is not None), Decimal(0))

    @property
    def unpriced(self) -> int:
        return sum(one.usd is None for one in self.stops)


def track_record(
    policy: Policy,
    entries: Iterable[Entry],
    now: datetime,
    *,
    in_force_since: datetime | None = None,
    prices: Mapping[ServiceId, Decimal] = MappingProxyType({}),
) -> TrackRecord:
    """``entries`` of any kind, policy and service, in any order. Observed counts from the first trace on.

    ``prices``: US dollars an hour of one task as listed today, for entries that were written without a price.
    """
    by_service: dict[ServiceId, list[Entry]] = defaultdict(list)
    first = in_force_since or now
    for entry in sorted((one for one in entries if one.at <= now), key=lambda one: one.at):
        if entry.policy == policy.name:
            first = min(first, entry.at)
        if entry.service is not None:
            by_service[entry.service].append(entry)
    stops = [stop for about_one in by_service.values() for stop in _stops(policy, about_one, now, prices)]
    return TrackRecord(now - first, tuple(sorted(stops, key=lambda one: (one.at, one.service))))


def _stops(
    policy: Policy, entries: Sequence[Entry], now: datetime, prices: Mapping[ServiceId, Decimal]
) -> Iterator[WouldStop]:
    """``entries`` of one service in order of time."""
    for index, wish in enumerate(entries):
        if not _is_mine(wish, policy) or wish.wanted is not Wanted.STOPPED or wish.service is None:
            continue
        opening = _next_opening(policy, wish.at)
        ended, used = wish_ended(wish, entries[index + 1 :])
        until = min(one for one in (ended, opening, now) if one is not None)
        yield WouldStop(
            service=wish.service,
            at=wish.at,
            until=until,
            reason=wish.reason,
            usd=_usd(wish, until, wish.price_usd_per_hour or prices.get(wish.service)),
            regretted=used and until == ended and until - wish.at <= REGRET_WITHIN,
        )


def _is_mine(entry: Entry, policy: Policy) -> bool:
    return entry.kind is EntryKind.WOULD and entry.policy == policy.name


def _next_opening(policy: Policy, at: datetime) -> datetime | None:
    """When the hours would have started it again."""
    if policy.hours is None:
        return None
    edge = Timetable.of(policy.hours).next_transition(at)
    while edge is not None and not edge.opens:
        edge = Timetable.of(policy.hours).next_transition(edge.at)
    return edge.at if edge else None


def _usd(stop: Entry, until: datetime, hourly: Decimal | None) -> Decimal | None:
    if hourly is None:
        return None
    seconds = Decimal(int((until - stop.at).total_seconds()))
    return hourly * max(stop.desired_count or 1, 1) * seconds / 3600
