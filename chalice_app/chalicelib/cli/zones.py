"""In which zone a time is shown: that of the policy it is about, and always with its name.

What is about no policy (a freeze of everything, a start by hand) is shown in the zone that all policies share, else in
UTC. JSON has times in ISO 8601 in UTC, marked with Z.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from chalicelib.decide.tags import UTC_ZONE, zone_of

if TYPE_CHECKING:
    from datetime import date

    from chalicelib.decide.facts import ServiceFacts
    from chalicelib.policy.model import PolicySet
    from chalicelib.record.policies import PoliciesInForce


def zone_called(name: str) -> ZoneInfo:
    """As it is given with ``--zone``. Raises click.BadParameter with one sentence."""
    from chalicelib.policy.problems import ScalarError
    from chalicelib.policy.texts import parse_zone

    try:
        return parse_zone(name)
    except ScalarError as error:
        raise click.BadParameter(f'"{name}": {error.message}.', param_hint="--zone") from None


def shared_zone(policies: PolicySet) -> ZoneInfo:
    zones = {policy.hours.timezone for policy in policies.policies if policy.hours is not None}
    return zones.pop() if len(zones) == 1 else UTC_ZONE


def zone_named(policies: PolicySet, name: str) -> ZoneInfo:
    """The zone of the policy of that name; the shared one where there is no such policy, or it has no hours."""
    policy = policies.named(name)
    return zone_of(policy) if policy is not None and policy.hours is not None else shared_zone(policies)


def zone_for(policies: PolicySet, facts: ServiceFacts) -> ZoneInfo:
    """The zone of the policy that governs the service."""
    from chalicelib.decide.govern import govern

    found = govern(policies, facts)
    policy = found.ruling or next(iter(found.shadows), None)
    return zone_of(policy) if policy is not None and policy.hours is not None else shared_zone(policies)


def policies_in(store: PoliciesInForce, today: date) -> PolicySet:
    """The policies in force, none when they cannot be read: a time is shown in UTC rather than not at all."""
    from chalicelib.errors import LifecycleError
    from chalicelib.policy.loader import load
    from chalicelib.policy.model import PolicySet

    with suppress(LifecycleError):
        if kept := store.load():
            return load(kept.files, today=today).policies
    return PolicySet()
