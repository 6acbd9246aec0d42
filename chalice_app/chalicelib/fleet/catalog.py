"""The model catalog: which models can be launched, kept as rows that people with the Admin role edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.fleet.model import Model
    from chalicelib.record.table import Table


class Catalog:
    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> tuple[Model, ...]:
        """Every model, by id."""
        raise NotImplementedError

    def get(self, model_id: str) -> Model:
        """Raises NotFound."""
        raise NotImplementedError

    def add(self, model: Model) -> Model:
        """A new entry, as revision 1. Raises Conflict when the id is taken, Unfit for an id that no AWS name bears."""
        raise NotImplementedError

    def change(self, model: Model) -> Model:
        """Replaces the entry whose revision ``model`` names; the answer bears the next one. ``created_at`` stays.

        Raises NotFound, and Conflict when somebody changed it meanwhile.
        """
        raise NotImplementedError

    def remove(self, model_id: str) -> None:
        """Raises NotFound, and Conflict while instances of it live."""
        raise NotImplementedError
