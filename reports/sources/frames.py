"""What every source of costs returns: one small frame of the bill, and the sections that the source knows.

The frame is long. One row is one day of one `Cut` of the bill: the cuts of a day each add up to the same total, so
that a section takes its cut (`Bill.cut`) and never adds two. A day is a day of UTC, as the bill's days are.

A source's ``gather`` never raises for what it could not read: that becomes `Unknown` with its sentence, and
`Source.state` says so. Its ``bill`` raises SourceFailed with that sentence, for who asked for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.fleet.model import ENVIRONMENT_TAG, MODEL_TAG, OWNER_TAG

from reports.model import Source
from reports.sections import Anomaly, BudgetPace, Commitments, Forecast
from reports.values import Section, Sentence, Unknown

if TYPE_CHECKING:
    import pandas as pd


class Cut(StrEnum):
    """By what a row's ``key`` divides the bill, besides its service and kind. The first four are tags.

    ``workload`` is the ECS service of ours, ``model`` the model that it serves; an empty key carries no such tag.
    ``pricing`` is how it was bought (`Pricing`), ``meter`` the provider's usage type; a service has no further key.
    """

    WORKLOAD = "workload"
    MODEL = "model"
    ENVIRONMENT = "environment"
    OWNER = "owner"
    SERVICE = "service"
    PRICING = "pricing"
    METER = "meter"


TAG_CUTS = (Cut.WORKLOAD, Cut.MODEL, Cut.ENVIRONMENT, Cut.OWNER)


class Kind(StrEnum):
    """What a charge is. A correction of an earlier bill is a refund, whatever it corrects and whatever its sign."""

    USAGE = "usage"
    PURCHASE = "purchase"
    TAX = "tax"
    CREDIT = "credit"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"


class Pricing(StrEnum):
    """``dynamic`` is Spot. ``other`` is what the bill says nothing more of."""

    STANDARD = "standard"
    DYNAMIC = "dynamic"
    COMMITTED = "committed"
    OTHER = "other"


COLUMNS = (
    "day",
    "cut",
    "key",
    "provider",
    "service",
    "kind",
    "unit",
    "billed",
    "effective",
    "listed",
    "quantity",
    "resources",
)
"""``day``: date. ``cut``, ``kind``: values of the enumerations. ``provider``, ``service``: as billed (AWS, Amazon ...).

``unit``: of ``quantity``, as billed; empty where there is none. ``billed``, ``effective``, ``listed``, ``quantity``:
Decimal, or None where the bill does not say. ``effective`` has commitments spread over what used them; ``listed`` is
at list price. ``resources``: how many distinct resources were charged that day, or None: summed over days they are
resource-days.
"""


@dataclass(frozen=True, slots=True)
class TagKeys:
    """The tag that tells each of the tag cuts, as it is called in the bill. What we launch bears these."""

    workload: str = "aws:ecs:serviceName"
    model: str = MODEL_TAG
    environment: str = ENVIRONMENT_TAG
    owner: str = OWNER_TAG

    def of(self, cut: Cut) -> str:
        return {
            Cut.WORKLOAD: self.workload,
            Cut.MODEL: self.model,
            Cut.ENVIRONMENT: self.environment,
            Cut.OWNER: self.owner,
        }[cut]


@dataclass(frozen=True, slots=True)
class Bill:
    """All days in ``[since, until)`` that the source has, in one currency.

    ``estimated`` are days that the provider may still change. ``days`` are those with any row: a day of the span that
    is not among them is not in the bill yet, which is another thing than a day without cost. ``unpriced_rows`` had no
    billed cost at all and are in no sum.
    """

    currency: str
    since: date
    until: date
    frame: pd.DataFrame
    days: tuple[date, ...]
    estimated: tuple[date, ...] = ()
    unpriced_rows: int = 0

    def cut(self, cut: Cut) -> pd.DataFrame:
        """Its rows alone; empty when the source could not read this cut (`missing`)."""
        return self.frame[self.frame["cut"] == cut.value]

    @property
    def missing(self) -> tuple[Cut, ...]:
        """Cuts that the source could not read, of a bill that has rows."""
        held = set(self.frame["cut"])
        return tuple(cut for cut in Cut if held and cut.value not in held)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that the sources of one report know."""

    sources: tuple[Source, ...]
    bill: Section[Bill]
    forecast: Section[Forecast]
    anomalies: Section[tuple[Anomaly, ...]]
    commitments: Section[Commitments]
    budgets: Section[tuple[BudgetPace, ...]]


def nothing_but(bill: Section[Bill], source: Source) -> Gathered:
    """Of a source that has the bill and no more."""
    unknown = Unknown(Sentence("only_cost_explorer", {"source": source.name}))
    return Gathered((source,), bill, unknown, unknown, unknown, unknown)
