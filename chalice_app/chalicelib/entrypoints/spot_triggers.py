"""What AWS tells of Spot, read once at the border: interruptions, recommendations, and launches that failed.

These events do carry something that cannot be read again later: that a host or a task is being taken, and since when.
That alone is handed on, as a setback of the service; where its tasks run is still looked up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.decide.facts import ServiceId
from chalicelib.errors import MalformedEvent

INTERRUPTED = "SpotInterruption"
"""The stop code of a Fargate Spot task that AWS takes."""
_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")


@dataclass(frozen=True, slots=True)
class HostInterrupted:
    """AWS takes this EC2 instance two minutes after ``at``."""

    instance: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HostAtRisk:
    """AWS recommends to leave this EC2 instance; it may be taken, now or never."""

    instance: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskInterrupted:
    """AWS takes this Fargate Spot task; it got its SIGTERM at ``at``."""

    service: ServiceId
    task: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LaunchFailed:
    """An Auto Scaling group could launch no host: whoever waits for one is looked at."""

    group: str
    said: str


SpotTrigger = HostInterrupted | HostAtRisk | TaskInterrupted | LaunchFailed


def instance_of(detail: Mapping[str, object]) -> str:
    """Raises MalformedEvent."""
    instance = detail.get("instance-id")
    if not isinstance(instance, str) or not _INSTANCE.fullmatch(instance):
        raise MalformedEvent(f'detail.instance-id is "{instance}", not the id of an EC2 instance')
    return instance


def launch_failed(detail: Mapping[str, object]) -> LaunchFailed:
    """Raises MalformedEvent."""
    group = detail.get("AutoScalingGroupName")
    if not isinstance(group, str) or not group:
        raise MalformedEvent("detail.AutoScalingGroupName is missing or not text")
    return LaunchFailed(group, str(detail.get("StatusMessage", "")))


def instant_of(name: str, text: object) -> datetime:
    """Raises MalformedEvent for anything but a moment with its zone."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter for a moment that UTC's calendar does not have
        pass
    raise MalformedEvent(f'{name} is "{text}", not a moment with its zone')
