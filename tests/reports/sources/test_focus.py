"""A bill in FOCUS form becomes the frame of the report, to the last digit, or one sentence says what is wrong."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from chalicelib.errors import SourceFailed
from support.focus_bill import as_csv, as_parquet, charge, hours

from reports.model import State
from reports.sources.asked import Asked
from reports.sources.embedded import Limits
from reports.sources.focus import FocusFiles
from reports.sources.frames import Bill, Cut, TagKeys
from reports.values import Known, Unknown

MONDAY, NEXT_MONDAY, TODAY = date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 16)
ASKED = Asked(MONDAY, NEXT_MONDAY, MONDAY, NEXT_MONDAY, TODAY)
TAGS = TagKeys(workload="service", model="model", environment="env", owner="who")
CHAT = '{"service": "chat", "model": "llama2", "env": "dev", "who": "ada@example.com"}'

BILL = [
    *[charge("1.006", hour, Tags=CHAT, ResourceId="i-1") for hour in hours(MONDAY, 24)],
    *[charge("0.302", hour, Tags=CHAT, ResourceId="i-2", PricingCategory="Dynamic") for hour in hours(MONDAY, 10)],
    charge("0.0000008", "2026-11-10T23:00:00Z", ServiceName="Amazon SQS", PricingUnit="Requests", ResourceId="q"),
    charge("-5.25", "2026-11-10T00:00:00Z", ChargeCategory="Credit", ResourceId=""),
    charge("-1.10", "2026-11-10T00:00:00Z", ChargeClass="Correction", PricingCategory=""),
    charge("3.00", "2026-11-11T00:00:00Z", ProviderName="Microsoft", ServiceName="Azure OpenAI Service"),
]


def bill_of(path: Path, tags: TagKeys = TAGS) -> Bill:
    return FocusFiles(path, tags).bill(MONDAY, NEXT_MONDAY, TODAY)


def sums(bill: Bill, cut: Cut, column: str = "billed") -> dict[str, Decimal]:
    return dict(bill.cut(cut).groupby("key")[column].sum())


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_every_cut_of_a_bill_adds_up_to_the_same_cents(tmp_path: Path, write: Callable[..., Path]) -> None:
    bill = bill_of(write(tmp_path / f"bill.{'csv' if write is as_csv else 'parquet'}", BILL))

    totals = {cut: bill.cut(cut)["billed"].sum() for cut in Cut}

    assert set(totals.values()) == {Decimal("23.8140008")}
    assert bill.missing == ()
    assert sums(bill, Cut.WORKLOAD) == {"chat": Decimal("27.164"), "": Decimal("-3.3499992")}
    assert sums(bill, Cut.PRICING) == {
        "standard": Decimal("21.8940008"),
        "dynamic": Decimal("3.02"),
        "other": Decimal("-1.10"),
    }


def test_credits_and_refunds_stand_apart_from_usage(tmp_path: Path) -> None:
    services = bill_of(as_csv(tmp_path / "bill.csv", BILL)).cut(Cut.SERVICE)

    assert dict(services.groupby("kind")["billed"].sum()) == {
        "usage": Decimal("30.1640008"),
        "credit": Decimal("-5.25"),
        "refund": Decimal("-1.10"),
    }


def test_a_bill_of_several_providers_names_each(tmp_path: Path) -> None:
    services = bill_of(as_csv(tmp_path / "bill.csv", BILL)).cut(Cut.SERVICE)

    assert set(zip(services["provider"], services["service"], strict=True)) >= {
        ("Microsoft", "Azure OpenAI Service"),
        ("AWS", "Amazon SQS"),
    }


def test_a_resource_of_many_hours_is_one_resource_of_its_day(tmp_path: Path) -> None:
    monday = bill_of(as_csv(tmp_path / "bill.csv", BILL)).cut(Cut.MODEL).set_index(["day", "key"])

    assert monday.loc[(MONDAY, "llama2"), "resources"] == 2
    assert monday.loc[(MONDAY, "llama2"), "quantity"] == 34


def test_days_are_those_of_utc_whatever_zone_the_file_is_written_in(tmp_path: Path) -> None:
    bill = bill_of(as_csv(tmp_path / "bill.csv", [charge("1.00", "2026-11-10T08:30:00+09:00")]))

    assert bill.days == (MONDAY,)


def test_a_day_outside_of_the_time_asked_for_is_not_in_the_bill(tmp_path: Path) -> None:
    late = charge("7.00", "2026-11-16T00:00:00Z")

    assert bill_of(as_csv(tmp_path / "bill.csv", [*BILL, late])).frame["billed"].sum() == 7 * Decimal("23.8140008")


def test_days_of_a_month_that_is_not_over_are_estimates(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "bill.csv", [charge("1.00", "2026-10-31T00:00:00Z"), charge("1.00")])

    bill = FocusFiles(path, TAGS).bill(date(2026, 10, 1), NEXT_MONDAY, TODAY)

    assert bill.days == (date(2026, 10, 31), MONDAY)
    assert bill.estimated == (MONDAY,)


def test_an_export_in_folders_of_billing_periods_is_read_as_one_bill(tmp_path: Path) -> None:
    for period, hour in (("2026-10", "2026-10-31T00:00:00Z"), ("2026-11", "2026-11-01T00:00:00Z")):
        folder = tmp_path / "export" / f"billing_period={period}"
        folder.mkdir(parents=True)
        as_parquet(folder / "part.parquet", [charge("1.25", hour)])
    (tmp_path / "export" / "manifest.json").write_text("{}")

    bill = FocusFiles(tmp_path / "export", TAGS).bill(date(2026, 10, 1), NEXT_MONDAY, TODAY)

    assert bill.cut(Cut.SERVICE)["billed"].sum() == Decimal("2.50")


def test_the_meter_of_an_older_export_is_its_usage_type(tmp_path: Path) -> None:
    row = {**charge("1.00"), "x_UsageType": "USE1-SpotUsage:g5.xlarge"}

    bill = bill_of(as_csv(tmp_path / "bill.csv.gz", [row], without=["SkuMeter"]))

    assert set(bill.cut(Cut.METER)["key"]) == {"USE1-SpotUsage:g5.xlarge"}


def test_no_value_written_as_text_is_no_value(tmp_path: Path) -> None:
    row = charge("1.00", ChargeClass="NULL", ResourceId="NULL", Tags="NULL", PricingCategory="NULL", ListCost="NULL")

    bill = bill_of(as_csv(tmp_path / "bill.csv", [row]))

    assert sums(bill, Cut.OWNER) == {"": Decimal(1)}
    assert sums(bill, Cut.PRICING) == {"other": Decimal(1)}
    assert set(bill.frame["resources"]) == {0}
    assert set(bill.frame["listed"]) == {None}


Writer = Callable[[Path], Path]
MALFORMED: list[tuple[str, Writer, str]] = [
    (
        "a missing column",
        lambda at: as_csv(at / "bill.csv", BILL, without=["BilledCost"]),
        "bill.csv has no column BilledCost; is it an export of FOCUS 1.0 to 1.2?",
    ),
    (
        "a wrong value",
        lambda at: as_csv(at / "bill.csv", [charge("1.00"), charge("1.0O"), charge("n/a")]),
        "bill.csv: BilledCost in row 2 is '1.0O', not a number (and in 1 rows more); export it again",
    ),
    (
        "a wrong time",
        lambda at: as_csv(at / "bill.csv", [charge("1.00", "yesterday", BillingPeriodStart="2026-11-01T00:00:00Z")]),
        "bill.csv: ChargePeriodStart in row 1 is 'yesterday', not a time; export it again",
    ),
    (
        "tags of another shape",
        lambda at: as_csv(at / "bill.csv", [charge("1.00", Tags="team=ml")]),
        "bill.csv: Tags in row 1 is 'team=ml', not a JSON object of tags; export it again",
    ),
    (
        "a wrong type",
        lambda at: as_parquet(at / "bill.parquet", BILL, {"BilledCost": "VARCHAR"}),
        "bill.parquet: column BilledCost is VARCHAR, not a number; export it again as FOCUS",
    ),
    (
        "another delimiter",
        lambda at: as_csv(at / "bill.csv", BILL, delimiter=";"),
        "bill.csv is separated by semicolons; FOCUS files are separated by commas",
    ),
    (
        "a cost that is the text NULL",
        lambda at: as_csv(at / "bill.csv", [charge("1.00"), charge("NULL")]),
        "bill.csv: BilledCost has no value in 1 of 2 rows, and every charge has one; export it again",
    ),
    (
        "two currencies",
        lambda at: as_csv(at / "bill.csv", [charge("1.00"), charge("1.00", BillingCurrency="JPY")]),
        "bill.csv is billed in JPY and USD, which no sum can hold; give the files of one currency",
    ),
    ("nothing", lambda at: (at / "bill.csv").touch() or at / "bill.csv", "bill.csv is empty; the export may not be"),
    (
        "no rows",
        lambda at: as_csv(at / "bill.csv", []),
        "bill.csv has a header and no row; the export may not be finished",
    ),
    (
        "another time",
        lambda at: as_csv(at / "bill.csv", [charge("1.00", "2025-01-01T00:00:00Z")]),
        "bill.csv has no charge from 2026-11-09 to before 2026-11-16; is it the bill of that time?",
    ),
    (
        "no parquet within",
        lambda at: as_csv(at / "bill.csv", BILL).rename(at / "bill.parquet"),
        "bill.parquet is no parquet file, whatever its name says; export it again",
    ),
    (
        "gzip under another name",
        lambda at: as_csv(at / "bill.csv.gz", BILL).rename(at / "bill.csv"),
        "bill.csv ends in .csv and is gzip; give it the name of what it is",
    ),
    ("an empty folder", lambda at: at, "holds no parquet and no CSV file; name a FOCUS export"),
    ("no file", lambda at: at / "none.csv", "none.csv does not exist; name a FOCUS file or the folder of an export"),
    (
        "a kind of charge that is not FOCUS'",
        lambda at: as_csv(at / "bill.csv", [charge("1.00", ChargeCategory="Refund!")]),
        "bill.csv has the ChargeCategory 'refund!'; FOCUS has Usage, Purchase, Tax, Credit and Adjustment",
    ),
]


@pytest.mark.parametrize(("write", "sentence"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
def test_a_file_that_is_no_bill_is_refused_in_one_sentence(tmp_path: Path, write: Writer, sentence: str) -> None:
    with pytest.raises(SourceFailed) as refused:
        bill_of(write(tmp_path))

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_truncated_export_is_refused_and_not_read_in_part(tmp_path: Path) -> None:
    whole = as_csv(tmp_path / "bill.csv.gz", BILL * 200)
    whole.write_bytes(gzip.compress(gzip.decompress(whole.read_bytes()))[:-200])

    with pytest.raises(SourceFailed, match=r"bill\.csv\.gz"):
        bill_of(whole)


def test_a_source_that_fails_leaves_a_sentence_where_the_bill_would_be(tmp_path: Path) -> None:
    found = FocusFiles(tmp_path / "none.csv", TAGS).gather(ASKED)

    assert isinstance(found.bill, Unknown)
    assert found.sources[0].state is State.MISSING
    assert "does not exist" in str(found.bill.sentence.values["text"])


def test_what_only_cost_explorer_knows_is_unknown_beside_a_bill_from_files(tmp_path: Path) -> None:
    found = FocusFiles(as_csv(tmp_path / "bill.csv", BILL), TAGS).gather(ASKED)

    assert isinstance(found.bill, Known)
    assert isinstance(found.forecast, Unknown)
    assert isinstance(found.commitments, Unknown)


def test_a_bill_larger_than_its_memory_says_what_to_do(tmp_path: Path) -> None:
    rows = [charge("1.00", hour, ResourceId=f"i-{n}") for n in range(40) for hour in hours(MONDAY, 24)]
    path = as_csv(tmp_path / "bill.csv", rows)

    with pytest.raises(SourceFailed, match=r"too large for 1 MiB; give the report more, or use Athena"):
        FocusFiles(path, TAGS, Limits(memory_mib=1)).bill(MONDAY, NEXT_MONDAY, TODAY)


def test_a_packed_bill_that_was_hurt_on_the_way_is_refused(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "bill.csv.gz", BILL)
    packed = bytearray(path.read_bytes())
    packed[12:16] = b"\xff\xff\xff\xff"
    path.write_bytes(packed)

    with pytest.raises(SourceFailed, match=r"bill\.csv\.gz cannot be read"):
        bill_of(path)


def test_a_header_that_is_one_endless_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(f"a,{'b' * 200_000}\n1,2\n", encoding="utf-8")

    with pytest.raises(SourceFailed, match=r"bill\.csv cannot be read"):
        bill_of(path)
