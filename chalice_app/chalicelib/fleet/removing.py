"""Removes an instance and everything that was made for it, after its tasks have ended and drained."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.fleet.model import Instance


class Remover:
    def remove(self, instance_id: str) -> Instance:
        """Marks it REMOVING; `go_on` does the rest. The caller stops it first, through the guarded plan (`Wishes`).

        Idempotent. Raises NotFound, Conflict while its parts are still being made.
        """
        raise NotImplementedError

    def go_on(self, instance: Instance, now: datetime) -> Instance:
        """The next thing that can be done for a REMOVING instance; REMOVED when nothing is left. Level-triggered:
        an instance that is not REMOVING, or whose tasks still run, comes back as it is."""
        raise NotImplementedError
