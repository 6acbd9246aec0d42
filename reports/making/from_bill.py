"""What only a bill tells: what has no owner, what is credited, refunded and estimated, and what Spot saved."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from reports.making.costs import Costs
from reports.model import Dimension
from reports.sections import Honesty, Untagged
from reports.sources.frames import Bill, Cut, Kind, Pricing
from reports.values import Known, Money, Section, Sentence, Unknown, Week

_TAGS = (Dimension.OWNER, Dimension.ENVIRONMENT, Dimension.MODEL)
"""In the order in which they tell whose it is."""


def untagged(costs: Costs, week: Week) -> Section[Untagged]:
    """By the first of the tags that the bill was read for."""
    whole = _sum(_of(costs.whole, costs, week)["amount"])
    missing = [
        (tag.value, _sum(rows[rows["name"] == ""]["amount"]))
        for tag in _TAGS
        if len(rows := _of(costs.of(tag), costs, week))
    ]
    if not missing:
        return Unknown(Sentence("no_tags_read"))
    amount = missing[0][1]
    return Known(
        Untagged(
            amount / whole if whole else Decimal(0),
            Money(amount, costs.currency),
            tuple((tag, Money(lacking, costs.currency)) for tag, lacking in missing),
            Sentence("mend_tags"),
        )
    )


def honesty(bill: Bill, costs: Costs, week: Week) -> Honesty:
    days = costs.known(week)
    cut = bill.cut(Cut.SERVICE)
    rows = cut[cut["day"].isin(list(days)) & cut["billed"].notna()]
    apart = {kind: _sum(rows[rows["kind"] == kind.value]["billed"]) for kind in (Kind.CREDIT, Kind.REFUND)}
    spent = _sum(rows["billed"]) - sum(apart.values(), Decimal(0))
    ours = _of(costs.of(Dimension.SERVICE), costs, week)
    attributed: Section[Money] = (
        Known(Money(_sum(ours[ours["name"] != ""]["amount"]), bill.currency))
        if len(ours)
        else Unknown(Sentence("no_services_read"))
    )
    notes = [Sentence("bill_days")]
    if bill.unpriced_rows:
        notes.append(Sentence("unpriced_rows", {"n": bill.unpriced_rows}))
    return Honesty(
        spent=Money(spent, bill.currency),
        credits=Money(apart[Kind.CREDIT], bill.currency),
        refunds=Money(apart[Kind.REFUND], bill.currency),
        billed=Money(_sum(rows["billed"]), bill.currency),
        attributed=attributed,
        estimated_days=tuple(day for day in days if day in costs.estimated),
        missing_days=tuple(day for day in week.days if day not in days),
        notes=tuple(notes),
    )


def spot_saving(bill: Bill, costs: Costs, week: Week) -> Money | None:
    """What was paid for Spot against its list price; None when the bill does not say both for all of it."""
    cut = bill.cut(Cut.PRICING)
    rows = cut[
        cut["day"].isin(list(costs.known(week)))
        & (cut["key"] == Pricing.DYNAMIC.value)
        & (cut["kind"] == Kind.USAGE.value)
    ]
    if not len(rows) or rows["listed"].isna().any() or rows["billed"].isna().any():
        return None
    return Money(_sum(rows["listed"]) - _sum(rows["billed"]), bill.currency)


def _of(frame: pd.DataFrame, costs: Costs, week: Week) -> pd.DataFrame:
    return frame[frame["day"].isin(list(costs.known(week)))]


def _sum(amounts: pd.Series) -> Decimal:
    return sum(amounts, Decimal(0))
