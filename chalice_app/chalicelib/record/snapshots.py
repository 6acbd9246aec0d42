"""Keeps the last picture of the fleet between two sweeps. A cache: what is torn or lost is rebuilt, never guessed.

The shards of one picture carry its generation and their number; a picture of which a shard is missing or belongs to
another generation is answered as none at all.
"""

from __future__ import annotations

from chalicelib.errors import ConditionFailed
from chalicelib.record import conditions
from chalicelib.record.table import Table

PK = "SNAPSHOT"
LARGEST_SHARD = 390_000
"""Bytes. DynamoDB holds items up to 400 KB, names and keys included."""


class Snapshots:
    """Remembers the generation it saw, so that a save replaces what was loaded and nothing newer."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._generation = 0
        self._shards = 0

    def load(self) -> list[bytes]:
        """The shards in order; empty when there is no whole picture."""
        rows = list(self._table.query(PK))
        self._generation = max((int(row["generation"]) for row in rows), default=0)
        self._shards = len(rows)
        if not rows:
            return []
        count = int(rows[0]["of"])
        whole = [row for row in rows[:count] if int(row["generation"]) == self._generation]
        return [bytes(row["body"]) for row in whole] if len(whole) == count else []

    def save(self, shards: list[bytes]) -> bool:
        """False when somebody saved a newer picture meanwhile: theirs stands. Raises ValueError for a shard too big."""
        if any(len(shard) > LARGEST_SHARD for shard in shards):
            raise ValueError(f"a shard of {max(map(len, shards))} bytes does not fit into one DynamoDB item")
        generation = self._generation + 1
        values = {":generation": generation}
        try:
            for number, body in enumerate(shards):
                item = {"pk": PK, "sk": _sk(number), "generation": generation, "of": len(shards), "body": body}
                self._table.put(item, conditions.NEWER_SNAPSHOT, values)
            for number in range(len(shards), self._shards):
                self._table.delete(PK, _sk(number), conditions.NEWER_SNAPSHOT, values)
        except ConditionFailed:
            return False
        self._generation, self._shards = generation, len(shards)
        return True


def _sk(number: int) -> str:
    return f"{number:04d}"
