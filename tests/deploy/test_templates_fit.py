"""The templates of `cfn/` fit together, and with the code that runs on what they make. Nothing is deployed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from chalicelib.cli.deploying import LONGEST_NAME
from chalicelib.decide.capacity import Market
from chalicelib.deploy import templates
from chalicelib.deploy.packaging import checkout
from chalicelib.errors import ConfigurationError
from chalicelib.fleet.listener import IDLE_SECONDS
from chalicelib.fleet.model import PORT
from chalicelib.fleet.seed_models import OFFICIAL_IMAGE
from chalicelib.fleet.settings import FleetSettings
from chalicelib.fleet.task_definition import STOP_TIMEOUT_SECONDS
from chalicelib.observe.capacity import Described
from chalicelib.observe.host_lint import Group, host_doubts

from reports.sources.focus_columns import COLUMNS, PERIOD

CFN = checkout() / "cfn"
MAIN = templates.read(CFN / templates.MAIN)
APP = templates.read(CFN / "app-resources.yaml")
OF_CHALICE = {"EndpointURL", "RestAPIId"}
"""Outputs that Chalice adds to the application's template."""

NESTED = {
    name: APP if name == templates.APP else templates.read(CFN / where)
    for name, where in templates.nested(MAIN).items()
}
ALL = {path: templates.read(path) for path in CFN.rglob("*.yaml") if "Resources:" in path.read_text(encoding="utf-8")}


def _given(stack: str) -> Mapping[str, Any]:
    given: Mapping[str, Any] = MAIN["Resources"][stack]["Properties"].get("Parameters", {})
    return given


def _calls(value: Any, function: str) -> Iterator[Any]:
    """Every argument of an intrinsic function below ``value``."""
    match value:
        case dict():
            for key, inner in value.items():
                if key == function:
                    yield inner
                yield from _calls(inner, function)
        case list():
            for inner in value:
                yield from _calls(inner, function)


def _of_type(document: templates.Document, kind: str) -> dict[str, Any]:
    return {name: one for name, one in document["Resources"].items() if one["Type"] == kind}


def test_a_nested_stack_is_given_what_it_takes_and_nothing_else() -> None:
    for stack, document in NESTED.items():
        takes = templates.parameters(document)
        needed = {name for name, one in takes.items() if one.default is None}

        assert needed <= set(_given(stack)) <= set(takes), stack


def test_what_is_asked_of_a_nested_stack_is_among_its_outputs() -> None:
    asked = [tuple(one) for one in _calls(MAIN, "Fn::GetAtt")]

    assert len(asked) > 20
    for stack, attribute in asked:
        output = attribute.removeprefix("Outputs.")
        assert output in {*NESTED[stack]["Outputs"], *(OF_CHALICE if stack == templates.APP else ())}, (stack, output)


def test_no_pattern_stands_in_the_way_of_a_value_that_a_change_set_does_not_know_yet() -> None:
    """CloudFormation tries it on {{changeSet:KNOWN_AFTER_APPLY}}."""
    for stack, document in NESTED.items():
        takes = templates.parameters(document)
        for name, value in _given(stack).items():
            if ("Fn::GetAtt" in str(value) or ".Outputs." in str(value)) and name != "FleetGpuProviders":
                assert not takes[name].pattern and not takes[name].values, f"{stack}.{name}"


def test_the_application_gets_everything_that_launching_needs() -> None:
    """The variable of each setting is a parameter's name in capitals, in the template and here."""
    given = {name for name in _given(templates.APP) if name.startswith("Fleet")}
    environment = {f"LIFECYCLE_FLEET_{_capitals(name.removeprefix('Fleet'))}": "x=y" for name in given}
    made_there = {"LIFECYCLE_FLEET_LOG_GROUP": "/x", "LIFECYCLE_WAKE_FUNCTION": "arn"}

    assert FleetSettings.from_env(environment | made_there) is not None


def _capitals(name: str) -> str:
    return "".join(f"_{one}" if one.isupper() else one for one in name).strip("_").upper()


def test_parameters_of_the_application_are_added_where_they_are_not_set() -> None:
    whole = templates.with_app(MAIN, APP)

    given = whole["Resources"][templates.APP]["Properties"]["Parameters"]
    assert set(given) == set(APP["Parameters"])
    assert given["SlackSecret"] == {"Ref": "SlackSecret"}
    assert whole["Parameters"]["SlackSecret"] == APP["Parameters"]["SlackSecret"]
    assert whole["Parameters"]["EnableMFA"] == MAIN["Parameters"]["EnableMFA"]
    assert set(MAIN["Parameters"]) < set(whole["Parameters"]) and len(whole["Parameters"]) <= 200


def test_a_parameter_that_the_application_does_not_take_is_refused() -> None:
    app = APP | {"Parameters": {name: one for name, one in APP["Parameters"].items() if name != "FleetVpc"}}

    with pytest.raises(ConfigurationError, match="gives the application FleetVpc"):
        templates.with_app(MAIN, app)


def test_whatever_holds_what_people_would_miss_outlives_its_stack() -> None:
    results = CFN / "cost" / "athena.yaml"
    for path, document in ALL.items():
        for kind in ("AWS::DynamoDB::Table", "AWS::Cognito::UserPool", "AWS::S3::Bucket"):
            for name, one in _of_type(document, kind).items():
                kept = (one.get("DeletionPolicy"), one.get("UpdateReplacePolicy"))
                assert kept == (("Retain", "Retain") if path != results else (None, None)), f"{path.name}: {name}"


def test_a_user_pool_is_kept_with_its_groups_and_its_administrator() -> None:
    inside = ("UserPoolGroup", "UserPoolUser", "UserPoolUserToGroupAttachment")
    found = {name: one for kind in inside for name, one in _of_type(APP, f"AWS::Cognito::{kind}").items()}

    assert len(found) == 5
    for name, one in found.items():
        assert (one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")) == ("Retain", "Retain"), name


def test_every_bucket_is_private_encrypted_and_refuses_plain_http() -> None:
    for path, document in ALL.items():
        for name, one in _of_type(document, "AWS::S3::Bucket").items():
            assert all(one["Properties"]["PublicAccessBlockConfiguration"].values()), f"{path.name}: {name}"
            assert one["Properties"]["BucketEncryption"], f"{path.name}: {name}"
    policies = [one for document in ALL.values() for one in _of_type(document, "AWS::S3::BucketPolicy").values()]
    assert sum(len(_of_type(document, "AWS::S3::Bucket")) for document in ALL.values()) == len(policies)
    for one in policies:
        assert '"aws:SecureTransport": "false"' in str(one).replace("'", '"')


def test_three_years_of_logs_are_1096_days_wherever_days_can_be_chosen() -> None:
    chosen = [
        parameter
        for document in ALL.values()
        for parameter in templates.parameters(document).values()
        if parameter.name == "LogRetentionDays"
    ]

    assert len(chosen) >= 2
    assert len({one.values for one in chosen}) == 1
    assert "1096" in chosen[0].values and "1095" not in chosen[0].values


def test_no_function_or_rule_of_the_longest_stack_has_a_name_that_aws_refuses() -> None:
    """STACK-App-RANDOM is the nested stack's name, with which the names of functions and rules begin; 64 at most."""
    random = 13
    nested = "x" * (LONGEST_NAME + 1 + len(templates.APP) + 1 + random)
    named = [one for key in ("FunctionName", "Name", "RuleName") for one in _named(APP["Resources"], key)]

    assert len(named) > 20
    assert max(len(name.replace("${AWS::StackName}", nested)) for name in named) <= 64


def _named(value: Any, key: str) -> Iterator[str]:
    for one in _calls(value, key):
        if isinstance(one, dict) and str(one.get("Fn::Sub", "")).startswith("${AWS::StackName}-"):
            yield one["Fn::Sub"]


# --- what the code expects of what is made


def test_no_gpu_host_is_kept_without_a_task() -> None:
    cluster = NESTED["Cluster"]["Resources"]
    described, groups = [], {}
    for name in ("GpuProvider", "SpotGpuProvider"):
        properties = cluster[name]["Properties"]
        scaled = properties["AutoScalingGroupProvider"]
        group = scaled["AutoScalingGroupArn"]["Ref"]
        asked = cluster[group]["Properties"]
        groups[group] = Group(group, int(asked["MinSize"]), frozenset(), asked["NewInstancesProtectedFromScaleIn"])
        described.append(
            Described(
                name,
                {one["Key"]: str(one["Value"]) for one in properties["Tags"]},
                group,
                {
                    "status": scaled["ManagedScaling"]["Status"],
                    "targetCapacity": scaled["ManagedScaling"]["TargetCapacity"],
                },
                scaled["ManagedTerminationProtection"] == "ENABLED",
            )
        )

    assert list(host_doubts(described, groups)) == []
    providers = [one.provider for one in described]
    assert [one.market for one in providers if one] == [Market.ON_DEMAND, Market.SPOT]
    assert len({one.pool for one in providers if one}) == 1, "a service can be moved from one to the other"
    assert all(cluster[one]["Properties"]["AutoScalingGroupProvider"]["ManagedDraining"] == "ENABLED" for one in
               ("GpuProvider", "SpotGpuProvider"))  # fmt: skip


def test_the_load_balancer_waits_as_long_as_launching_asks_for() -> None:
    attributes = NESTED["LoadBalancer"]["Resources"]["Balancer"]["Properties"]["LoadBalancerAttributes"]

    assert {"Key": "idle_timeout.timeout_seconds", "Value": str(IDLE_SECONDS)} in attributes


def test_only_the_load_balancer_reaches_the_tasks_and_they_reach_only_https() -> None:
    groups = NESTED["LoadBalancer"]["Resources"]
    (way_in,) = groups["TaskGroup"]["Properties"]["SecurityGroupIngress"]
    (way_out,) = groups["TaskGroup"]["Properties"]["SecurityGroupEgress"]
    (door,) = groups["BalancerGroup"]["Properties"]["SecurityGroupIngress"]

    assert (way_in["FromPort"], way_in["ToPort"], way_in["SourceSecurityGroupId"]) == (
        PORT, PORT, {"Ref": "BalancerGroup"},
    )  # fmt: skip
    assert (way_out["FromPort"], way_out["ToPort"]) == (443, 443)
    assert (door["FromPort"], door["ToPort"]) == (443, 443)


def test_tasks_reach_the_file_system_that_their_weights_come_from() -> None:
    way = NESTED["LoadBalancer"]["Resources"]["TasksToFileSystem"]

    assert way["Condition"] == "HasFileSystem"
    assert way["Properties"]["GroupId"] == {"Ref": "TaskGroup"}
    assert (way["Properties"]["FromPort"], way["Properties"]["ToPort"]) == (2049, 2049)
    assert _given("LoadBalancer")["FileSystemGroup"] == {"Ref": "WeightsFileSystemGroup"}


def test_task_definitions_are_as_those_of_launched_models() -> None:
    document = NESTED["TaskDefinitions"]
    assert templates.parameters(document)["Image"].default == OFFICIAL_IMAGE
    for one in _of_type(document, "AWS::ECS::TaskDefinition").values():
        (container,) = one["Properties"]["ContainerDefinitions"]
        assert container["StopTimeout"] == STOP_TIMEOUT_SECONDS
        assert container["PortMappings"] == [{"ContainerPort": PORT, "HostPort": PORT, "Protocol": "tcp"}]


def test_the_export_and_the_table_over_it_have_every_column_that_the_report_reads() -> None:
    table = NESTED["Bill"]["Resources"]["Bill"]["Properties"]["TableInput"]
    export = templates.read(CFN / templates.US_EAST_1)["Resources"]["Bill"]["Properties"]["Export"]
    selected = export["DataQuery"]["QueryStatement"].split("FROM")[0].removeprefix("SELECT ").strip().split(", ")

    columns = {one["Name"] for one in table["StorageDescriptor"]["Columns"]}
    assert {column.name.lower() for column in COLUMNS} <= columns
    assert columns == {name.lower() for name in selected}
    assert [one["Name"] for one in table["PartitionKeys"]] == [PERIOD]
    assert table["Parameters"]["storage.location.template"] == {
        "Fn::Sub": "${ExportLocation}/BILLING_PERIOD=${!billing_period}"
    }


def test_a_file_that_is_no_template_is_refused_by_name(tmp_path: Path) -> None:
    stray = tmp_path / "stray.yaml"
    stray.write_text("Parameters: {}\n")

    with pytest.raises(ConfigurationError, match=r"stray.yaml is no CloudFormation template"):
        templates.read(stray)
