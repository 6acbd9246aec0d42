"""What reports are built of in tests: a bill of typed-in charges, a record, an hour-by-hour use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.ledger.values import Ledger

from reports.build import Given, Recorded
from reports.making.use import Use
from reports.model import Source, State
from reports.sources.frames import Bill, Cut, Gathered, Kind, Pricing
from reports.sources.rows import frame
from reports.values import Known, Section, Sentence, Unknown, Week

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Week(2026, 43, BERLIN)
"""Monday 19 October 2026 to Sunday 25, the day on which the clocks go back."""
MONDAY_AFTER = datetime(2026, 10, 26, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Charge:
    """``quantity`` in hours; ``things`` were charged that day."""

    day: date
    billed: str
    workload: str = ""
    owner: str = ""
    environment: str = ""
    model: str = ""
    product: str = "Amazon EC2"
    kind: Kind = Kind.USAGE
    quantity: str = "24"
    things: int = 1
    pricing: Pricing = Pricing.STANDARD
    listed: str = ""


def each_day(week: Week, billed: str, **more: object) -> list[Charge]:
    return [Charge(day, billed, **more) for day in week.days]  # type: ignore[arg-type]


def bill(charges: Iterable[Charge], currency: str = "USD", estimated: tuple[date, ...] = ()) -> Bill:
    charges = list(charges)
    days = tuple(sorted({one.day for one in charges}))
    rows = [row for one in charges for row in _cuts(one)]
    since = min(days, default=WEEK.monday)
    return Bill(currency, since, max(days, default=since) + timedelta(days=1), frame(rows), days, estimated)


def _cuts(one: Charge) -> Iterable[tuple[object, ...]]:
    keys = {
        Cut.SERVICE: "",
        Cut.PRICING: one.pricing.value,
        Cut.METER: "BoxUsage:g5.xlarge",
        Cut.WORKLOAD: one.workload,
        Cut.MODEL: one.model,
        Cut.ENVIRONMENT: one.environment,
        Cut.OWNER: one.owner,
    }
    billed = Decimal(one.billed)
    for cut, key in keys.items():
        yield (
            one.day, cut.value, key, "AWS", one.product, one.kind.value, "Hours", billed, billed,
            Decimal(one.listed or one.billed), Decimal(one.quantity), one.things,
        )  # fmt: skip


NOT_ASKED = Unknown(Sentence.told("Nobody asked."))


def gathered(found: Section[Bill]) -> Gathered:
    state = State.OK if isinstance(found, Known) else State.MISSING
    said = Sentence.told("read") if isinstance(found, Known) else found.sentence
    return Gathered((Source("bill", state, said),), found, NOT_ASKED, NOT_ASKED, NOT_ASKED, NOT_ASKED)


def empty_ledger(week: Week = WEEK) -> Ledger:
    return Ledger(week.since, week.until, (), ())


def given(charges: Iterable[Charge] | None = None, counted: Ledger | None = None, use: Use | None = None) -> Given:
    """``charges`` None: there is no bill."""
    found: Section[Bill] = Unknown(Sentence.told("No bill was given.")) if charges is None else Known(bill(charges))
    recorded = Recorded(counted or empty_ledger(), since=WEEK.monday)
    return Given("ML platform", WEEK, MONDAY_AFTER, gathered(found), Known(recorded), Known(use or Use()))


def at_noon(one: Given) -> Given:
    """Made on the Sunday, before the week was over."""
    return replace(one, generated_at=datetime(2026, 10, 25, 12, tzinfo=UTC))
