"""Notices about money: the budget's pace, what AWS Budgets says, and what Cost Explorer finds strange.

Whoever reads the events and the bill calls these; they only put it into words. Amounts are in their own currency.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from chalicelib.decide import words
from chalicelib.notify.notice import Notice, NoticeKind

CONSOLE = "https://console.aws.amazon.com"


def of_pace(
    name: str,
    spent: Decimal,
    budget: Decimal,
    forecast: Decimal,
    currency: str,
    month: str,
    share_of_month: Decimal,
    now: datetime,
) -> Notice:
    """``share_of_month`` is how much of the month is over, 0 to 1. The sentence changes once a day at the most."""
    text = (
        f"{name}: {_percent(spent / budget)} of the budget is spent and {_percent(share_of_month)} of {month} is "
        f"over; at this pace it will be {_money(forecast, currency)} of {_money(budget, currency)}"
    )
    figures = (("Spent", _money(spent, currency)), ("Budget", _money(budget, currency)))
    return Notice(now, NoticeKind.BUDGET_PACE, None, text, figures=(*figures, ("Forecast", _money(forecast, currency))))


def of_budget(name: str, message: str, now: datetime) -> Notice:
    """``message`` is AWS Budgets' own."""
    return Notice(now, NoticeKind.BUDGET, None, f"{name}: {words.sentence(message)}", link=f"{CONSOLE}/costmanagement/")


def of_anomaly(
    what: str, impact: Decimal, currency: str, begins: date, ends: date | None, now: datetime, *, link: str = ""
) -> Notice:
    """``what`` names what got more expensive, in words; ``impact`` is the excess over what was expected."""
    since = f"since {begins.isoformat()}" if ends is None or ends == begins else f"from {begins} to {ends}"
    text = f"{what} costs {_money(impact, currency)} more than expected {since}"
    figures = (("Excess", _money(impact, currency)), ("Begins", begins.isoformat()))
    return Notice(now, NoticeKind.COST_ANOMALY, None, text, figures=figures, link=link)


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"


def _percent(part: Decimal) -> str:
    return f"{part:.0%}"
