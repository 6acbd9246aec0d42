"""A weekly report with every section known, typed in: what the forms are tested on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from reports.model import (
    Against,
    Breakdown,
    Day,
    Dimension,
    Drivers,
    Header,
    Line,
    Mover,
    Source,
    State,
    Totals,
    WeeklyReport,
)
from reports.sections import (
    Anomaly,
    BudgetPace,
    Commitment,
    CommitmentKind,
    Commitments,
    Forecast,
    GpuHours,
    GpuService,
    Honesty,
    Recommendation,
    Saving,
    Savings,
    Spot,
    SuiteCost,
    UnitCosts,
    Untagged,
    Waste,
    WasteLine,
)
from reports.values import Known, Money, Section, Sentence, Unknown, Week

TOKYO = ZoneInfo("Asia/Tokyo")
WEEK = Week(2026, 46, TOKYO)
LINK = "https://reports.example.com/2026-W46/report.html"


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def known(text: str) -> Section[Money]:
    return Known(usd(text))


def line(name: str, now: str, before: str, price: str, hours: str, count: str) -> Line:
    return Line(name, Against(usd(now), known(before)), Known(Drivers(usd(price), usd(hours), usd(count))))


OUR_SERVICES = (
    line("gpu/prod-chat", "612.480", "641.18", "0", "-28.70", "0"),
    line("gpu/dev-chat", "208.3344", "402.11", "0", "-193.7756", "0"),
    line("gpu/batch-embed", "187.02", "122.90", "-11.40", "20.12", "55.40"),
    line("gpu/staging-code", "98.05", "97.44", "0", "0.61", "0"),
    line("gpu/research-70b", "341.70", "0", "0", "0", "341.70"),
    line("", "166.9156", "158.20", "0", "8.7156", "0"),
)
"""They add up to 1,614.50 and, the week before, 1,421.83."""


def sample() -> WeeklyReport:
    spent, before = usd("1614.50"), usd("1421.83")
    in_order = tuple(sorted(OUR_SERVICES, key=lambda one: -one.amount.now.amount))
    owners = (
        line("ml-platform", "1106.2344", "763.29", "0", "1.2444", "341.70"),
        line("search", "341.35", "500.34", "-11.40", "-202.99", "55.40"),
        line("", "166.9156", "158.20", "0", "8.7156", "0"),
    )
    return WeeklyReport(
        header=_header(),
        totals=Known(Totals(Against(spent, Known(before)), Against(spent, known("1533.02")), _days(), _weeks())),
        breakdowns=Known((Breakdown(Dimension.SERVICE, in_order), Breakdown(Dimension.OWNER, owners))),
        movers=Known(tuple(Mover(Dimension.SERVICE, one) for one in (in_order[1], in_order[2], in_order[3]))),
        gpu_hours=Known(_gpus()),
        waste=Known(_waste()),
        savings=Known(_savings()),
        spot=Known(Spot(Decimal("412.5"), Decimal("0.315"), known("61.44"), Known(1))),
        commitments=Known(_commitments()),
        anomalies=Known(_anomalies()),
        forecast=Known(_forecast()),
        budgets=Known((BudgetPace("gpu-november", usd("7000"), usd("4011.20"), Decimal("1.12")),)),
        unit_costs=UnitCosts(known("1.8837"), known("2.0121"), known("0.4410")),
        untagged=Known(_untagged()),
        honesty=Known(_honesty(spent)),
        suite_cost=Known(_suite()),
    )


def unknown(sentence: str) -> Unknown:
    return Unknown(Sentence.told(sentence))


def without_sources() -> WeeklyReport:
    """As when neither the bill nor the record could be read."""
    gone = unknown("Cost Explorer refused: AccessDeniedException.")
    header = replace(_header(), link=None, sources=(Source("Cost Explorer", State.MISSING, gone.sentence),))
    return WeeklyReport(
        header, gone, gone, gone, gone, gone, gone, gone, gone, gone, gone, gone, UnitCosts(gone, gone, gone),
        gone, gone, gone,
    )  # fmt: skip


def _header() -> Header:
    return Header(
        team="ML platform",
        week=WEEK,
        currency="USD",
        generated_at=datetime(2026, 11, 16, 0, 5, tzinfo=UTC),
        sources=(
            Source("Cost Explorer", State.OK, Sentence.told("All pages read."), 9, usd("0.09")),
            Source("Record", State.DEGRADED, Sentence.told("2 hours of 10 November are missing.")),
        ),
        link=LINK,
    )


def _days() -> tuple[Day, ...]:
    spent = ("244.10", "251.80", "249.00", "238.65", "262.35", "184.30", "184.30")
    saved = ("112.10", "108.40", "104.00", "-6.20", "97.90", "171.25", "171.25")
    before = ("215.00", "214.30", "219.20", "210.10", "208.80", "177.20", "177.23")
    rows = zip(WEEK.days, spent, saved, before, strict=True)
    return tuple(
        Day(day, usd(now), usd(less), usd(then), estimated=day == WEEK.days[-1]) for day, now, less, then in rows
    )


def _weeks() -> tuple[tuple[Week, Money], ...]:
    amounts = ("1533.02", "1490.40", "1502.18", "1421.83", "1614.50")
    return tuple((WEEK.back(4 - at), usd(amount)) for at, amount in enumerate(amounts))


def _gpus() -> GpuHours:
    services = (
        GpuService("gpu/prod-chat", Decimal(336), Known(Decimal("301.5"))),
        GpuService("gpu/research-70b", Decimal("248.4"), Known(Decimal("64.2"))),
        GpuService("gpu/dev-chat", Decimal("112.25"), Known(Decimal("81.75"))),
    )
    return GpuHours(Decimal("696.65"), Known(Decimal("447.45")), services)


def _waste() -> Waste:
    lines = (
        WasteLine("gpu/research-70b", Decimal("184.2"), usd("253.40"), "rin@research",
                  Sentence("how_promote", {"policy": "research-idle"})),
        WasteLine("gpu/prod-chat", Decimal("34.5"), usd("62.10"), "ml-platform",
                  Sentence("how_tighten", {"policy": "prod-hours", "service": "gpu/prod-chat"})),
        WasteLine("gpu/dev-chat", Decimal("30.5"), usd("36.97"), "", Sentence("how_write")),
    )  # fmt: skip
    return Waste(usd("352.47"), lines)


def _savings() -> Savings:
    always = Sentence("always_on")
    lines = (
        Saving("dev-nights-off", ("gpu/dev-chat", "gpu/staging-code"), 12, Decimal("391.75"), usd("512.30"), always),
        Saving("batch-idle", ("gpu/batch-embed",), 9, Decimal("122.5"), usd("246.40"), always),
    )
    would = (Saving("research-idle", ("gpu/research-70b",), 6, Decimal("171.0"), usd("235.20"), always),)
    sources = ("EC2 on-demand list price, 2026-07-20",)
    return Savings(usd("2026.40"), usd("1267.70"), lines, would, ("gpu/odd-one",), sources)


def _commitments() -> Commitments:
    held = (
        Commitment(CommitmentKind.SAVINGS_PLANS, Known(Decimal("0.42")), Known(Decimal("0.981")), known("88.10")),
        Commitment(CommitmentKind.RESERVED, unknown("No reservation is held."), unknown("No reservation is held."),
                   unknown("No reservation is held.")),
    )  # fmt: skip
    buy = Recommendation(
        CommitmentKind.SAVINGS_PLANS, "a Compute Savings Plan, 1 year, no upfront", usd("1.05"), usd("211.80"), usd("0")
    )
    return Commitments(held, Known((buy,)))


def _anomalies() -> tuple[Anomaly, ...]:
    return (Anomaly(date(2026, 11, 12), None, "Amazon EC2", usd("58.20"), known("31.00"), "g5.12xlarge, us-east-1"),)


def _forecast() -> Forecast:
    method = Sentence.told("Forecast by Cost Explorer.")
    return Forecast(date(2026, 11, 1), usd("6904.12"), usd("6610.00"), usd("7198.20"), Decimal("0.8"), method)


def _untagged() -> Untagged:
    missing = (("owner", usd("166.9156")), ("environment", usd("201.10")))
    return Untagged(Decimal("166.9156") / Decimal("1614.50"), usd("166.9156"), missing, Sentence("mend_tags"))


def _honesty(spent: Money) -> Honesty:
    return Honesty(
        spent=spent,
        credits=usd("-75.00"),
        refunds=usd("-12.25"),
        billed=usd("1527.25"),
        attributed=known("1447.5844"),
        estimated_days=(WEEK.monday + timedelta(days=6),),
        missing_days=(),
        notes=(),
    )


def _suite() -> SuiteCost:
    lines = ((Sentence.told("Cost Explorer, 9 requests"), usd("0.09")), (Sentence.told("Lambda"), usd("0.41")))
    return SuiteCost(lines, usd("0.50"))
