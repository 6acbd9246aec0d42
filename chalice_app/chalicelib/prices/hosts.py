"""On what one task of a service runs, and how it is bought: from its tags and its capacity providers, as text.

A host is named as AWS prices it: ``g5.xlarge``, or ``fargate 4 vCPU 16 GB``. Where the service does not say, it has no
name and no market; nothing is guessed from its image or its cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from chalicelib.decide.capacity import FARGATE as FARGATE_ON_DEMAND
from chalicelib.decide.capacity import FARGATE_SPOT
from chalicelib.decide.capacity import Market as Market
from chalicelib.decide.facts import LaunchType, ServiceFacts
from chalicelib.prices.numbers import positive
from chalicelib.prices.tags import INSTANCE_TYPE_TAG, MEMORY_TAG, VCPU_TAG

FARGATE = "fargate"

_MARKET_OF_PROVIDER: Mapping[str, Market] = {FARGATE_ON_DEMAND: Market.ON_DEMAND, FARGATE_SPOT: Market.SPOT}
_FARGATE_SIZE = re.compile(rf"{FARGATE} (?P<vcpu>[0-9.]+) vCPU (?P<memory>[0-9.]+) GB")


def host_of(facts: ServiceFacts) -> str:
    """Of one task; empty where the service does not say."""
    instance_type = facts.tags.get(INSTANCE_TYPE_TAG, "").strip()
    if instance_type:
        return instance_type
    if facts.launch_type is not LaunchType.FARGATE:
        return ""
    vcpu, memory = _size(facts.tags.get(VCPU_TAG, "")), _size(facts.tags.get(MEMORY_TAG, ""))
    return f"{FARGATE} {vcpu} vCPU {memory} GB" if vcpu and memory else FARGATE


def market_of(facts: ServiceFacts) -> Market | None:
    """None where its capacity providers are not AWS's own, or are of both kinds.

    A Fargate service without any provider is on-demand.
    """
    used = {one.name for one in facts.capacity_providers if one.base or one.weight}
    if not used:
        return Market.ON_DEMAND if facts.launch_type is LaunchType.FARGATE else None
    markets = {_MARKET_OF_PROVIDER.get(name) for name in used}
    return markets.pop() if len(markets) == 1 else None


def is_fargate(host: str) -> bool:
    return host.split(" ", 1)[0] == FARGATE


def fargate_size(host: str) -> tuple[Decimal, Decimal] | None:
    """(vCPU, GB) of a host named by `host_of`; None for any other."""
    found = _FARGATE_SIZE.fullmatch(host)
    return (Decimal(found["vcpu"]), Decimal(found["memory"])) if found else None


def _size(text: str) -> str:
    """``4`` or ``0.5``; empty for what is no size."""
    size = positive(text)
    return f"{size.normalize():f}" if size else ""
