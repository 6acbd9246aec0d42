"""The month ahead from the bill's own days, where no source forecasts: each coming day as its weekday was lately.

The interval is that of the sum of independent days, with the spread that the days had around their weekday's mean.
It knows of no price change, no holiday and no plan; Cost Explorer's own forecast is taken where there is one.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from reports.making.costs import Costs, by_day
from reports.sections import Forecast
from reports.values import Known, Money, Section, Sentence, Unknown, Week

LOOKED_BACK = 28
"""Days: each weekday four times."""
FEWEST = 14
"""Days: each weekday twice; fewer show no spread."""
LEVEL = Decimal("0.8")
_QUANTILE = Decimal("1.2816")
"""Of the standard normal distribution at 90 %, for `LEVEL` on both sides."""


def forecast(costs: Costs, week: Week) -> Section[Forecast]:
    """Of the month in which the week's last known day lies."""
    days = costs.known(week)
    if not days or costs.first is None:
        return Unknown(Sentence("no_days_to_forecast", {"n": FEWEST}))
    spent = by_day(costs)
    last = days[-1]
    lately = [last - timedelta(days=back) for back in range(LOOKED_BACK) if last - timedelta(days=back) >= costs.first]
    if len(lately) < FEWEST:
        return Unknown(Sentence("no_days_to_forecast", {"n": FEWEST}))
    usual, spread = _usual(lately, spent)
    month = last.replace(day=1)
    ends = month.replace(day=monthrange(month.year, month.month)[1])
    so_far = [month + timedelta(days=n) for n in range((last - month).days + 1)]
    to_come = [last + timedelta(days=n) for n in range(1, (ends - last).days + 1)]
    if so_far[0] < costs.first:
        return Unknown(Sentence("no_whole_month", {"day": costs.first}))
    paid = sum((spent.get(day, Decimal(0)) for day in so_far), Decimal(0))
    amount = paid + sum((usual[day.weekday()] for day in to_come), Decimal(0))
    margin = _QUANTILE * spread * Decimal(len(to_come)).sqrt()
    method = Sentence("forecast_by_weekday", {"n": len(lately)})
    return Known(
        Forecast(
            month,
            Money(amount, costs.currency),
            Money(max(amount - margin, paid), costs.currency),
            Money(amount + margin, costs.currency),
            LEVEL,
            method,
        )
    )


def _usual(days: list[date], spent: Mapping[date, Decimal]) -> tuple[Mapping[int, Decimal], Decimal]:
    """The mean of each weekday, and the standard deviation of a day around it."""
    by_weekday: dict[int, list[Decimal]] = {}
    for day in days:
        by_weekday.setdefault(day.weekday(), []).append(spent.get(day, Decimal(0)))
    means = {weekday: sum(told, Decimal(0)) / len(told) for weekday, told in by_weekday.items()}
    squares = sum(((one - means[weekday]) ** 2 for weekday, told in by_weekday.items() for one in told), Decimal(0))
    return means, (squares / max(len(days) - len(by_weekday), 1)).sqrt()
