"""Five failed logins rest an account for half an hour. Cognito itself cannot do that: its own limit is 15 minutes and
cannot be set.

Every try is counted before the password is looked at (Cognito asks us then, in PreAuthentication) and a login that
succeeds forgets the count (PostAuthentication). So nobody gets round it by calling Cognito without our API. Two things
follow: more than five logins of one person at the very same moment count as failures until the first of them ends, and
tries while an account rests are refused but do not lengthen the rest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.errors import ConditionFailed, LoginRefused
from chalicelib.fleet.identity import conditions
from chalicelib.record.codec import Item, epoch, when, when_text
from chalicelib.record.table import TTL_ATTRIBUTE, Changes, Table

PK = "LOCKOUT"
MOST_FAILURES = 5
RESTS_FOR = timedelta(minutes=30)
"""Also how long a failure counts: the half hour begins anew with each one."""
LOGIN_REFUSED = (
    "The address or the password is wrong, the address is not confirmed yet, or there were too many tries: "
    "after five failed ones an account rests for 30 minutes."
)
"""What everybody hears who may not log in, so that nobody learns which accounts there are."""

_ROUNDS = 3


class Lockout:
    """``who`` is the pool's own id of a person; of somebody the pool does not know, what they called themselves."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count_try(self, who: str, now: datetime) -> None:
        """Counts a try that is about to be made. Raises LoginRefused when it may not be made."""
        until = now + RESTS_FOR
        window = {"counted_until": when_text(until), TTL_ATTRIBUTE: epoch(until)}
        anew, further = Changes(set={**window, "failures": 1}), Changes(set=window, add={"failures": 1})
        values = {":now": when_text(now)}
        for _ in range(_ROUNDS):
            try:
                self._table.update(PK, who, anew, conditions.COUNT_ANEW, values)
                return
            except ConditionFailed as lost:
                if _rests(lost.standing, now):
                    break
            try:
                self._table.update(PK, who, further, conditions.TRIES_LEFT, {**values, ":most": MOST_FAILURES})
                return
            except ConditionFailed:
                continue  # it was filled up or forgotten in between: look again
        raise LoginRefused(LOGIN_REFUSED, reason="locked out")

    def clear(self, who: str) -> None:
        self._table.drop(PK, who)


def _rests(row: Item, now: datetime) -> bool:
    return "counted_until" in row and when(row["counted_until"]) > now and int(row["failures"]) >= MOST_FAILURES
