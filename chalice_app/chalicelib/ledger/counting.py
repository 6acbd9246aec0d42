"""Counts the ledger: rows of what ran, what would have run, and at what price, for each service and hour.

A saving is baseline minus actual, hour by hour, and belongs to the one action in force: two policies that touch one
service can never both claim an hour. Hours in which nothing of ours was in force save nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.courses import SCALE_IN, Known, Stretch, counts, lingers, stretches
from chalicelib.ledger.cutting import pieces, seconds
from chalicelib.ledger.habit import Habit
from chalicelib.ledger.places import Place, Quotes, at_places, no_quotes, places, rate_of
from chalicelib.ledger.values import Account, Amount, Baseline, Ledger, Row, Span
from chalicelib.ledger.wishes import wishes
from chalicelib.prices.listed import GPUS_PER_INSTANCE, Price
from chalicelib.record.history import Entry

SECONDS_OF_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a ledger is counted. ``zone`` is that of its days. ``habits`` holds a service's own baseline, if it has one;
    the others count as always on."""

    zone: ZoneInfo
    quotes: Quotes = no_quotes
    habits: Mapping[ServiceId, Habit] | None = None
    scale_in: timedelta = SCALE_IN


def ledger(
    entries: Iterable[Entry],
    since: datetime,
    until: datetime,
    terms: Terms,
    known: Mapping[ServiceId, Known] = MappingProxyType({}),
) -> Ledger:
    """``entries`` in any order, also from before ``since``: they tell how each service stood when the time began.

    Counts every service that is in ``entries`` or in ``known``.
    """
    by_service: dict[ServiceId, list[Entry]] = defaultdict(list)
    for entry in sorted((one for one in entries if one.at <= until), key=lambda one: one.at):
        if entry.service is not None:
            by_service[entry.service].append(entry)
    services = [known.get(id, Known(id)) for id in dict.fromkeys((*known, *sorted(by_service)))]
    told = [(one, tuple(by_service.get(one.service, ()))) for one in services]
    return Ledger(
        since,
        until,
        tuple(_account(one, its_entries, since, until, terms) for one, its_entries in told),
        tuple(
            wish
            for one, its_entries in told
            for wish in wishes(one, its_entries, since, until, terms.quotes, terms.scale_in)
        ),
        Baseline.ALWAYS_ON if terms.habits is None else Baseline.OWN_HABIT,
    )


def _account(known: Known, entries: Sequence[Entry], since: datetime, until: datetime, terms: Terms) -> Account:
    places_of_it = places(known, entries)
    scale_in = lingers(places_of_it[-1].host, terms.scale_in)
    course = stretches(known, entries, since, until, scale_in=scale_in)
    return Account(
        known.service,
        max((one.size for one in course), default=known.tasks),
        tuple(_rows(known, course, places_of_it, terms)),
        _spans(course),
        counts(entries, since),
    )


def _rows(known: Known, course: Sequence[Stretch], places_of_it: Sequence[Place], terms: Terms) -> Iterator[Row]:
    habit = (terms.habits or {}).get(known.service)
    for stretch in course:
        for place, since, until in at_places(places_of_it, stretch.since, stretch.until):
            for begin, end in pieces(since, until, terms.zone):
                yield _row(known, stretch, place, begin, end, habit, terms.quotes)


def _row(
    known: Known,
    stretch: Stretch,
    place: Place,
    since: datetime,
    until: datetime,
    habit: Habit | None,
    quotes: Quotes,
) -> Row:
    wanted = _baseline_tasks(stretch, habit, since)
    rate = rate_of(place.host, place.market, place.price, since, quotes)
    baseline_rate = rate_of(place.host, place.own_market, place.price, since, quotes)
    gpus = known.gpus if known.gpus is not None else GPUS_PER_INSTANCE.get(place.host)
    hours = seconds(since, until) / SECONDS_OF_HOUR
    is_moved = bool(stretch.tasks) and place.market is not place.own_market
    return Row(
        service=known.service,
        since=since,
        until=until,
        host=place.host,
        market=place.market,
        rate=rate,
        baseline_rate=baseline_rate,
        ran=_amount(hours * stretch.tasks, gpus, rate),
        baseline=_amount(hours * wanted, gpus, baseline_rate),
        credit=place.credit if is_moved else stretch.credit,
    )


def _baseline_tasks(stretch: Stretch, habit: Habit | None, at: datetime) -> Decimal:
    """What nothing of ours ruled is its own baseline."""
    if stretch.credit is None:
        return Decimal(stretch.tasks)
    return stretch.size * (habit.at(at) if habit else Decimal(1))


def _amount(host_hours: Decimal, gpus: int | None, rate: Price | None) -> Amount:
    """What did not run costs nothing, whatever its price."""
    return Amount(
        host_hours,
        host_hours * gpus if gpus is not None else None,
        host_hours * rate.usd_per_hour if rate else None if host_hours else Decimal(0),
    )


def _spans(course: Sequence[Stretch]) -> tuple[Span, ...]:
    found: list[Span] = []
    for one in course:
        if not one.tasks:
            continue
        if found and found[-1].until == one.since and found[-1].tasks == one.tasks:
            found[-1] = Span(found[-1].since, one.until, one.tasks)
        else:
            found.append(Span(one.since, one.until, one.tasks))
    return tuple(found)
