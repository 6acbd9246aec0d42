"""`Fleet` and `ServiceFacts` as JSON values and back. Raises KeyError, TypeError or ValueError on anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, fields
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from chalicelib.decide.facts import (
    CapacityProviderUse,
    LaunchType,
    ScalingBounds,
    ServiceFacts,
    ServiceId,
    TargetGroup,
)
from chalicelib.observe.fleet import ClusterCounts, Fleet, Unread

FORMAT = 4
"""Raised whenever a row changes its meaning; snapshots of another format are forgotten."""

_use, _group, _scaling = (
    attrgetter(*(field.name for field in fields(kind))) for kind in (CapacityProviderUse, TargetGroup, ScalingBounds)
)
"""Their values in order, as `astuple` gives them: that copies each of them, and was most of what a save cost."""


def fleet_head(fleet: Fleet) -> dict[str, Any]:
    """Everything of a fleet but its services."""
    return {
        "refreshed_at": fleet.refreshed_at.isoformat(),
        "clusters": [astuple(counts) for counts in fleet.clusters.values()],
        "problems": [[one.service.name if one.service else None, one.cluster, one.reason] for one in fleet.problems],
    }


def head_of(head: Mapping[str, Any], services: Mapping[ServiceId, ServiceFacts]) -> Fleet:
    return Fleet(
        services=services,
        clusters=MappingProxyType({row[0]: ClusterCounts(*row) for row in head["clusters"]}),
        refreshed_at=datetime.fromisoformat(head["refreshed_at"]),
        problems=tuple(
            Unread(ServiceId(cluster, name) if name else None, cluster, reason)
            for name, cluster, reason in head["problems"]
        ),
    )


def service_row(facts: ServiceFacts, look: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": [facts.id.cluster, facts.id.name],
        "arn": facts.arn,
        "counts": [facts.desired_count, facts.running_count, facts.pending_count],
        "at": facts.described_at.isoformat(),
        "launch": facts.launch_type.value,
        "tags": dict(facts.tags),
        "providers": [_use(use) for use in facts.capacity_providers],
        "on": list(facts.running_on),
        "hosts": list(facts.hosts),
        "percent": facts.healthy_percent,
        "groups": [_group(group) for group in facts.target_groups],
        "scaling": _scaling(facts.scaling) if facts.scaling else None,
        "ready": _text(facts.ready_since),
        "created": _text(facts.created_at),
        "task": facts.task_definition,
        "unmanageable": facts.unmanageable,
        "look": look,
    }


def services_of(rows: Iterable[Mapping[str, Any]]) -> dict[ServiceId, ServiceFacts]:
    """In the order of the rows."""
    return {facts.id: facts for facts in map(_facts, rows)}


def _facts(row: Mapping[str, Any]) -> ServiceFacts:
    desired, running, pending = row["counts"]
    return ServiceFacts(
        id=ServiceId(*row["id"]),
        arn=row["arn"],
        desired_count=desired,
        running_count=running,
        pending_count=pending,
        described_at=datetime.fromisoformat(row["at"]),
        launch_type=LaunchType(row["launch"]),
        tags=MappingProxyType(row["tags"]),
        capacity_providers=tuple(CapacityProviderUse(*use) for use in row["providers"]),
        running_on=tuple((str(name), int(count)) for name, count in row["on"]),
        hosts=tuple(str(one) for one in row["hosts"]),
        healthy_percent=(row["percent"][0], row["percent"][1]) if row["percent"] else None,
        target_groups=tuple(TargetGroup(*group) for group in row["groups"]),
        scaling=ScalingBounds(*row["scaling"]) if row["scaling"] else None,
        ready_since=_moment(row["ready"]),
        created_at=_moment(row["created"]),
        task_definition=row["task"],
        unmanageable=row["unmanageable"],
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
