"""How much each service was used, hour by hour: what tells needed hours from idle ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.values import Row


@dataclass(frozen=True, slots=True)
class Use:
    """By service and hour of UTC (its first instant): how many requests began, and which hours are proven idle.

    A service that is in neither was not counted, which is another thing than one without requests. An hour that is
    not proven idle counts as needed.
    """

    requests: Mapping[ServiceId, Mapping[datetime, int]] = field(default_factory=dict)
    idle: Mapping[ServiceId, frozenset[datetime]] = field(default_factory=dict)

    def counts(self, service: ServiceId) -> bool:
        return service in self.idle

    def is_idle(self, row: Row) -> bool:
        hour = row.since.replace(minute=0, second=0, microsecond=0)
        return hour in self.idle.get(row.service, frozenset())

    def total(self, services: Iterable[ServiceId]) -> int:
        return sum(sum(self.requests.get(service, {}).values()) for service in services)
