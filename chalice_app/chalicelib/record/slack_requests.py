"""The rows of Slack's requests: each is let in once, and done once. DynamoDB deletes them after a day."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from math import ceil

from chalicelib.errors import ConditionFailed
from chalicelib.record import conditions
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

PK = "SLACK"
_STAYS = timedelta(days=1)
"""Longer than Slack's signatures hold and than a message waits in the queue between two tries."""


class SlackRequests:
    def __init__(self, table: Table) -> None:
        self._table = table

    def is_first(self, request: str, now: datetime) -> bool:
        """False for a request that was let in before."""
        row = {"pk": PK, "sk": request, TTL_ATTRIBUTE: ceil((now + _STAYS).timestamp())}
        try:
            self._table.put(row, conditions.REQUEST_NEVER_SEEN)
        except ConditionFailed:
            return False
        return True

    def is_done(self, request: str) -> bool:
        row = self._table.get(PK, request)
        return bool(row and row.get("done"))

    def done(self, request: str) -> None:
        """SQS may deliver it again; then nothing is done."""
        with suppress(ConditionFailed):  # DynamoDB has deleted it already
            self._table.update(PK, request, Changes(set={"done": True}), conditions.STANDS)
