"""Notes on a service that need no lock: each is one conditional write that touches only its own attributes.

Openings that were dealt with, hands, what was said, since when nobody can tell, and that a service is gone. Here a
row is forgotten too: only when its service is surely gone, or when it is about an earlier service of the same name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.decide.capacity import Setback
from chalicelib.decide.facts import SavedSize, ServiceId
from chalicelib.decide.flight import Flight
from chalicelib.errors import ConditionFailed
from chalicelib.record import codec
from chalicelib.record import state_conditions as conditions
from chalicelib.record.codec import Item, when_text
from chalicelib.record.conditions import STANDS, Condition
from chalicelib.record.table import Changes, Table

PK = "STATE"
SAME_REFUSAL_AGAIN_AFTER = timedelta(hours=6)
_HOUR = timedelta(hours=1)


class Notes:
    def __init__(self, table: Table) -> None:
        self._table = table

    def handle_opening(self, service: ServiceId, begin: datetime, now: datetime) -> bool:
        """True for the one caller that may say it dealt with the opening that began at ``begin``."""
        text = when_text(begin)
        changes = Changes(set={"opening_handled": text, "opening_noted_at": when_text(now)})
        return self._won(service, changes, conditions.OPENING_ONCE, {":opening": text})

    def note_hand_start(self, service: ServiceId, now: datetime) -> bool:
        """Somebody else started it. False when it was noted already, or when an action of ours explains it."""
        changes = Changes(set={"hand_started_at": when_text(now)}, remove=("hand_stopped_at", "stopped_at"))
        condition = conditions.HAND_START_ONCE & conditions.NO_TRACE_OF_US
        return self._won(service, changes, condition, {":an_hour_ago": when_text(now - _HOUR)})

    def note_hand_stop(self, service: ServiceId, now: datetime, size: SavedSize | None = None) -> bool:
        """Somebody else stopped it. ``size`` is what stood before, if it was seen: the next opening gives it back.

        Of it only the count is kept. Whoever stopped the service did not suspend its autoscaling for us to resume,
        and what we had suspended ourselves and not given back yet stays saved.
        """
        sets: dict[str, Any] = {"hand_stopped_at": when_text(now)}
        condition = conditions.HAND_STOP_ONCE & conditions.NO_TRACE_OF_US
        values = {":an_hour_ago": when_text(now - _HOUR)}
        changes = Changes(set=sets, remove=("hand_started_at",))
        if size is None or size.desired_count < 1:
            return self._won(service, changes, condition, values)
        count = {name: value for name, value in codec.saved_attributes(size).items() if name != "saved_scaling"}
        with_size = replace(changes, set={**sets, **count})
        larger = {**values, ":saved_desired": size.desired_count}
        return self._won(service, with_size, condition & conditions.NEVER_SMALLER, larger) or self._won(
            service, changes, condition, values
        )

    def note_unknown(self, service: ServiceId, since: datetime) -> bool:
        """Nobody can tell since then whether it is used. False when an earlier instant stands."""
        changes = Changes(set={"unknown_since": when_text(since)})
        return self._won(service, changes, conditions.UNKNOWN_ONCE)

    def note_known(self, service: ServiceId, unknown_since: datetime) -> bool:
        """One can tell again. False when it has become unknown anew meanwhile."""
        values = {":unknown_since": when_text(unknown_since)}
        return self._won(service, Changes(remove=("unknown_since",)), conditions.SAME_UNKNOWN, values)

    def note_hosts_ended(self, service: ServiceId, hosts: Sequence[str]) -> bool:
        """The hosts of its last stop are gone. False when that was noted already, or others are watched meanwhile."""
        values = {":hosts": list(hosts)}
        return self._won(service, Changes(remove=("host_watch",)), conditions.SAME_HOSTS, values)

    def note_short(self, service: ServiceId, since: datetime) -> bool:
        """Tasks are missing where they are to run. False when an earlier instant stands."""
        return self._won(service, Changes(set={"short_since": when_text(since)}), conditions.SHORT_ONCE)

    def note_whole(self, service: ServiceId, short_since: datetime) -> bool:
        """They are all there again. False when some were missed anew meanwhile."""
        values = {":short_since": when_text(short_since)}
        return self._won(service, Changes(remove=("short_since",)), conditions.SAME_SHORT, values)

    def note_setback(self, service: ServiceId, setback: Setback) -> bool:
        """Spot failed it. False when that was noted already: told twice, it is one."""
        text = codec.setback_text(setback)
        return self._won(service, Changes(add={"spot_setbacks": {text}}), conditions.NEW_SETBACK, {":setback": text})

    def forget_setbacks(self, service: ServiceId, known: Sequence[Setback], keep: Sequence[Setback]) -> bool:
        """Keeps only ``keep`` of what is ``known``. False when another was noted meanwhile."""
        texts = {codec.setback_text(one) for one in keep}
        values = {":setbacks": {codec.setback_text(one) for one in known}}
        return self._won(service, Changes(set={"spot_setbacks": texts or None}), conditions.SAME_SETBACKS, values)

    def note_flight(self, service: ServiceId, before: Flight | None, now: Flight) -> bool:
        """A request that only a probe sees was first seen, or is gone. False when another was noted meanwhile."""
        changes = Changes(set=codec.flight_attributes(now))
        if before is None:
            return self._won(service, changes, conditions.FLIGHT_ONCE)
        values = {":flight_seen": when_text(before.seen_at)}
        return self._won(service, changes, conditions.SAME_FLIGHT, values)

    def note_gone(self, service: ServiceId, since: datetime) -> bool:
        """It was not there when everything was listed. False when that was noted already, or nothing is known of it."""
        changes = Changes(set={"gone_since": when_text(since)})
        return self._won(service, changes, conditions.GONE_ONCE)

    def note_back(self, service: ServiceId, gone_since: datetime) -> bool:
        """It is there after all."""
        values = {":gone_since": when_text(gone_since)}
        return self._won(service, Changes(remove=("gone_since",)), conditions.SAME_GONE, values)

    def forget_gone(self, service: ServiceId, gone_since: datetime, now: datetime) -> bool:
        """Forgets a service that has been away since then. False when it came back, or somebody acts on it."""
        values = {":gone_since": when_text(gone_since), ":now": when_text(now)}
        return self._forgotten(service, conditions.SAME_GONE & conditions.NOBODY_ACTS, values)

    def forget_predecessor(self, service: ServiceId, created_at: datetime, now: datetime) -> bool:
        """Forgets an earlier service of that name: all that was noted before ``created_at``, or at least its size.

        False when there was nothing to forget: no row, somebody acts, or what stands there was noted since then and
        is about the service of today.
        """
        values = {":created": when_text(created_at), ":now": when_text(now)}
        whole = STANDS & conditions.NOBODY_ACTS & conditions.ALL_OF_IT_BEFORE
        size = Changes(remove=(*codec.SAVED, "stopped_at"))
        return self._forgotten(service, whole, values) or self._won(
            service, size, conditions.SIZE_BEFORE & conditions.NOBODY_ACTS, values
        )

    def line_written(self, service: ServiceId, line: str) -> bool:
        """The line that a settled action owed stands in the history now."""
        return self._won(service, Changes(remove=("owed_line",)), conditions.SAME_LINE, {":owed_line": line})

    def first_refusal(self, service: ServiceId, key: str, now: datetime) -> bool:
        """Whether this refusal is news: another than the last, or the same one after six hours."""
        text, long_ago = when_text(now), when_text(now - SAME_REFUSAL_AGAIN_AFTER)
        changes = Changes(set={"refusal_key": key, "refusal_at": text})
        return self._won(service, changes, conditions.SAY_ONCE, {":refusal_key": key, ":long_ago": long_ago})

    def _forgotten(self, service: ServiceId, condition: Condition, values: Item) -> bool:
        try:
            self._table.delete(PK, str(service), condition, values)
        except ConditionFailed:
            return False
        return True

    def _won(self, service: ServiceId, changes: Changes, condition: Condition, values: Item | None = None) -> bool:
        try:
            self._table.update(PK, str(service), changes, condition, values)
        except ConditionFailed:
            return False
        return True
