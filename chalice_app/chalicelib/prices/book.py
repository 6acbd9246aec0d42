"""All that is known of prices in one region, asked in order of trust: kept in the record, AWS itself, the dated table.

A source that fails is told in one sentence and the next is asked; what none of them knows stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chalicelib.errors import AwsUnreachable, ObservationError, RecordUnavailable
from chalicelib.prices.bill import FargateSpot
from chalicelib.prices.hosts import Market, is_fargate
from chalicelib.prices.kept import KeptPrices, day_after, day_begin, day_end
from chalicelib.prices.listed import Price, listed_price
from chalicelib.prices.price_list import PriceList
from chalicelib.prices.spot import KEPT_BY_AWS, Course, SpotHistory

if TYPE_CHECKING:
    from chalicelib.record.table import Table
    from chalicelib.runtime.clients import Clients

FRESH = timedelta(days=7)
"""A list price that was asked for lately is not asked for again: they change a few times a year."""

BILLED_BY = timedelta(days=3)
"""After that a day's rate of Fargate Spot is what it will be: bills come up to two days late."""

Wanted = tuple[str, Market]


@dataclass(frozen=True, slots=True)
class Quoted:
    """Callable as the ledger's ``Quotes``. ``problems`` are sentences on sources that failed."""

    listed: Mapping[str, Price]
    spot: Mapping[tuple[str, date], Course]
    fargate_spot: FargateSpot
    problems: tuple[str, ...] = ()

    def __call__(self, host: str, market: Market, at: datetime) -> Price | None:
        if market is Market.ON_DEMAND:
            return self.listed.get(host)
        day = at.astimezone(UTC).date()
        if is_fargate(host):
            return self.fargate_spot.price(host, day)
        course = self.spot.get((host, day))
        return course.price(at) if course else None


def price_book(clients: Clients, table: Table, region: str, *, keeps: bool = False) -> PriceBook:
    """With every source there is but the bill. No client is made before it is needed."""
    return PriceBook(
        region,
        PriceList(lambda: clients.price_list, region),
        SpotHistory(lambda: clients.spot_prices),
        KeptPrices(table, region),
        keeps=keeps,
    )


@dataclass(slots=True)
class PriceBook:
    """Every source may be missing. ``keeps`` False: what AWS answered is not written down."""

    region: str
    price_list: PriceList | None = None
    spot_history: SpotHistory | None = None
    kept: KeptPrices | None = None
    fargate_spot: FargateSpot = field(default_factory=lambda: FargateSpot({}))
    keeps: bool = False

    def quoted(self, wanted: Iterable[Wanted], since: datetime, until: datetime, now: datetime) -> Quoted:
        """Of these hosts, in these markets, for the time between."""
        problems = _Problems()
        listed: dict[str, Price] = {}
        spot: dict[tuple[str, date], Course] = {}
        wanted = sorted(set(wanted))
        for host, market in wanted:
            if market is Market.ON_DEMAND:
                if price := self._listed(host, now, problems):
                    listed[host] = price
            elif not is_fargate(host):
                found = self._spot(host, since, min(until, now), now, problems)
                spot |= {(host, day): course for day, course in found.items()}
        asks_fargate = any(market is Market.SPOT and is_fargate(host) for host, market in wanted)
        fargate = self._fargate_spot(since, until, now, problems) if asks_fargate else self.fargate_spot
        return Quoted(listed, spot, fargate, problems.sentences)

    def _fargate_spot(self, since: datetime, until: datetime, now: datetime, problems: _Problems) -> FargateSpot:
        """What a bill says wins over what an earlier one said."""
        rates: dict[date, tuple[Decimal, Decimal]] = {}
        if self.kept is not None:
            with problems:
                rates = dict(self.kept.fargate_spot(since.astimezone(UTC).date(), day_after(until)))
            final = (now - BILLED_BY).astimezone(UTC).date()
            for day, (vcpu, gb) in self.fargate_spot.rates.items():
                if self.keeps and day < final and day not in rates:
                    with problems:
                        self.kept.keep_fargate_spot(day, vcpu, gb)
        return FargateSpot({**rates, **self.fargate_spot.rates})

    def _listed(self, host: str, now: datetime, problems: _Problems) -> Price | None:
        kept, today = None, now.astimezone(UTC).date()
        if self.kept is not None:
            with problems:
                kept = self.kept.listed(host)
        if kept and today - kept[1] <= FRESH:
            return kept[0]
        price = None
        if self.price_list is not None:
            with problems:
                price = self.price_list.price(host)
        if price and self.kept is not None and self.keeps:
            with problems:
                self.kept.keep_listed(host, price, today)
        return price or (kept[0] if kept else listed_price(host, self.region))

    def _spot(
        self, host: str, since: datetime, until: datetime, now: datetime, problems: _Problems
    ) -> Mapping[date, Course]:
        """By day of UTC. What is not kept is asked for at once, from the first such day on."""
        days = list(_days(since, until))
        found: dict[date, Course] = {}
        if self.kept is not None:
            with problems:
                found = {day: course for day in days if (course := self.kept.spot_day(host, day))}
        missing = [day for day in days if day not in found and day_end(day) > now - KEPT_BY_AWS]
        if self.spot_history is None or not missing:
            return found
        course = None
        with problems:
            course = self.spot_history.course(host, day_begin(missing[0]), until)
        if course is None:
            return found
        for day in missing:
            of_day = course.within(day_begin(day), day_end(day))
            if of_day.zones:
                found[day] = of_day
                if self.keeps and self.kept is not None and day_end(day) <= until:
                    with problems:
                        self.kept.keep_spot_day(host, day, of_day)
        return found


class _Problems:
    """A source that fails within it is told, and passed over."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(self._said)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, trouble: BaseException | None, trace: object) -> bool:
        if not isinstance(trouble, (AwsUnreachable, ObservationError, RecordUnavailable)):
            return False
        self._said[str(trouble)] = None
        return True


def _days(since: datetime, until: datetime) -> Iterator[date]:
    """Of UTC, that have a part in ``[since, until)``."""
    day = since.astimezone(UTC).date()
    while day_begin(day) < until:
        yield day
        day += timedelta(days=1)
