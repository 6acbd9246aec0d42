"""The weekly report as one value: HTML, text, Slack, CSV, XLSX and JSON are all written from it and from nothing else.

Whatever may be missing is a `Section`: known, or unknown with a sentence that says why. A zero here was measured.
Money is in the currency of its own bill; the ledger's is US dollars at list price.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from reports.sections import (
    Anomaly,
    BudgetPace,
    Commitments,
    Forecast,
    GpuHours,
    Honesty,
    Savings,
    Spot,
    SuiteCost,
    UnitCosts,
    Untagged,
    Waste,
)
from reports.values import Known, Money, Section, Sentence, Week


class State(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from. ``calls`` are requests that were paid for; ``cost`` is what they cost."""

    name: str
    state: State
    sentence: Sentence
    calls: int = 0
    cost: Money | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of ``billed`` is ``value`` units of ``shown``. Somebody set it; we never look one up."""

    billed: str
    shown: str
    value: Decimal
    as_of: date


@dataclass(frozen=True, slots=True)
class Header:
    """``link`` is where the report is kept; None when it is not."""

    team: str
    week: Week
    currency: str
    generated_at: datetime
    sources: tuple[Source, ...]
    link: str | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """An amount beside an earlier one."""

    now: Money
    before: Section[Money]

    @property
    def change(self) -> Money | None:
        return self.now - self.before.value if isinstance(self.before, Known) else None

    @property
    def change_share(self) -> Decimal | None:
        """None when the earlier amount is unknown or zero: a growth from nothing has no percentage."""
        match self.change, self.before:
            case Money() as change, Known(before):
                return change.share_of(before)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Day:
    """``saved`` may be negative: a day on which we cost more than the baseline. ``before``: the day a week earlier."""

    day: date
    spent: Money | None
    saved: Money | None
    before: Money | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """``weeks``: this one and those before it that are known, oldest first.

    ``compared_days``: how many days of this week are known; of earlier weeks the same days are compared.
    """

    last_week: Against
    same_week_of_last_month: Against
    days: tuple[Day, ...]
    weeks: tuple[tuple[Week, Money], ...] = ()
    compared_days: int = 7

    @property
    def spent(self) -> Money:
        return self.last_week.now


class Dimension(StrEnum):
    """``service`` is a model service of ours; ``product`` is what the provider's bill calls a service."""

    SERVICE = "service"
    MODEL = "model"
    ENVIRONMENT = "environment"
    OWNER = "owner"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Drivers:
    """Why an amount changed, in money; they add up to the change.

    ``price``: the same use at another price. ``hours``: more or less use of each of the same resources.
    ``count``: more or fewer resources; None where the bill does not count them, and then ``hours`` is of all use.
    """

    price: Money
    hours: Money
    count: Money | None


@dataclass(frozen=True, slots=True)
class Line:
    """``name`` empty: what carries no such tag."""

    name: str
    amount: Against
    drivers: Section[Drivers]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Lines of greatest amount first; they add up to the total of the report."""

    dimension: Dimension
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Mover:
    dimension: Dimension
    line: Line


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    header: Header
    totals: Section[Totals]
    breakdowns: Section[tuple[Breakdown, ...]]
    movers: Section[tuple[Mover, ...]]
    gpu_hours: Section[GpuHours]
    waste: Section[Waste]
    savings: Section[Savings]
    spot: Section[Spot]
    commitments: Section[Commitments]
    anomalies: Section[tuple[Anomaly, ...]]
    forecast: Section[Forecast]
    budgets: Section[tuple[BudgetPace, ...]]
    unit_costs: UnitCosts
    untagged: Section[Untagged]
    honesty: Section[Honesty]
    suite_cost: Section[SuiteCost]
