"""What goes to AWS: the zip of the functions and the template, as `make package` makes them."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import report_layer
import yaml
from chalicelib.entrypoints.triggers import ALARM_PREFIX
from chalicelib.execute.executor import Executor
from chalicelib.fleet.identity import lockout, people_rows
from chalicelib.fleet.identity.passwords import LEAST
from chalicelib.fleet.people import Role
from chalicelib.fleet.settings import FleetSettings
from chalicelib.record import slack_requests
from chalicelib.record.table import TABLE, TTL_ATTRIBUTE
from support.chalice_package import ROOT, add_bytecode, package
from support.layer import layer_files

TRIGGERS = {"PreSignUp", "PreAuthentication", "PostAuthentication", "PostConfirmation"}
"""What the user pool asks us: Cognito's names for them, and the template's for the functions."""
ACTING = ("Sweep", "AwsEvents", "Transition", "APIHandler", "Wake", "SlackActions")
"""Functions that look at services and may start and stop them."""
MONEY = {"CostAnomaly": "CostAnomalyEvent", "BudgetNotice": "BudgetNoticeSnsSubscription"}
"""Functions that hear of money, and what calls each."""

FUNCTIONS = {*ACTING, *TRIGGERS, *MONEY, "Deliver", "OwnAlarm", "Slack", "WeeklyReport"}

THE_POOL = {
    "Fn::If": [
        "BringsPool",
        {"Fn::Sub": "arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${ExistingUserPool}"},
        {"Fn::GetAtt": ["UserPool", "Arn"]},
    ]
}
"""The one that the stack makes, or the one that was brought along."""

NO_RESOURCE_NAMES = {
    "application-autoscaling:DescribeScalableTargets",
    "autoscaling:DescribeScalingActivities",
    "ce:GetAnomalies",
    "ce:GetCostAndUsage",
    "ce:GetCostForecast",
    "ce:GetReservationCoverage",
    "ce:GetReservationPurchaseRecommendation",
    "ce:GetReservationUtilization",
    "ce:GetSavingsPlansCoverage",
    "ce:GetSavingsPlansPurchaseRecommendation",
    "ce:GetSavingsPlansUtilization",
    "cloudwatch:GetMetricData",
    "ec2:DescribeSpotPriceHistory",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeCapacityProviders",  # has one, but all of them are asked for
    "ecs:DescribeTaskDefinition",
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTaskDefinitionFamilies",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "ecs:RegisterTaskDefinition",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "pricing:GetProducts",
    "scheduler:ListSchedules",
}
"""AWS gives these calls no resource to name: https://docs.aws.amazon.com/service-authorization/latest/reference/"""


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def names(packaged: Path) -> frozenset[str]:
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        return frozenset(archive.namelist())


@pytest.fixture(scope="module")
def template(packaged: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((packaged / "sam.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


def test_the_zip_holds_every_room_of_the_house(names: frozenset[str]) -> None:
    sources = (ROOT / "chalice_app").glob("chalicelib/**/*.py")
    wanted = {"app.py", *(str(path.relative_to(ROOT / "chalice_app")) for path in sources)}

    assert wanted <= names


def test_the_zip_holds_what_the_vendor_links_point_to(names: frozenset[str]) -> None:
    for folder, pattern in (("reports", "*.py"), ("policies", "*.yaml"), ("policies", "schema.json")):
        wanted = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob(pattern)}
        assert wanted, f"{folder}/{pattern} is empty here: nothing was proved"
        assert wanted <= names


def test_the_zip_holds_the_compiled_part_of_pydantic(names: frozenset[str]) -> None:
    assert any(fnmatch(name, "pydantic_core/_pydantic_core*.so") for name in names)


def test_the_zip_holds_the_policies_dependencies(names: frozenset[str]) -> None:
    for module in ("aws_lambda_powertools", "croniter", "holidays", "pydantic", "tzdata", "yaml"):
        assert f"{module}/__init__.py" in names


def test_the_zip_holds_nothing_that_only_people_machines_need(names: frozenset[str]) -> None:
    tops = {name.split("/")[0] for name in names}

    assert tops.isdisjoint({"boto3", "botocore", "cfnlint", "click", "moto", "numpy", "pandas", "rich", "tests"})


def test_the_zip_is_small_enough_to_upload_directly(packaged: Path) -> None:
    assert (packaged / "deployment.zip").stat().st_size < 50_000_000


def test_the_zip_holds_bytecode_that_python_takes_without_asking_the_clock(packaged: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        archive.extractall(tmp_path)
    for module in (tmp_path / "app.py", tmp_path / "chalicelib/decide/decide.py", tmp_path / "pydantic/main.py"):
        compiled = Path(importlib.util.cache_from_source(str(module))).read_bytes()
        assert compiled[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(compiled[4:8], "little") == 1, "unchecked, by hash (PEP 552)"
        assert compiled[8:16] == importlib.util.source_hash(module.read_bytes())


def test_the_unpacked_zip_stays_below_lambdas_limit(packaged: Path) -> None:
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        assert sum(one.file_size for one in archive.infolist()) < 250 * 1024 * 1024


def test_the_application_and_the_layer_together_stay_below_lambdas_limit(packaged: Path) -> None:
    layer = sum(path.stat().st_size for path in layer_files().values())
    application = report_layer.unpacked(packaged / "deployment.zip")
    assert layer > 100 * 1024 * 1024, "nothing was found"
    assert layer + application < report_layer.LARGEST_UNPACKED


def test_only_the_function_that_writes_reports_carries_the_layer(resources: dict[str, Any]) -> None:
    carrying = {name for name, one in resources.items() if one.get("Properties", {}).get("Layers")}
    assert carrying == {"WeeklyReport"}
    report = resources["WeeklyReport"]["Properties"]
    assert report["Layers"] == {"Fn::If": ["HasReportLayer", [{"Ref": "ReportLayer"}], {"Ref": "AWS::NoValue"}]}
    assert report["EphemeralStorage"]["Size"] >= 1024
    assert report["MemorySize"] >= 1024


def test_the_report_is_asked_for_in_every_hour_in_which_somewhere_it_is_monday(resources: dict[str, Any]) -> None:
    report = resources["WeeklyReport"]["Properties"]
    assert report["Events"]["WeeklyReportEvent"]["Properties"]["Schedule"] == "cron(0 * ? * SUN-TUE *)"
    assert report["ReservedConcurrentExecutions"] == 1


def test_packaging_the_same_twice_gives_the_same_bytes(packaged: Path, tmp_path: Path) -> None:
    """Chalice's part is its own; ours is added anew, in an interpreter of its own, to a copy."""
    again = Path(shutil.copytree(packaged, tmp_path / "again"))
    add_bytecode(again)

    assert (
        sha256((again / "deployment.zip").read_bytes()).digest()
        == sha256((packaged / "deployment.zip").read_bytes()).digest()
    )


def test_an_interpreter_that_lambda_does_not_run_adds_nothing(packaged: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(packaged, tmp_path / "other"))
    template = other / "sam.yaml"
    template.write_text(template.read_text().replace("Runtime: python3.", "Runtime: python9."))
    before = (other / "deployment.zip").read_bytes()

    assert "No bytecode added" in add_bytecode(other)
    assert (other / "deployment.zip").read_bytes() == before


def test_the_versions_in_the_zip_are_the_pinned_ones(names: frozenset[str]) -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)

    for package_name in ("croniter", "holidays", "pydantic", "pydantic_core", "tzdata"):
        assert f"{package_name}-{pinned[package_name]}.dist-info/METADATA" in names


def test_every_function_begins_in_app_where_the_middleware_is(resources: dict[str, Any]) -> None:
    app = importlib.import_module("app")
    functions = {name: one for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"}

    assert set(functions) == FUNCTIONS
    for function in functions.values():
        module, _, handler = function["Properties"]["Handler"].partition(".")
        assert module == "app"
        assert callable(getattr(app, handler))


def test_functions_find_the_stacks_own_table_and_bucket(resources: dict[str, Any]) -> None:
    for name in ACTING:
        variables = resources[name]["Properties"]["Environment"]["Variables"]
        assert variables["LIFECYCLE_TABLE"] == {"Ref": "LifecycleTable"}
        assert variables["LIFECYCLE_POLICIES"] == {"Fn::Sub": "s3://${PolicyBucket}/policies"}


def test_a_function_ends_its_work_before_lambda_ends_the_function(resources: dict[str, Any]) -> None:
    for name in ACTING:
        properties = resources[name]["Properties"]
        assert int(properties["Environment"]["Variables"]["LIFECYCLE_HANDLER_SECONDS"]) < properties["Timeout"]


def test_ollama_is_asked_only_where_the_stack_is_told_so(template: dict[str, Any], resources: dict[str, Any]) -> None:
    assert template["Parameters"]["ProbeOllama"]["Default"] == "false"
    for name in ACTING:
        variables = resources[name]["Properties"]["Environment"]["Variables"]
        assert variables["LIFECYCLE_PROBE_OLLAMA"] == {"Ref": "ProbeOllama"}


def test_a_lock_outlives_every_function_that_may_hold_it(resources: dict[str, Any]) -> None:
    lease = inspect.signature(Executor).parameters["lease_seconds"].default

    assert all(resources[name]["Properties"]["Timeout"] < lease for name in ACTING)


def test_the_stack_tells_every_acting_function_all_that_launching_needs(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    assert template["Parameters"]["FleetCluster"]["Default"] == "", "off unless somebody wants it"
    for name in ACTING:
        variables = resources[name]["Properties"]["Environment"]["Variables"]
        env = {key: "5" if key.startswith("LIFECYCLE_MAX_") else "told" for key in variables}
        env["LIFECYCLE_FLEET_GPU_PROVIDERS"] = "g5.xlarge=gpu"
        assert FleetSettings.from_env(env) is not None
        assert FleetSettings.from_env(env | {"LIFECYCLE_FLEET_CLUSTER": ""}) is None
    permission = resources["WakePermission"]["Properties"]
    assert permission["Principal"] == "elasticloadbalancing.amazonaws.com"
    assert "targetgroup/ollama-wake-*" in str(permission["SourceArn"])


def test_two_sweeps_never_run_side_by_side(resources: dict[str, Any]) -> None:
    assert resources["Sweep"]["Properties"]["ReservedConcurrentExecutions"] == 1


def test_the_sweep_runs_every_five_minutes_and_gives_up_to_the_dead_letters(resources: dict[str, Any]) -> None:
    event = resources["Sweep"]["Properties"]["Events"]["SweepEvent"]["Properties"]

    assert event["Schedule"] == "rate(5 minutes)"
    assert event["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    assert event["RetryPolicy"]["MaximumEventAgeInSeconds"] < 300


def test_functions_that_book_wake_ups_know_whom_they_wake_and_nobody_else_is_woken(resources: dict[str, Any]) -> None:
    address = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-transition"
    (policy,) = resources["WakeUpRole"]["Properties"]["Policies"]
    called = {one["Action"]: one["Resource"] for one in policy["PolicyDocument"]["Statement"]}
    dead_letters = {"Fn::GetAtt": ["DeadLetters", "Arn"]}

    assert resources["Transition"]["Properties"]["FunctionName"] == {"Fn::Sub": "${AWS::StackName}-transition"}
    assert called == {"lambda:InvokeFunction": {"Fn::Sub": address}, "sqs:SendMessage": dead_letters}
    for name in ("Sweep", "AwsEvents", "Transition", "APIHandler"):
        variables = resources[name]["Properties"]["Environment"]["Variables"]
        assert variables["LIFECYCLE_BOOKING_TARGET"] == {"Fn::Sub": address}
        assert variables["LIFECYCLE_BOOKING_GROUP"] == {"Ref": "WakeUps"}
        assert variables["LIFECYCLE_BOOKING_ROLE"] == {"Fn::GetAtt": ["WakeUpRole", "Arn"]}
        assert variables["LIFECYCLE_BOOKING_DEAD_LETTERS"] == dead_letters


def test_the_queue_feeds_the_handler_in_batches_that_may_fail_in_part(resources: dict[str, Any]) -> None:
    source = resources["AwsEvents"]["Properties"]["Events"]["AwsEventsSqsEventSource"]["Properties"]
    queue = resources["EventQueue"]["Properties"]

    assert source["Queue"] == {"Fn::Sub": "${EventQueue.Arn}"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    shown_to_us = resources["AwsEvents"]["Properties"]["Timeout"]
    assert queue["VisibilityTimeout"] >= 6 * shown_to_us + source["MaximumBatchingWindowInSeconds"]


def test_every_rule_is_narrow_and_keeps_what_it_cannot_deliver(resources: dict[str, Any]) -> None:
    rules = {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::Events::Rule"}

    assert set(rules) == {"AlarmRule", "TaskRule", "ServiceRule", "DeploymentRule", "SpotRule", "LaunchRule"}
    for rule in rules.values():
        assert set(rule["EventPattern"]) >= {"source", "detail-type", "detail"}
        (target,) = rule["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": ["EventQueue", "Arn"]}
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}


def test_functions_that_hear_of_money_have_one_caller_each_and_leave_what_fails_to_the_dead_letters(
    resources: dict[str, Any],
) -> None:
    for name, caller in MONEY.items():
        function = resources[name]["Properties"]
        assert set(function["Events"]) == {caller}
        failed = function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert failed == {"Type": "SQS", "Destination": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    assert resources["BudgetNotice"]["Properties"]["Events"][MONEY["BudgetNotice"]]["Properties"] == {
        "Topic": {"Fn::Sub": "${BudgetTopic}"}
    }
    (publisher,) = resources["BudgetTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert publisher["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert publisher["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_the_alarms_let_through_are_those_whose_names_the_handler_reads(resources: dict[str, Any]) -> None:
    pattern = resources["AlarmRule"]["Properties"]["EventPattern"]

    assert pattern["detail"]["alarmName"] == [{"prefix": ALARM_PREFIX}]


def test_only_rules_of_this_stack_may_fill_the_queue(resources: dict[str, Any]) -> None:
    (statement,) = resources["EventQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert "rule/${AWS::StackName}-*" in str(statement["Condition"]["ArnLike"]["aws:SourceArn"])


def test_the_table_is_kept_billed_by_use_and_forgets_by_ttl(resources: dict[str, Any]) -> None:
    table = resources["LifecycleTable"]

    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at_epoch", "Enabled": True}
    assert table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["Properties"]["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}


def test_the_deployed_table_has_the_shape_that_the_record_expects(resources: dict[str, Any]) -> None:
    deployed = resources["LifecycleTable"]["Properties"]

    assert {key: deployed[key] for key in TABLE} == dict(TABLE)
    assert deployed["TimeToLiveSpecification"]["AttributeName"] == TTL_ATTRIBUTE


def test_the_policy_bucket_is_private_and_keeps_old_versions(resources: dict[str, Any]) -> None:
    bucket = resources["PolicyBucket"]["Properties"]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(bucket["PublicAccessBlockConfiguration"].values())


def test_logs_are_kept_for_a_stated_time(resources: dict[str, Any]) -> None:
    groups = {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::Logs::LogGroup"}
    of_functions = {str({"Fn::Sub": f"/aws/lambda/${{{name}}}"}) for name in FUNCTIONS}
    of_models = str({"Fn::Sub": "/ollama/${AWS::StackName}"})

    assert {str(group["LogGroupName"]) for group in groups.values()} == {*of_functions, of_models}
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_whatever_calls_a_function_without_waiting_knows_when_to_give_up_and_where_to_leave_it(
    resources: dict[str, Any],
) -> None:
    """Schedules, rules and topics call so; Transition is called by the Scheduler."""
    dead_letters = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    asynchronous = {"Transition"}
    for name in FUNCTIONS:
        for source in resources[name]["Properties"].get("Events", {}).values():
            if source["Type"] in ("Schedule", "CloudWatchEvent", "SNS"):
                asynchronous.add(name)
            if source["Type"] in ("Schedule", "CloudWatchEvent"):
                assert source["Properties"]["DeadLetterConfig"] == {"Arn": dead_letters}, name
                assert set(source["Properties"]["RetryPolicy"]) == {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}
            if source["Type"] == "SQS":
                queue = source["Properties"]["Queue"]["Fn::Sub"].removeprefix("${").removesuffix(".Arn}")
                assert resources[queue]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == dead_letters, name

    assert len(asynchronous) >= 6
    for name in asynchronous:
        config = resources[name]["Properties"]["EventInvokeConfig"]
        assert config["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": dead_letters}, name
        assert "MaximumRetryAttempts" in config, name
        may = [one["Sid"] for role, one in _statements(resources) if role == f"{name}Role"]
        assert "HandOverFailedRuns" in may, name


def test_names_that_roles_and_queues_know_by_their_beginning_are_not_cut(resources: dict[str, Any]) -> None:
    """CloudFormation cuts the names it makes to 64 characters, the stack's first."""
    for name, one in resources.items():
        if one["Type"] == "AWS::Serverless::Function":
            assert one["Properties"]["FunctionName"]["Fn::Sub"].startswith("${AWS::StackName}-"), name
            for event in one["Properties"].get("Events", {}).values():
                if event["Type"] in ("Schedule", "CloudWatchEvent"):
                    named = event["Properties"].get("Name", event["Properties"].get("RuleName"))
                    assert named["Fn::Sub"].startswith("${AWS::StackName}-"), name
        if one["Type"] == "AWS::Events::Rule":
            assert one["Properties"]["Name"]["Fn::Sub"].startswith("${AWS::StackName}-"), name


def test_the_user_pool_demands_what_we_promise_of_passwords_and_addresses(resources: dict[str, Any]) -> None:
    pool = resources["UserPool"]["Properties"]

    assert pool["Policies"]["PasswordPolicy"] == {
        "MinimumLength": LEAST,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "TemporaryPasswordValidityDays": 3,
    }
    assert pool["AutoVerifiedAttributes"] == pool["UsernameAttributes"] == ["email"]
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] == {"Fn::If": ["ByInvitationOnly", True, False]}
    assert resources["UserPool"]["DeletionPolicy"] == "Retain"


def test_the_client_has_no_secret_and_does_not_tell_who_has_an_account(resources: dict[str, Any]) -> None:
    client = resources["UserPoolClient"]["Properties"]

    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
    assert client["AllowedOAuthFlows"]["Fn::If"][1] == ["code"]


def test_a_pool_that_is_brought_along_takes_the_place_of_ours_everywhere(template: dict[str, Any]) -> None:
    """Whatever is made in our pool is left out then, and nothing refers to our pool but by a choice between the two."""
    conditions = template["Conditions"]
    of_ours = [one for one in template["Resources"].values() if str(one["Type"]).startswith("AWS::Cognito::")]
    assert conditions["MakesPool"] == {"Fn::Equals": [{"Ref": "ExistingUserPool"}, ""]}
    assert {one.get("Condition") for one in of_ours} == {"MakesPool", "HasLoginPages", "HasAdmin"}
    for name in ("HasLoginPages", "HasAdmin"):
        assert {"Condition": "MakesPool"} in conditions[name]["Fn::And"]

    others = [one for one in template["Resources"].values() if one not in of_ours]
    said = str([others, template["Outputs"]])
    for ours, brought in (
        ("{'Ref': 'UserPool'}", "{'Ref': 'ExistingUserPool'}"),
        (
            "{'Ref': 'UserPoolClient'}",
            "{'Ref': 'ExistingUserPoolClient'}",
        ),
        ("{'Fn::GetAtt': ['UserPool', 'Arn']}", "{'Fn::Sub': '" + THE_POOL["Fn::If"][1]["Fn::Sub"] + "'}"),
    ):
        assert said.count(ours) == said.count(f"['BringsPool', {brought}, {ours}]") > 0


def test_the_pools_groups_are_our_roles(resources: dict[str, Any]) -> None:
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Cognito::UserPoolGroup"]
    by_power = sorted(groups, key=lambda group: group["Precedence"], reverse=True)

    assert [group["GroupName"] for group in by_power] == [role.value for role in Role]


def test_every_door_of_the_pool_leads_to_our_function_and_to_no_other_pool(resources: dict[str, Any]) -> None:
    doors = resources["UserPool"]["Properties"]["LambdaConfig"]

    assert doors == {name: {"Fn::GetAtt": [name, "Arn"]} for name in TRIGGERS}
    for name in TRIGGERS:
        permission = resources[f"{name}Permission"]["Properties"]
        assert permission["Principal"] == "cognito-idp.amazonaws.com"
        assert permission["SourceArn"] == THE_POOL
        assert resources[name]["Properties"]["Timeout"] <= 5, "Cognito waits no longer"


def test_a_trigger_writes_only_the_rows_that_it_is_for(resources: dict[str, Any]) -> None:
    rows = {
        (role, action): tuple(statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"])
        for role, statement in _statements(resources)
        if role.removesuffix("Role") in TRIGGERS
        for action in _each(statement["Action"])
        if action.startswith("dynamodb:")
    }

    assert rows == {
        ("PreAuthenticationRole", "dynamodb:UpdateItem"): (lockout.PK,),
        ("PostAuthenticationRole", "dynamodb:DeleteItem"): (lockout.PK,),
        ("PostAuthenticationRole", "dynamodb:PutItem"): (people_rows.PK,),
        ("PostAuthenticationRole", "dynamodb:UpdateItem"): (people_rows.PK,),
        ("PostConfirmationRole", "dynamodb:DeleteItem"): (lockout.PK,),
        ("PostConfirmationRole", "dynamodb:PutItem"): (people_rows.PK,),
    }


def test_no_role_may_do_everything(resources: dict[str, Any]) -> None:
    for role, statement in _statements(resources):
        for action in _each(statement["Action"]):
            assert "*" not in action, f"{role}: {action}"


def test_a_role_names_its_resources_wherever_aws_has_a_name_for_them(resources: dict[str, Any]) -> None:
    for role, statement in _statements(resources):
        if "*" in _each(statement["Resource"]):
            assert set(_each(statement["Action"])) <= NO_RESOURCE_NAMES, role


def test_only_services_of_the_clusters_named_may_be_changed(resources: dict[str, Any]) -> None:
    writers = [
        (role, str(statement["Resource"]))
        for role, statement in _statements(resources)
        if "ecs:UpdateService" in _each(statement["Action"])
    ]

    assert all("service/${ClusterPattern}/" in resource for _, resource in writers)
    every_service = {role for role, resource in writers if resource.endswith("service/${ClusterPattern}/*'}")}
    assert every_service == {"SweepRole", "AwsEventsRole", "TransitionRole", "SlackActionsRole"}, (
        "others reach only what was launched"
    )


def test_of_autoscaling_only_the_desired_count_of_ecs_services_may_be_registered(resources: dict[str, Any]) -> None:
    """AWS names a scalable target by a random id, so a role cannot be bound to the targets of some clusters."""
    writers = [
        statement
        for _, statement in _statements(resources)
        if "application-autoscaling:RegisterScalableTarget" in _each(statement["Action"])
    ]

    assert len(writers) >= 2
    for statement in writers:
        assert statement["Condition"]["StringEquals"] == {
            "application-autoscaling:service-namespace": "ecs",
            "application-autoscaling:scalable-dimension": "ecs:service:DesiredCount",
        }


def test_the_api_may_write_its_logs_and_look_after_people_of_its_own_pool(resources: dict[str, Any]) -> None:
    statements = {one["Sid"]: one for role, one in _statements(resources) if role == "ApiHandlerRole"}

    assert set(statements["WriteLogs"]["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert statements["LookAfterPeople"]["Resource"] == THE_POOL


def test_who_answers_slack_may_hand_on_and_nothing_else(resources: dict[str, Any]) -> None:
    allowed = {
        action: statement
        for role, statement in _statements(resources)
        if role == "SlackRole"
        for action in _each(statement["Action"])
        if not action.startswith("logs:")
    }

    assert set(allowed) == {"dynamodb:PutItem", "sqs:SendMessage", "secretsmanager:GetSecretValue"}
    assert allowed["dynamodb:PutItem"]["Condition"]["ForAllValues:StringEquals"] == {
        "dynamodb:LeadingKeys": [slack_requests.PK]
    }
    assert allowed["sqs:SendMessage"]["Resource"] == {"Fn::GetAtt": ["SlackQueue", "Arn"]}
    assert resources["Slack"]["Properties"]["Timeout"] <= 10


def test_what_was_asked_in_slack_waits_in_a_queue_of_its_own(resources: dict[str, Any]) -> None:
    source = resources["SlackActions"]["Properties"]["Events"]["SlackActionsSqsEventSource"]["Properties"]
    queue = resources["SlackQueue"]["Properties"]

    assert source["Queue"] == {"Fn::Sub": "${SlackQueue.Arn}"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BatchSize"] == 1
    assert queue["VisibilityTimeout"] > resources["SlackActions"]["Properties"]["Timeout"]
    most = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert most <= 30 * 60, "Slack takes an answer for half an hour"


def test_no_secret_of_slacks_stands_in_an_environment(resources: dict[str, Any]) -> None:
    for name in FUNCTIONS:
        variables = resources[name]["Properties"].get("Environment", {}).get("Variables", {})
        told = {key: value for key, value in variables.items() if "SLACK" in key and key != "LIFECYCLE_SLACK_QUEUE"}
        assert set(map(str, told.values())) <= {
            str({"Ref": parameter}) for parameter in ("SlackSecret", "SlackTeams", "SlackUnknown")
        }


def test_sweep_and_events_may_do_the_same_to_the_fleet(resources: dict[str, Any]) -> None:
    def fleet(role: str) -> list[Mapping[str, Any]]:
        own = {
            "HandOverFailedRuns",
            "TakeEvents",
            "ListWakeUps",
            "FindHosts",
            "DrainHostsThatAreTaken",
            "SeeWhatIsPaidForAlready",
            "SeeWhetherHostsEnd",
        }
        return [one for name, one in _statements(resources) if name == role and one["Sid"] not in own]

    watching = {"SeeWhetherModelsAnswer", "StartAndStopInstances", "TurnRulesOfInstances"}
    events, sweep = fleet("AwsEventsRole"), fleet("SweepRole")
    assert events == fleet("TransitionRole")
    assert [one for one in events if one not in sweep] == [one for one in events if one["Sid"] in watching]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_merged_template_is_clean(stage: str, packaged: Path, tmp_path: Path) -> None:
    folder = packaged if stage == "dev" else package(tmp_path, stage)

    assert _lint(folder / "sam.yaml") == ""


def test_the_template_to_merge_is_clean_by_itself() -> None:
    assert _lint(ROOT / "cfn" / "app-resources.yaml") == ""


def _lint(template: Path) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "cfn-lint"), str(template)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def _statements(resources: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield name, statement


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
