"""The policies in force, as the deployment acts on them: not what lies in the bucket, if that has errors."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from chalicelib.entrypoints.api.call import Call
from chalicelib.entrypoints.api.paging import Place, page
from chalicelib.entrypoints.api.shapes.record import (
    PolicyPage,
    PolicyQuery,
    PolicyShape,
    PolicySort,
    transition_of,
)
from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy
from chalicelib.record.policies import InForce

_GREATEST = 10_000


def list_policies(call: Call, query: PolicyQuery) -> PolicyPage:
    kept = call.app.policies_in_force.load()
    if kept is None:
        return PolicyPage(version=None, items=[], next_cursor=None)
    wanted = [
        one
        for one in _read(tuple(kept.files.items()), call.now.date())
        if (query.mode is None or one.mode is query.mode) and (query.owner is None or one.owner == query.owner)
    ]
    shown, following = page(
        wanted, lambda one: _place(one, query.sort), order=query.sort.value, cursor=query.cursor, limit=query.limit
    )
    return PolicyPage(
        version=kept.version, items=[_shape(one, kept, call) for one in shown], next_cursor=following
    )  # fmt: skip


@lru_cache(maxsize=2)
def _read(files: tuple[tuple[str, str], ...], today: date) -> tuple[Policy, ...]:
    return load(dict(files), today=today).policies.policies


def _place(policy: Policy, sort: PolicySort) -> Place:
    return (f"{policy.priority:06d}" if sort is PolicySort.PRIORITY_DOWN else "", policy.name)


def _shape(policy: Policy, kept: InForce, call: Call) -> PolicyShape:
    since = kept.since.get(policy.name)
    hours = policy.hours
    return PolicyShape(
        name=policy.name,
        description=policy.description,
        owner=policy.owner,
        mode=policy.mode,
        priority=policy.priority,
        source=policy.source,
        version=policy.version,
        since=since.since if since else None,
        held=policy.name in kept.held,
        zone=hours.timezone.key if hours else None,
        opens=[str(window) for window in hours.open or ()] if hours else [],
        next_transition=transition_of(policy, call.now),
        stops_when_idle=policy.idle is not None,
        allows=list(policy.overrides.allow),
        longest_override_minutes=int(policy.overrides.longest / timedelta(minutes=1)),
    )
