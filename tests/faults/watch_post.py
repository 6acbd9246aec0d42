"""What people are to hear: no letter of the outbox goes without having been sent, given up or grown useless, and none
is sent twice unless the first answer was lost.

It follows the outbox row by row and Slack request by request, and knows nothing of who writes them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.record.codec import when
from faults.invariants import Invariant

if TYPE_CHECKING:
    from faults.watch import Watch

CHANNEL = "#gpu-cost"
"""Where notices go that no policy has a channel for."""
SAME_AGAIN_AFTER = timedelta(hours=1)
"""The same sentence is news again then."""


@dataclass(frozen=True)
class _Told:
    """A letter that Slack took."""

    at: datetime
    run: int


@dataclass
class PostWatch:
    """``troubled`` are the runs in which something was made to fail, or which died."""

    watch: Watch
    troubled: set[int] = field(default_factory=set)
    _in_hand: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    _taken: dict[str, _Told] = field(default_factory=dict)
    _put: set[str] = field(default_factory=set)

    # --- the outbox

    def ended(self, operation: str, params: Mapping[str, Any]) -> None:
        if not operation.startswith("dynamodb.") or params.get("Key", {}).get("pk") != {"S": "OUTBOX"}:
            return
        kind, _, id = params["Key"]["sk"]["S"].partition("#")
        values = params.get("ExpressionAttributeValues", {})
        if kind != "TO":
            return
        match operation:
            case "dynamodb.UpdateItem" if ":set_body" in values:
                self._put.add(id)
            case "dynamodb.UpdateItem" if ":set_claimed_by" in values:
                self._in_hand[self.watch.run()].add(id)
            case "dynamodb.UpdateItem":
                self._in_hand[self.watch.run()].discard(id)
            case "dynamodb.DeleteItem":
                self._in_hand[self.watch.run()].discard(id)
                self._left(id)

    def begins(self, operation: str, params: Mapping[str, Any]) -> None:
        """Before a letter is taken out, while it can still be read."""
        if operation == "dynamodb.DeleteItem" and params["Key"]["pk"] == {"S": "OUTBOX"}:
            item = self.watch.rows.item("OUTBOX", params["Key"]["sk"]["S"])
            self._leaving = self.watch.plain(item) if item else {}

    _leaving: Mapping[str, Any] = field(default_factory=dict)

    def _left(self, id: str) -> None:
        letter = self._leaving
        if not letter:
            return  # it was gone before
        rows = self.watch.rows
        buried = rows.item("OUTBOX", f"DEAD#{id}#{letter['letter_version']}") is not None
        useless = "useless_after" in letter and when(letter["useless_after"]) <= self.watch.now() + self._slack
        told = id in self._taken if letter.get("address") else f"{id}@slack:{CHANNEL}" in self._put
        self.watch.verdicts.hold(Invariant.TOLD, told or buried or useless, f"{id} left the outbox: {letter}")

    @property
    def _slack(self) -> timedelta:
        return self.watch.tolerance

    # --- Slack

    def accepted(self, method: str, _: Mapping[str, Any]) -> None:
        run, now = self.watch.run(), self.watch.now()
        for id in self._in_hand[run]:
            before = self._taken.get(id)
            if method == "chat.postMessage" and before is not None:
                again = now - before.at >= SAME_AGAIN_AFTER - 2 * self.watch.tolerance
                excused = again or before.run in self.troubled
                said = f"{id} of run {before.run} at {before.at:%H:%M} again in run {run}"
                self.watch.verdicts.hold(Invariant.NOT_TWICE, excused, said)
            elif method == "chat.postMessage":
                self.watch.verdicts.checked[Invariant.NOT_TWICE] += 1
            self._taken[id] = _Told(now, run)

    # --- when all is at rest

    def rested(self, waiting: Iterator[Mapping[str, Any]]) -> None:
        """Nothing waits any longer than its receiver was given."""
        for letter in waiting:
            due = when(letter["due_at"])
            self.watch.verdicts.hold(Invariant.TOLD, due > self.watch.now(), f"still waits: {letter}")

    def restored(self) -> None:
        self._in_hand.clear()
        self._taken.clear()
        self._put.clear()
