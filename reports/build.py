"""Builds the `WeeklyReport` of what its sources gathered. No clock, no network, no file: values in, one value out.

What was spent is the bill's where there is one, else the ledger's at list price; the report says which. Savings, GPU
hours and waste are always the ledger's: a bill cannot tell what would have run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from chalicelib.ledger.values import Ledger, Row
from chalicelib.record.cost_events import CostEvent

from reports.making import ahead, from_bill, from_ledger
from reports.making import costs as spending
from reports.making.converting import shown_in
from reports.making.costs import Costs
from reports.making.labels import Labels
from reports.making.use import Use
from reports.model import Breakdown, Header, Mover, Rate, Source, State, WeeklyReport
from reports.sections import Forecast, Honesty, Spot, SuiteCost, UnitCosts, Untagged
from reports.sources.frames import Gathered
from reports.values import Known, Money, Section, Sentence, Unknown, Week, total

Value = TypeVar("Value")
Other = TypeVar("Other")
THOUSAND = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record's side. ``before`` are rows of the weeks before, as far as the record goes back to (``since``).

    ``troubles`` are sentences on sources of prices that failed; ``told`` is what AWS told of money in the week.
    """

    ledger: Ledger
    before: tuple[Row, ...] = ()
    since: date | None = None
    interruptions: Section[int] = field(default_factory=lambda: Unknown(Sentence("no_interruptions")))
    troubles: tuple[str, ...] = ()
    told: tuple[CostEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """All that a report is made of. ``suite`` is what running us cost besides the calls of the sources."""

    team: str
    week: Week
    generated_at: datetime
    gathered: Gathered
    recorded: Section[Recorded]
    use: Section[Use]
    labels: Labels = field(default_factory=Labels)
    link: str | None = None
    rate: Rate | None = None
    suite: tuple[tuple[Sentence, Money], ...] = ()


def build(given: Given) -> WeeklyReport:
    """Raises ReportError when what was given contradicts itself; what is merely missing becomes `Unknown`."""
    week = given.week
    costs = _costs(given)
    breakdowns = _map(costs, lambda one: spending.breakdowns(one, week))
    recorded = given.recorded
    report = WeeklyReport(
        header=_header(given, costs),
        totals=_map(costs, lambda one: spending.totals(one, week, _saved(recorded, week))),
        breakdowns=breakdowns,
        movers=_movers(costs, breakdowns, week),
        gpu_hours=_map(recorded, lambda one: from_ledger.gpu_hours(one.ledger, given.use)),
        waste=_bind(recorded, lambda one: from_ledger.waste(one.ledger, given.use, given.labels)),
        savings=_map(recorded, lambda one: from_ledger.savings(one.ledger)),
        spot=_bind(recorded, lambda one: _spot(one, given, costs)),
        commitments=given.gathered.commitments,
        anomalies=given.gathered.anomalies,
        forecast=_forecast(given, costs),
        budgets=given.gathered.budgets,
        unit_costs=_unit_costs(recorded, given.use),
        untagged=_untagged(given, costs),
        honesty=_honesty(given, costs),
        suite_cost=_suite(given),
    )
    return report if given.rate is None else shown_in(report, given.rate)


def _costs(given: Given) -> Section[Costs]:
    match given.gathered.bill, given.recorded:
        case Known(bill), _:
            return _told_of(spending.of_bill(bill, given.week, given.generated_at), given.week, "week_not_on_bill")
        case _, Known(recorded):
            rows = (*recorded.before, *recorded.ledger.rows)
            last = given.week.days[-1]
            counted = spending.of_ledger(rows, given.labels, recorded.since, last, given.week)
            return _told_of(counted, given.week, "week_not_in_record")
        case Unknown() as missing, _:
            return missing


def _told_of(costs: Costs, week: Week, otherwise: str) -> Section[Costs]:
    """A week outside of what is known cost something that nobody knows, not nothing."""
    if costs.known(week):
        return Known(costs)
    if costs.first is None or costs.last is None:
        return Unknown(Sentence("empty_bill"))
    return Unknown(Sentence(otherwise, {"first": costs.first, "last": costs.last}))


def _header(given: Given, costs: Section[Costs]) -> Header:
    currency = costs.value.currency if isinstance(costs, Known) else from_ledger.LEDGER_CURRENCY
    return Header(
        given.team, given.week, currency, given.generated_at, (*given.gathered.sources, _record(given)), given.link
    )


def _record(given: Given) -> Source:
    match given.recorded:
        case Unknown(sentence):
            return Source("record", State.MISSING, sentence)
        case Known(recorded):
            if isinstance(given.use, Unknown):
                return Source("record", State.DEGRADED, given.use.sentence)
            if recorded.troubles:
                return Source("record", State.DEGRADED, Sentence.told(" ".join(recorded.troubles)))
            return Source("record", State.OK, Sentence("record_read", {"n": len(recorded.ledger.accounts)}))


def _saved(recorded: Section[Recorded], week: Week) -> dict[date, Money]:
    return dict(from_ledger.saved_by_day(recorded.value.ledger, week)) if isinstance(recorded, Known) else {}


def _movers(costs: Section[Costs], found: Section[tuple[Breakdown, ...]], week: Week) -> Section[tuple[Mover, ...]]:
    if isinstance(costs, Known) and not costs.value.known(week.back(1)):
        return Unknown(Sentence("no_history", {"week": str(week.back(1))}))
    return _map(found, spending.movers)


def _spot(recorded: Recorded, given: Given, costs: Section[Costs]) -> Section[Spot]:
    """The bill knows best what Spot saved; else the ledger."""
    found = from_ledger.spot(recorded.ledger, recorded.interruptions)
    if isinstance(found, Known) and isinstance(costs, Known) and isinstance(given.gathered.bill, Known):
        billed = from_bill.spot_saving(given.gathered.bill.value, costs.value, given.week)
        if billed is not None:
            known = found.value
            return Known(Spot(known.hours, known.share, Known(billed), known.interruptions))
    return found


def _unit_costs(recorded: Section[Recorded], use: Section[Use]) -> UnitCosts:
    if isinstance(recorded, Unknown):
        return UnitCosts(recorded, recorded, recorded)
    rows = [row for row in recorded.value.ledger.rows if row.ran.host_hours and row.ran.usd is not None]
    on_gpus = [row for row in rows if row.ran.gpu_hours]
    gpu_hours = sum((row.ran.gpu_hours or Decimal(0) for row in on_gpus), Decimal(0))
    running = sum((Decimal((row.until - row.since).total_seconds()) / 3600 for row in rows), Decimal(0))
    return UnitCosts(
        _per(on_gpus, gpu_hours, "no_gpu_hours"), _per(rows, running, "no_running_hours"), _per_thousand(rows, use)
    )


def _per(rows: list[Row], units: Decimal, otherwise: str) -> Section[Money]:
    spent = from_ledger.usd(sum((row.ran.usd or Decimal(0) for row in rows), Decimal(0)))
    return Known(spent.times(1 / units)) if units else Unknown(Sentence(otherwise))


def _per_thousand(rows: list[Row], use: Section[Use]) -> Section[Money]:
    if isinstance(use, Unknown):
        return use
    counted = [row for row in rows if use.value.counts(row.service)]
    requests = use.value.total({row.service for row in counted})
    return _per(counted, Decimal(requests) / THOUSAND, "no_requests")


def _forecast(given: Given, costs: Section[Costs]) -> Section[Forecast]:
    """A source's own where there is one."""
    if isinstance(given.gathered.forecast, Known):
        return given.gathered.forecast
    return _bind(costs, lambda one: ahead.forecast(one, given.week))


def _untagged(given: Given, costs: Section[Costs]) -> Section[Untagged]:
    if isinstance(given.gathered.bill, Unknown):
        return given.gathered.bill
    return _bind(costs, lambda one: from_bill.untagged(one, given.week))


def _honesty(given: Given, costs: Section[Costs]) -> Section[Honesty]:
    bill = given.gathered.bill
    if isinstance(bill, Unknown):
        is_counted = isinstance(given.recorded, Known)
        return Unknown(Sentence("list_price", {"why": bill.sentence})) if is_counted else bill
    return _map(costs, lambda one: from_bill.honesty(bill.value, one, given.week))


def _suite(given: Given) -> Section[SuiteCost]:
    calls = tuple(
        (Sentence("suite_source", {"name": one.name, "n": one.calls}), one.cost)
        for one in given.gathered.sources
        if one.cost is not None
    )
    lines = (*calls, *given.suite)
    currencies = {amount.currency for _, amount in lines}
    if len(currencies) != 1:
        return Unknown(Sentence("no_suite_cost"))
    return Known(SuiteCost(lines, total((amount for _, amount in lines), currencies.pop())))


def _map(found: Section[Value], make: Callable[[Value], Other]) -> Section[Other]:
    return Known(make(found.value)) if isinstance(found, Known) else found


def _bind(found: Section[Value], make: Callable[[Value], Section[Other]]) -> Section[Other]:
    return make(found.value) if isinstance(found, Known) else found
