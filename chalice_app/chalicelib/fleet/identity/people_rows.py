"""What we note of each person: one row under USER, for lists and for who was here last.

The user pool has the last word on who somebody is and what they may do; a row only mirrors it. No racing write makes or
overwrites a person (see ``conditions``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.errors import ConditionFailed
from chalicelib.fleet.identity import conditions
from chalicelib.fleet.people import Role
from chalicelib.record.codec import Item, maybe_when, when, when_text
from chalicelib.record.table import Changes, Table

PK = "USER"


@dataclass(frozen=True, slots=True)
class User:
    """One person. ``user_id`` is the pool's own id (sub). ``role`` is None for a person in none of our groups."""

    user_id: str
    email: str
    role: Role | None
    created_at: datetime
    last_login: datetime | None = None
    enabled: bool = True

    @property
    def cognito_sub(self) -> str:
        return self.user_id


class PeopleRows:
    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, user: User) -> bool:
        """False when the person was noted already, which changes nothing."""
        try:
            self._table.put(_item(user), conditions.NEW_PERSON)
        except ConditionFailed:
            return False
        return True

    def get(self, user_id: str) -> User | None:
        row = self._table.get(PK, user_id)
        return _user(row) if row else None

    def after(self, user_id: str, limit: int) -> Iterator[User]:
        """At most ``limit`` people in the order of their ids, from the first one behind ``user_id``."""
        since = f"{user_id} " if user_id else ""
        return map(_user, self._table.query(PK, since=since, limit=limit))

    def seen(self, user_id: str, at: datetime) -> bool:
        """False for somebody who was never noted."""
        return self._change(user_id, Changes(set={"last_login": when_text(at)}))

    def mirror(self, user_id: str, *, email: str, role: Role | None, enabled: bool) -> bool:
        changes = {"email": email, "role": role.value if role else None, "enabled": enabled}
        return self._change(user_id, Changes(set=changes))

    def _change(self, user_id: str, changes: Changes) -> bool:
        try:
            self._table.update(PK, user_id, changes, conditions.KNOWN_PERSON)
        except ConditionFailed:
            return False
        return True


def _item(user: User) -> Item:
    return {
        "pk": PK,
        "sk": user.user_id,
        "user_id": user.user_id,
        "cognito_sub": user.cognito_sub,
        "email": user.email,
        "role": user.role.value if user.role else None,
        "created_at": when_text(user.created_at),
        "last_login": when_text(user.last_login) if user.last_login else None,
        "enabled": user.enabled,
    }


def _user(row: Item) -> User:
    return User(
        user_id=str(row["sk"]),
        email=str(row.get("email", "")),
        role=Role(row["role"]) if row.get("role") else None,
        created_at=when(row["created_at"]),
        last_login=maybe_when(row.get("last_login")),
        enabled=bool(row.get("enabled", True)),
    )
