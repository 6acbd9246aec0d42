"""The figures of a report: hours and dollars of each service, and their sums, as frozen values.

Money is exact (Decimal), in US dollars at list price. What is not known is None and in no sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.values import Amount, Baseline, Span
from chalicelib.prices import Price


@dataclass(frozen=True, slots=True)
class Shape:
    """What the history does not tell of a service: its size when the span begins, and what one task costs."""

    service: ServiceId
    tasks: int
    price: Price | None = None
    gpus_per_task: int | None = None
    running_at_start: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One service. ``stops`` and ``starts`` are ours; ``by_hand`` are starts and stops of others."""

    service: ServiceId
    tasks: int
    spans: tuple[Span, ...]
    ran: Amount
    baseline: Amount
    price: Price | None
    stops: int = 0
    starts: int = 0
    failed_starts: int = 0
    by_hand: int = 0

    @property
    def saved(self) -> Amount:
        return self.baseline - self.ran


@dataclass(frozen=True, slots=True)
class WeekReport:
    """``since`` and ``until`` are aware. ``unpriced`` services are in no sum of dollars."""

    since: datetime
    until: datetime
    rows: tuple[Row, ...]
    ran: Amount
    baseline: Amount
    unpriced: tuple[ServiceId, ...]
    baseline_name: str = Baseline.ALWAYS_ON.value

    @property
    def saved(self) -> Amount:
        return self.baseline - self.ran

    @property
    def saved_share(self) -> Decimal | None:
        """Of the dollars; None when nothing has a price."""
        return self.saved.usd / self.baseline.usd if self.baseline.usd and self.saved.usd is not None else None

    @property
    def price_sources(self) -> tuple[str, ...]:
        """``source, date`` of every price used, each once."""
        prices = (row.price for row in self.rows if row.price)
        return tuple(dict.fromkeys(f"{price.source}, {price.as_of.isoformat()}" for price in prices))
