"""What ECS says about a service that does not come up: its events and the state of its rollout.

Only words said since the start count: a service keeps its last hundred events, and yesterday's are not today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.decide.facts import ServiceId
from chalicelib.execute import aws

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient

PER_CALL = 10
"""DescribeServices takes ten."""

_HOPELESS = ("unable to place a task", "unable to consistently start tasks", "unable to start a task")


@dataclass(frozen=True, slots=True)
class Trouble:
    """``hopeless``: ECS says that it cannot; ``last_words``: its newest event since the start, for the record."""

    hopeless: str = ""
    last_words: str = ""


def read_trouble(ecs: ECSClient, since: Mapping[ServiceId, datetime]) -> Mapping[ServiceId, Trouble]:
    """``since``: when each service's start began. Ten services a call. Raises ActionFailed."""
    found: dict[ServiceId, Trouble] = {}
    for cluster in sorted({service.cluster for service in since}):
        names = sorted(service.name for service in since if service.cluster == cluster)
        for at in range(0, len(names), PER_CALL):
            for described in aws.describe(ecs, cluster, names[at : at + PER_CALL]):
                service = ServiceId(cluster, str(described["serviceName"]))
                if service in since:
                    found[service] = _trouble(described, since[service])
    return found


def rollout_given_up(ecs: ECSClient, service: ServiceId) -> bool:
    """Whether ECS stopped trying: then only a new deployment makes it try again."""
    described = aws.describe(ecs, service.cluster, [service.name])
    return any(_failed(deployment) for one in described for deployment in _primary(one))


def _trouble(described: Mapping[str, Any], since: datetime) -> Trouble:
    events = sorted(
        (event for event in described.get("events", ()) if event["createdAt"] >= since),
        key=lambda event: event["createdAt"],
    )
    words = [_plain(str(event["message"])) for event in events]
    last = words[-1] if words else ""
    for deployment in _primary(described):
        if _failed(deployment):
            return Trouble(f"ECS gave the deployment up: {_plain(str(deployment.get('rolloutStateReason', '')))}", last)
    hopeless = next((said for said in reversed(words) if any(mark in said.lower() for mark in _HOPELESS)), "")
    return Trouble(hopeless, last)


def _primary(described: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (one for one in described.get("deployments", ()) if one.get("status") == "PRIMARY")


def _failed(deployment: Mapping[str, Any]) -> bool:
    return deployment.get("rolloutState") == "FAILED"


def _plain(message: str) -> str:
    """Without the ``(service NAME)`` that opens every event."""
    if message.startswith("(service "):
        message = message.partition(") ")[2] or message
    return message.strip()
