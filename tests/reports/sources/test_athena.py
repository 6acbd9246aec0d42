"""The same query text on Athena: started, waited for, stopped, read page by page, and its scan on the bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from chalicelib.errors import ReportError, SourceFailed
from support.cost_explorer import Answer, Request, Scripted, refusal
from support.focus_bill import as_parquet, charge, hours

from reports.model import State
from reports.sources.asked import Asked
from reports.sources.athena import Athena, Export, cost_usd, export_of
from reports.sources.embedded import Limits, engine, rows
from reports.sources.focus import FocusFiles, parameters
from reports.sources.focus_files import found_at
from reports.sources.focus_view import make_view
from reports.sources.frames import Bill, Cut, TagKeys
from reports.values import Known, Money, Unknown

MONDAY, NEXT_MONDAY, TODAY = date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 16)
ASKED = Asked(MONDAY, NEXT_MONDAY, MONDAY, NEXT_MONDAY, TODAY)
TAGS = TagKeys(workload="service", model="model", environment="env", owner="who")
CHAT = '{"service": "chat", "model": "llama2", "env": "dev", "who": "ada@example.com"}'
CHARGES = [
    *[charge("1.006", hour, Tags=CHAT, ResourceId="i-1") for hour in hours(MONDAY, 24)],
    charge("-1.10", "2026-11-10T00:00:00Z", ChargeClass="Correction", PricingCategory="", ListCost=""),
    charge("0.0000008", "2026-11-10T23:00:00Z", ServiceName="Amazon SQS", PricingUnit="Requests", ResourceId=""),
]
EXPORT = Export("bills", "focus_export", "1.2", "reports")


@dataclass
class World:
    """Athena, and the clock that a wait moves. ``states`` are what it says of the query, the last one for good."""

    states: list[str] = field(default_factory=lambda: ["QUEUED", "RUNNING", "SUCCEEDED"])
    pages: list[list[Sequence[str | None]]] = field(default_factory=lambda: [[]])
    reason: str = ""
    scanned: int = 2_500_000_000
    limit: int | None = 10**12
    now: datetime = datetime(2026, 11, 16, 8, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.aws = Scripted(
            "athena",
            {
                "GetWorkGroup": self._group,
                "StartQueryExecution": lambda _: {"QueryExecutionId": "q-1"},
                "GetQueryExecution": self._execution,
                "GetQueryResults": self._results,
                "StopQueryExecution": lambda _: {},
            },
        )

    def source(self, export: Export = EXPORT) -> Athena:
        return Athena(self.aws.client, export, lambda: self.now, self._pause, TAGS)

    def bill(self) -> Bill:
        return self.source().bill(MONDAY, NEXT_MONDAY, TODAY)[0]

    def _pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _group(self, _: Request) -> Answer:
        limit = {} if self.limit is None else {"BytesScannedCutoffPerQuery": self.limit}
        return {"WorkGroup": {"Name": "reports", "Configuration": {"EnforceWorkGroupConfiguration": True, **limit}}}

    def _execution(self, _: Request) -> Answer:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        status = {"State": state, **({"StateChangeReason": self.reason} if self.reason else {})}
        return {"QueryExecution": {"Status": status, "Statistics": {"DataScannedInBytes": self.scanned}}}

    def _results(self, request: Request) -> Answer:
        number = int(request.get("NextToken", 0))
        head = [["day", "cut"]] if number == 0 else []
        data = [
            {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
            for row in [*head, *self.pages[number]]
        ]
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.pages) else {}
        return {"ResultSet": {"Rows": data}, **more}


def answer_of_trino(folder: Path, query: str) -> list[Sequence[str | None]]:
    """What the very text that Athena gets answers over the files, each value as the text that Athena writes."""
    text = sqlglot.transpile(query.replace('"bills"."focus_export"', "focus"), read="athena", write="duckdb")[0]
    with engine(Limits()) as connection:
        make_view(connection, found_at(folder))
        connection.execute("ALTER VIEW focus RENAME TO given")
        found = rows(connection, text.replace("FROM focus)", "FROM given)", 1))
    return [[None if value is None else str(value) for value in row] for row in found]


def by_row(bill: Bill) -> list[tuple[Any, ...]]:
    return sorted(bill.frame.itertuples(index=False, name=None), key=str)


def test_athena_and_duckdb_give_the_same_bill_to_the_last_digit(tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "bill.parquet", CHARGES)
    found = answer_of_trino(path, EXPORT.query(parameters(TAGS, MONDAY, NEXT_MONDAY)))

    world = World(pages=[found[:5], found[5:]])

    assert by_row(world.bill()) == by_row(FocusFiles(path, TAGS).bill(MONDAY, NEXT_MONDAY, TODAY))
    assert world.bill().cut(Cut.SERVICE)["billed"].sum() == Decimal("23.0440008")


def test_a_query_reads_only_the_columns_and_the_billing_periods_that_it_needs() -> None:
    world = World()

    with pytest.raises(SourceFailed):
        world.bill()

    (started,) = world.aws.of("StartQueryExecution")
    text = started["QueryString"]
    assert 'FROM "bills"."focus_export"' in text
    assert "billing_period BETWEEN '2026-11' AND '2026-12'" in text
    assert "*" not in text.replace("COUNT(*)", "")
    assert started["QueryExecutionContext"] == {"Database": "bills"}


def test_an_export_of_focus_1_0_gives_its_usage_type_for_the_meter() -> None:
    world = World()

    with pytest.raises(SourceFailed):
        world.source(Export("bills", "focus_export", "1.0", "reports")).bill(MONDAY, NEXT_MONDAY, TODAY)

    assert "x_UsageType AS SkuMeter" in world.aws.of("StartQueryExecution")[0]["QueryString"]


def test_a_workgroup_without_a_scan_limit_is_not_used() -> None:
    world = World(limit=None)

    with pytest.raises(SourceFailed, match="the workgroup reports has no limit of bytes scanned a query"):
        world.bill()
    assert world.aws.of("StartQueryExecution") == []


def test_a_query_that_takes_too_long_is_stopped() -> None:
    world = World(states=["RUNNING"])

    with pytest.raises(SourceFailed, match="took longer than 10 minutes and was stopped"):
        world.bill()

    assert world.aws.of("StopQueryExecution") == [{"QueryExecutionId": "q-1"}]
    assert len(world.aws.of("GetQueryExecution")) < 90


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        ("FAILED", "SYNTAX_ERROR: line 1", "Athena's query failed: SYNTAX_ERROR: line 1"),
        ("CANCELLED", "Bytes scanned limit was exceeded", "was cancelled: Bytes scanned limit was exceeded"),
        ("FAILED", "", "it gave no reason"),
    ],
)
def test_a_query_that_does_not_succeed_says_why(state: str, reason: str, sentence: str) -> None:
    with pytest.raises(SourceFailed, match=sentence):
        World(states=[state], reason=reason).bill()


def test_a_refusal_of_aws_degrades_the_bill_and_never_the_report() -> None:
    world = World()
    world.aws = Scripted("athena", {"GetWorkGroup": _refused})

    found = world.source().gather(ASKED)

    assert isinstance(found.bill, Unknown)
    assert found.sources[0].state is State.MISSING
    assert found.bill.sentence.values["text"] == "AWS refused GetWorkGroup: you shall not"


def _refused(_: Request) -> Answer:
    raise refusal("AccessDeniedException", "GetWorkGroup", "you shall not")


def test_the_cost_of_the_scan_is_in_the_footer(tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "bill.parquet", CHARGES)
    world = World(pages=[answer_of_trino(path, EXPORT.query(parameters(TAGS, MONDAY, NEXT_MONDAY)))])

    found = world.source().gather(ASKED)

    assert isinstance(found.bill, Known)
    assert (found.sources[0].calls, found.sources[0].cost) == (1, Money(Decimal("0.0125"), "USD"))
    assert found.sources[0].sentence.values == {"scanned": "2.50 GB", "place": "focus_export"}
    assert (cost_usd(0), cost_usd(1)) == (Decimal(0), Decimal("0.00005"))


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        ([[["2026-11-09", "service"]]], "Athena answered 2 columns where the query has 14"),
        ([[["soon", *["1"] * 13]]], "Athena's answer cannot be read"),
    ],
)
def test_an_answer_of_another_shape_is_refused(pages: list[list[Sequence[str]]], sentence: str) -> None:
    with pytest.raises(SourceFailed, match=sentence):
        World(pages=pages).bill()


@pytest.mark.parametrize("table", ["focus; DROP TABLE x", 'a"b', "", "a.b"])
def test_a_table_that_glue_cannot_have_is_refused(table: str) -> None:
    with pytest.raises(ReportError, match="is no name of Glue"):
        Export("bills", table, "1.2", "reports")
    with pytest.raises(ReportError, match=r"FOCUS 2\.0 is not read"):
        Export("bills", "focus", "2.0", "reports")


def test_an_export_is_named_by_its_table_its_workgroup_and_its_version() -> None:
    assert export_of("bills.focus_export@reports") == EXPORT
    assert export_of("bills.focus@small.team-1/1.0") == Export("bills", "focus", "1.0", "small.team-1")
    for text in ("focus@reports", "bills.focus", "bills.focus@reports/latest", "bills.fo cus@reports"):
        with pytest.raises(ReportError, match=r"write DATABASE\.TABLE@WORKGROUP"):
            export_of(text)
