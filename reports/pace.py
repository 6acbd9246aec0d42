"""Budgets ahead of their month, as notices: told where all notices go, beside the report that shows them. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from chalicelib.notify.cost_notices import of_pace
from chalicelib.notify.notice import Notice

from reports.sections import BudgetPace
from reports.values import Known, Section

AHEAD = Decimal("1.1")
"""From this pace on somebody is told: a month that ends a tenth above its budget. Less is what a busy week does."""


def notices_of_pace(budgets: Section[tuple[BudgetPace, ...]], now: datetime) -> tuple[Notice, ...]:
    """None of budgets that are unknown, or of no month's money: those have no pace."""
    if not isinstance(budgets, Known):
        return ()
    return tuple(_notice(one, one.pace, now) for one in budgets.value if one.pace is not None and one.pace >= AHEAD)


def _notice(budget: BudgetPace, pace: Decimal, now: datetime) -> Notice:
    share = budget.spent.amount / (pace * budget.limit.amount)
    forecast = budget.limit.times(pace)
    return of_pace(
        budget.name,
        budget.spent.amount,
        budget.limit.amount,
        forecast.amount,
        forecast.currency,
        f"{now:%B %Y}",
        share,
        now,
    )
