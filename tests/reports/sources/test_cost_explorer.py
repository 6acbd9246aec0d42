"""The bill of a small account from Cost Explorer: every page, every cent that asking costs, and no silent zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from chalicelib.errors import SourceFailed
from support.cost_explorer import Answer, Request, Script, Scripted, day_of, page_of, refusal

from reports.model import Source, State
from reports.sections import CommitmentKind
from reports.sources.asked import asked_for
from reports.sources.cache import InFolder, Nothing
from reports.sources.cost_explorer import CostExplorer
from reports.sources.frames import Bill, Cut, Gathered, TagKeys, nothing_but
from reports.values import Known, Money, Section, Sentence, Unknown, Week

TODAY = date(2026, 11, 16)
WEEK = Week(2026, 46, ZoneInfo("Asia/Tokyo"))
ASKED = asked_for(WEEK, TODAY)
EC2 = "Amazon Elastic Compute Cloud - Compute"
TAGS = TagKeys(workload="service", model="model", environment="environment", owner="owner")

BY_SERVICE = {(EC2, "Usage"): "30.10", (EC2, "Credit"): "-2.00", ("Tax", "Tax"): "3.01", (EC2, "Refund"): "-1.00"}


def costs(request: Request) -> Answer:
    """Two pages by service, one of anything else."""
    groups = [group["Key"] for group in request.get("GroupBy", ())]
    match groups:
        case []:
            total = {"UnblendedCost": {"Amount": "100.00", "Unit": "USD"}}
            return page_of({"TimePeriod": request["TimePeriod"], "Total": total, "Groups": []})
        case ["SERVICE", "RECORD_TYPE"] if "NextPageToken" not in request:
            return page_of(day_of("2026-11-09", BY_SERVICE), more="two")
        case ["SERVICE", "RECORD_TYPE"]:
            return page_of(day_of("2026-11-10", {(EC2, "Usage"): "9.90"}, estimated=True))
        case ["SERVICE", "PURCHASE_TYPE"]:
            bought = {(EC2, "Spot Instances"): "10.00", (EC2, "On Demand Instances"): "30.00"}
            return page_of(day_of("2026-11-09", bought))
        case ["SERVICE", "USAGE_TYPE"]:
            return page_of(day_of("2026-11-09", {(EC2, "BoxUsage:g5.xlarge"): "40.00"}, unit="Hrs"))
        case [tag]:
            return page_of(day_of("2026-11-09", {(f"{tag}$a",): "25.00", (f"{tag}$",): "15.00"}))
        case _:
            raise AssertionError(groups)


SCRIPT: dict[str, Any] = {
    "GetCostAndUsage": costs,
    "GetCostForecast": lambda _: {
        "Total": {"Amount": "80.00", "Unit": "USD"},
        "ForecastResultsByTime": [
            {"MeanValue": "80", "PredictionIntervalLowerBound": "70.5", "PredictionIntervalUpperBound": "91.5"}
        ],
    },
    "GetAnomalies": lambda request: {
        "Anomalies": [_anomaly("a-2", 12.5)] if "NextPageToken" in request else [_anomaly("a-1", 6.25)],
        **({} if "NextPageToken" in request else {"NextPageToken": "more"}),
    },
    "GetReservationCoverage": lambda _: {
        "CoveragesByTime": [],
        "Total": {"CoverageHours": {"CoverageHoursPercentage": "62.5"}},
    },
    "GetReservationUtilization": lambda _: {
        "UtilizationsByTime": [],
        "Total": {"UtilizationPercentage": "97", "NetRISavings": "14.20"},
    },
    "GetReservationPurchaseRecommendation": lambda _: {
        "Recommendations": [
            {
                "RecommendationDetails": [
                    {
                        "InstanceDetails": {
                            "EC2InstanceDetails": {"InstanceType": "g5.xlarge", "Region": "ap-northeast-1"}
                        },
                        "RecommendedNumberOfInstancesToPurchase": "2",
                        "EstimatedMonthlySavingsAmount": "310.5",
                        "UpfrontCost": "0",
                        "CurrencyCode": "USD",
                    }
                ]
            }
        ]
    },
    "GetSavingsPlansCoverage": lambda request: {
        "SavingsPlansCoverages": [_coverage("30", "40")] if "NextToken" in request else [_coverage("0", "60")],
        **({} if "NextToken" in request else {"NextToken": "more"}),
    },
    "GetSavingsPlansUtilization": lambda _: {
        "Total": {
            "Utilization": {"UtilizationPercentage": "88.5"},
            "Savings": {"NetSavings": "-3.10"},
        }
    },
    "GetSavingsPlansPurchaseRecommendation": lambda _: {
        "SavingsPlansPurchaseRecommendation": {
            "SavingsPlansPurchaseRecommendationDetails": [
                {
                    "HourlyCommitmentToPurchase": "1.25",
                    "EstimatedMonthlySavingsAmount": "120",
                    "UpfrontCost": "0",
                    "CurrencyCode": "USD",
                }
            ]
        }
    },
}


def _anomaly(id: str, impact: float) -> Answer:
    return {
        "AnomalyId": id,
        "AnomalyStartDate": "2026-11-10T00:00:00Z",
        "AnomalyScore": {"MaxScore": 0.9, "CurrentScore": 0.8},
        "DimensionValue": EC2,
        "RootCauses": [{"Service": EC2, "UsageType": "BoxUsage:p4d.24xlarge", "Region": "us-east-1"}],
        "Impact": {"MaxImpact": impact, "TotalImpact": impact, "TotalExpectedSpend": 2.0},
        "MonitorArn": "arn",
    }


def _coverage(covered: str, whole: str) -> Answer:
    return {"Coverage": {"SpendCoveredBySavingsPlans": covered, "TotalCost": whole, "CoveragePercentage": "0"}}


def known(section: Section[Any]) -> Any:
    assert isinstance(section, Known), section
    return section.value


def said(sentence: Sentence) -> str:
    return str(sentence.values.get("text") or sentence.values.get("why"))


def explorer(script: Script = SCRIPT, **more: Any) -> tuple[Scripted, CostExplorer]:
    scripted = Scripted("ce", script)
    return scripted, CostExplorer(scripted.client, more.pop("kept", Nothing()), TAGS, **more)


def gathered(script: Script = SCRIPT, **more: Any) -> tuple[Scripted, Gathered]:
    scripted, source = explorer(script, **more)
    return scripted, source.gather(ASKED)


def refusing(operation: str, code: str) -> Mapping[str, Any]:
    def refuse(_: Request) -> Answer:
        raise refusal(code, operation)

    return {**SCRIPT, operation: refuse}


def test_every_page_of_the_bill_is_in_its_sum() -> None:
    _, found = gathered()
    bill: Bill = known(found.bill)

    services = bill.cut(Cut.SERVICE)

    assert services["billed"].sum() == Decimal("40.01")
    assert dict(services.groupby("kind")["billed"].sum()) == {
        "usage": Decimal("40.00"),
        "credit": Decimal("-2.00"),
        "refund": Decimal("-1.00"),
        "tax": Decimal("3.01"),
    }
    assert bill.days == (date(2026, 11, 9), date(2026, 11, 10))
    assert bill.estimated == (date(2026, 11, 10),)


def test_cuts_by_tag_pricing_and_meter_hold_the_usage_and_what_is_untagged() -> None:
    scripted, found = gathered()
    bill: Bill = known(found.bill)

    sums = {cut: dict(bill.cut(cut).groupby("key")["billed"].sum()) for cut in Cut if cut is not Cut.SERVICE}

    assert sums[Cut.OWNER] == {"a": Decimal(25), "": Decimal(15)}
    assert sums[Cut.PRICING] == {"dynamic": Decimal(10), "standard": Decimal(30)}
    meters = bill.cut(Cut.METER)
    assert list(zip(meters["key"], meters["quantity"], meters["unit"], strict=True)) == [
        ("BoxUsage:g5.xlarge", Decimal("40.00"), "Hrs")
    ]
    narrowed = [request for request in scripted.of("GetCostAndUsage") if "USAGE_TYPE" in str(request)]
    assert "Credit" in narrowed[0]["Filter"]["Not"]["Dimensions"]["Values"]


def test_the_bill_is_asked_by_the_day_with_an_end_that_is_exclusive_and_two_groupings_at_most() -> None:
    scripted, _ = gathered()

    by_day = [request for request in scripted.of("GetCostAndUsage") if request["Granularity"] == "DAILY"]

    assert {str(request["TimePeriod"]) for request in by_day} == {str({"Start": "2026-10-12", "End": "2026-11-16"})}
    assert max(len(request["GroupBy"]) for request in by_day) == 2


def test_every_page_is_paid_for_and_the_report_says_what_asking_cost() -> None:
    scripted, found = gathered()

    assert found.sources[0].calls == len(scripted.asked) == 19
    assert found.sources[0].cost == Money(Decimal("0.19"), "USD")
    assert found.sources[0].state is State.OK


def test_a_second_run_of_the_day_reads_what_was_kept_and_pays_nothing(tmp_path: Path) -> None:
    now = datetime(2026, 11, 16, 8, tzinfo=UTC)
    _, first = gathered(kept=InFolder(tmp_path / "cache", lambda: now))

    scripted, again = gathered(kept=InFolder(tmp_path / "cache", lambda: now + timedelta(hours=19)))
    later, _ = gathered(kept=InFolder(tmp_path / "cache", lambda: now + timedelta(hours=41)))

    assert (scripted.asked, again.sources[0].calls) == ([], 0)
    assert known(again.bill).frame.equals(known(first.bill).frame)
    assert again.commitments == first.commitments
    assert len(later.asked) == 19
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "cache").iterdir()} == {0}


def test_without_a_client_only_what_was_kept_is_read_however_old(tmp_path: Path) -> None:
    kept = InFolder(tmp_path, lambda: datetime(2026, 11, 16, tzinfo=UTC))
    gathered(kept=kept)

    old = InFolder(tmp_path, lambda: datetime(2027, 1, 1, tzinfo=UTC), keep=None)
    found = CostExplorer(None, old, TAGS).gather(ASKED)
    nothing = CostExplorer(None, InFolder(tmp_path / "other", old.now), TAGS).gather(ASKED)

    assert known(found.bill).cut(Cut.SERVICE)["billed"].sum() == Decimal("40.01")
    assert isinstance(nothing.bill, Unknown)
    assert said(nothing.bill.sentence) == "the answer of GetCostAndUsage is not kept; run once with credentials of AWS"


def test_a_kept_answer_that_was_damaged_is_said_and_not_guessed(tmp_path: Path) -> None:
    kept = InFolder(tmp_path, lambda: datetime(2026, 11, 16, tzinfo=UTC))
    gathered(kept=kept)
    for path in tmp_path.iterdir():
        path.write_text("{", "utf-8")

    with pytest.raises(SourceFailed, match=r"the kept answer of GetCostAndUsage is no JSON; remove it to ask again"):
        CostExplorer(None, InFolder(tmp_path, kept.now, keep=None), TAGS).bill(ASKED.since, ASKED.until)


def test_what_comes_first_is_asked_first_when_the_calls_are_spent() -> None:
    scripted, found = gathered(call_limit=3)

    assert len(scripted.asked) == 3
    bill: Bill = known(found.bill)
    assert bill.cut(Cut.SERVICE)["billed"].sum() == Decimal("40.01")
    assert bill.missing == (Cut.MODEL, Cut.ENVIRONMENT, Cut.OWNER, Cut.PRICING, Cut.METER)
    assert found.sources[0].state is State.DEGRADED
    assert "the report's 3 calls of Cost Explorer are spent" in said(found.sources[0].sentence)
    assert isinstance(found.forecast, Unknown)


def test_half_of_a_bill_is_no_bill() -> None:
    _, found = gathered(call_limit=1)

    assert isinstance(found.bill, Unknown)
    assert found.sources[0].state is State.MISSING


def test_a_page_that_comes_twice_is_an_error_and_not_an_endless_bill() -> None:
    scripted, source = explorer({"GetCostAndUsage": lambda _: page_of(day_of("2026-11-09", BY_SERVICE), more="two")})

    with pytest.raises(SourceFailed, match="answered the same page twice"):
        source.bill(ASKED.since, ASKED.until)
    assert len(scripted.asked) == 2


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "AWS refused GetCostForecast: the report's role needs ce:GetCostForecast"),
        ("DataUnavailableException", "Cost Explorer has no data for GetCostForecast"),
        ("LimitExceededException", "AWS refused GetCostForecast: LimitExceededException, no"),
    ],
)
def test_a_part_that_is_refused_says_why_and_the_rest_is_there(code: str, sentence: str) -> None:
    _, found = gathered(refusing("GetCostForecast", code))

    assert isinstance(found.forecast, Unknown)
    assert sentence in said(found.forecast.sentence)
    assert known(found.anomalies)
    assert found.sources[0].state is State.DEGRADED


def test_an_account_without_savings_plans_is_told_so_beside_its_reserved_instances() -> None:
    _, found = gathered(refusing("GetSavingsPlansUtilization", "DataUnavailableException"))

    reserved, plans = known(found.commitments).held

    assert known(reserved.utilisation) == Decimal("0.97")
    assert isinstance(plans.utilisation, Unknown)
    assert isinstance(plans.net_saving, Unknown)


def test_an_answer_that_cannot_be_read_names_the_field() -> None:
    broken = {**SCRIPT, "GetCostForecast": lambda _: {"Total": {"Amount": "many", "Unit": "USD"}}}

    _, found = gathered(broken)

    assert isinstance(found.forecast, Unknown)
    assert said(found.forecast.sentence) == "GetCostForecast cannot be read: Total.Amount is 'many'"


def test_the_forecast_of_a_month_is_what_was_spent_and_what_is_expected_of_the_rest() -> None:
    scripted, found = gathered()
    forecast = known(found.forecast)

    assert (forecast.month, forecast.level) == (date(2026, 11, 1), Decimal("0.8"))
    assert [money.amount for money in (forecast.low, forecast.amount, forecast.high)] == [
        Decimal("170.5"),
        Decimal("180.00"),
        Decimal("191.5"),
    ]
    assert scripted.of("GetCostForecast")[0]["TimePeriod"] == {"Start": "2026-11-16", "End": "2026-12-01"}


def test_anomalies_of_every_page_come_greatest_first_with_their_cause() -> None:
    _, found = gathered()
    first, second = known(found.anomalies)

    assert (first.impact.amount, second.impact.amount) == (Decimal("12.5"), Decimal("6.25"))
    assert (first.what, first.cause) == (EC2, "BoxUsage:p4d.24xlarge in us-east-1")
    assert (first.since, first.until) == (date(2026, 11, 10), None)


def test_coverage_utilisation_and_what_to_buy_are_read_of_both_kinds_of_commitment() -> None:
    _, found = gathered()
    reserved, plans = known(found.commitments).held

    assert (known(reserved.coverage), known(reserved.net_saving).amount) == (Decimal("0.625"), Decimal("14.20"))
    assert (known(plans.coverage), known(plans.utilisation)) == (Decimal("0.3"), Decimal("0.885"))
    assert known(plans.net_saving).amount == Decimal("-3.10")
    assert [(one.kind, one.what, one.monthly_saving.amount) for one in known(known(found.commitments).recommended)] == [
        (CommitmentKind.SAVINGS_PLANS, "Compute Savings Plan, 1 year, no upfront", Decimal(120)),
        (CommitmentKind.RESERVED, "2 x g5.xlarge in ap-northeast-1, 1 year, no upfront", Decimal("310.5")),
    ]


def _budget(name: str, spent: str, unit: str = "MONTHLY", kind: str = "COST") -> Answer:
    return {
        "BudgetName": name,
        "BudgetLimit": {"Amount": "300", "Unit": "USD"},
        "TimeUnit": unit,
        "BudgetType": kind,
        "CalculatedSpend": {"ActualSpend": {"Amount": spent, "Unit": "USD"}},
    }


def test_budgets_of_all_pages_are_set_beside_an_even_pace_of_the_month() -> None:
    def pages(request: Request) -> Answer:
        if "NextToken" in request:
            return {"Budgets": [_budget("gpus", "225"), _budget("hours", "1", kind="USAGE")]}
        return {"Budgets": [_budget("all", "75"), _budget("year", "9", unit="ANNUALLY")], "NextToken": "more"}

    budgets = Scripted("budgets", {"DescribeBudgets": pages})

    _, found = gathered(budgets=budgets.client, account="111122223333")

    assert [(one.name, one.pace) for one in known(found.budgets)] == [
        ("gpus", Decimal("1.5")),
        ("all", Decimal("0.5")),
        ("year", None),
    ]


def test_budgets_that_may_not_be_read_leave_the_bill_alone() -> None:
    _, found = gathered(budgets=Scripted("budgets", {}).client, account="111122223333")

    assert isinstance(found.budgets, Unknown)
    assert "the report's role needs budgets:ViewBudget" in said(found.budgets.sentence)
    assert isinstance(found.bill, Known)


def test_beside_a_bill_of_another_source_only_the_rest_is_asked_for() -> None:
    aws = Scripted("ce", SCRIPT)
    bill = Known(CostExplorer(Scripted("ce", SCRIPT).client, Nothing(), TAGS).bill(ASKED.since, ASKED.until))
    of_athena = nothing_but(bill, Source("Athena", State.OK, Sentence("athena_read")))

    found = CostExplorer(aws.client, Nothing(), TAGS).beside(of_athena, ASKED)

    assert found.bill is bill
    assert not [one for one in aws.of("GetCostAndUsage") if "GroupBy" in one], (
        "each page costs a cent, and the bill is there"
    )
    assert isinstance(found.forecast, Known)
    assert len(known(found.anomalies)) == 2
    assert [one.name for one in found.sources] == ["Athena", "Cost Explorer", "AWS Budgets"]
    assert found.sources[1].calls == len(aws.asked)


def test_a_report_asks_for_four_weeks_back_and_the_whole_month_and_never_for_a_day_that_is_not_over() -> None:
    late = asked_for(Week(2026, 48, ZoneInfo("UTC")), date(2026, 11, 30))
    over_the_year = asked_for(Week(2027, 1, ZoneInfo("UTC")), date(2027, 1, 11))

    assert (ASKED.since, ASKED.until) == (date(2026, 10, 12), TODAY)
    assert (late.since, late.until) == (date(2026, 10, 26), date(2026, 11, 30))
    assert (over_the_year.since, over_the_year.monday) == (date(2026, 12, 7), date(2027, 1, 4))
