"""Adds to what the sources know what AWS told during the week: anomalies and budget alerts from the record.

The record is the second witness: Cost Explorer's answer wins where it has one, and where nobody may ask it, what was
told is what there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.record.cost_events import BudgetAlert, CostAnomaly, CostEvent

from reports.sections import Anomaly, BudgetPace
from reports.sources.frames import Gathered
from reports.values import Known, Money, Section, Sentence, Unknown


def with_told(gathered: Gathered, told: Sequence[CostEvent]) -> Gathered:
    """``told`` in the week, each event once (`chalicelib.record.cost_events.told_in`)."""
    anomalies = tuple(_anomaly(one) for one in told if isinstance(one, CostAnomaly))
    alerts = tuple(pace for one in told if isinstance(one, BudgetAlert) and (pace := _pace(one)) is not None)
    return replace(
        gathered,
        anomalies=_anomalies(gathered.anomalies, anomalies),
        budgets=_budgets(gathered.budgets, alerts),
    )


def _anomalies(read: Section[tuple[Anomaly, ...]], told: Sequence[Anomaly]) -> Section[tuple[Anomaly, ...]]:
    match read:
        case Unknown():
            return Known(_by_impact(told)) if told else read
        case Known(found):
            known = {(one.what, one.since) for one in found}
            return Known(_by_impact([*found, *(one for one in told if (one.what, one.since) not in known)]))


def _budgets(read: Section[tuple[BudgetPace, ...]], told: Sequence[BudgetPace]) -> Section[tuple[BudgetPace, ...]]:
    """The amounts of an alert are those of its moment: of a budget that could be read, what was read is newer."""
    match read:
        case Unknown():
            return Known(tuple({one.name: one for one in told}.values())) if told else read
        case Known(found):
            names = {one.name for one in found}
            return Known((*found, *{one.name: one for one in told if one.name not in names}.values()))


def _by_impact(anomalies: Sequence[Anomaly]) -> tuple[Anomaly, ...]:
    return tuple(sorted(anomalies, key=lambda one: one.impact.amount, reverse=True))


def _anomaly(one: CostAnomaly) -> Anomaly:
    return Anomaly(
        since=one.begins,
        until=one.ends,
        what=one.what,
        impact=Money(one.impact, one.currency),
        expected=Known(Money(one.expected, one.currency))
        if one.expected is not None
        else Unknown(Sentence("anomaly_without_expectation")),
        cause=one.cause,
    )


def _pace(one: BudgetAlert) -> BudgetPace | None:
    """None for an alert without its amounts in dollars, and for a forecast, which is not spent yet."""
    if one.limit is None or one.amount is None or one.is_forecast:
        return None
    return BudgetPace(one.name, Money(one.limit, one.currency), Money(one.amount, one.currency), pace=None)
