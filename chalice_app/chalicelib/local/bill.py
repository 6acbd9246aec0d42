"""The simulated provider's bill, in FOCUS form: what the demo's hosts were held for, and four weeks before it.

Before the demo's week nobody stopped anything: each service held its hosts all day. That is what makes the report's
comparison with earlier weeks; the report says that the bill is simulated. Its last day is whole: what stood when the
demo ended goes on until that day of UTC is over.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.ledger.courses import SCALE_IN
from chalicelib.local.scenario import Blueprint
from chalicelib.prices import instance_price

if TYPE_CHECKING:
    from chalicelib.local.world import World

WEEKS_BEFORE = 5
"""The month before the week must be whole, or it could not be forecast."""
COLUMNS = (
    "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
    "ChargeCategory", "ProviderName", "ServiceName", "ResourceId", "SkuMeter", "PricingCategory", "PricingQuantity",
    "PricingUnit", "ListCost", "BilledCost", "EffectiveCost", "Tags",
)  # fmt: skip
DAY = timedelta(days=1)


def write_bill(world: World, path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        out.writeheader()
        for blueprint in world.scenario.fleet:
            out.writerows(_rows(world, blueprint))
    return path


def _rows(world: World, blueprint: Blueprint) -> Iterator[Mapping[str, str]]:
    price = instance_price(blueprint.instance_type, world.aws.region)
    if price is None:
        return
    for day, seconds in _held(world, blueprint).items():
        hours = Decimal(seconds) / 3600
        cost = f"{hours * price.usd_per_hour:.10f}"
        begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
        month = begins.replace(day=1)
        yield {
            "BillingCurrency": "USD",
            "BillingPeriodStart": month.isoformat(),
            "BillingPeriodEnd": (month + timedelta(days=32)).replace(day=1).isoformat(),
            "ChargePeriodStart": begins.isoformat(),
            "ChargePeriodEnd": (begins + DAY).isoformat(),
            "ChargeCategory": "Usage",
            "ProviderName": "Simulated AWS",
            "ServiceName": "Amazon Elastic Compute Cloud",
            "ResourceId": str(blueprint.id),
            "SkuMeter": f"BoxUsage:{blueprint.instance_type}",
            "PricingCategory": "Standard",
            "PricingQuantity": f"{hours:.10f}",
            "PricingUnit": "Hours",
            "ListCost": cost,
            "BilledCost": cost,
            "EffectiveCost": cost,
            "Tags": json.dumps(_tags(blueprint)),
        }


def _tags(blueprint: Blueprint) -> Mapping[str, str]:
    return {"aws:ecs:serviceName": blueprint.id.name, **blueprint.all_tags}


def _held(world: World, blueprint: Blueprint) -> Mapping[date, int]:
    """Host seconds by day of UTC; a host outlives its last task by `SCALE_IN`, as the record counts it too."""
    start, end = world.scenario.start, _day_ends(world.scenario.end)
    first = start - timedelta(weeks=WEEKS_BEFORE)
    spans = [(first, start)] * blueprint.size
    for held in world.tasks.paid(blueprint.id):
        until = end if held.until is None else min(held.until + SCALE_IN, end)
        if until > start:
            spans.append((max(held.since, start), until))
    found: dict[date, int] = {}
    for since, until in spans:
        at = since
        while at < until:
            midnight = datetime(at.year, at.month, at.day, tzinfo=UTC) + DAY
            ends = min(midnight, until)
            found[at.date()] = found.get(at.date(), 0) + int((ends - at).total_seconds())
            at = ends
    return dict(sorted(found.items()))


def _day_ends(end: datetime) -> datetime:
    """The midnight of UTC at ``end`` or after it."""
    last = (end - timedelta(microseconds=1)).astimezone(UTC)
    return datetime(last.year, last.month, last.day, tzinfo=UTC) + DAY
