"""The ledger's values: amounts, who gets the credit, and one row for each service and hour.

Money is exact (Decimal), in US dollars at list price, before discounts and taxes. What is not known is None; a row with
an unknown price is in no sum of dollars, and the sums say how many host hours they leave out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from chalicelib.decide.facts import ServiceId
from chalicelib.prices.hosts import Market
from chalicelib.prices.listed import Price


class Baseline(StrEnum):
    """What would have run without us."""

    ALWAYS_ON = "always on, each service at its own size"
    OWN_HABIT = "each service's own habit before the first policy acted on it; where none is known, always on"


@dataclass(frozen=True, slots=True)
class Amount:
    """Hours of hosts and of GPUs, and dollars; None where the GPU count or the price is not known."""

    host_hours: Decimal
    gpu_hours: Decimal | None
    usd: Decimal | None

    def __add__(self, other: Amount) -> Amount:
        """What is unknown on one side is left out of the sum; whoever adds says how much that is."""
        return Amount(
            self.host_hours + other.host_hours,
            _known_sum(self.gpu_hours, other.gpu_hours),
            _known_sum(self.usd, other.usd),
        )

    def __sub__(self, other: Amount) -> Amount:
        return Amount(
            self.host_hours - other.host_hours,
            None if self.gpu_hours is None or other.gpu_hours is None else self.gpu_hours - other.gpu_hours,
            None if self.usd is None or other.usd is None else self.usd - other.usd,
        )

    def without_dollars(self) -> Amount:
        return Amount(self.host_hours, self.gpu_hours, None)


ZERO = Amount(Decimal(0), Decimal(0), Decimal(0))


class Actor(StrEnum):
    """Who ruled an action of ours."""

    POLICY = "policy"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Credit:
    """Who gets what an action of ours saves, or costs. ``policy`` is empty where the record names none.

    PERSON: somebody asked for it with `lifecycle stop` or `lifecycle start`; no policy may claim that.
    """

    actor: Actor
    policy: str = ""

    @property
    def name(self) -> str:
        return (self.policy or "no policy") if self.actor is Actor.POLICY else "asked for by people"


@dataclass(frozen=True, slots=True)
class Row:
    """One service in a part of one hour of UTC during which nothing about it changed.

    ``rate`` is the price of a host where it ran, ``baseline_rate`` where it would have run. ``credit`` None: nothing of
    ours was in force, and the baseline is what ran.
    """

    service: ServiceId
    since: datetime
    until: datetime
    host: str
    market: Market | None
    rate: Price | None
    baseline_rate: Price | None
    ran: Amount
    baseline: Amount
    credit: Credit | None = None

    @property
    def saved(self) -> Amount:
        """Negative where we cost more than the baseline."""
        return self.baseline - self.ran


@dataclass(frozen=True, slots=True)
class Tally:
    """A sum of rows. Dollars are those of rows with both prices known, None where no row has both.

    ``unpriced_hours`` are the host hours that the dollars leave out: of the baseline, or of what ran if that is more.
    """

    ran: Amount = ZERO
    baseline: Amount = ZERO
    unpriced_hours: Decimal = Decimal(0)

    @property
    def saved(self) -> Amount:
        return self.baseline - self.ran

    @property
    def saved_share(self) -> Decimal | None:
        """Of the dollars; None when nothing has a price."""
        if not self.baseline.usd or self.saved.usd is None:
            return None
        return self.saved.usd / self.baseline.usd


def tally(rows: Iterable[Row]) -> Tally:
    """Exact to the last digit of Decimal, in whatever order the rows come."""
    hours, base_hours, usd, base_usd, unpriced = (Decimal(0) for _ in range(5))
    gpus, base_gpus, priced = Decimal(0), Decimal(0), 0
    for row in rows:
        hours += row.ran.host_hours
        base_hours += row.baseline.host_hours
        gpus += row.ran.gpu_hours or 0
        base_gpus += row.baseline.gpu_hours or 0
        if row.ran.usd is None or row.baseline.usd is None:
            unpriced += max(row.baseline.host_hours, row.ran.host_hours)
            continue
        priced += 1 if row.rate or row.baseline_rate else 0
        usd += row.ran.usd
        base_usd += row.baseline.usd
    sums = Tally(Amount(hours, gpus, usd), Amount(base_hours, base_gpus, base_usd), unpriced)
    if unpriced and not priced:
        return Tally(sums.ran.without_dollars(), sums.baseline.without_dollars(), unpriced)
    return sums


@dataclass(frozen=True, slots=True)
class Counts:
    """Actions, each once however many entries tell it. ``by_hand`` are starts and stops of others."""

    stops: int = 0
    starts: int = 0
    failed_starts: int = 0
    by_hand: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Hosts were held for ``tasks`` tasks in ``[since, until)``."""

    since: datetime
    until: datetime
    tasks: int


@dataclass(frozen=True, slots=True)
class Account:
    """One service over the whole time: its rows, when it held hosts, what was done to it."""

    service: ServiceId
    size: int
    rows: tuple[Row, ...]
    spans: tuple[Span, ...]
    counts: Counts

    @property
    def tally(self) -> Tally:
        return tally(self.rows)

    @property
    def is_priced(self) -> bool:
        return not self.tally.unpriced_hours


@dataclass(frozen=True, slots=True)
class Wish:
    """A stop that a dry-run policy only wished: not in force from ``since`` to ``until``. ``usd`` None: no price."""

    service: ServiceId
    policy: str
    since: datetime
    until: datetime
    host_hours: Decimal
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """``since`` and ``until`` are aware. ``wishes`` are in no sum of what was saved."""

    since: datetime
    until: datetime
    accounts: tuple[Account, ...]
    wishes: tuple[Wish, ...]
    baseline: Baseline = Baseline.ALWAYS_ON

    @property
    def rows(self) -> Iterable[Row]:
        return (row for account in self.accounts for row in account.rows)

    @property
    def total(self) -> Tally:
        return tally(self.rows)

    @property
    def unpriced(self) -> tuple[ServiceId, ...]:
        """Services with hours whose price is not known."""
        return tuple(account.service for account in self.accounts if not account.is_priced)

    @property
    def price_sources(self) -> tuple[str, ...]:
        """Every source of a price that was used, each once, with the day or days of its prices."""
        days: dict[str, set[date]] = defaultdict(set)
        for price in {price for row in self.rows for price in (row.rate, row.baseline_rate) if price}:
            days[price.source].add(price.as_of)
        return tuple(f"{source}, {_from_to(days[source])}" for source in sorted(days))


def _from_to(days: Iterable[date]) -> str:
    first, last = min(days), max(days)
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


def _known_sum(one: Decimal | None, other: Decimal | None) -> Decimal:
    return (one or Decimal(0)) + (other or Decimal(0))
