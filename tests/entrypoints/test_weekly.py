"""The schedule of the weekly report: due on the team's own Monday, sent once, tried again when nobody got it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
from chalicelib.entrypoints import weekly as entry
from chalicelib.errors import ConfigurationError, NotDelivered
from chalicelib.notify.notice import Notice, NoticeKind
from chalicelib.notify.report_settings import ReportSettings, SmtpSettings
from chalicelib.record.history import History
from chalicelib.record.policies import PoliciesInForce
from chalicelib.runtime import compose
from chalicelib.runtime.clock import SteppedClock
from support.chalice_package import ROOT
from support.golden_week import entries
from support.iam_documents import load_template
from support.moto_record import moto_client, new_table

from reports.__main__ import main

MONDAY = datetime(2026, 10, 26, 8, 5, tzinfo=UTC)
SETTINGS = ReportSettings(
    ZoneInfo("Europe/Berlin"), ("cfo@example.com",), "reports@example.com", bucket="kept", team="ML platform"
)


class Ses:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.is_down = False

    def send_email(self, **arguments: Any) -> None:
        if self.is_down:
            from botocore.exceptions import ClientError

            raise ClientError({"Error": {"Code": "AccountSuspendedException", "Message": "no"}}, "SendEmail")
        self.sent.append(arguments)


class Stage:
    """A deployment of which only what the report asks for is there; Cost Explorer refuses."""

    def __init__(self, dynamodb: Any, s3: Any) -> None:
        self.table = new_table(dynamodb)
        self.ses, self.s3 = Ses(), s3
        self.clock = SteppedClock(MONDAY)
        self.told: list[Notice] = []
        for one in entries():
            History(self.table).append(one)
        clients = SimpleNamespace(
            dynamodb=dynamodb, s3=s3, mail=self.ses, cost_explorer=Refusing(), budgets=Refusing(),
            cloudwatch=Refusing(),
            sts=SimpleNamespace(get_caller_identity=lambda: {"Account": "123456789012"}),
            price_list=Refusing(), spot_prices=Refusing(),
        )  # fmt: skip
        self.app = SimpleNamespace(
            settings=SimpleNamespace(table=self.table.name, region="us-east-1", report=SETTINGS, slack=None),
            clients=clients,
            clock=self.clock,
            history=History(self.table),
            inventory=SimpleNamespace(refresh_all=lambda now: SimpleNamespace(services={})),
            policies_in_force=PoliciesInForce(self.table),
            notifier=SimpleNamespace(tell=self.told.extend),
        )

    def fires(self) -> dict[str, int]:
        event = {
            "id": "e-1", "account": "123456789012", "region": "us-east-1", "time": self.clock.now().isoformat(),
            "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": [], "version": "0",
        }  # fmt: skip
        context = SimpleNamespace(
            aws_request_id=f"run at {self.clock.now()}", function_name="weekly_report", memory_limit_in_mb="1536",
            invoked_function_arn="",
        )  # fmt: skip
        numbers: dict[str, int] = entry.weekly_report(event, context)
        return numbers


class Refusing:
    def __getattr__(self, name: str) -> Any:
        def refuse(*_: Any, **__: Any) -> Any:
            from botocore.exceptions import ClientError

            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}, name)

        return refuse


@pytest.fixture
def stage() -> Iterator[Stage]:
    with moto_client() as dynamodb:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        made = Stage(dynamodb, s3)
        compose.install(made.app)  # type: ignore[arg-type]
        try:
            yield made
        finally:
            compose.install(None)


def test_on_monday_the_last_week_is_mailed_and_kept_once(stage: Stage) -> None:
    assert stage.fires() == {"due": 1, "sent": 1, "refused": 0}
    stage.clock.advance(timedelta(hours=1))
    assert stage.fires() == {"due": 1, "sent": 0, "refused": 0}

    (sent,) = stage.ses.sent
    assert sent["Destination"] == {"ToAddresses": ["cfo@example.com"]}
    kept = [one["Key"] for one in stage.s3.list_objects_v2(Bucket="kept")["Contents"]]
    assert "reports/2026-W43/20261026T080500Z.en/report.json" in kept
    body = stage.s3.get_object(Bucket="kept", Key="reports/2026-W43/20261026T080500Z.en/report.json")["Body"].read()
    assert b'"policy": "nights-off"' in body
    assert b"AccessDeniedException" in body, "what Cost Explorer refused is said"


def test_a_budget_ahead_of_its_month_is_told_with_the_report_and_one_on_its_line_is_not(stage: Stage) -> None:
    def budget(name: str, spent: str, **more: str) -> dict[str, Any]:
        limit, spend = ({"Amount": amount, "Unit": "USD"} for amount in ("3100", spent))
        said = {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY", **more}
        return {**said, "BudgetLimit": limit, "CalculatedSpend": {"ActualSpend": spend}}

    budgets = [budget("gpu", "3000"), budget("all", "2700"), budget("year", "3000", TimeUnit="ANNUALLY")]
    stage.app.clients.budgets = SimpleNamespace(describe_budgets=lambda **_: {"Budgets": budgets})
    stage.fires()

    assert [(one.kind, one.text) for one in stage.told] == [
        (
            NoticeKind.BUDGET_PACE,
            "gpu: 97% of the budget is spent and 81% of October 2026 is over; "
            "at this pace it will be 3,720.00 USD of 3,100.00 USD",
        )
    ]


def test_the_bill_comes_from_athena_where_the_deployment_names_its_export(stage: Stage) -> None:
    stage.app.settings.report = replace(SETTINGS, export="bills.focus@reports")
    stage.app.clients.athena = Refusing()
    assert stage.fires() == {"due": 1, "sent": 1, "refused": 0}

    body = stage.s3.get_object(Bucket="kept", Key="reports/2026-W43/20261026T080500Z.en/report.json")["Body"].read()
    sources = {one["name"]: one["state"] for one in json.loads(body)["header"]["sources"]}
    assert sources["Athena"] == "missing"
    assert sources["Cost Explorer"] == "degraded", "it is still asked for what Athena does not know"


def test_a_bucket_that_takes_no_report_stops_no_mail(stage: Stage) -> None:
    stage.app.clients.s3 = Refusing()
    assert stage.fires() == {"due": 1, "sent": 1, "refused": 0}

    (sent,) = stage.ses.sent
    plain = message_from_bytes(sent["Content"]["Raw"]["Data"], policy=policy.default).get_body(("plain",))
    assert plain is not None
    assert "cannot be kept at s3://kept/" in " ".join(plain.get_content().split())


def test_a_task_of_its_own_sends_the_same_once(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == {"week": "2026-W43", "sent": True, "refused": {}}
    assert stage.fires() == {"due": 1, "sent": 0, "refused": 0}, "whichever comes first"
    assert main() == 0
    assert len(stage.ses.sent) == 1


def test_a_task_that_sends_nothing_says_why(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.ses.is_down = True
    assert main() == 1
    assert "AccountSuspendedException" in capsys.readouterr().err
    stage.app.settings.report = None
    assert main() == 1
    assert "LIFECYCLE_REPORT_TO" in capsys.readouterr().err


def test_the_task_is_given_every_variable_that_the_function_reads() -> None:
    function = load_template()["Resources"]["WeeklyReport"]["Properties"]["Environment"]["Variables"]
    task = load_template(ROOT / "cfn" / "cost" / "report-task.yaml")["Resources"]["Task"]["Properties"]
    given = {one["Name"] for one in task["ContainerDefinitions"][0]["Environment"]}
    only_lambda = {"LIFECYCLE_FLEET_CLUSTER", "POWERTOOLS_LOG_LEVEL"}
    assert given - {"AWS_REGION", "POWERTOOLS_SERVICE_NAME"} == set(function) - only_lambda


def test_what_nobody_got_is_tried_again_in_the_next_hour(stage: Stage) -> None:
    stage.ses.is_down = True
    with pytest.raises(NotDelivered):
        stage.fires()
    stage.ses.is_down = False
    stage.clock.advance(timedelta(hours=1))

    assert stage.fires() == {"due": 1, "sent": 1, "refused": 0}


@pytest.mark.parametrize(
    ("zone", "at", "due"),
    [
        ("Asia/Tokyo", "2026-10-25T23:59Z", False),
        ("Asia/Tokyo", "2026-10-26T00:00Z", True),
        ("Pacific/Kiritimati", "2026-10-25T19:00Z", True),
        ("Pacific/Pago_Pago", "2026-10-26T20:00Z", True),
        ("Pacific/Pago_Pago", "2026-10-26T19:59Z", False),
        ("Europe/Berlin", "2026-10-27T08:00Z", False),
    ],
)
def test_it_is_due_from_nine_on_the_teams_own_monday(zone: str, at: str, due: bool) -> None:
    assert ReportSettings(ZoneInfo(zone)).is_due(datetime.fromisoformat(at)) is due


def test_nobody_named_is_nobody_mailed() -> None:
    assert ReportSettings.from_env({"LIFECYCLE_REPORT_ZONE": "Asia/Tokyo"}) is None


def test_the_environment_is_read_whole() -> None:
    env = {
        "LIFECYCLE_REPORT_TO": "cfo@example.com, ml@example.com",
        "LIFECYCLE_MAIL_FROM": "reports@example.com",
        "LIFECYCLE_REPORT_CHANNEL": "#ml-costs",
        "LIFECYCLE_REPORT_ZONE": "Asia/Tokyo",
        "LIFECYCLE_REPORT_LANGUAGE": "ja",
        "LIFECYCLE_REPORT_HOUR": "10",
        "LIFECYCLE_REPORT_SMTP": "mail.example.com:587",
        "LIFECYCLE_REPORT_TAGS": "owner=team",
        "POWERTOOLS_SERVICE_NAME": "lifecycle-prod",
        "LIFECYCLE_REPORT_EXPORT": "bills.focus@reports/1.0",
    }
    found = ReportSettings.from_env(env)
    assert found is not None
    assert found.recipients == ("cfo@example.com", "ml@example.com", "#ml-costs")
    assert (found.zone.key, found.language, found.hour) == ("Asia/Tokyo", "ja", 10)
    assert found.deployment == "lifecycle-prod"
    assert found.export == "bills.focus@reports/1.0"
    assert found.smtp == SmtpSettings("mail.example.com", 587)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIFECYCLE_REPORT_TO", "nobody"),
        ("LIFECYCLE_MAIL_FROM", ""),
        ("LIFECYCLE_REPORT_ZONE", "Mars/Olympus"),
        ("LIFECYCLE_REPORT_LANGUAGE", "fr"),
        ("LIFECYCLE_REPORT_HOUR", "24"),
        ("LIFECYCLE_REPORT_SMTP", "mail.example.com"),
        ("LIFECYCLE_REPORT_CHANNEL", "ml costs"),
        ("LIFECYCLE_REPORT_EXPORT", "bills"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    env = {"LIFECYCLE_REPORT_TO": "cfo@example.com", "LIFECYCLE_MAIL_FROM": "reports@example.com", name: value}
    with pytest.raises(ConfigurationError, match=name):
        ReportSettings.from_env(env)
