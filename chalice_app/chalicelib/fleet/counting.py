"""Counts a start of an instance that sleeps against the limits of its owner, whoever starts it and from where.

A new instance is counted where it is launched; what a policy opens by itself is nobody's start and is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.decide.facts import INSTANCE_TAG, ServiceFacts
from chalicelib.fleet.heard import Became, Heard

if TYPE_CHECKING:
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.limits import Limits
    from chalicelib.fleet.model import Instance

_NOTHING_CAME = frozenset({Became.REFUSED, Became.FAILED})


class Counting:
    """Both None where no fleet is configured: nothing is counted then."""

    def __init__(self, limits: Limits | None, instances: Instances | None) -> None:
        self._limits = limits
        self._instances = instances

    def counted(self, facts: ServiceFacts, now: datetime, say: Callable[[], Heard]) -> Heard:
        """What ``say`` gives, after its start was admitted. Raises TooMany, and NotFound for a row that is gone."""
        instance = self._sleeping(facts)
        if self._limits is None or instance is None:
            return say()
        self._limits.admit(instance.owner_sub, instance.id, instance.placement.usd_per_hour, now)
        heard: Heard | None = None
        try:
            heard = say()
            return heard
        finally:
            if heard is None or heard.became in _NOTHING_CAME:
                self._limits.withdraw(instance.owner_sub, instance.id, now)

    def _sleeping(self, facts: ServiceFacts) -> Instance | None:
        if self._instances is None or INSTANCE_TAG not in facts.tags or facts.desired_count > 0:
            return None
        return self._instances.get(facts.tags[INSTANCE_TAG])
