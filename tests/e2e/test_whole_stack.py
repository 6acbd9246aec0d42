"""`lifecycle deploy` makes the whole suite on ministack, nested stacks and the real zip, and `remove` leaves nothing.

What ministack cannot hold, and how it was looked at instead:

* NAT gateways, GPU capacity providers and their associations, security group rules of their own (so the load balancer
  of launched models), budgets, anomaly monitors and exports of the bill: left out by parameters here. cfn-lint checks
  them against AWS's own schemas (`make lint`), tests/deploy/test_templates_fit.py what the code expects of them.
* Systems Manager documents: left out too; tests/runbooks/test_automation.py looks at
  their schema, their steps and their rights.
* Alarms of metric math, as ours are: left out too; tests/entrypoints/test_alarm_pages.py reads them
  against what the code emits.
* The first administrator's invitation: ministack knows no users in templates; the test makes one by hand.
* Change sets of nested stacks: ministack lists the nested stacks only. How theirs are read is in
  tests/deploy/test_stacks.py.
* SAM in a nested template: AWS's own translator expands it before it is uploaded.
* CloudWatch's own event of an alarm: a rule of the test's own gives ours the name, as everywhere in tests/e2e.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import boto3
import pytest
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.deploy import templates
from chalicelib.deploy.plan import Plan
from chalicelib.runtime.clients import Clients
from support import ministack, own_venv
from support.aws_events import alarm_event
from support.cli import CommandLine
from support.deployed_fleet import DeployedFleet
from support.deployment import Deployment, eventually, settled
from support.sam_expander import expand_what_is_uploaded
from support.scaling_stub import no_scaling

pytestmark = pytest.mark.e2e

STACK = "lifecycle-dev"
CHAT = ServiceId(STACK, "chat")
WITHOUT = (
    "NatGateways=none",
    "MakeAlarms=false",
    "MakeAutomation=false",
    "CostExport=false",
    "LogRetentionDays=3 years",
)
NESTED = {"Network", "Cluster", "Roles", "TaskDefinitions", "App"}
OPENS = datetime.now(UTC).date() + timedelta(days=30)
POLICY = f"""\
lifecycle: v1
policies:
  nights-off:
    match: {{names: [chat]}}
    hours:
      timezone: Etc/UTC
      open: ["{OPENS} 08:00-20:00"]
    overrides: {{longest: 24h}}
    mode: enforce
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        ministack.interpreter()
    except own_venv.NotInstallable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"ministack cannot be installed here: {error}")
    with ministack.running(tmp_path_factory.mktemp("ministack")) as running:
        yield running


@pytest.fixture(scope="module")
def line(address: str, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    clients = Clients(session, endpoint_url=address, region="us-east-1")
    expand_what_is_uploaded(clients.s3)
    return CommandLine(tmp_path_factory.mktemp("here"), clients=clients)


def _deploy(line: CommandLine) -> str:
    sets = [word for one in WITHOUT for word in ("--set", one)]
    line.clock.advance(timedelta(minutes=1))
    done = line.run("deploy", "--stage", "dev", *sets, "--yes")
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def said(line: CommandLine) -> str:
    return _deploy(line)


@pytest.fixture(scope="module")
def deployment(said: str, line: CommandLine, address: str) -> Iterator[Deployment]:
    formation = line.clients.formation("us-east-1")  # type: ignore[union-attr]
    outputs = {}
    for name in (STACK, _nested(formation)[templates.APP]):
        (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
        outputs |= {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    made = settled(address, outputs)
    with no_scaling() as scaling:
        keys = f"{address}/{outputs['UserPoolId']}/.well-known/jwks.json"
        made.configure(
            {"AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": scaling, "LIFECYCLE_JWKS_URL": keys},
            ("sweep", "on_aws_events", "transition", "app"),
        )
        yield made


def _nested(formation: object) -> dict[str, str]:
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=STACK)  # type: ignore[attr-defined]
    found = [one for page in pages for one in page["StackResourceSummaries"] if one["ResourceType"] == templates.NESTED]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def test_one_command_makes_every_stack_and_says_what_a_person_needs(said: str, line: CommandLine) -> None:
    formation = line.clients.formation("us-east-1")  # type: ignore[union-attr]
    statuses = {one["StackName"]: one["StackStatus"] for one in formation.describe_stacks()["Stacks"]}

    assert set(_nested(formation)) >= NESTED
    assert set(statuses.values()) == {"CREATE_COMPLETE"}, statuses
    for word in ("ApiAddress", "PolicyBucketName", "UserPoolId", "ClusterInUse", "GpuTaskDefinition"):
        assert word in said
    assert "CloudWatch knows no 1095 days (3 years), so logs are kept for 1096" in said


def test_logs_of_functions_and_of_tasks_are_kept_for_three_years(deployment: Deployment) -> None:
    groups = deployment.client("logs").describe_log_groups()["logGroups"]

    kept = {one["logGroupName"]: one.get("retentionInDays") for one in groups if STACK in one["logGroupName"]}
    assert len(kept) > 10
    assert set(kept.values()) == {1096}, kept


def test_the_cluster_has_fargate_and_fargate_spot(deployment: Deployment) -> None:
    (cluster,) = deployment.client("ecs").describe_clusters(clusters=[STACK])["clusters"]

    assert set(cluster["capacityProviders"]) == {"FARGATE", "FARGATE_SPOT"}


def test_an_alarm_that_goes_off_stops_a_service_after_hours_and_the_record_says_why(deployment: Deployment) -> None:
    deployment.create_service(CHAT, desired_count=2)
    deployment.write_policy(POLICY)
    name, watch = f"lifecycle/{CHAT}/idle", deployment.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName=name, Namespace="E2E", MetricName="Requests", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="LessThanThreshold", TreatMissingData="breaching",
    )  # fmt: skip
    watch.put_metric_data(Namespace="E2E", MetricData=[{"MetricName": "Requests", "Value": 0}])
    eventually(
        lambda: watch.describe_alarms(AlarmNames=[name], StateValue="ALARM")["MetricAlarms"], "it goes off", seconds=90
    )

    deployment.put_event(alarm_event(name))

    eventually(lambda: deployment.desired_count(CHAT) == 0, f"{CHAT} is stopped")
    stop = next(entry for entry in deployment.history(CHAT) if entry.action is ActionKind.STOP)
    assert (stop.because, stop.policy, stop.desired_count) == (Because.HOURS, "nights-off", 2)


def test_the_api_turns_away_whoever_has_no_token_and_answers_whoever_has_one(deployment: Deployment) -> None:
    fleet = DeployedFleet(deployment)
    fleet.make_admin()

    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{fleet.api}/api/policies")
    request = urllib.request.Request(f"{fleet.api}/api/policies", headers=_authorized(fleet))
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
        assert "nights-off" in json.dumps(json.loads(answer.read()))


def _authorized(fleet: DeployedFleet) -> dict[str, str]:
    return {"Authorization": f"Bearer {fleet.session('admin').token}"}


def test_the_schedule_of_a_minute_fires_by_itself(deployment: Deployment) -> None:
    eventually(lambda: deployment.log_lines("deliver"), "the function that delivers has run", seconds=150)


def test_the_same_again_changes_nothing(
    deployment: Deployment, line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the package as it lies there; tests/deploy/test_same_package.py makes it again and gets the same."""
    monkeypatch.setattr(Plan, "package", lambda plan, region: None)

    assert f"{STACK}: nothing to change." in _deploy(line)


def test_a_cluster_with_somebodys_service_is_not_taken_away(deployment: Deployment, line: CommandLine) -> None:
    done = line.run("remove", "--stage", "dev", "--yes")

    assert done.exit_code == 1
    assert f"still holds {CHAT}" in done.output
    assert "Nothing was changed." in done.output


def test_remove_with_purge_leaves_nothing(deployment: Deployment, line: CommandLine) -> None:
    deployment.client("ecs").delete_service(cluster=CHAT.cluster, service=CHAT.name, force=True)
    bucket, table, pool = (deployment.outputs[one] for one in ("PolicyBucketName", "TableName", "UserPoolId"))

    done = line.run("remove", "--stage", "dev", "--purge", "--yes")

    assert done.exit_code == 0, done.output
    for kept in (f"bucket {bucket}", f"table {table}", f"user pool {pool}"):
        assert kept in done.output
    assert f"1 service that the suite has stopped would stay stopped: {CHAT}" in done.output
    eventually(lambda: not _left(partial(deployment.client)), "everything is gone")


def _left(client: partial[object]) -> dict[str, list[str]]:
    """What still bears the stack's name, by service."""
    ask: dict[str, tuple[str, str, str, str]] = {
        "buckets": ("s3", "list_buckets", "Buckets", "Name"),
        "tables": ("dynamodb", "list_tables", "TableNames", ""),
        "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
        "roles": ("iam", "list_roles", "Roles", "RoleName"),
        "queues": ("sqs", "list_queues", "QueueUrls", ""),
        "topics": ("sns", "list_topics", "Topics", "TopicArn"),
        "rules": ("events", "list_rules", "Rules", "Name"),
        "schedule groups": ("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
        "clusters": ("ecs", "list_clusters", "clusterArns", ""),
        "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "apis": ("apigateway", "get_rest_apis", "items", "name"),
    }
    found: dict[str, list[str]] = {}
    for what, (service, call, key, name) in ask.items():
        answer = getattr(client(service), call)().get(key, [])
        names = [one[name] if name else one for one in answer]
        if left := [one for one in names if STACK in one or "ollama-lifecycle" in one]:
            found[what] = [one for one in left if not one.startswith("lifecycle-e2e")]
    pools = client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]  # type: ignore[attr-defined]
    if pools:
        found["user pools"] = [one["Id"] for one in pools]
    return found
