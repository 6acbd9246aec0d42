"""How much one person may run: instances, dollars an hour, starts a minute. Counted and taken in one breath.

Instances count while they live, stopped ones too (they hold a place on a load balancer); money counts while tasks may
run, at list price. A price that nobody knows counts nothing: the number of instances still bounds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ConditionFailed, RecordUnavailable, TooMany
from chalicelib.fleet.model import Instance, InstanceState
from chalicelib.record.codec import Item, epoch, when, when_text
from chalicelib.record.conditions import FIRST_REVISION, SAME_REVISION
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

if TYPE_CHECKING:
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.settings import FleetSettings

PK = "START_RATE"
MINUTE = timedelta(minutes=1)
PROMISED_FOR = timedelta(minutes=5)
"""A start that was admitted counts so long without a row of its own."""
_TRIES = 200
"""A loser reads again at once; each round has a winner, so this outlasts as many starts of one person."""
_COSTS = frozenset({InstanceState.STARTING, InstanceState.RUNNING, InstanceState.STOPPING})


@dataclass(frozen=True, slots=True)
class _Promised:
    """What was admitted for a person lately: starts by moment, and instances by id with their price."""

    starts: tuple[datetime, ...]
    instances: Mapping[str, tuple[datetime, Decimal]]


class Limits:
    def __init__(self, table: Table, instances: Instances, settings: FleetSettings) -> None:
        self._table = table
        self._instances = instances
        self._settings = settings

    def admit(self, owner_sub: str, instance_id: str, usd_per_hour: Decimal | None, now: datetime) -> None:
        """Takes one start of ``owner_sub``, for a new instance or one that is started again. Raises TooMany.

        Rows are read once: whoever was admitted since then stands among the promised.
        """
        usd = usd_per_hour or Decimal(0)
        row = self._table.get(PK, owner_sub)
        rows = [one for one in self._instances.all() if one.owner_sub == owner_sub]
        for _ in range(_TRIES):
            promised = _promised(row, now)
            self._check_rate(promised, now)
            self._check_totals(rows, promised, instance_id, usd)
            taken = _Promised((*promised.starts, now), {**promised.instances, instance_id: (now, usd)})
            if (row := self._write(owner_sub, row, taken, now)) is None:
                return
        raise RecordUnavailable(f"The starts of {owner_sub} changed {_TRIES} times while we tried to count one.")

    def withdraw(self, owner_sub: str, instance_id: str, now: datetime) -> None:
        """Takes an admission back of which nothing came; the start still counts for its minute."""
        row = self._table.get(PK, owner_sub)
        for _ in range(_TRIES):
            promised = _promised(row, now)
            left = {id: one for id, one in promised.instances.items() if id != instance_id}
            if len(left) == len(promised.instances):
                return
            if (row := self._write(owner_sub, row, _Promised(promised.starts, left), now)) is None:
                return

    def _check_rate(self, promised: _Promised, now: datetime) -> None:
        most = self._settings.max_starts_per_minute
        if len(promised.starts) < most:
            return
        if not most:
            raise TooMany("This deployment lets nobody start anything (LIFECYCLE_MAX_STARTS_PER_MINUTE is 0).")
        wait = int((promised.starts[-most] + MINUTE - now).total_seconds()) + 1
        raise TooMany(
            f"One person may start {most} instances within a minute; try again in {wait} seconds.",
            retry_after_seconds=wait,
        )

    def _check_totals(self, rows: Iterable[Instance], promised: _Promised, instance_id: str, usd: Decimal) -> None:
        others = {one.id: one for one in rows if one.id != instance_id}
        coming = {id: price for id, (_, price) in promised.instances.items() if id not in others and id != instance_id}
        living = sum(one.state.lives for one in others.values()) + len(coming)
        most = self._settings.max_instances_per_user
        if living + 1 > most:
            raise TooMany(f"One person may have {most} instances, and {living} are there; remove one first.")
        running = (one for one in others.values() if _costs(one, promised))
        spent = sum((one.placement.usd_per_hour or Decimal(0) for one in running), usd) + sum(coming.values())
        limit = self._settings.max_usd_per_hour_per_user
        if spent > limit:
            raise TooMany(
                f"With this the instances of one person would cost {spent} USD an hour at list price, and {limit} USD "
                "is the limit; stop one first."
            )

    def _write(self, owner_sub: str, row: Item | None, promised: _Promised, now: datetime) -> Item | None:
        """None when it is written, else what stands there instead."""
        seen = int(row["revision"]) if row else None
        changes = Changes(
            set={
                "starts": [when_text(start) for start in promised.starts],
                "promised": {id: _promise(at, price) for id, (at, price) in promised.instances.items()},
                "revision": (seen or 0) + 1,
                TTL_ATTRIBUTE: epoch(now + 2 * PROMISED_FOR),
            }
        )
        condition = FIRST_REVISION if seen is None else SAME_REVISION
        try:
            self._table.update(PK, owner_sub, changes, condition, None if seen is None else {":seen": seen})
        except ConditionFailed as lost:
            return lost.standing
        return None


def _costs(one: Instance, promised: _Promised) -> bool:
    """Its tasks may run now, or soon: a stopped one that was admitted to start again."""
    return one.state in _COSTS or (one.state is InstanceState.STOPPED and one.id in promised.instances)


def _promise(at: datetime, price: Decimal) -> dict[str, Any]:
    return {"at": when_text(at), "usd_per_hour": price}


def _promised(row: Item | None, now: datetime) -> _Promised:
    starts = sorted(when(text) for text in (row or {}).get("starts", ()))
    found = {id: (when(one["at"]), one["usd_per_hour"]) for id, one in (row or {}).get("promised", {}).items()}
    return _Promised(
        starts=tuple(start for start in starts if start > now - MINUTE),
        instances={id: (at, price) for id, (at, price) in found.items() if at > now - PROMISED_FOR},
    )
