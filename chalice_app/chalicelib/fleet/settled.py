"""Whether an instance's row and what was seen of its service agree, so that nothing needs to be asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.execute.plan import START_WITHIN
from chalicelib.fleet.model import Instance, InstanceState

UNSETTLED = frozenset({InstanceState.STARTING, InstanceState.STOPPING, InstanceState.REMOVING})
"""States that are on their way to another one: their services are always described afresh."""


def ready_within(row: Instance) -> timedelta:
    """How long a start of it may take: as any other's, or twice what its weights took last time."""
    return max(START_WITHIN, timedelta(seconds=2 * (row.weights_seconds or 0)))


def is_made(row: Instance) -> bool:
    """Nobody is at work on its parts, or it is being taken apart, which is our own work."""
    return row.state is InstanceState.REMOVING or (bool(row.resources.service_arn) and row.work_until is None)


def is_lost(row: Instance, seen: Mapping[ServiceId, ServiceFacts]) -> bool:
    """Failed, and without a service for as long as sweeps remember: nothing is asked about it any more."""
    return row.state is InstanceState.FAILED and row.service not in seen


def agrees(row: Instance, seen: ServiceFacts | None, now: datetime) -> bool:
    """Whether nothing is to be done for a settled instance by what was seen of it."""
    if seen is None or row.state in UNSETTLED:
        return False
    if row.state is InstanceState.RUNNING:
        over = row.expires_at is not None and row.expires_at <= now
        return seen.desired_count > 0 and seen.running_count > 0 and not over
    return seen.desired_count == 0
