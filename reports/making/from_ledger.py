"""What the ledger tells: savings by policy, GPU hours, what went unused and who can end it, Spot.

The ledger counts in US dollars at list price; nothing here turns that into what a bill says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from chalicelib.ledger.sums import by_credit, by_day, services_of, wished_by_policy, worth
from chalicelib.ledger.values import Account, Baseline, Credit, Ledger, Row
from chalicelib.prices.hosts import Market

from reports.making.labels import Hold, Label, Labels
from reports.making.use import Use
from reports.sections import GpuHours, GpuService, Saving, Savings, Spot, Waste, WasteLine
from reports.values import Known, Money, Section, Sentence, Unknown, Week, total

LEDGER_CURRENCY = "USD"
WORTH_NAMING = Decimal("0.01")
"""Dollars a week: below that a line of waste is noise."""
_INSTEAD = {Baseline.ALWAYS_ON: Sentence("always_on"), Baseline.OWN_HABIT: Sentence("own_habit")}
_HOW = {Hold.RULED: "how_tighten", Hold.DRY_RUN: "how_promote", Hold.EXCLUDED: "how_include"}
NOT_COUNTED: Unknown = Unknown(Sentence("no_use"))


def savings(counted: Ledger) -> Savings:
    whole = counted.total
    instead = _INSTEAD[counted.baseline]
    acted = services_of(counted)
    lines = tuple(
        Saving(
            policy=credit.name,
            services=tuple(str(service) for service in acted[credit]),
            stops=_spells(counted, credit),
            hours=sums.saved.host_hours,
            amount=usd(sums.saved.usd),
            counterfactual=instead,
        )
        for credit, sums in by_credit(counted).items()
        if sums.saved.host_hours or sums.saved.usd
    )
    return Savings(
        baseline=usd(whole.baseline.usd),
        actual=usd(whole.ran.usd),
        lines=lines,
        would=_would(counted, instead),
        unpriced=tuple(str(service) for service in counted.unpriced),
        price_sources=counted.price_sources,
    )


def _spells(counted: Ledger, credit: Credit) -> int:
    """How often a service was off, or smaller, by its doing."""
    found = 0
    for account in counted.accounts:
        was_less = False
        for row in account.rows:
            is_less = row.credit == credit and row.ran.host_hours < row.baseline.host_hours
            found += is_less and not was_less
            was_less = is_less
    return found


def _would(counted: Ledger, instead: Sentence) -> tuple[Saving, ...]:
    found = []
    for policy, wishes in wished_by_policy(counted).items():
        amount, _ = worth(wishes)
        services = tuple(dict.fromkeys(str(wish.service) for wish in wishes))
        hours = sum((wish.host_hours for wish in wishes), Decimal(0))
        if amount is not None:
            found.append(Saving(policy, services, len(wishes), hours, usd(amount), instead))
    return tuple(sorted(found, key=lambda one: -one.amount.amount))


def saved_by_day(counted: Ledger, week: Week) -> Mapping[date, Money]:
    told = by_day(counted, week.zone).items()
    return {day: usd(sums.saved.usd) for day, sums in told if sums.saved.usd is not None}


def spent_by_day(counted: Ledger, week: Week) -> Mapping[date, Money]:
    told = by_day(counted, week.zone).items()
    return {day: usd(sums.ran.usd) for day, sums in told if sums.ran.usd is not None}


def gpu_hours(counted: Ledger, use: Section[Use]) -> GpuHours:
    services, uncounted = [], []
    for account in counted.accounts:
        held = [row for row in account.rows if row.ran.host_hours]
        if any(row.ran.gpu_hours is None for row in held):
            uncounted.append(str(account.service))
        run = sum((row.ran.gpu_hours or Decimal(0) for row in held), Decimal(0))
        if run:
            services.append(GpuService(str(account.service), run, _needed(account, use)))
    services.sort(key=lambda one: (-one.run, one.service))
    needed = [one.needed for one in services]
    known = [one.value for one in needed if isinstance(one, Known)]
    missing = [one for one in needed if isinstance(one, Unknown)]
    whole: Section[Decimal] = missing[0] if missing else Known(sum(known, Decimal(0)))
    run = sum((one.run for one in services), Decimal(0))
    return GpuHours(run, whole, tuple(services), tuple(uncounted))


def _needed(account: Account, use: Section[Use]) -> Section[Decimal]:
    if isinstance(use, Unknown):
        return use
    if not use.value.counts(account.service):
        return NOT_COUNTED
    gpus = (row.ran.gpu_hours or Decimal(0) for row in account.rows if not use.value.is_idle(row))
    return Known(sum(gpus, Decimal(0)))


def waste(counted: Ledger, use: Section[Use], labels: Labels) -> Section[Waste]:
    """Of services whose requests are counted; unknown when none's are."""
    if isinstance(use, Unknown):
        return use
    watched = [account for account in counted.accounts if use.value.counts(account.service)]
    if not watched and counted.accounts:
        return NOT_COUNTED
    lines = [_waste(account, use.value, labels.label(account.service)) for account in watched]
    told = sorted((one for one in lines if one.amount.amount >= WORTH_NAMING), key=lambda one: -one.amount.amount)
    return Known(Waste(total((one.amount for one in told), LEDGER_CURRENCY), tuple(told)))


def _waste(account: Account, use: Use, label: Label) -> WasteLine:
    idle = [row for row in account.rows if row.ran.host_hours and use.is_idle(row)]
    service = str(account.service)
    told = {"policy": label.policy, "service": service}
    how = Sentence(_HOW[label.hold] if label.policy else "how_write", told)
    return WasteLine(
        service=service,
        idle_hours=sum((row.ran.host_hours for row in idle), Decimal(0)),
        amount=usd(sum((row.ran.usd or Decimal(0) for row in idle), Decimal(0))),
        who=label.owner,
        how=how,
    )


def spot(counted: Ledger, interruptions: Section[int]) -> Section[Spot]:
    held = [row for row in counted.rows if row.ran.host_hours]
    hours = sum((row.ran.host_hours for row in held), Decimal(0))
    if not hours:
        return Known(Spot(hours, Decimal(0), Known(usd(Decimal(0))), interruptions))
    untold = sum((row.ran.host_hours for row in held if row.market is None), Decimal(0))
    if untold == hours:
        return Unknown(Sentence("no_market"))
    on_spot = [row for row in held if row.market is Market.SPOT]
    share = sum((row.ran.host_hours for row in on_spot), Decimal(0)) / hours
    return Known(Spot(hours, share, _spot_saving(on_spot), interruptions))


def _spot_saving(rows: list[Row]) -> Section[Money]:
    """Against the on-demand price where the ledger knows it: of hours that would have been on-demand without us."""
    saved = Decimal(0)
    for row in rows:
        if row.rate is None or row.baseline_rate is None:
            return Unknown(Sentence("no_spot_price"))
        saved += (row.baseline_rate.usd_per_hour - row.rate.usd_per_hour) * row.ran.host_hours
    return Known(usd(saved))


def usd(amount: Decimal | None) -> Money:
    """Of sums of known amounts; None is a sum of nothing."""
    return Money(amount or Decimal(0), LEDGER_CURRENCY)
