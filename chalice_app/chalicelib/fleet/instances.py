"""The rows of launched models: one each, written only by who has read it as it is.

A removed instance leaves a small row behind that keeps its name from being used again; nobody finds it any more. An
instance of which nothing was ever made may be dropped altogether.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.errors import ConditionFailed, Conflict, NotFound, RecordUnavailable
from chalicelib.fleet.conditions import NAME_NEVER_USED
from chalicelib.fleet.instance_codec import attributes, instance_of
from chalicelib.fleet.model import Instance, InstanceState
from chalicelib.record.codec import epoch, when_text
from chalicelib.record.conditions import SAME_REVISION
from chalicelib.record.table import TTL_ATTRIBUTE, Table

if TYPE_CHECKING:
    from datetime import datetime

PK = "INSTANCE"
NAME_KEPT = timedelta(days=400)
"""How long the name of a removed instance stays taken: past every draining, and past a year's cost report."""
_TRIES = 20


class Instances:
    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, instance: Instance) -> Instance:
        """A new row. Raises Conflict when the id was ever used, for a removed instance as well."""
        try:
            self._table.put(self._row(instance), NAME_NEVER_USED)
        except ConditionFailed as lost:
            raise Conflict(f"There is or was an instance {instance.id}; its name is not used again.") from lost
        return instance

    def get(self, instance_id: str) -> Instance:
        """Raises NotFound; a removed instance is not found."""
        item = self._table.get(PK, instance_id)
        if item is None or item["state"] == InstanceState.REMOVED:
            raise NotFound(f"There is no instance {instance_id}.")
        return instance_of(item)

    def all(self) -> tuple[Instance, ...]:
        """Every instance that is not removed, by id, in one query (paged)."""
        return tuple(instance_of(item) for item in self._table.query(PK) if item["state"] != InstanceState.REMOVED)

    def save(self, instance: Instance) -> Instance:
        """Writes over the revision that ``instance`` names; the answer bears the next one. Raises ConditionFailed."""
        saved = replace(instance, revision=instance.revision + 1)
        self._table.put(self._row(saved), SAME_REVISION, {":seen": instance.revision})
        return saved

    def change(self, instance_id: str, edit: Callable[[Instance], Instance]) -> Instance:
        """Reads, edits and saves until nobody comes between. ``edit`` may be called again; what it raises ends it.

        An ``edit`` that gives back what it got writes nothing. Raises NotFound.
        """
        for _ in range(_TRIES):
            seen = self.get(instance_id)
            edited = edit(seen)
            if edited == seen:
                return seen
            try:
                return self.save(edited)
            except ConditionFailed:
                continue
        raise RecordUnavailable(f"The row of {instance_id} changed {_TRIES} times while we tried to write it.")

    def bury(self, instance: Instance, now: datetime) -> Instance:
        """Leaves only the name, and whose it was. Raises ConditionFailed when somebody wrote it meanwhile."""
        removed = replace(instance, state=InstanceState.REMOVED, changed_at=now, revision=instance.revision + 1)
        tombstone = {
            "pk": PK,
            "sk": instance.id,
            "state": InstanceState.REMOVED.value,
            "owner_sub": instance.owner_sub,
            "model_id": instance.model_id,
            "changed_at": when_text(now),
            "revision": removed.revision,
            TTL_ATTRIBUTE: epoch(now + NAME_KEPT),
        }
        self._table.put(tombstone, SAME_REVISION, {":seen": instance.revision})
        return removed

    def drop(self, instance: Instance) -> None:
        """Takes the row away as if it had never been: only when nothing that AWS knows bore its name.

        Raises ConditionFailed when somebody wrote it meanwhile.
        """
        self._table.delete(PK, instance.id, SAME_REVISION, {":seen": instance.revision})

    @staticmethod
    def _row(instance: Instance) -> dict[str, object]:
        return {"pk": PK, "sk": instance.id, **attributes(instance)}
