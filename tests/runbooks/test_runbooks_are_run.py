"""The commands of the runbooks, really run: on an embedded AWS that has what a reader's own account has.

Words in capitals are the names of what stands there. What cannot be run here is listed, with the reason.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from chalicelib.record.table import create_table
from moto import mock_aws
from support.chalice_package import ROOT
from support.cli_account import TABLE, Account, account
from support.commands import MADE_BY_HAND, SAID_OTHERWISE, Command, commands

pytestmark = pytest.mark.slow

POLICY = """\
lifecycle: v1
policies:
  dev-nights-off:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    overrides: {longest: 60d}
    mode: enforce
"""
OURS_ELSEWHERE = {
    "deploy": "tests/e2e/test_whole_stack.py",
    "remove": "tests/e2e/test_whole_stack.py",
    "report": "tests/cli/test_reporting.py",
    "simulate": "tests/cli/test_simulating.py",
    "promote": "tests/cli/test_promoting.py",
    "up": "tests/local",
    "demo": "tests/local",
}
"""Subcommands that another test runs, and which."""
FAILS_RIGHTLY = {"plan", "doctor", "validate"}
"""Their exit code speaks of the account: 1 where something is to be mended."""
SERVICES = ("chat", "ocr", "vision", "batch")


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Account]:
    with account(tmp_path, {"dev.yaml": POLICY}) as made:
        for name in SERVICES:
            made.service(f"gpu-dev/{name}")
        made.app().controller.sweep(made.line.clock.now())
        yield made


@cache
def client(service: str) -> Any:
    return boto3.client(
        service, region_name="eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture
def names() -> Iterator[dict[str, str]]:
    """Everything that the pages call by a word in capitals, as far as moto can have it."""
    client.cache_clear()
    with mock_aws():
        yield _made()


def _made() -> dict[str, str]:
    create_table(client("dynamodb"), TABLE)
    ecs = client("ecs")
    ecs.create_cluster(clusterName="gpu-dev")
    ecs.register_task_definition(
        family="chat", containerDefinitions=[{"name": "ollama", "image": "ollama/ollama", "memory": 512}]
    )
    service = ecs.create_service(cluster="gpu-dev", serviceName="chat", taskDefinition="chat", desiredCount=0)
    letters, events, slack = (client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("a", "b", "c"))
    for bucket in ("policies-1a", "reports-1a"):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client("s3").put_bucket_versioning(Bucket="policies-1a", VersioningConfiguration={"Status": "Enabled"})
    put = client("s3").put_object(Bucket="policies-1a", Key="policies/office.yaml", Body=POLICY.encode())
    for name in ("slack", "webhook", "smtp"):
        client("secretsmanager").create_secret(Name=f"lifecycle/{name}", SecretString="{}")
    client("events").put_rule(Name="STACK-sweep", ScheduleExpression="rate(5 minutes)")
    client("scheduler").create_schedule_group(Name="wake-ups")
    pool = client("cognito-idp").create_user_pool(PoolName="ours", UsernameAttributes=["email"])["UserPool"]["Id"]
    client("cognito-idp").create_group(UserPoolId=pool, GroupName="Admin")
    client("sesv2").create_email_identity(EmailIdentity="lifecycle@example.com")
    return {
        "DEAD_LETTERS_URL": letters, "EVENT_QUEUE_URL": events, "SLACK_QUEUE_URL": slack,
        "POLICY_BUCKET": "policies-1a", "REPORT_BUCKET": "reports-1a", "VERSION": put["VersionId"],
        "SERVICE_ARN": service["service"]["serviceArn"], "RULE": "STACK-sweep", "WAKE_UPS_GROUP": "wake-ups",
        "file://row.json": '{"pk": {"S": "STATE"}, "sk": {"S": "gpu-dev/chat"}}',
        "POOL": pool, "TABLE": TABLE, "CLUSTER": "gpu-dev", "ollama-INSTANCE": "chat",
    }  # fmt: skip


def typed(program: str) -> list[Command]:
    """Each command once, in the order of the pages."""
    pages = sorted((ROOT / "runbooks").glob("*.md"))
    found = [Command("", one.words) for page in pages for one in commands(page) if one.words[0] == program]
    return list(dict.fromkeys(found))


def is_for_another_account(command: Command) -> bool:
    """Of a bucket, a table or a file that is not there, or of names that only the reader knows."""
    said = " ".join(command.words[1:])
    return bool(re.search(r"s3://|-restored|office\.yaml|/ollama-INSTANCE|\b[A-Z]{4,}\b", said))


def test_what_a_page_tells_to_type_is_done_by_the_command_line(ours: Account) -> None:
    """One account, all pages one after another: nothing breaks on what the page before left behind."""
    line, run = ours.line, 0
    for command in typed("lifecycle"):
        words = list(command.words[1:])
        name = next(word for word in words if not word.startswith("-"))
        if name in OURS_ELSEWHERE or is_for_another_account(command):
            continue
        writes = name in ("start", "stop", "keep", "resume", "exclude", "freeze", "unfreeze")
        done = line.run(*words, *(["--yes"] if writes and "--yes" not in words else []))
        assert done.exception is None or isinstance(done.exception, SystemExit), shlex.join(words)
        allowed = (0, 1) if name in FAILS_RIGHTLY else (0,)
        assert done.exit_code in allowed, f"{shlex.join(words)}: {done.output}"
        run += 1
    assert run >= 20


CANNOT = {
    "autoscaling": "no group of that name",
    "cloudformation": "no stack of that name",
    "ec2": "prices of Spot that are made up",
    "elbv2": "no rule of that name",
    "lambda": "no function without Docker",
    "logs": "tail is the AWS command line's own",
    "service-quotas": "no quotas",
    "ssm": "moto runs no automation (tests/runbooks/test_automation.py does)",
    "wafv2": "no web ACL of that name",
}
"""Services of which moto lacks what the pages speak of; `tests/runbooks/test_runbooks.py` holds these commands to AWS's
own models."""
NOT_HERE = {
    ("cognito-idp", "admin-user-global-sign-out"),
    ("ecs", "delete-service"),
    ("ecs", "deregister-task-definition"),
    ("ecs", "describe-capacity-providers"),  # moto fails when nobody names one
    ("scheduler", "delete-schedule"),
    ("sqs", "start-message-move-task"),
}
"""Commands on something that only the reader has."""


def test_what_a_page_tells_the_aws_command_line_is_taken_by_an_aws(names: dict[str, str]) -> None:
    done: set[str] = set()
    refused: list[str] = []
    for command in typed("aws"):
        service, operation = command.words[1:3]
        service = SAID_OTHERWISE.get(service, service)
        if service in CANNOT or (service, operation) in {*MADE_BY_HAND, *NOT_HERE} or operation == "wait":
            continue
        try:
            _call(client(service), operation, [_put_in(word, names) for word in command.words[3:]])
            done.add(f"{service}:{operation}")
        except NotImplementedError:
            continue  # moto knows the service and not the call
        except ClientError as error:
            if "Exists" not in error.response["Error"]["Code"]:  # a page makes what another page had made
                refused.append(f"{command}: {error}")
    assert refused == []
    assert len(done) >= 15, sorted(done)


def _put_in(word: str, names: dict[str, str]) -> str:
    for placeholder in sorted(names, key=len, reverse=True):
        word = word.replace(placeholder, names[placeholder])
    return word


def _call(client: Any, operation: str, words: list[str]) -> None:
    model = client.meta.service_model
    name = next(one for one in model.operation_names if xform_name(one, "-") == operation)
    members = model.operation_model(name).input_shape.members
    known = {xform_name(one, "-"): (one, shape) for one, shape in members.items()}
    params: dict[str, Any] = {}
    for at, word in enumerate(words):
        if not word.startswith("--") or word[2:] not in known:
            continue
        key, shape = known[word[2:]]
        values = []
        for value in words[at + 1 :]:
            if value.startswith("--"):
                break
            values.append(value)
        params[key] = _value(shape, values)
    getattr(client, xform_name(name))(**params)


def _value(shape: Any, values: list[str]) -> Any:
    match shape.type_name:
        case "boolean":
            return True
        case "integer" | "long":
            return int(values[0])
        case "list" if shape.member.type_name == "structure":
            return [_value(shape.member, [one]) for one in values]
        case "list":
            return values[0].split(",") if len(values) == 1 else values
        case "structure" | "map":
            if values[0].startswith("{"):
                return json.loads(values[0])
            pairs = dict(one.split("=", 1) for one in values[0].split(","))
            inner = getattr(shape, "members", {})
            return {key: _value(inner[key], [value]) if key in inner else value for key, value in pairs.items()}
    return values[0]
