"""Places on the load balancers: which listener, and which two rule priorities, are one instance's alone.

A load balancer takes 100 rules besides the defaults and 100 target groups (Elastic Load Balancing quotas; both can
be raised, we do not count on it). Two rules an instance make 49 instances, and leave two rules to people; their target
groups and the one that wakes are 50. Listeners are filled in the order in which the settings name them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

from chalicelib.errors import ConditionFailed, NotAllowed
from chalicelib.fleet.conditions import OWN_SLOT, SLOT_FREE
from chalicelib.fleet.model import Slot
from chalicelib.record.table import Table

PK = "SLOT#"
FIRST_PRIORITY = 1000
"""Below it there is room for rules of people, which then go first."""
PER_LISTENER = 49


class Slots:
    def __init__(self, table: Table, listener_arns: Sequence[str]) -> None:
        self._table = table
        self._listeners = tuple(listener_arns)

    def take(self, instance_id: str) -> Slot:
        """The instance's slot: the one it holds, or a free one. Raises NotAllowed when every load balancer is full."""
        if (held := self.find(instance_id)) is not None:
            return held
        for listener in self._listeners:
            taken = self._taken(listener)
            for priority in _from_different_ends(instance_id):
                if priority not in taken and self._try(listener, priority, instance_id):
                    return Slot(listener, priority)
        most = PER_LISTENER * len(self._listeners)
        raise NotAllowed(f"All {most} places on the load balancers are taken; add a listener or remove an instance.")

    def find(self, instance_id: str) -> Slot | None:
        for listener in self._listeners:
            for priority, holder in self._taken(listener).items():
                if holder == instance_id:
                    return Slot(listener, priority)
        return None

    def give_back(self, slot: Slot, instance_id: str) -> None:
        """Once only, and only the holder's: whatever else stands there stays."""
        try:
            self._table.delete(PK + slot.listener_arn, _sk(slot.priority), OWN_SLOT, {":holder": instance_id})
        except ConditionFailed:
            return

    def _taken(self, listener: str) -> Mapping[int, str]:
        return {int(item["sk"]): str(item["holder"]) for item in self._table.query(PK + listener)}

    def _try(self, listener: str, priority: int, instance_id: str) -> bool:
        row = {"pk": PK + listener, "sk": _sk(priority), "holder": instance_id}
        try:
            self._table.put(row, SLOT_FREE)
        except ConditionFailed:
            return False
        return True


def _from_different_ends(instance_id: str) -> list[int]:
    """All priorities, from a place of the instance's own on: starts that come together seldom want the same."""
    begin = crc32(instance_id.encode()) % PER_LISTENER
    return [FIRST_PRIORITY + 2 * ((begin + step) % PER_LISTENER) for step in range(PER_LISTENER)]


def _sk(priority: int) -> str:
    return f"{priority:05d}"
