"""People and their roles: what an administrator sees and changes, and what everybody sees of themselves.

A role taken away, or an account switched off, holds at once for logging in and refreshing; an id token that was issued
before lives until it runs out. Refuses to take the Admin role, or the account, from the last administrator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.errors import Conflict, NotFound
from chalicelib.fleet.identity.account import Account
from chalicelib.fleet.identity.asking import address
from chalicelib.fleet.identity.people_rows import PeopleRows, User
from chalicelib.fleet.identity.pool_people import PoolPeople, PoolPerson
from chalicelib.fleet.people import Caller, Role


@dataclass(frozen=True, slots=True)
class UserPage:
    """``next`` is where the following page begins; None on the last one."""

    users: tuple[User, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody sees of themselves. ``zone`` is an IANA name, empty when never said; ``second_factor`` what they
    confirm a login with (``SOFTWARE_TOKEN_MFA``), empty for nothing."""

    user_id: str
    email: str
    role: Role
    name: str
    zone: str
    created_at: datetime
    last_login: datetime | None
    second_factor: tuple[str, ...]


class Users:
    def __init__(self, rows: PeopleRows, pool: PoolPeople, account: Account) -> None:
        self._rows = rows
        self._pool = pool
        self._account = account

    def list(self, cursor: str | None = None, limit: int = 50) -> UserPage:
        """People in the order of their ids, as last noted: whoever never logged in and was not invited here is missing,
        and a role changed in the AWS console shows after `get` or the next login."""
        found = list(self._rows.after(cursor or "", limit + 1))
        more = len(found) > limit
        return UserPage(tuple(found[:limit]), found[limit - 1].user_id if more else None)

    def get(self, user_id: str) -> User:
        """As the pool has it now. Raises NotFound."""
        return self._mirrored(self._pool.get(user_id))

    def invite(self, email: str, role: Role) -> User:
        """Cognito mails the invitation. Raises Unfit for what is no address, Conflict for one that has an account.

        An invitation that was interrupted before the role was given is finished by repeating it.
        """
        person = address(email)
        try:
            sub = self._pool.invite(person)
        except Conflict:
            sub = self._pool.get(person).sub
            if self._pool.role(sub) is not None:
                raise
        self._pool.give_role(sub, role)
        return self.get(sub)

    def set_role(self, user_id: str, role: Role) -> User:
        """Raises NotFound, and Conflict for the last administrator."""
        person = self._pool.get(user_id)
        if role is not Role.ADMIN:
            self._spare_the_last_admin(person.sub)
        self._pool.give_role(person.sub, role)
        return self._mirrored(person)

    def disable(self, user_id: str) -> User:
        """No further login and no refresh. Raises NotFound, and Conflict for the last administrator."""
        person = self._pool.get(user_id)
        self._spare_the_last_admin(person.sub)
        self._pool.switch(person.sub, on=False)
        self._pool.sign_out(person.sub)
        return self._mirrored(replace(person, enabled=False))

    def enable(self, user_id: str) -> User:
        """Raises NotFound."""
        person = self._pool.get(user_id)
        self._pool.switch(person.sub, on=True)
        return self._mirrored(replace(person, enabled=True))

    def profile(self, caller: Caller) -> Profile:
        """The role is the token's: what counts for this call. Raises NotFound for an account that is gone."""
        person = self._pool.get(caller.sub)
        row = self._rows.get(person.sub)
        return Profile(
            user_id=person.sub,
            email=person.email,
            role=caller.role,
            name=person.name,
            zone=person.zone,
            created_at=row.created_at if row else person.created_at,
            last_login=row.last_login if row else None,
            second_factor=person.second_factor,
        )

    def change_profile(self, caller: Caller, access_token: str, changes: Mapping[str, str]) -> Profile:
        """``changes`` may name ``name`` and ``zone``; an empty text takes away. Raises what `Account.change` raises."""
        self._account.change(caller, access_token, changes)
        return self.profile(caller)

    def _mirrored(self, person: PoolPerson) -> User:
        role = self._pool.role(person.sub)
        if not self._rows.mirror(person.sub, email=person.email, role=role, enabled=person.enabled):
            self._rows.note(User(person.sub, person.email, role, person.created_at, enabled=person.enabled))
        row = self._rows.get(person.sub)
        if row is None:
            raise NotFound("There is no such user.")
        return row

    def _spare_the_last_admin(self, sub: str) -> None:
        if self._pool.enabled_admins() == {sub}:
            raise Conflict("This is the last administrator: make somebody else one first.")
