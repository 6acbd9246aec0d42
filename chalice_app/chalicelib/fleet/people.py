"""Who calls: a verified person with one role. What a role may do is said here and nowhere else.

Refuses to guess: no group, no role; a group that is not ours counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The user pool's groups, weakest first."""

    READ_ONLY = "ReadOnly"
    USER = "User"
    ADMIN = "Admin"

    @property
    def may_write(self) -> bool:
        """Launch, start and stop what is one's own."""
        return self is not Role.READ_ONLY


@dataclass(frozen=True, slots=True)
class Caller:
    """One verified person. ``sub`` is the pool's own id and never changes; an address may. ``groups``: all the pool
    groups they are in, for policies that name approvers by group."""

    sub: str
    email: str
    role: Role
    groups: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    def may_see(self, owner_sub: str) -> bool:
        """Admin and ReadOnly read everything; a User only what is theirs."""
        return self.role is not Role.USER or owner_sub == self.sub

    def may_know(self, owner_sub: str) -> bool:
        """Who the owner is, and what the instance logged."""
        return self.is_admin or owner_sub == self.sub

    def may_change(self, owner_sub: str) -> bool:
        return self.is_admin or (self.role is Role.USER and owner_sub == self.sub)

    def __str__(self) -> str:
        return self.email or self.sub


def role_of(groups: Iterable[str]) -> Role | None:
    """The strongest of the groups that are roles; None when none is."""
    named = set(groups)
    return next((role for role in reversed(Role) if role.value in named), None)
