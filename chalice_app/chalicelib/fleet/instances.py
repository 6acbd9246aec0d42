"""The rows of launched models: one each, written only by who has read it as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.fleet.model import Instance
    from chalicelib.record.table import Table


class Instances:
    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, instance: Instance) -> Instance:
        """A new row. Raises Conflict when the id was ever used, for a removed instance as well."""
        raise NotImplementedError

    def get(self, instance_id: str) -> Instance:
        """Raises NotFound; a removed instance is not found."""
        raise NotImplementedError

    def all(self) -> tuple[Instance, ...]:
        """Every instance that is not removed, by id, in one query (paged)."""
        raise NotImplementedError

    def save(self, instance: Instance) -> Instance:
        """Writes over the revision that ``instance`` names; the answer bears the next one. Raises ConditionFailed."""
        raise NotImplementedError

    def change(self, instance_id: str, edit: Callable[[Instance], Instance]) -> Instance:
        """Reads, edits and saves until nobody comes between. ``edit`` may be called again; what it raises ends it.

        An ``edit`` that gives back what it got writes nothing. Raises NotFound.
        """
        raise NotImplementedError
