"""The two capacity providers between which a service may move, or why there are none. Pure.

Fargate and Auto Scaling group providers never share a strategy, and a service is never moved from one kind to the
other: its task definition is made for one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.decide.capacity import (
    FARGATE,
    FARGATE_PROVIDERS,
    FARGATE_SPOT,
    CapacityProviderUse,
    Market,
    Provider,
    Strategy,
)
from chalicelib.decide.facts import LaunchType, ServiceFacts
from chalicelib.policy.sections.terms import Spot


@dataclass(frozen=True, slots=True)
class Pair:
    spot: str
    on_demand: str


def pair_of(spot: Spot, facts: ServiceFacts, providers: Sequence[Provider] | None) -> Pair | str:
    """Named by the policy, else by Fargate itself, else by the tags of the capacity providers; or why not."""
    named = spot.providers or {}
    on_fargate = facts.launch_type is LaunchType.FARGATE
    if facts.launch_type is LaunchType.EXTERNAL:
        return "EXTERNAL hosts are not bought by the hour"
    if named:
        pair = Pair(named["spot"], named["on-demand"])
        if on_fargate != ({pair.spot, pair.on_demand} <= FARGATE_PROVIDERS):
            ours, theirs = ("Fargate", "hosts") if on_fargate else ("hosts of EC2", "Fargate")
            return f"it runs on {ours} and the policy names capacity providers of {theirs}; a service stays on one kind"
        return pair
    if on_fargate:
        return Pair(FARGATE_SPOT, FARGATE)
    return _by_tags(facts, providers)


def strategy(pair: Pair, market: Market, base: int, size: int) -> Strategy:
    """The strategy for ``size`` tasks, of which ``base`` stay on demand."""
    if market is Market.ON_DEMAND or base >= size > 0:
        return (CapacityProviderUse(pair.on_demand, 0, 1),)
    on_spot = CapacityProviderUse(pair.spot, 0, 1)
    return (CapacityProviderUse(pair.on_demand, base, 0), on_spot) if base > 0 else (on_spot,)


def needs_tags(spot: Spot, facts: ServiceFacts) -> bool:
    """Whether only the tags of capacity providers tell between which two it may move."""
    return not spot.providers and facts.launch_type is LaunchType.EC2


def _by_tags(facts: ServiceFacts, providers: Sequence[Provider] | None) -> Pair | str:
    if providers is None:
        return "the tags of its capacity providers could not be read"
    now = {use.name for use in facts.capacity_providers}
    pools = {one.pool for one in providers if one.name in now}
    mine = [one for one in providers if not pools or one.pool in pools]
    spots = [one.name for one in mine if one.market is Market.SPOT]
    others = [one.name for one in mine if one.market is Market.ON_DEMAND]
    if len(spots) == 1 and len(others) == 1:
        return Pair(spots[0], others[0])
    found = f"{len(spots)} for Spot and {len(others)} on demand"
    return (
        f"of its capacity providers {found} say so by their tag lifecycle:market, one of each is needed; "
        "name both under spot.providers, or tell pools apart with lifecycle:pool"
    )
