"""The sections of a weekly report besides what was spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from reports.values import Known, Money, Section, Sentence


@dataclass(frozen=True, slots=True)
class GpuService:
    """GPU hours of one service; ``needed`` were busy by its signals, ``idle`` is the rest."""

    service: str
    run: Decimal
    needed: Section[Decimal]

    @property
    def idle(self) -> Section[Decimal]:
        return Known(self.run - self.needed.value) if isinstance(self.needed, Known) else self.needed


@dataclass(frozen=True, slots=True)
class GpuHours:
    run: Decimal
    needed: Section[Decimal]
    services: tuple[GpuService, ...]
    uncounted: tuple[str, ...] = ()
    """Services whose GPUs per host are not known."""

    @property
    def idle(self) -> Section[Decimal]:
        return Known(self.run - self.needed.value) if isinstance(self.needed, Known) else self.needed


@dataclass(frozen=True, slots=True)
class WasteLine:
    """Hours paid for that nobody used. ``who`` can end it, by ``how``."""

    service: str
    idle_hours: Decimal
    amount: Money
    who: str
    how: Sentence


@dataclass(frozen=True, slots=True)
class Waste:
    amount: Money
    lines: tuple[WasteLine, ...]


@dataclass(frozen=True, slots=True)
class Saving:
    """One policy. ``counterfactual`` says what would have run without it."""

    policy: str
    services: tuple[str, ...]
    stops: int
    hours: Decimal
    amount: Money
    counterfactual: Sentence


@dataclass(frozen=True, slots=True)
class Savings:
    """``would`` are policies in dry run: in no sum. ``unpriced`` services are in no sum either."""

    baseline: Money
    actual: Money
    lines: tuple[Saving, ...]
    would: tuple[Saving, ...]
    unpriced: tuple[str, ...]
    price_sources: tuple[str, ...]

    @property
    def amount(self) -> Money:
        return self.baseline - self.actual

    @property
    def share(self) -> Decimal | None:
        return self.amount.share_of(self.baseline)


@dataclass(frozen=True, slots=True)
class Spot:
    """``share`` of host hours that ran on Spot; ``saving`` against on-demand."""

    hours: Decimal
    share: Decimal
    saving: Section[Money]
    interruptions: Section[int]


class CommitmentKind(StrEnum):
    RESERVED = "reserved instances"
    SAVINGS_PLANS = "savings plans"


@dataclass(frozen=True, slots=True)
class Commitment:
    kind: CommitmentKind
    coverage: Section[Decimal]
    utilisation: Section[Decimal]
    net_saving: Section[Money]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What AWS recommends to buy. ``hourly`` is the commitment, ``monthly_saving`` its estimate."""

    kind: CommitmentKind
    what: str
    hourly: Money | None
    monthly_saving: Money
    upfront: Money


@dataclass(frozen=True, slots=True)
class Commitments:
    held: tuple[Commitment, ...]
    recommended: Section[tuple[Recommendation, ...]]


@dataclass(frozen=True, slots=True)
class Anomaly:
    since: date
    until: date | None
    what: str
    impact: Money
    expected: Section[Money]
    cause: str


@dataclass(frozen=True, slots=True)
class BudgetPace:
    """``pace``: spent so far over what an even month would have spent by now; 1 is on the line."""

    name: str
    limit: Money
    spent: Money
    pace: Decimal | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of the whole month that the week ends in. ``level`` is the interval's, 0.8 for 80 %."""

    month: date
    amount: Money
    low: Money
    high: Money
    level: Decimal
    method: Sentence


@dataclass(frozen=True, slots=True)
class UnitCosts:
    per_gpu_hour: Section[Money]
    per_running_service: Section[Money]
    per_thousand_requests: Section[Money]


@dataclass(frozen=True, slots=True)
class Untagged:
    """``tags`` are the ones looked for; ``missing`` says how much lacks each."""

    share: Decimal
    amount: Money
    missing: tuple[tuple[str, Money], ...]
    mend: Sentence


@dataclass(frozen=True, slots=True)
class Honesty:
    """What the report calls spent (``spent``) is before credits and refunds; ``billed`` is with them.

    ``attributed`` of it has a service of ours. ``missing_days`` are not in the bill yet.
    """

    spent: Money
    credits: Money
    refunds: Money
    billed: Money
    attributed: Section[Money]
    estimated_days: tuple[date, ...]
    missing_days: tuple[date, ...]
    notes: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class SuiteCost:
    lines: tuple[tuple[Sentence, Money], ...]
    amount: Money
