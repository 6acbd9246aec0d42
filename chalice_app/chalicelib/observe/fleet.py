"""What the inventory hands on: the services we can see, how the clusters count them, and what was not read.

Frozen values. A service that could not be read stays in `Fleet.services` as it was last seen and is named in
`Fleet.problems`; it is never shown half new and half old, and never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from chalicelib.decide.facts import ServiceFacts, ServiceId


@dataclass(frozen=True, slots=True)
class ClusterCounts:
    """One cluster as DescribeClusters counts it."""

    name: str
    arn: str
    active_services: int
    running_tasks: int = 0
    pending_tasks: int = 0


@dataclass(frozen=True, slots=True)
class Gone:
    """A service that no longer exists, is being deleted, or whose cluster is gone."""

    id: ServiceId


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read: one service, or (``service`` is None) a cluster's list of services."""

    service: ServiceId | None
    cluster: str
    reason: str

    def __str__(self) -> str:
        return f"{self.service or self.cluster} could not be read: {self.reason}."


@dataclass(frozen=True, slots=True)
class Fleet:
    """Every service we look after. ``refreshed_at`` is when all of them were last described."""

    services: Mapping[ServiceId, ServiceFacts]
    clusters: Mapping[str, ClusterCounts]
    refreshed_at: datetime
    problems: tuple[Unread, ...] = field(default=())

    @classmethod
    def empty(cls, at: datetime) -> Fleet:
        return cls(MappingProxyType({}), MappingProxyType({}), at)
