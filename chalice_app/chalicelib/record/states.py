"""What we remember of each service: one row, changed only by conditional writes, deleted only with its service.

Two kinds of writers exist. Who *acts* holds a lease: the row's lock until it expires, and the fencing number that
every one of its writes must still find. Who *settles* a verified action writes once, only while nobody acts, and
raises the fencing number with it, so that an actor whose lock had expired loses.
The saved size is the one thing that must not be lost: it is written before the act, only grows while it stands, and
is forgotten only when the service was seen ready again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.decide.capacity import Setback
from chalicelib.decide.facts import (
    ActionKind,
    Moving,
    Pending,
    SavedSize,
    ServiceId,
    ServiceMemory,
    StartFailure,
)
from chalicelib.errors import ConditionFailed, Locked
from chalicelib.record import codec
from chalicelib.record import state_conditions as conditions
from chalicelib.record.codec import Item, maybe_when, when_text
from chalicelib.record.conditions import Condition
from chalicelib.record.notes import PK, Notes
from chalicelib.record.table import Changes


@dataclass(frozen=True, slots=True)
class StateRow:
    """One row: the memory, the fencing number and the lock as it stands (which may have expired)."""

    service: ServiceId
    memory: ServiceMemory
    fence: int = 0
    lock_owner: str | None = None
    lock_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on one service until ``until``; ``memory`` is the row as it was when the lock was taken.

    ``interrupted`` names the owner of a lock that expired without being released: a run that died half way.
    """

    service: ServiceId
    owner: str
    fence: int
    until: datetime
    memory: ServiceMemory
    interrupted: str | None = None


class States(Notes):
    """`Notes`, and what needs the lock or the pending action."""

    # --- reading

    def all(self) -> Mapping[ServiceId, ServiceMemory]:
        """Every service ever touched, in one paged query."""
        return {ServiceId.parse(item["sk"]): codec.memory_of(item) for item in self._table.query(PK)}

    def get(self, service: ServiceId) -> StateRow:
        """The empty row for a service never touched."""
        return _row(service, self._table.get(PK, str(service)) or {})

    # --- the lock

    def lock(self, service: ServiceId, owner: str, now: datetime, for_seconds: int) -> Lease:
        """Takes the lock under the next fencing number. Raises Locked while somebody else holds it."""
        until = now + timedelta(seconds=for_seconds)
        try:
            before = self._table.update(
                PK,
                str(service),
                Changes(set={"lock_owner": owner, "lock_until": when_text(until)}, add={"fence": 1}),
                conditions.NOBODY_ACTS,
                {":now": when_text(now)},
                returning="ALL_OLD",
            )
        except ConditionFailed as lost:
            holder, free_at = lost.standing.get("lock_owner", "somebody"), lost.standing.get("lock_until")
            said = f"{service}: {holder} is acting on it, at the longest until {free_at}."
            raise Locked(said, holder=holder, until=maybe_when(free_at)) from lost
        row = _row(service, before)
        return Lease(service, owner, row.fence + 1, until, row.memory, interrupted=row.lock_owner)

    def release(self, lease: Lease) -> bool:
        """False when the lock had expired and somebody else took it."""
        try:
            self._write(lease, Changes(remove=codec.LOCK))
        except ConditionFailed:
            return False
        return True

    # --- writes of who acts (each needs the lease)

    def mark_draining(self, lease: Lease, now: datetime) -> None:
        """From now on a gateway turns new requests away; the first mark's time stays."""
        since = lease.memory.draining_since or now
        self._write(lease, Changes(set={"draining_since": when_text(since)}))

    def undrain(self, lease: Lease, *, forget_size: bool) -> None:
        """Takes an unfinished stop back. ``forget_size`` only when the service was seen at its size again."""
        self._write(lease, Changes(remove=("draining_since", *(codec.SAVED if forget_size else ()))))

    def save_size(self, lease: Lease, size: SavedSize) -> SavedSize:
        """Keeps ``size`` before the act and returns what stands then: the larger, if one waits to be given back.

        Raises ValueError for a size of zero or less: nothing worth giving back was seen.
        """
        if size.desired_count < 1:
            raise ValueError(f"{lease.service}: a desired count of {size.desired_count} is never saved")
        try:
            after = self._write(
                lease,
                Changes(set=codec.saved_attributes(size)),
                conditions.NEVER_SMALLER,
                {":saved_desired": size.desired_count},
            )
        except ConditionFailed as lost:
            standing = codec.saved_of(lost.standing)
            if standing is None or not _holds(lease, lost.standing) or standing.desired_count < size.desired_count:
                raise
            return standing
        return codec.saved_of(after) or size

    def mark_moving(self, lease: Lease, moving: Moving) -> None:
        """Before AWS is asked: whoever comes after a run that died here knows what it may have done."""
        self._write(lease, Changes(set=codec.moving_attributes(moving)))

    def mark_pending(self, lease: Lease, pending: Pending, hosts: Sequence[str] = ()) -> None:
        """The act is done, its effect not yet seen. ``hosts``: what a stop leaves to be ended (ARNs)."""
        sets = codec.pending_attributes(pending)
        gone: tuple[str, ...] = ("hand_stopped_at", *codec.MOVING, *codec.REFUSAL)
        match pending.kind:
            case ActionKind.STOP:
                sets["stopped_at"] = when_text(pending.since)
                sets["host_watch"] = list(hosts) or None
                gone += ("hand_started_at", *codec.FAILURE)
            case ActionKind.START:
                gone += ("draining_since", "stopped_at", "host_watch")
            case ActionKind.MOVE:
                gone = (*codec.MOVING, *codec.REFUSAL)
        self._write(lease, Changes(set=sets, remove=gone))

    def start_not_begun(self, lease: Lease, reason: str, now: datetime) -> StartFailure:
        """AWS refused the start itself: counts as a failed start, so that the next try waits."""
        after = self._write(lease, _failed(reason, now))
        return codec.failure_of(after) or StartFailure(1, now, reason)

    def settle_running(self, lease: Lease) -> None:
        """It runs, seen by whoever acts: nothing is saved, drained, pending or failed any more."""
        self._write(lease, Changes(remove=_ALL_OF_AN_ACTION))

    # --- writes of who verifies (no lease; only while nobody acts); ``line`` is owed to the history from then on

    def mark_ready(
        self, service: ServiceId, action_id: str, now: datetime, *, line: str = "", keep_size: bool = False
    ) -> bool:
        """It came up: forgets failures, and the saved size unless something of it is still to be given back."""
        gone = tuple(name for name in _ALL_OF_AN_ACTION if not (keep_size and name in codec.SAVED))
        return self._settle(service, action_id, now, Changes(remove=gone), line) is not None

    def mark_stopped(self, service: ServiceId, action_id: str, now: datetime, *, line: str = "") -> bool:
        """All its tasks ended."""
        gone = ("draining_since", *codec.PENDING)
        return self._settle(service, action_id, now, Changes(remove=gone), line) is not None

    def mark_start_failed(
        self,
        service: ServiceId,
        action_id: str,
        reason: str,
        now: datetime,
        *,
        line: str = "",
        setback: Setback | None = None,
    ) -> StartFailure | None:
        """It did not come up: counts the failure. None when another action began meanwhile.

        ``setback`` is remembered with it, so that a move to Spot which failed is not made again at once.
        """
        changes = _failed(reason, now)
        if setback is not None:
            changes = replace(changes, add={**changes.add, "spot_setbacks": {codec.setback_text(setback)}})
        after = self._settle(service, action_id, now, replace(changes, remove=codec.PENDING), line)
        return codec.failure_of(after) if after is not None else None

    def wait_longer(self, service: ServiceId, pending: Pending, now: datetime, *, line: str = "") -> bool:
        """The same action gets a later deadline: it was told as late, its end is still wanted in the record."""
        changes = Changes(set=codec.pending_attributes(pending))
        return self._settle(service, pending.action_id, now, changes, line) is not None

    def give_up_pending(
        self, service: ServiceId, action_id: str, now: datetime, *, hand: ActionKind, line: str = ""
    ) -> bool:
        """A person turned the service the other way before our action was seen done: their hand is noted."""
        gone: tuple[str, ...] = ("draining_since", *codec.PENDING)
        match hand:
            case ActionKind.START:
                sets, gone = {"hand_started_at": when_text(now)}, (*gone, "hand_stopped_at", "stopped_at")
            case ActionKind.STOP:
                sets, gone = {"hand_stopped_at": when_text(now)}, (*gone, "hand_started_at")
            case ActionKind.MOVE:
                raise ValueError(f"{service}: a hand starts or stops")
        return self._settle(service, action_id, now, Changes(set=sets, remove=gone), line) is not None

    # --- how

    def _write(
        self, lease: Lease, changes: Changes, condition: Condition | None = None, values: Item | None = None
    ) -> Item:
        held = conditions.HOLDS_THE_LOCK
        return self._table.update(
            PK,
            str(lease.service),
            changes,
            held & condition if condition else held,
            {":fence": lease.fence, ":owner": lease.owner, **(values or {})},
        )

    def _settle(self, service: ServiceId, action_id: str, now: datetime, changes: Changes, line: str) -> Item | None:
        condition = conditions.NOBODY_ACTS & conditions.STILL_PENDING
        values = {":now": when_text(now), ":action": action_id}
        sets = {**changes.set, "owed_line": line} if line else changes.set
        whole = replace(changes, set=sets, remove=(*changes.remove, *codec.LOCK), add={**changes.add, "fence": 1})
        try:
            return self._table.update(PK, str(service), whole, condition, values)
        except ConditionFailed:
            return None


_ALL_OF_AN_ACTION = ("draining_since", "stopped_at", *codec.SAVED, *codec.PENDING, *codec.FAILURE, *codec.REFUSAL)


def _failed(reason: str, now: datetime) -> Changes:
    failure = {"failure_at": when_text(now), "failure_reason": reason}
    return Changes(set=failure, remove=codec.MOVING, add={"failure_count": 1})


def _holds(lease: Lease, standing: Item) -> bool:
    return int(standing.get("fence", 0)) == lease.fence and standing.get("lock_owner") == lease.owner


def _row(service: ServiceId, item: Item) -> StateRow:
    return StateRow(
        service=service,
        memory=codec.memory_of(item),
        fence=int(item.get("fence", 0)),
        lock_owner=item.get("lock_owner"),
        lock_until=maybe_when(item.get("lock_until")),
    )
