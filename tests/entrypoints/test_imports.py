"""Every function imports the same app.py: what it drags in, all of them pay for at every cold start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.chalice_package import ROOT

HEAVY = ["boto3", "pydantic", "pandas", "numpy", "slack_sdk", "croniter", "holidays", "yaml", "jinja2"]
HEAVY += ["jwt", "cryptography", "duckdb", "matplotlib"]
PEOPLES = ["click", "rich", "moto", "chalice.cli", "chalice.deploy", "chalicelib.cli", "chalicelib.local"]

SWEEP_ON_MOTO = """
import moto
with moto.mock_aws():
    import boto3
    from chalicelib.record.table import create_table
    create_table(boto3.client("dynamodb"), "table")
    boto3.client("s3").create_bucket(Bucket="policies")
    before = set(sys.modules)
    import app
    app.sweep({"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "1",
               "time": "2026-11-20T21:00:07Z", "region": "us-east-1", "resources": [], "detail": {}}, Context())
    loaded = set(sys.modules) - before
"""

EVENT_OF_NO_SERVICE = """
import app
from chalicelib.runtime import compose
compose.install(object())
answer = app.on_aws_events({"Records": []}, Context())
loaded = set(sys.modules)
"""

SLACK = """
from chalicelib.entrypoints.slack import door
from chalicelib.notify.slack import client, settings
from chalicelib.record import slack_requests, table
from chalicelib.runtime import clients, clock, compose_slack, slack_secrets
"""

PROGRAM = """
import sys
class Context:
    function_name = "f"; memory_limit_in_mb = 512; invoked_function_arn = "arn"; aws_request_id = "1"
    def get_remaining_time_in_millis(self): return 270_000
{body}
print("LOADED", *sorted(loaded))
"""

ENVIRONMENT = {
    "PYTHONPATH": str(ROOT / "chalice_app"),
    "LIFECYCLE_TABLE": "table",
    "LIFECYCLE_POLICIES": "s3://policies/policies",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "LIFECYCLE_MAIL_DOMAINS": "example.com",
}


def loaded_by(body: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


MONEY = ["cost_anomaly", "budget_notice"]
TRIGGERS = ["pre_sign_up", "pre_authentication", "post_authentication", "post_confirmation"]


@pytest.mark.parametrize("handler", ["app", "sweep", "on_aws_events", "transition", "wake", *MONEY, *TRIGGERS])
def test_a_function_that_has_not_been_called_has_loaded_nothing_heavy(handler: str) -> None:
    loaded = loaded_by(f"import app; app.{handler}; loaded = set(sys.modules)")

    assert loaded.isdisjoint([*HEAVY, *PEOPLES])
    assert not [name for name in loaded if name.startswith("chalicelib.decide")], "Slack's function waits for this too"


def test_a_health_check_never_loads_anything_heavy() -> None:
    body = """
import app
answer = app.app({
    "resource": "/api/health", "path": "/api/health", "httpMethod": "GET", "headers": {"Accept": "*/*"},
    "multiValueQueryStringParameters": None, "pathParameters": None, "stageVariables": None, "body": None,
    "requestContext": {"resourcePath": "/api/health", "httpMethod": "GET", "requestId": "1"}, "isBase64Encoded": False,
}, Context())
assert answer["body"] == '{"status": "ok"}', answer
loaded = set(sys.modules)
"""
    assert loaded_by(body).isdisjoint([*HEAVY, *PEOPLES])


def test_a_sweep_loads_neither_reports_nor_slack_nor_the_command_line() -> None:
    loaded = loaded_by(SWEEP_ON_MOTO)

    assert "chalicelib.controller.controller" in loaded
    assert loaded.isdisjoint(["pandas", "numpy", "duckdb", "slack_sdk", "jinja2", "click", "rich", "chalice.cli"])
    assert not [name for name in loaded if name.startswith(("chalicelib.cli", "chalicelib.local", "reports"))]


def test_who_answers_slack_loads_only_what_its_answer_needs() -> None:
    """Slack waits three seconds, with a cold start and all."""
    loaded = loaded_by(f"import app{SLACK}loaded = set(sys.modules)")

    assert loaded.isdisjoint([*HEAVY, *PEOPLES])
    assert not [name for name in loaded if name.startswith(("chalicelib.controller", "chalicelib.decide"))]


def test_a_trigger_of_the_user_pool_loads_only_what_its_word_needs() -> None:
    """Cognito waits five seconds, and whoever logs in waits with it."""
    body = """
import app
event = {"triggerSource": "PreSignUp_SignUp", "userPoolId": "p", "userName": "u",
         "request": {"userAttributes": {"email": "ada@example.com"}}}
assert app.pre_sign_up(event, Context()) == event
loaded = set(sys.modules)
"""
    loaded = loaded_by(body)

    assert loaded.isdisjoint([*HEAVY, *PEOPLES])
    assert "chalicelib.controller.controller" not in loaded


def test_hearing_of_money_loads_neither_reports_nor_the_command_line() -> None:
    """What is heard is read back by the report's own function; to write it down takes none of its tools."""
    body = """
import moto
with moto.mock_aws():
    import boto3
    from chalicelib.record.table import create_table
    create_table(boto3.client("dynamodb"), "table")
    before = set(sys.modules)
    import app
    said = app.cost_anomaly({"version": "0", "id": "1", "detail-type": "Anomaly Detected", "source": "aws.ce",
        "account": "1", "time": "2026-11-12T06:10:11Z", "region": "us-east-1", "resources": [], "detail": {
            "anomalyId": "a", "anomalyStartDate": "2026-11-11", "impact": {"totalImpact": 5}}}, Context())
    assert said == {"recorded": 1, "told": 1}, said
    loaded = set(sys.modules) - before
"""
    loaded = loaded_by(body)

    assert loaded.isdisjoint(["pandas", "numpy", "duckdb", "matplotlib", "jinja2", "click", "rich"])
    assert not [name for name in loaded if name.startswith(("chalicelib.cli", "chalicelib.local", "reports"))]
