"""Which columns of FOCUS 1.0 to 1.2 the report reads, of what type, and which it cannot do without.

What the queries call a column is its name here; ``also`` are names that older or other exports give the same thing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Is(StrEnum):
    """``NUMBER`` is exact to 12 places, as FOCUS' providers write them."""

    TEXT = "text"
    NUMBER = "a number"
    TIME = "a time"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Column:
    """``must``: a file without it is no bill. ``every``: nor is one with a row that has no value of it."""

    name: str
    kind: Is
    must: bool = False
    every: bool = False
    also: tuple[str, ...] = ()

    def among(self, found: Collection[str]) -> str | None:
        """The name under which a file has it."""
        return next((name for name in (self.name, *self.also) if name in found), None)


COLUMNS = (
    Column("BillingCurrency", Is.TEXT, must=True, every=True),
    Column("BillingPeriodStart", Is.TIME, must=True, every=True),
    Column("ChargePeriodStart", Is.TIME, must=True, every=True),
    Column("ChargeCategory", Is.TEXT, must=True, every=True),
    Column("ServiceName", Is.TEXT, must=True),
    Column("ProviderName", Is.TEXT, must=True, also=("ServiceProviderName", "PublisherName")),
    Column("BilledCost", Is.NUMBER, must=True, every=True),
    Column("EffectiveCost", Is.NUMBER, must=True),
    Column("ListCost", Is.NUMBER),
    Column("PricingQuantity", Is.NUMBER),
    Column("PricingUnit", Is.TEXT),
    Column("PricingCategory", Is.TEXT),
    Column("ChargeClass", Is.TEXT),
    Column("ResourceId", Is.TEXT),
    Column("SkuMeter", Is.TEXT, also=("x_UsageType", "x_SkuMeterName", "SkuId")),
    Column("Tags", Is.TAGS),
)
"""``SkuMeter`` came with FOCUS 1.2; before, AWS wrote ``x_UsageType`` and Azure ``x_SkuMeterName``."""

PERIOD = "billing_period"
"""The partition of AWS' exports, ``2026-11``; made of BillingPeriodStart where files have none."""
