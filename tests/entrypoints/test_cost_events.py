"""Anomalies and budgets that AWS tells of: recorded once, told to people, and in the next report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from chalice import Chalice
from chalice.test import Client
from chalicelib.entrypoints import middleware
from chalicelib.entrypoints.cost_events import money
from chalicelib.errors import MalformedEvent
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.record.cost_events import BudgetAlert, CostAnomaly, entry_of, event_of, told_in
from chalicelib.record.history import EntryKind, History
from chalicelib.runtime import compose
from support.moto_record import moto_client, new_table

from reports.model import Source, State
from reports.sections import Anomaly, BudgetPace
from reports.sources.frames import Gathered, nothing_but
from reports.sources.told_events import with_told
from reports.values import Known, Money, Sentence, Unknown

BEGIN, END = datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)
EC2 = "Amazon Elastic Compute Cloud - Compute"

ANOMALY: dict[str, Any] = {
    "version": "0",
    "id": "f8b9a9f0-2d0c-4f0e-8f4d-000000000001",
    "detail-type": "Anomaly Detected",
    "source": "aws.ce",
    "account": "111122223333",
    "time": "2026-11-12T06:10:11Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ce::111122223333:anomalymonitor/m-1"],
    "detail": {
        "accountName": "ml",
        "anomalyId": "a-1",
        "anomalyScore": {"currentScore": 0.47, "maxScore": 0.47},
        "anomalyStartDate": "2026-11-11T00:00:00Z",
        "anomalyEndDate": "2026-11-11T00:00:00Z",
        "dimensionValue": EC2,
        "impact": {"maxImpact": 151, "totalActualSpend": 1301.5, "totalExpectedSpend": 300, "totalImpact": 1001.5},
        "rootCauses": [{"service": EC2, "region": "us-east-1", "usageType": "BoxUsage:p4d.24xlarge"}],
        "anomalyDetailsLink": "https://console.aws.amazon.com/cost-management/home#/anomaly-detection/a-1",
    },
}

BUDGET = """AWS Budget Notification November 12, 2026
AWS Account 111122223333

Dear AWS Customer,

You requested that we alert you when the ACTUAL Cost associated with your gpus budget is greater than $800.00 for the \
current month. The ACTUAL Cost associated with this budget is $1,085.12. You can find additional details below and by \
accessing the AWS Budgets dashboard [1].

Budget Name: gpus
Budget Type: Cost
Budgeted Amount: $1,000.00
Alert Type: ACTUAL
Alert Threshold: > $800.00
ACTUAL Amount: $1,085.12

[1] https://console.aws.amazon.com/billing/home#/budgets
"""


def changed(event: Mapping[str, Any], **detail: object) -> dict[str, Any]:
    """With these fields of the detail; None takes one away."""
    kept = {**event["detail"], **detail}
    return {**event, "detail": {name: value for name, value in kept.items() if value is not None}}


def of_topic(message: str, id: str = "m-1", subject: str = "AWS Budgets: gpus has exceeded") -> dict[str, Any]:
    sent = {"MessageId": id, "Timestamp": "2026-11-12T01:01:38.638Z", "MessageAttributes": {}}
    sns = {**sent, "Subject": subject, "Message": message}
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns}]}


@dataclass
class Account:
    """The two functions in front of a record in moto; ``told`` is what people hear."""

    history: History
    told: list[Notice] = field(default_factory=list)

    def tell(self, notices: list[Notice]) -> None:
        self.told += notices

    @property
    def notifier(self) -> Account:
        return self

    def hear(self, function: str, event: Mapping[str, Any]) -> Any:
        stage = Chalice("stage", configure_logs=False)
        middleware.install(stage)
        stage.register_blueprint(money)
        compose.install(cast(Any, self))
        try:
            with Client(stage) as client:
                return client.lambda_.invoke(function, event).payload
        finally:
            compose.install(None)

    def events(self) -> tuple[CostAnomaly | BudgetAlert, ...]:
        return told_in(self.history.since(BEGIN, END))


@pytest.fixture(scope="module")
def histories() -> Iterator[Any]:
    with moto_client() as client:
        yield lambda: History(new_table(client))


@pytest.fixture
def account(histories: Any) -> Account:
    return Account(histories())


def test_an_anomaly_is_recorded_and_told_with_its_cause_and_its_excess(account: Account) -> None:
    assert account.hear("cost_anomaly", ANOMALY) == {"recorded": 1, "told": 1}

    (found,) = account.events()
    assert isinstance(found, CostAnomaly)
    assert (found.impact, found.expected, found.currency) == (Decimal("1001.5"), Decimal(300), "USD")
    assert (found.begins, found.ends) == (date(2026, 11, 11), date(2026, 11, 11))
    (notice,) = account.told
    assert notice.kind is NoticeKind.COST_ANOMALY
    assert "BoxUsage:p4d.24xlarge in us-east-1" in notice.text
    assert "1,001.50 USD more than expected" in notice.text
    assert notice.link.endswith("anomaly-detection/a-1")


def test_an_event_that_comes_twice_is_one_entry_and_the_same_sentence(account: Account) -> None:
    account.hear("cost_anomaly", ANOMALY)

    assert account.hear("cost_anomaly", ANOMALY) == {"recorded": 0, "told": 1}
    assert len(account.events()) == 1
    assert len({(notice.kind, notice.text) for notice in account.told}) == 1


def test_an_anomaly_that_grows_is_in_the_report_as_it_was_told_last(account: Account) -> None:
    account.hear("cost_anomaly", ANOMALY)
    grown = changed(ANOMALY, impact={"totalImpact": 1500, "totalExpectedSpend": 300})
    account.hear("cost_anomaly", {**grown, "time": "2026-11-12T18:00:00Z"})

    (found,) = account.events()

    assert isinstance(found, CostAnomaly)
    assert found.impact == Decimal(1500)


def test_a_budget_that_passed_its_threshold_is_recorded_and_told_in_its_own_amounts(account: Account) -> None:
    account.hear("budget_notice", of_topic(BUDGET))

    (found,) = account.events()
    assert isinstance(found, BudgetAlert)
    assert (found.name, found.limit, found.amount) == ("gpus", Decimal("1000.00"), Decimal("1085.12"))
    (notice,) = account.told
    assert notice.kind is NoticeKind.BUDGET
    assert notice.text == "gpus: $1,085.12 spent of $1,000.00; the alert was set at > $800.00"


def test_a_budget_in_another_currency_is_told_as_written_and_its_amounts_are_unknown(account: Account) -> None:
    account.hear("budget_notice", of_topic(BUDGET.replace("$", "¥")))

    (found,) = account.events()

    assert isinstance(found, BudgetAlert)
    assert (found.limit, found.amount, found.currency) == (None, None, "")
    assert account.told[0].text == "gpus: ¥1,085.12 spent of ¥1,000.00; the alert was set at > ¥800.00"


def test_a_message_of_the_topic_that_names_no_budget_is_logged_and_does_no_harm(account: Account) -> None:
    said = account.hear("budget_notice", of_topic("You subscribed a topic to AWS Budgets.", subject=""))

    assert said == {"recorded": 0, "told": 0}
    assert (account.events(), account.told) == ((), [])


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({**ANOMALY, "detail": "many"}, "detail is missing or no object"),
        ({**ANOMALY, "time": "soon"}, 'time is "soon", not a moment with its zone'),
        (changed(ANOMALY, anomalyId=None), "detail.anomalyId is missing or not text"),
        (changed(ANOMALY, anomalyStartDate="Thursday"), 'detail.anomalyStartDate is "Thursday", not a day'),
        (changed(ANOMALY, impact=None), "detail.impact is missing or no object"),
        (changed(ANOMALY, impact={"totalImpact": "NaN"}), 'detail.impact.totalImpact is "NaN", not an amount'),
        (changed(ANOMALY, impact={"totalImpact": True}), 'detail.impact.totalImpact is "True", not an amount'),
    ],
)
def test_an_event_that_is_no_anomaly_goes_to_the_dead_letters_with_the_field_that_is_wrong(
    account: Account, event: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(MalformedEvent) as refused:
        account.hear("cost_anomaly", event)

    assert str(refused.value) == sentence
    assert (account.events(), account.told) == ((), [])


def test_an_anomaly_that_says_little_is_still_one(account: Account) -> None:
    bare = changed(ANOMALY, anomalyEndDate=None, dimensionValue=None, rootCauses=None, anomalyDetailsLink=None)

    account.hear("cost_anomaly", {**bare, "detail": {**bare["detail"], "impact": {"totalImpact": 7}}})

    (found,) = account.events()
    assert isinstance(found, CostAnomaly)
    assert (found.what, found.cause, found.ends, found.expected) == ("the account", "", None, None)


def test_entries_of_other_things_are_no_cost_events() -> None:
    alert = BudgetAlert("m", BEGIN, "gpus", "passed", True, None, Decimal(5), "USD")
    entry = entry_of(alert)

    assert event_of(entry) == alert
    assert entry.kind is EntryKind.NOTICE
    assert event_of(type(entry)(BEGIN, EntryKind.NOTICE, "us", "forgotten", outcome="forgotten")) is None
    assert json.dumps([one.value for one in entry.evidence])


def gathered(**sections: Any) -> Gathered:
    unknown = Unknown(Sentence.told("nobody may ask"))
    nothing = nothing_but(unknown, Source("FOCUS files", State.OK, unknown.sentence))
    return Gathered(**{name: getattr(nothing, name) for name in Gathered.__slots__} | sections)


def test_the_next_report_has_what_was_told_where_nobody_may_ask_cost_explorer(account: Account) -> None:
    account.hear("cost_anomaly", ANOMALY)
    account.hear("budget_notice", of_topic(BUDGET))

    found = with_told(gathered(), account.events())

    assert isinstance(found.anomalies, Known)
    assert [(one.what, one.impact) for one in found.anomalies.value] == [(EC2, Money(Decimal("1001.5"), "USD"))]
    assert found.budgets == Known((BudgetPace("gpus", _usd("1000.00"), _usd("1085.12"), None),))


def test_what_could_be_read_is_not_said_twice(account: Account) -> None:
    account.hear("cost_anomaly", ANOMALY)
    account.hear("budget_notice", of_topic(BUDGET))
    read = Anomaly(date(2026, 11, 11), None, EC2, _usd("1600"), Known(_usd("300")), "")
    pace = BudgetPace("gpus", _usd("1000"), _usd("1200"), Decimal(2))

    found = with_told(gathered(anomalies=Known((read,)), budgets=Known((pace,))), account.events())

    assert (found.anomalies, found.budgets) == (Known((read,)), Known((pace,)))


def test_a_week_in_which_nothing_was_told_changes_nothing() -> None:
    assert with_told(gathered(), ()) == gathered()


def _usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")
