"""What a dry-run policy would have done, computed from the record: the figures that `promote` prints.

Pure. Counts only what was written down: a wish that changed between two looks is not seen, so regrets are "as far as
the record tells". Dollars are list prices at the time of each would-be stop; unpriced stops are counted, not guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.decide.decision import Because, Wanted
from chalicelib.decide.facts import ServiceId
from chalicelib.record.history import Entry, EntryKind

REGRET_WITHIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class WouldStop:
    """``ended``: when the wish changed again; None while it still holds. ``usd`` is None without a price."""

    service: ServiceId
    at: datetime
    reason: str
    ended: datetime | None
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
    policy: str, entries: Iterable[Entry], now: datetime, *, in_force_since: datetime | None = None
) -> TrackRecord:
    """``entries`` of any kind and service, in any order. Observed counts from the policy's first trace on."""
    mine = sorted((one for one in entries if one.policy == policy and one.at <= now), key=lambda one: one.at)
    first = min([one.at for one in mine] + ([in_force_since] if in_force_since else []), default=now)
    by_service: dict[ServiceId, list[Entry]] = defaultdict(list)
    for one in mine:
        if one.service is not None:
            by_service[one.service].append(one)
    stops = [stop for ours in by_service.values() for stop in _stops(ours, now)]
    return TrackRecord(now - first, tuple(sorted(stops, key=lambda one: (one.at, one.service))))


def _stops(entries: Sequence[Entry], now: datetime) -> Iterable[WouldStop]:
    """Each change of the wish to "stopped", until it changes again."""
    wishes = [one for one in entries if one.kind in (EntryKind.WOULD, EntryKind.DECIDED) and one.wanted is not None]
    stopping = False
    for index, entry in enumerate(wishes):
        if entry.wanted is not Wanted.STOPPED:
            stopping = False
            continue
        if stopping:
            continue
        stopping = True
        assert entry.service is not None
        after = next((one for one in wishes[index + 1 :] if one.wanted is not Wanted.STOPPED), None)
        ended = after.at if after else None
        yield WouldStop(
            service=entry.service,
            at=entry.at,
            reason=entry.reason,
            ended=ended,
            usd=_usd(entry, ended or now),
            regretted=_used_again(entry, entries),
        )


def _used_again(stop: Entry, entries: Sequence[Entry]) -> bool:
    """A trace of use within half an hour: a decision that found it in use, or somebody who started it by hand."""
    soon = [one for one in entries if stop.at < one.at <= stop.at + REGRET_WITHIN]
    return any(one.because is Because.IN_USE or one.kind is EntryKind.HAND for one in soon)


def _usd(stop: Entry, until: datetime) -> Decimal | None:
    if stop.price_usd_per_hour is None:
        return None
    seconds = Decimal(int((until - stop.at).total_seconds()))
    return stop.price_usd_per_hour * max(stop.desired_count or 1, 1) * seconds / 3600
