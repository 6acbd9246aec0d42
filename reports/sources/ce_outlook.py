"""What Cost Explorer foresees and what struck it: the forecast of the month, and the anomalies of the week."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from reports.sections import Anomaly, Forecast
from reports.sources.answers import Reader
from reports.sources.ce_calls import ANOMALIES, COST_AND_USAGE, FORECAST, Calls
from reports.values import Known, Money, Sentence, Unknown, total

LEVEL_PERCENT = 80
"""Of the prediction interval; Cost Explorer takes 51 to 99."""

CURRENCY_OF_ANOMALIES = "USD"
"""Cost Anomaly Detection works on net unblended costs in US dollars and names no currency (AnomalyScore, Impact)."""


def read_forecast(calls: Calls, today: date) -> Forecast:
    """Of today's month: what it cost so far, and what Cost Explorer expects of its rest, today included.

    Raises:
        SourceFailed: refused, or too little history (Cost Explorer wants some weeks of it).
    """
    first, end = today.replace(day=1), _next_month(today)
    answer = Reader(
        "GetCostForecast",
        calls.one(
            FORECAST,
            TimePeriod={"Start": today.isoformat(), "End": end.isoformat()},
            Metric="UNBLENDED_COST",
            Granularity="MONTHLY",
            PredictionIntervalLevel=LEVEL_PERCENT,
        ),
    )
    rest = answer.part("Total").money()
    spent = _spent(calls, first, today, rest.currency)
    expected = answer.parts("ForecastResultsByTime")
    low = sum((one.number("PredictionIntervalLowerBound") for one in expected), Decimal(0))
    high = sum((one.number("PredictionIntervalUpperBound") for one in expected), Decimal(0))
    return Forecast(
        month=first,
        amount=spent + rest,
        low=spent + Money(low, rest.currency),
        high=spent + Money(high, rest.currency),
        level=Decimal(LEVEL_PERCENT) / 100,
        method=Sentence("forecast_by_cost_explorer"),
    )


def read_anomalies(calls: Calls, since: date, until: date) -> tuple[Anomaly, ...]:
    """Those that began or went on in ``[since, until)``, greatest first. Cost Explorer keeps them for 90 days."""
    found = []
    span = {"StartDate": since.isoformat(), "EndDate": (until - timedelta(days=1)).isoformat()}
    for page in calls.pages(ANOMALIES, DateInterval=span, MaxResults=100):
        found += [_anomaly(one) for one in Reader("GetAnomalies", page).parts("Anomalies")]
    return tuple(sorted(found, key=lambda one: one.impact, reverse=True))


def _spent(calls: Calls, first: date, today: date, currency: str) -> Money:
    if first == today:
        return Money(Decimal(0), currency)
    span = {"Start": first.isoformat(), "End": today.isoformat()}
    answer = calls.one(COST_AND_USAGE, TimePeriod=span, Granularity="MONTHLY", Metrics=["UnblendedCost"])
    months = Reader("GetCostAndUsage", answer).parts("ResultsByTime")
    return total((month.part("Total").part("UnblendedCost").money() for month in months), currency)


def _anomaly(one: Reader) -> Anomaly:
    impact = one.part("Impact")
    causes = [
        " in ".join(text for text in (cause.text("UsageType", ""), cause.text("Region", "")) if text)
        for cause in one.parts("RootCauses")
    ]
    services = dict.fromkeys(cause.text("Service", "") for cause in one.parts("RootCauses"))
    what = one.text("DimensionValue", "") or ", ".join(filter(None, services)) or one.text("AnomalyId")
    return Anomaly(
        since=one.day("AnomalyStartDate"),
        until=one.day("AnomalyEndDate") if one.has("AnomalyEndDate") else None,
        what=what,
        impact=_dollars(impact.number("TotalImpact")),
        expected=Known(_dollars(impact.number("TotalExpectedSpend")))
        if impact.has("TotalExpectedSpend")
        else Unknown(Sentence("anomaly_without_expectation")),
        cause="; ".join(filter(None, causes)),
    )


def _dollars(amount: Decimal) -> Money:
    return Money(amount, CURRENCY_OF_ANOMALIES)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
