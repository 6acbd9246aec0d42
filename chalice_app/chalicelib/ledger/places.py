"""Where one service runs at any instant, how that is bought, and at what price, from its entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.courses import THE_BEGINNING, Known, credits
from chalicelib.ledger.values import Credit
from chalicelib.prices.hosts import Market
from chalicelib.prices.listed import Price
from chalicelib.record.history import Entry

Quotes = Callable[[str, Market, datetime], Price | None]
"""The price of a host, bought so, in the hour that holds the instant; None when nobody knows it."""


def no_quotes(host: str, market: Market, at: datetime) -> Price | None:
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """From ``at`` on: one task's host, how it is bought, and would be without us, and the on-demand price."""

    at: datetime
    host: str = ""
    market: Market | None = None
    own_market: Market | None = None
    price: Price | None = None
    credit: Credit | None = None
    """Who moved it, where it is not bought as it would be without us."""


def places(known: Known, entries: Sequence[Entry]) -> tuple[Place, ...]:
    """Oldest first. What is learned later is taken to have held before, as far as nothing else was known.

    Only an entry that says that it moved the service moves it away from its own market: whatever else differs from
    one entry to the next, people did.
    """
    whose = credits(entries)
    chosen = None if any(entry.market for entry in entries) else known.market
    found = [Place(THE_BEGINNING, known.host, chosen, chosen, known.price)]
    for entry in entries:
        last = found[-1]
        market = Market(entry.market) if entry.market else last.market
        own, credit = last.own_market, last.credit
        if entry.moved_from:
            # A move back to on-demand whose move to Spot is not known any more claims nothing, and is not charged.
            own = own or (Market(entry.moved_from) if market is Market.SPOT else market)
            credit = whose.get(entry.action_id)
        elif market is not last.market:
            own, credit = market, None
        found.append(Place(entry.at, entry.host or last.host, market, own, _price(entry) or last.price, credit))
    return _told_backwards(found)


def _told_backwards(found: Sequence[Place]) -> tuple[Place, ...]:
    """And without those that say nothing new."""
    host = next((one.host for one in found if one.host), "")
    price = next((one.price for one in found if one.price), None)
    own = next((one.own_market for one in found if one.own_market), None)
    told: list[Place] = []
    for one in found:
        market, its_own = one.market or own, one.own_market or own
        place = Place(one.at, one.host or host, market, its_own, one.price or price, one.credit)
        if not told or replace(place, at=told[-1].at) != told[-1]:
            told.append(place)
    return tuple(told)


def at_places(
    places_of_it: Sequence[Place], since: datetime, until: datetime
) -> Iterator[tuple[Place, datetime, datetime]]:
    """``[since, until)`` in order, cut where the place changes."""
    for place, following in zip(places_of_it, (*places_of_it[1:], None), strict=True):
        begin = max(place.at, since)
        end = min(following.at, until) if following else until
        if begin < end:
            yield place, begin, end


def unquoted(
    entries: Iterable[Entry], known: Mapping[ServiceId, Known] = MappingProxyType({})
) -> frozenset[tuple[str, Market]]:
    """Hosts and markets of which record and ``known`` alone have no price. ``entries`` in any order."""
    by_service: dict[ServiceId, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda one: one.at):
        if entry.service is not None:
            by_service[entry.service].append(entry)
    found: set[tuple[str, Market]] = set()
    for service in {*known, *by_service}:
        for place in places(known.get(service, Known(service)), by_service.get(service, ())):
            if Market.SPOT in (place.market, place.own_market):
                found.add((place.host, Market.SPOT))
            if place.price is None:
                found.add((place.host, Market.ON_DEMAND))
    return frozenset((host, market) for host, market in found if host)


def rate_of(host: str, market: Market | None, listed: Price | None, at: datetime, quotes: Quotes) -> Price | None:
    """A Spot price is only ever one that was quoted: the price in the record is the on-demand one."""
    if market is Market.SPOT:
        return quotes(host, Market.SPOT, at)
    return listed or quotes(host, Market.ON_DEMAND, at)


def _price(entry: Entry) -> Price | None:
    if entry.price_usd_per_hour is None or entry.price_as_of is None:
        return None
    return Price(entry.price_usd_per_hour, entry.price_source, entry.price_as_of)
