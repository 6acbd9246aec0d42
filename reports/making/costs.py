"""What was spent as one frame, whether a bill says so or the ledger, and all arithmetic over weeks that reads it.

A bill's days are those of UTC, the ledger's those of the team's zone; the report says which it shows. A day after the
last one that is there is not known yet; a day between others is a day without cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
from chalicelib.ledger.values import Row

from reports.making.labels import Labels
from reports.model import Against, Breakdown, Day, Dimension, Drivers, Line, Mover, Totals
from reports.sources.frames import Bill, Cut, Kind
from reports.values import Known, Money, Section, Sentence, Unknown, Week

COLUMNS = ("day", "dimension", "name", "group", "amount", "quantity", "resources")
"""``group``: what may be added up in ``quantity``: one product, unit and kind of price. ``resources``: of that day."""
CENT = Decimal("0.01")
MOST_MOVERS = 5
WEEKS_SHOWN = 5
_APART = (Kind.CREDIT.value, Kind.REFUND.value)
_CUTS = {
    Cut.SERVICE: Dimension.PRODUCT,
    Cut.WORKLOAD: Dimension.SERVICE,
    Cut.MODEL: Dimension.MODEL,
    Cut.ENVIRONMENT: Dimension.ENVIRONMENT,
    Cut.OWNER: Dimension.OWNER,
}
_WHOLE = (Dimension.PRODUCT, Dimension.SERVICE)
"""Either holds every row; the first that is there is added up."""


@dataclass(frozen=True, slots=True)
class Costs:
    """``frame`` has `COLUMNS`, without credits and refunds. ``first`` and ``last`` are days, None of an empty bill."""

    currency: str
    frame: pd.DataFrame
    first: date | None
    last: date | None
    estimated: frozenset[date]
    week: Week

    def of(self, dimension: Dimension) -> pd.DataFrame:
        return self.frame[self.frame["dimension"] == dimension.value]

    @property
    def whole(self) -> pd.DataFrame:
        return next((self.of(one) for one in _WHOLE if len(self.of(one))), self.frame.iloc[:0])

    def known(self, week: Week) -> tuple[date, ...]:
        """The days that can be told: of an earlier week all of them, or none where its begin is before all history."""
        if self.first is None or self.last is None or (week != self.week and week.monday < self.first):
            return ()
        return tuple(day for day in week.days if self.first <= day <= self.last)


def of_bill(bill: Bill, week: Week, as_of: datetime) -> Costs:
    """``as_of``: a day that was not over then is not known yet."""
    told = bill.frame[~bill.frame["kind"].isin(_APART) & bill.frame["billed"].notna()]
    parts = [
        pd.DataFrame(
            {
                "day": rows["day"],
                "dimension": dimension.value,
                "name": rows["service"] if cut is Cut.SERVICE else rows["key"],
                "group": rows["provider"] + "|" + rows["service"] + "|" + rows["unit"],
                "amount": rows["billed"],
                "quantity": rows["quantity"],
                "resources": rows["resources"],
            }
        )
        for cut, dimension in _CUTS.items()
        if len(rows := told[told["cut"] == cut.value])
    ]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    today = as_of.astimezone(UTC).date()
    days = [day for day in bill.days if day < today]
    first, last = min(days, default=None), max(days, default=None)
    return Costs(bill.currency, frame, first, last, frozenset(bill.estimated), week)


def of_ledger(rows: Iterable[Row], labels: Labels, first: date | None, last: date, week: Week) -> Costs:
    """At list price; hours without a price are in no sum. ``first``: of the record; None when it is empty."""
    told = [
        (row.since.astimezone(week.zone).date(), dimension.value, name, row.host, row.ran.usd, row.ran.host_hours, None)
        for row in rows
        if row.ran.usd
        for dimension, name in labels.of(row.service).items()
    ]
    return Costs("USD", pd.DataFrame(told, columns=list(COLUMNS)), first, last, frozenset(), week)


def totals(costs: Costs, week: Week, saved: Mapping[date, Money]) -> Totals:
    """``saved`` by day is left out where it is in another currency."""
    spent = by_day(costs)
    days = costs.known(week)

    def of(day: date) -> Money:
        return Money(spent.get(day, Decimal(0)), costs.currency)

    def whole(one: Week) -> Section[Money]:
        told = [day for day in costs.known(one) if day.weekday() in {each.weekday() for each in days}]
        if not told:
            return Unknown(Sentence("no_history", {"week": str(one)}))
        return Known(Money(sum((spent.get(day, Decimal(0)) for day in told), Decimal(0)), costs.currency))

    now = Money(sum((spent.get(day, Decimal(0)) for day in days), Decimal(0)), costs.currency)
    before = week.back(1)
    told_before = set(costs.known(before))
    earlier = dict(zip(week.days, before.days, strict=True))
    shown = tuple(
        Day(
            day,
            of(day) if day in days else None,
            saved[day] if day in saved and day in days and saved[day].currency == costs.currency else None,
            of(earlier[day]) if day in days and earlier[day] in told_before else None,
            day in costs.estimated,
        )
        for day in week.days
    )
    weeks = [(one, whole(one)) for one in (week.back(n) for n in range(WEEKS_SHOWN - 1, -1, -1))]
    return Totals(
        Against(now, whole(before)),
        Against(now, whole(week.back(4))),
        shown,
        tuple((one, amount.value) for one, amount in weeks if isinstance(amount, Known)),
        len(days),
    )


def by_day(costs: Costs) -> Mapping[date, Decimal]:
    found: dict[date, Decimal] = {}
    for day, amounts in costs.whole.groupby("day", sort=True)["amount"]:
        assert isinstance(day, date)
        found[day] = sum(amounts, Decimal(0))
    return found


def breakdowns(costs: Costs, week: Week) -> tuple[Breakdown, ...]:
    """Of every dimension in which anything has a name."""
    found = []
    for dimension in Dimension:
        lines = _lines(costs, dimension, week)
        if any(line.name for line in lines):
            found.append(Breakdown(dimension, lines))
    return tuple(found)


def movers(found: Iterable[Breakdown]) -> tuple[Mover, ...]:
    """Of the services of ours where the bill names them, else of its products; greatest change first."""
    by = {one.dimension: one for one in found}
    told = by.get(Dimension.SERVICE) or by.get(Dimension.PRODUCT)
    if told is None:
        return ()
    moved = sorted((line for line in told.lines if _moved(line) >= CENT), key=lambda line: (-_moved(line), line.name))
    return tuple(Mover(told.dimension, line) for line in moved[:MOST_MOVERS])


def _moved(line: Line) -> Decimal:
    change = line.amount.change
    return abs(change.amount) if change is not None else Decimal(0)


def _lines(costs: Costs, dimension: Dimension, week: Week) -> tuple[Line, ...]:
    days = costs.known(week)
    weekdays = {day.weekday() for day in days}
    before = [day for day in costs.known(week.back(1)) if day.weekday() in weekdays]
    frame = costs.of(dimension)
    now, then = _grouped(frame, days), _grouped(frame, before)
    lines = [
        Line(
            name,
            Against(
                Money(_amount(now.get(name)), costs.currency),
                Known(Money(_amount(then.get(name)), costs.currency))
                if before
                else Unknown(Sentence("no_history", {"week": str(week.back(1))})),
            ),
            _drivers(now.get(name, {}), then.get(name, {}), costs.currency),
        )
        for name in {*now, *then}
    ]
    return tuple(sorted(lines, key=lambda line: (-line.amount.now.amount, line.name)))


@dataclass(frozen=True, slots=True)
class _Sum:
    amount: Decimal
    quantity: Decimal | None
    resources: Decimal | None


def _grouped(frame: pd.DataFrame, days: Iterable[date]) -> Mapping[str, Mapping[str, _Sum]]:
    """name -> group -> sums; a sum in which anything is unknown is None."""
    found: dict[str, dict[str, _Sum]] = {}
    chosen = frame[frame["day"].isin(list(days))]
    for key, rows in chosen.groupby(["name", "group"], sort=True):
        assert isinstance(key, tuple)
        name, group = (str(one) for one in key)
        found.setdefault(name, {})[group] = _Sum(
            sum(rows["amount"], Decimal(0)), _whole_sum(rows["quantity"]), _whole_sum(rows["resources"])
        )
    return found


def _whole_sum(values: pd.Series) -> Decimal | None:
    return None if values.isna().any() else sum((Decimal(value) for value in values), Decimal(0))


def _amount(groups: Mapping[str, _Sum] | None) -> Decimal:
    return sum((one.amount for one in (groups or {}).values()), Decimal(0))


def _drivers(now: Mapping[str, _Sum], then: Mapping[str, _Sum], currency: str) -> Section[Drivers]:
    """Of each group by itself, then summed: the price moves first, then the use, then the count."""
    nothing = _Sum(Decimal(0), Decimal(0), Decimal(0))
    price, hours, count = Decimal(0), Decimal(0), Decimal(0)
    is_counted = True
    for group in sorted({*now, *then}):
        one, other = now.get(group, nothing), then.get(group, nothing)
        if one.quantity is None or other.quantity is None:
            return Unknown(Sentence("no_drivers"))
        if not one.quantity or not other.quantity:
            hours += one.amount - other.amount
            is_counted = is_counted and one.resources is not None and other.resources is not None
            continue
        rate, rate_before = one.amount / one.quantity, other.amount / other.quantity
        price += one.quantity * (rate - rate_before)
        used = rate_before * (one.quantity - other.quantity)
        if one.resources and other.resources:
            more = rate_before * (one.resources - other.resources) * other.quantity / other.resources
            count += more
            used -= more
        else:
            is_counted = False
        hours += used
    if not is_counted:
        return Known(Drivers(Money(price, currency), Money(hours + count, currency), None))
    return Known(Drivers(Money(price, currency), Money(hours, currency), Money(count, currency)))
