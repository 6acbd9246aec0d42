"""What one run hands to the next: the fleet as last seen, and when each service is to be looked at again.

Keeps the snapshot of `observe` in the table of `record`. Two runs may overlap: who saves last adds only what it looked
at itself to what the other saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from chalicelib.controller.governed import Known
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.observe import snapshot
from chalicelib.observe.fleet import Fleet
from chalicelib.observe.snapshot import NOT_BOOKED, Bookings, Look, Snapshot
from chalicelib.record.snapshots import Snapshots

_TRIES = 3


class Memo:
    """Reads the table every time, and unpacks what it finds only when it is not what this process saw or saved last: of
    thousands of services that takes longer than all the rest of a look."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._last: tuple[list[bytes], Snapshot] | None = None

    def load(self) -> Snapshot | None:
        """The last picture, or None when there is none that can be trusted whole."""
        shards, last = self._snapshots.load(), self._last
        if last is not None and last[0] == shards:
            return last[1]
        self._last = last = None  # before another one is unpacked beside it
        picture = snapshot.load(shards)
        if picture is not None:
            self._last = shards, picture
        return picture

    def save(
        self,
        fleet: Fleet,
        looks: Mapping[ServiceId, Look],
        touched: Iterable[ServiceId],
        now: datetime,
        booked: Bookings = NOT_BOOKED,
    ) -> None:
        """Keeps the picture. When somebody saved a newer one meanwhile, only ``touched`` is laid over it, and only
        what both know to be booked stays so: to book twice changes nothing."""
        mine = set(touched)
        for _ in range(_TRIES):
            picture = Snapshot(fleet, looks, now, booked)
            shards = snapshot.dump(picture)
            if self._snapshots.save(shards):
                self._last = shards, picture
                return
            theirs = self.load()
            if theirs is not None:
                fleet, looks = _laid_over(theirs, fleet, looks, mine)
                booked = replace(booked, instants=booked.instants & theirs.booked.instants)


def _laid_over(
    theirs: Snapshot, fleet: Fleet, looks: Mapping[ServiceId, Look], mine: set[ServiceId]
) -> tuple[Fleet, Mapping[ServiceId, Look]]:
    services = {id: facts for id, facts in theirs.fleet.services.items() if id not in mine}
    services |= {id: fleet.services[id] for id in mine if id in fleet.services}
    kept = {id: look for id, look in theirs.looks.items() if id not in mine}
    kept |= {id: looks[id] for id in mine if id in looks}
    refreshed_at = max(theirs.fleet.refreshed_at, fleet.refreshed_at)
    merged = replace(theirs.fleet, services=MappingProxyType(services), refreshed_at=refreshed_at)
    return merged, MappingProxyType(kept)


def basis(facts: ServiceFacts, known: Known) -> str:
    """A short text that changes when anything does on which a decision stands, besides signals and the clock."""
    memory = known.memory(facts.id)
    switches = known.controls.switches
    parts = (
        known.policies.version,
        switches.frozen_at,
        *sorted(one.id for one in known.controls.overrides if one.service == facts.id),
        facts.desired_count,
        facts.running_count > 0,
        facts.ready_since,
        facts.task_definition,
        sorted(facts.tags.items()),
        facts.target_groups,
        facts.capacity_providers,
        facts.running_on,
        memory.spot,
        facts.scaling,
        memory.hand_started_at,
        memory.hand_stopped_at,
        memory.pending.action_id if memory.pending else None,
        memory.start_failure,
        memory.stopped_at,
        memory.draining_since,
        memory.saved_size,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
