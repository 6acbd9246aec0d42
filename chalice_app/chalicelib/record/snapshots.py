"""Keeps the last picture of the fleet between two sweeps. A cache: what is torn or lost is rebuilt, never guessed.

The first shard is the head: it names the generation and the token under which the other shards stand. They are
written before it and the old ones deleted after it, so that whoever reads meanwhile finds one whole picture or the
other. A picture of which a shard is missing is answered as none at all.
"""

from __future__ import annotations

import secrets

from chalicelib.errors import ConditionFailed
from chalicelib.record import conditions
from chalicelib.record.codec import Item
from chalicelib.record.table import Table

PK = "SNAPSHOT"
HEAD = "0000"
LARGEST_SHARD = 390_000
"""Bytes. DynamoDB holds items up to 400 KB, names and keys included."""

_TRIES = 3
"""Whose shards were deleted while we read them finds a newer head when reading again."""


class Snapshots:
    """Remembers the generation it saw, so that a save replaces what was loaded and nothing newer."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._generation = 0
        self._others: tuple[str, ...] = ()

    def load(self) -> list[bytes]:
        """The shards in order; empty when there is no whole picture."""
        for _ in range(_TRIES):
            rows = {str(row["sk"]): row for row in self._table.query(PK)}
            head = rows.get(HEAD, {})
            self._generation = int(head.get("generation", 0))
            self._others = tuple(key for key in rows if key != HEAD)
            keys = (HEAD, *_keys(self._generation, str(head.get("token", "")), int(head.get("of", 1))))
            if all(key in rows for key in keys):
                return [bytes(rows[key]["body"]) for key in keys]
            if not head:
                break
        return []

    def save(self, shards: list[bytes]) -> bool:
        """False when somebody saved a newer picture meanwhile: theirs stands. Raises ValueError for a shard too big."""
        if any(len(shard) > LARGEST_SHARD for shard in shards):
            raise ValueError(f"a shard of {max(map(len, shards))} bytes does not fit into one DynamoDB item")
        generation, token = self._generation + 1, secrets.token_hex(4)
        mine = _keys(generation, token, len(shards))
        head: Item = {"generation": generation, "token": token, "of": len(shards)}
        try:
            for key, body in zip(mine, shards[1:], strict=True):
                self._put(key, {"generation": generation, "body": body})
            self._put(HEAD, {**head, "body": shards[0]})
        except ConditionFailed:
            self._drop(mine)
            return False
        self._drop(self._others)
        self._generation, self._others = generation, mine
        return True

    def _put(self, key: str, item: Item) -> None:
        row = {"pk": PK, "sk": key, **item}
        self._table.put(row, conditions.NEWER_SNAPSHOT, {":generation": item["generation"]})

    def _drop(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            self._table.drop(PK, key)


def _keys(generation: int, token: str, count: int) -> tuple[str, ...]:
    """Of the shards after the head."""
    return tuple(f"{generation:010d}-{token}-{number:04d}" for number in range(1, count))
