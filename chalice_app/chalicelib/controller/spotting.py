"""What placing a service takes beside its description: read only for policies with ``spot:``, and only when it matters.

Capacity providers are asked for their tags where nothing else names them. What AWS says of missing tasks is asked
once their wait is over, because only then can it change what is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chalicelib.decide.capacity import CapacityNews, Provider
from chalicelib.decide.facts import Observation, ServiceFacts
from chalicelib.decide.pairs import needs_tags
from chalicelib.decide.placement import asks_for_capacity
from chalicelib.policy.model import Policy


class SpotSource(Protocol):
    """Reads what is known of capacity. None of it raises but for AwsUnreachable."""

    def providers(self, now: datetime) -> tuple[Provider, ...] | None:
        """Those that say by their tags what they are; None when they cannot be read."""

    def news(self, facts: ServiceFacts, now: datetime) -> CapacityNews:
        """What AWS says of the tasks of this service that are missing."""

    def covered_by(self, facts: ServiceFacts, now: datetime) -> str:
        """The commitment that pays for the service on demand already; empty: none that is known."""


def with_spot(source: SpotSource | None, seen: Observation, policies: Sequence[Policy], now: datetime) -> Observation:
    """``seen`` with what the policies among these that speak of Spot need to know."""
    sections = [policy.spot for policy in policies if policy.spot is not None]
    if source is None or not sections:
        return seen
    facts = seen.facts
    if any(needs_tags(one, facts) for one in sections):
        seen = replace(seen, providers=source.providers(now))
    if any(one.use != "never" for one in sections):
        seen = replace(seen, covered_by=source.covered_by(facts, now))
    if any(asks_for_capacity(one, facts, seen.memory, now) for one in sections):
        seen = replace(seen, capacity=source.news(facts, now))
    return seen
