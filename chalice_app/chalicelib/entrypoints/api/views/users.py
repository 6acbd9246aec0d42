"""The accounts of others, for administrators."""

from __future__ import annotations

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.paging import pack, unpack
from chalicelib.entrypoints.api.shapes.common import Id
from chalicelib.entrypoints.api.shapes.people import Invitation, UserChange, UserPageShape, UserQuery, UserShape
from chalicelib.errors import Unfit
from chalicelib.fleet.identity.people_rows import User

ORDER = "user_id"
_PAGES_READ = 20
"""A filter that fits nobody must not read all there are in one call; the cursor goes on from there."""


def list_users(call: Call, query: UserQuery) -> UserPageShape:
    after = unpack(query.cursor, ORDER)[1] if query.cursor else None
    found: list[User] = []
    for _ in range(_PAGES_READ):
        page = call.identity.users.list(after, query.limit - len(found))
        found += [user for user in page.users if _fits(user, query)]
        after = page.next
        if after is None or len(found) == query.limit:
            break
    return UserPageShape(
        items=[UserShape.of(user) for user in found],
        next_cursor=pack(ORDER, ("", after)) if after is not None else None,
    )


def get_user(call: Call, id: Id) -> UserShape:
    return UserShape.of(call.identity.users.get(id))


def invite(call: Call, body: Invitation) -> UserShape:
    return UserShape.of(call.identity.users.invite(body.email, body.role))


def change_user(call: Call, id: Id, body: UserChange) -> UserShape:
    """The role first: taking it away must not depend on whether the account could be switched."""
    users = call.identity.users
    if body.role is None and body.enabled is None:
        raise Unfit("Say what to change: role, enabled, or both.", field="role")
    changed = users.set_role(id, body.role) if body.role is not None else users.get(id)
    if body.enabled is not None:
        changed = users.enable(id) if body.enabled else users.disable(id)
    return UserShape.of(changed)


def _fits(user: User, query: UserQuery) -> bool:
    return (query.role is None or user.role is query.role) and (
        query.email is None or query.email.lower() in user.email.lower()
    )
