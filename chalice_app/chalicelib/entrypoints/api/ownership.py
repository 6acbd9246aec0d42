"""The instance that a path names, if the caller may see or change it.

What a person may not see is told as if it did not exist. A model's id stands for an instance only while exactly one
of the caller's own instances of it lives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.entrypoints.api.reading import piece_of_path
from chalicelib.entrypoints.api.routing import Needs
from chalicelib.errors import Conflict, Forbidden, NotFound

if TYPE_CHECKING:
    from chalicelib.entrypoints.api.call import Call
    from chalicelib.entrypoints.api.routing import Route
    from chalicelib.fleet.model import Instance

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def found(route: Route, call: Call, path: Mapping[str, str]) -> Instance:
    """Raises NotFound, Forbidden, Conflict."""
    name = piece_of_path(path["id"])
    if not ID.fullmatch(name):
        raise _nothing()
    instance = _named(call, name, or_model=route.or_model)
    if not call.caller.may_see(instance.owner_sub):
        raise _nothing()
    if route.needs is Needs.READ_LOGS and not call.caller.may_know(instance.owner_sub):
        raise Forbidden(f"The logs of {instance.id} are for its owner and for Admin.")
    if route.needs is Needs.OWN and not call.caller.may_change(instance.owner_sub):
        raise Forbidden(f"{instance.id} belongs to somebody else.")
    return instance


def _named(call: Call, name: str, *, or_model: bool) -> Instance:
    try:
        return call.fleet.instances.get(name)
    except NotFound:
        if not or_model:
            raise _nothing() from None
    own = [
        one
        for one in call.fleet.instances.all()
        if one.model_id == name and one.state.lives and one.owner_sub == call.caller.sub
    ]
    if len(own) == 1:
        return own[0]
    if own:
        listed = ", ".join(one.id for one in own)
        raise Conflict(f"You have {len(own)} instances of {name} ({listed}): name the one you mean.")
    raise _nothing()


def _nothing() -> NotFound:
    return NotFound("There is no instance of this name that you may see.")
