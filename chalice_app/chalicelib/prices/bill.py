"""What Fargate Spot cost, from the bill: AWS publishes no history of its price, so that only the bill knows.

The two rates of a day are its cost by its usage. A day without a line of either has no price.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.prices.hosts import fargate_size
from chalicelib.prices.listed import Price

SOURCE = "Fargate Spot, from the bill"

_VCPU = re.compile(r"(?:[A-Z0-9]+-)?SpotUsage-Fargate-vCPU-Hours:perCPU")
_MEMORY = re.compile(r"(?:[A-Z0-9]+-)?SpotUsage-Fargate-GB-Hours")


@dataclass(frozen=True, slots=True)
class BillLine:
    """One usage type of one day of UTC; ``hours`` are vCPU hours or GB hours."""

    day: date
    usage_type: str
    usd: Decimal
    hours: Decimal


@dataclass(frozen=True, slots=True)
class FargateSpot:
    """Day -> US dollars an hour of (one vCPU, one GB)."""

    rates: Mapping[date, tuple[Decimal, Decimal]]

    def price(self, host: str, day: date) -> Price | None:
        size, rates = fargate_size(host), self.rates.get(day)
        if size is None or rates is None:
            return None
        return Price(size[0] * rates[0] + size[1] * rates[1], SOURCE, day)


def fargate_spot(lines: Iterable[BillLine]) -> FargateSpot:
    """Other usage types are passed over."""
    sums: dict[tuple[date, bool], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in lines:
        is_vcpu = _VCPU.fullmatch(line.usage_type) is not None
        if is_vcpu or _MEMORY.fullmatch(line.usage_type):
            told = sums[line.day, is_vcpu]
            told[0] += line.usd
            told[1] += line.hours
    rates = {key: usd / hours for key, (usd, hours) in sums.items() if hours > 0}
    days = {day for day, _ in rates if (day, True) in rates and (day, False) in rates}
    return FargateSpot({day: (rates[day, True], rates[day, False]) for day in sorted(days)})
