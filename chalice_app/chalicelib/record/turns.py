"""Whose turn it is to take from the services of one policy: a row a policy, for limits that span many services.

The lock of one service cannot guard a number of services that must stay. Who takes a turn counts them afresh under
it and gives it back after acting; a turn that is not given back ends by itself. Rows stay: the fencing number of a
policy's turns only grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import ConditionFailed, Locked
from chalicelib.record import conditions
from chalicelib.record.codec import when_text
from chalicelib.record.table import Changes, Table

PK = "TURN"


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to stop services of ``policy`` until ``until``, under the fencing number ``fence``."""

    policy: str
    owner: str
    fence: int
    until: datetime


class Turns:
    def __init__(self, table: Table) -> None:
        self._table = table

    def take(self, policy: str, owner: str, now: datetime, for_seconds: int) -> Turn:
        """Takes the turn under the next fencing number. Raises Locked while somebody else's stands."""
        until = now + timedelta(seconds=for_seconds)
        changes = Changes(set={"turn_owner": owner, "turn_until": when_text(until)}, add={"fence": 1})
        try:
            row = self._table.update(PK, policy, changes, conditions.NOBODYS_TURN, {":now": when_text(now)})
        except ConditionFailed as lost:
            holder, free_at = lost.standing.get("turn_owner", "somebody"), lost.standing.get("turn_until", "")
            raise Locked(
                f"another run is stopping services of {policy} ({holder}, at the longest until {free_at})"
            ) from lost
        return Turn(policy, owner, int(row["fence"]), until)

    def release(self, turn: Turn) -> bool:
        """False when it had ended and somebody else took the next one."""
        changes = Changes(remove=("turn_owner", "turn_until"))
        values = {":fence": turn.fence, ":owner": turn.owner}
        try:
            self._table.update(PK, turn.policy, changes, conditions.OWN_TURN, values)
        except ConditionFailed:
            return False
        return True
