"""What Fargate Spot cost, from the bill: AWS publishes no history of its price, so that only the bill knows.

The two rates of a day are its cost by its usage. A day without a line of either has no price; nor has one on which the
bill has it in several regions, which differ in price and are told apart by the beginning of the usage type.
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

_METER = re.compile(r"(?P<region>(?:[A-Z0-9]+-)?)SpotUsage-Fargate-(?:(?P<vcpu>vCPU-Hours:perCPU)|GB-Hours)")


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
    regions: dict[date, set[str]] = defaultdict(set)
    for line in lines:
        found = _METER.fullmatch(line.usage_type)
        if found is not None:
            regions[line.day].add(found["region"])
            told = sums[line.day, found["vcpu"] is not None]
            told[0] += line.usd
            told[1] += line.hours
    rates = {key: usd / hours for key, (usd, hours) in sums.items() if hours > 0}
    days = {day for day in regions if len(regions[day]) == 1 and (day, True) in rates and (day, False) in rates}
    return FargateSpot({day: (rates[day, True], rates[day, False]) for day in sorted(days)})
