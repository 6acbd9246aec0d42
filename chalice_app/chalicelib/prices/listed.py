"""What one hour of one task costs on demand, from a small dated table of list prices.

The instance type is read from the service's tag ``instance-type``; one task is taken to fill one instance, as GPU
model services do. A Fargate service tells its size with the tags ``vcpu`` and ``memory-gb``. What is not in the
table has no price: None, never a guess, because an invented price would end in a report as an invented saving.
Discounts, Savings Plans, Spot and taxes are not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from chalicelib.decide.facts import ServiceFacts
from chalicelib.prices.hosts import fargate_size, host_of
from chalicelib.prices.tags import INSTANCE_TYPE_TAG


@dataclass(frozen=True, slots=True)
class Price:
    """On-demand list price of one task, Linux, without discounts."""

    usd_per_hour: Decimal
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class _List:
    """One dated price list: region -> instance type -> US dollars an hour, as text to stay exact."""

    source: str
    as_of: date
    usd_per_hour: Mapping[str, Mapping[str, str]]


GPUS_PER_INSTANCE: Mapping[str, int] = {
    "g4dn.xlarge": 1,
    "g4dn.2xlarge": 1,
    "g4dn.12xlarge": 4,
    "g5.xlarge": 1,
    "g5.2xlarge": 1,
    "g5.4xlarge": 1,
    "g5.12xlarge": 4,
    "g5.48xlarge": 8,
    "g6.xlarge": 1,
    "g6.2xlarge": 1,
    "g6.4xlarge": 1,
    "g6.12xlarge": 4,
    "g6e.xlarge": 1,
    "g6e.2xlarge": 1,
    "g6e.12xlarge": 4,
    "p4d.24xlarge": 8,
    "p5.48xlarge": 8,
}

_US_EAST_1 = {
    "g4dn.xlarge": "0.526",
    "g4dn.2xlarge": "0.752",
    "g4dn.12xlarge": "3.912",
    "g5.xlarge": "1.006",
    "g5.2xlarge": "1.212",
    "g5.4xlarge": "1.624",
    "g5.12xlarge": "5.672",
    "g5.48xlarge": "16.288",
    "g6.xlarge": "0.8048",
    "g6.2xlarge": "0.9776",
    "g6.4xlarge": "1.3232",
    "g6.12xlarge": "4.6016",
    "g6e.xlarge": "1.861",
    "g6e.2xlarge": "2.24208",
    "g6e.12xlarge": "10.49264",
    "p4d.24xlarge": "21.957642",
    "p5.48xlarge": "55.04",
}
_US_WEST_2 = {**_US_EAST_1, "p4d.24xlarge": "21.95764"}
_EU_WEST_1 = {
    "g4dn.xlarge": "0.587",
    "g4dn.2xlarge": "0.838",
    "g4dn.12xlarge": "4.362",
    "g5.xlarge": "1.123",
    "g5.2xlarge": "1.35296",
    "g5.4xlarge": "1.81287",
    "g5.12xlarge": "6.33167",
    "g5.48xlarge": "18.18233",
    "p4d.24xlarge": "23.71569",
}
_AP_NORTHEAST_1 = {
    "g4dn.xlarge": "0.71",
    "g4dn.2xlarge": "1.015",
    "g4dn.12xlarge": "5.281",
    "g5.xlarge": "1.459",
    "g5.2xlarge": "1.75776",
    "g5.4xlarge": "2.35528",
    "g5.12xlarge": "8.22609",
    "g5.48xlarge": "23.62246",
    "g6.xlarge": "1.1672",
    "g6.2xlarge": "1.41781",
    "g6.4xlarge": "1.91903",
    "g6.12xlarge": "6.67369",
    "g6e.xlarge": "2.699",
    "g6e.2xlarge": "3.25168",
    "g6e.12xlarge": "15.21742",
    "p4d.24xlarge": "30.09784",
    "p5.48xlarge": "68.8",
}

_LISTS = (
    _List("EC2 on-demand list price (aws/karpenter-provider-aws)", date(2026, 7, 20), {"us-east-1": _US_EAST_1}),
    _List(
        "EC2 on-demand list price (tsaol/aws-gpu)",
        date(2026, 1, 21),
        {"us-west-2": _US_WEST_2, "eu-west-1": _EU_WEST_1, "ap-northeast-1": _AP_NORTHEAST_1},
    ),
)

_FARGATE_SOURCE = "Fargate on-demand list price, Linux x86"
_FARGATE_AS_OF = date(2026, 11, 21)
_FARGATE_USD_PER_HOUR: Mapping[str, tuple[str, str]] = {
    "us-east-1": ("0.04048", "0.004445"),
    "ap-northeast-1": ("0.05056", "0.00553"),
}
"""Region -> (one vCPU, one GB of memory)."""


def hourly_price(facts: ServiceFacts, region: str) -> Price | None:
    """The on-demand price of one task of the service, or None when the table does not know it."""
    return listed_price(host_of(facts), region)


def listed_price(host: str, region: str) -> Price | None:
    """``host`` as `hosts.host_of` names it."""
    if size := fargate_size(host):
        return fargate_price(str(size[0]), str(size[1]), region)
    return instance_price(host, region)


def instance_price(instance_type: str, region: str) -> Price | None:
    for prices in _LISTS:
        usd = prices.usd_per_hour.get(region, {}).get(instance_type)
        if usd is not None:
            return Price(Decimal(usd), prices.source, prices.as_of)
    return None


def gpus_per_task(facts: ServiceFacts) -> int | None:
    """How many GPUs one task holds; None when its instance type is not known."""
    return GPUS_PER_INSTANCE.get(facts.tags.get(INSTANCE_TYPE_TAG, "").strip())


def fargate_price(vcpu: str, memory_gb: str, region: str) -> Price | None:
    """Of one Fargate task; sizes as in its tags, whole or decimal. None for a size or region that is not known."""
    rates = _FARGATE_USD_PER_HOUR.get(region)
    if rates is None:
        return None
    try:
        cost = Decimal(vcpu) * Decimal(rates[0]) + Decimal(memory_gb) * Decimal(rates[1])
    except InvalidOperation:
        return None
    return Price(cost, _FARGATE_SOURCE, _FARGATE_AS_OF) if cost.is_finite() and cost > 0 else None
