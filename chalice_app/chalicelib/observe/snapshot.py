"""The sweep's memory between runs: the fleet as last seen, and for each service when to look again and why.

A cache and nothing more. Every value in it can be read again from AWS or decided again, so whatever cannot be
understood (another format, a shard missing, two runs mixed) is thrown away whole: `load` answers None and the next
sweep refreshes everything. Nothing may ever be decided to be *safe* because a snapshot said so.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from types import MappingProxyType
from typing import Any

from chalicelib.decide.facts import Availability, ServiceId, SignalName
from chalicelib.observe.fleet import Fleet
from chalicelib.observe.signals import Readings
from chalicelib.observe.snapshot_codec import FORMAT, fleet_head, head_of, service_row, services_of

SHARD_BYTES = 350_000
"""A DynamoDB item holds 400 KB; the rest is for its keys and for growth between two measurings."""

_SPARE_BYTES = 10_000
"""Parts of as many rows do not pack equally well."""

ASK_ABSENT_AGAIN = timedelta(hours=1)
"""A signal found absent is not asked for again for so long: every metric asked for costs money."""


@dataclass(frozen=True, slots=True)
class Look:
    """One service's place in the queue.

    ``basis`` is what the decision stood on besides signals and the clock: when that changes, the service is looked at
    at once. ``told`` names what people were told of it and still holds, so that it is told once.
    """

    look_again_at: datetime
    basis: str = ""
    told: frozenset[str] = frozenset()
    last_reported: Mapping[SignalName, datetime] = field(default_factory=lambda: MappingProxyType({}))
    absent_since: Mapping[SignalName, datetime] = field(default_factory=lambda: MappingProxyType({}))

    def having_seen(self, readings: Readings, now: datetime) -> Look:
        """Remembers when each signal last had a point, and which ones were absent."""
        reported, absent = dict(self.last_reported), dict(self.absent_since)
        for name, reading in readings.items():
            if reading.points:
                newest = reading.points[-1].at
                reported[name] = max(newest, reported.get(name, newest))
            if reading.availability is not Availability.ABSENT:
                absent.pop(name, None)
            elif name not in self.not_worth_asking(now):
                # Asked for just now and still absent: the time until it is asked for again begins anew.
                absent[name] = now
        return replace(self, last_reported=MappingProxyType(reported), absent_since=MappingProxyType(absent))

    def not_worth_asking(self, now: datetime) -> frozenset[SignalName]:
        """For `Want.skip`. Before a stop, ask for everything instead: a veto may have come to life since."""
        return frozenset(name for name, since in self.absent_since.items() if now - since < ASK_ABSENT_AGAIN)


@dataclass(frozen=True, slots=True)
class Bookings:
    """The one-shot entries that stand in EventBridge Scheduler as far as is remembered, by their instants (UTC).
    ``listed_at``: when AWS was last asked which there are; None: never since the memory was lost."""

    instants: frozenset[datetime] = frozenset()
    listed_at: datetime | None = None


NOT_BOOKED = Bookings()


@dataclass(frozen=True, slots=True)
class Snapshot:
    fleet: Fleet
    looks: Mapping[ServiceId, Look]
    taken_at: datetime
    booked: Bookings = NOT_BOOKED


def dump(snapshot: Snapshot) -> list[bytes]:
    """Gzipped JSON in shards of under 350 KB, each of which says which run it is of and how many there are."""
    rows = [
        service_row(facts, _look_row(snapshot.looks.get(id))) for id, facts in sorted(snapshot.fleet.services.items())
    ]
    head = {
        "format": FORMAT,
        "taken_at": snapshot.taken_at.isoformat(),
        "booked": _booked_row(snapshot.booked),
        **fleet_head(snapshot.fleet),
    }
    parts = 1
    while True:
        shards = _packed(rows, parts, head)
        largest = max(map(len, shards))
        if largest < SHARD_BYTES or parts >= len(rows):
            return shards
        parts = min(len(rows), max(parts + 1, ceil(parts * largest / (SHARD_BYTES - _SPARE_BYTES))))


def _packed(rows: Sequence[dict[str, Any]], parts: int, head: Mapping[str, Any]) -> list[bytes]:
    """About the same number of rows in each part; the first bears the whole head."""
    step = max(1, ceil(len(rows) / parts))
    some = [rows[first : first + step] for first in range(0, len(rows), step)] or [rows]
    plain = {"format": FORMAT, "taken_at": head["taken_at"]}
    return [
        _pack({**(plain if part else head), "part": part, "of": len(some), "rows": shard})
        for part, shard in enumerate(some)
    ]


def load(shards: Iterable[bytes]) -> Snapshot | None:
    """The snapshot, or None when these shards are not one whole snapshot of this format."""
    try:
        parts = sorted((json.loads(gzip.decompress(shard)) for shard in shards), key=lambda part: int(part["part"]))
        if not parts or any(part["format"] != FORMAT for part in parts):
            return None
        first = parts[0]
        whole = [part["part"] for part in parts] == list(range(first["of"]))
        if not whole or any(part["taken_at"] != first["taken_at"] for part in parts):
            return None
        rows = [row for part in parts for row in part["rows"]]
        services = services_of(rows)
        looks = {id: look for id, row in zip(services, rows, strict=True) if (look := _look_of(row["look"]))}
        return Snapshot(
            fleet=head_of(first, MappingProxyType(services)),
            looks=MappingProxyType(looks),
            taken_at=datetime.fromisoformat(first["taken_at"]),
            booked=_booked_of(first["booked"]),
        )
    except (ValueError, KeyError, TypeError, IndexError, OSError, EOFError, zlib.error):
        return None


def _pack(value: Mapping[str, Any]) -> bytes:
    return gzip.compress(json.dumps(value, separators=(",", ":")).encode(), compresslevel=5, mtime=0)


def _booked_row(booked: Bookings) -> dict[str, Any]:
    return {
        "instants": [instant.isoformat() for instant in sorted(booked.instants)],
        "listed": booked.listed_at.isoformat() if booked.listed_at else None,
    }


def _booked_of(row: Mapping[str, Any]) -> Bookings:
    return Bookings(
        instants=frozenset(datetime.fromisoformat(instant) for instant in row["instants"]),
        listed_at=datetime.fromisoformat(row["listed"]) if row["listed"] else None,
    )


def _look_row(look: Look | None) -> dict[str, Any] | None:
    if look is None:
        return None
    return {
        "again": look.look_again_at.isoformat(),
        "basis": look.basis,
        "told": sorted(look.told),
        "reported": {name.value: at.isoformat() for name, at in look.last_reported.items()},
        "absent": {name.value: at.isoformat() for name, at in look.absent_since.items()},
    }


def _look_of(row: Mapping[str, Any] | None) -> Look | None:
    if row is None:
        return None
    return Look(
        look_again_at=datetime.fromisoformat(row["again"]),
        basis=row["basis"],
        told=frozenset(row["told"]),
        last_reported=_moments(row["reported"]),
        absent_since=_moments(row["absent"]),
    )


def _moments(row: Mapping[str, str]) -> Mapping[SignalName, datetime]:
    return MappingProxyType({SignalName(name): datetime.fromisoformat(at) for name, at in row.items()})
