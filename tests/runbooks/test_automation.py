"""The Systems Manager documents: SSM takes them, each role may do what the steps call and no more, and the kill switch
is read by the controller as a freeze."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from botocore import xform_name
from chalicelib.record.controls import Controls
from chalicelib.record.table import Table, create_table
from jsonschema import Draft7Validator
from support.chalice_package import ROOT
from support.iam_asks import World, asks
from support.iam_documents import Stack, load_template
from support.iam_verdict import Ask, each, is_allowed
from support.moto_record import moto_client

TEMPLATE = ROOT / "cfn" / "automation" / "documents.yaml"
REGION, ACCOUNT = "eu-west-1", "123456789012"
FUNCTIONS = ("Sweep", "AwsEvents", "Transition", "SlackActions", "APIHandler", "Wake")
NAME = "lifecycle-dev-LifecycleTable-1A"
NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


def stack() -> Stack:
    given = {
        "Deployment": "lifecycle-dev",
        "TableName": NAME,
        "DeadLettersName": "letters",
        "EventQueueName": "events",
        **{f"{name}Function": f"lifecycle-dev-{name}" for name in FUNCTIONS},
    }
    pseudo = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
    return Stack(load_template(TEMPLATE), given, {}, pseudo)


def documents() -> dict[str, dict[str, Any]]:
    """By name, with the role's logical id in the place of its ARN."""
    whole, found = stack(), {}
    for one in whole.template["Resources"].values():
        if one["Type"] == "AWS::SSM::Document":
            content = dict(one["Properties"]["Content"])
            role = content.pop("assumeRole")["Fn::GetAtt"][0]
            found[whole.resolve(one["Properties"]["Name"])] = {**whole.resolve(content), "assumeRole": role}
    return found


def steps(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for step in content["mainSteps"]:
        yield step
        yield from step["inputs"].get("Steps", ())


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """The record, and the only DynamoDB that the script's own boto3 finds."""
    with moto_client() as client:
        create_table(client, NAME)
        monkeypatch.setattr("boto3.client", lambda service: client)
        yield Table(client, NAME)


def freeze(who: str, reason: str) -> Any:
    """The document's script, as SSM runs it."""
    (step,) = documents()["lifecycle-dev-freeze-all"]["mainSteps"]
    said = {"{{ Who }}": who, "{{ Reason }}": reason}
    payload = {key: said.get(value, value) for key, value in step["inputs"]["InputPayload"].items()}
    room: dict[str, Any] = {}
    exec(step["inputs"]["Script"], room)
    return room[step["inputs"]["Handler"]](payload, {})


def test_every_document_is_one_that_ssm_takes() -> None:
    schema = json.loads((files("cfnlint.data.schemas.other.ssm") / "document.json").read_text())
    for name, content in documents().items():
        problems = [error.message for error in Draft7Validator(schema).iter_errors(content)]
        assert problems == [], name
        assert all(step["name"].isidentifier() for step in steps(content))
        used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(content)))
        assert used == content.get("parameters", {}).keys(), name


def test_the_kill_switch_comes_first_and_every_document_is_on_a_page() -> None:
    named = list(documents())
    pages = "".join(page.read_text() for page in (ROOT / "runbooks").glob("*.md"))

    assert named[0] == "lifecycle-dev-freeze-all"
    for name in named:
        assert name.replace("lifecycle-dev", "STACK") in pages, name


def test_the_controller_reads_what_the_kill_switch_writes_as_a_freeze(table: Table) -> None:
    answer = freeze("ada@example.com", "incident 4711")

    switches = Controls(table).read(NOW).switches
    assert (switches.frozen_by, switches.frozen_reason) == ("ada@example.com", "incident 4711")
    assert switches.frozen_at is not None
    assert set(answer) == {"frozen_by", "frozen_reason", "frozen_at"}


def test_the_first_freeze_stands_and_only_that_one_is_ended(table: Table) -> None:
    first = freeze("ada@example.com", "incident 4711")

    assert freeze("ben@example.com", "another") == first
    client = table.client
    inputs = documents()["lifecycle-dev-unfreeze"]["mainSteps"][0]["inputs"]
    call = {key: value for key, value in inputs.items() if key not in ("Service", "Api")}
    for since in ("2026-01-01T00:00:00.000000Z", first["frozen_at"]):
        text = json.dumps(call).replace("{{ Since }}", since)
        try:
            client.delete_item(**json.loads(text))
        except client.exceptions.ConditionalCheckFailedException:
            assert Controls(table).read(NOW).switches.frozen_by
    assert Controls(table).read(NOW).switches.frozen_by is None
    assert Controls(table).unfreeze("ada", NOW) is None


def test_each_document_has_a_role_that_may_do_what_its_steps_call_and_no_more() -> None:
    whole = stack()
    world = World(ACCOUNT, REGION, lambda arn: {})
    for name, content in documents().items():
        role = whole.template["Resources"][content["assumeRole"]]["Properties"]
        (policy,) = whole.resolve(role["Policies"])
        statements = policy["PolicyDocument"]["Statement"]
        for ask in called(world, content):
            assert is_allowed(statements, ask), f"{name}: {ask}"
        for statement in statements:
            assert not [one for one in each(statement["Resource"]) if "*" in one], name
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "ssm.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def called(world: World, content: Mapping[str, Any]) -> Iterator[Ask]:
    for step in steps(content):
        inputs = step["inputs"]
        match step["action"]:
            case "aws:executeScript":
                key = {"pk": {"S": "CONTROL"}}
                params = {"TableName": inputs["InputPayload"]["table"], "Item": key, "Key": key}
                for verb in ("PutItem", "GetItem"):
                    assert f".{xform_name(verb)}(" in inputs["Script"]
                    yield from asks(world, "dynamodb", verb, params)
            case "aws:executeAwsApi" if inputs["Service"] == "lambda":
                for function in content["parameters"]["Functions"]["default"]:
                    yield Ask(f"lambda:{inputs['Api']}", world.arn("lambda", f"function:{function}"))
            case "aws:executeAwsApi" if inputs["Service"] == "sqs":
                for verb in ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
                    yield Ask(f"sqs:{verb}", inputs["SourceArn"])
                yield Ask("sqs:SendMessage", inputs["DestinationArn"])
            case "aws:executeAwsApi":
                yield from asks(world, inputs["Service"], inputs["Api"], inputs)
            case "aws:loop":
                continue
            case other:
                raise AssertionError(f"{other} is not known here")


def test_stopping_the_functions_stops_all_that_may_write_to_the_fleet() -> None:
    stopped = documents()["lifecycle-dev-stop-functions"]["parameters"]["Functions"]["default"]

    assert stopped == [f"lifecycle-dev-{name}" for name in FUNCTIONS]
