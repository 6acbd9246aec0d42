"""A stack is changed after somebody has seen how, and taken away with what it can lose and without what it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalicelib.deploy.removing import destroy, empty_bucket, foreign_services, holdings, unprotect_hosts
from chalicelib.deploy.stacks import Change, Stack, Stacks
from chalicelib.errors import ActionFailed, Conflict
from chalicelib.runtime.clients import Clients
from moto import mock_aws

NAME = "lifecycle-dev"


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients(region="eu-west-1")


@pytest.fixture
def stacks(clients: Clients) -> Stacks:
    return Stacks(clients.formation("eu-west-1"), pause=lambda seconds: None)


def _template(**resources: Any) -> dict[str, str]:
    return {"TemplateBody": json.dumps({"Resources": resources})}


def _bucket(name: str, *, kept: bool = False) -> dict[str, Any]:
    policy = {"DeletionPolicy": "Retain"} if kept else {}
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}} | policy


def _deploy(stacks: Stacks, **resources: Any) -> Stack:
    standing = stacks.ready(NAME)
    arn = stacks.propose(NAME, "one", _template(**resources), [], {"stage": "dev"}, standing)
    assert arn is not None
    return stacks.execute(NAME, arn)


def test_a_first_change_set_shows_what_would_be_made_and_makes_it_when_it_is_carried_out(
    stacks: Stacks, clients: Clients
) -> None:
    arn = stacks.propose(NAME, "one", _template(Files=_bucket("files-1")), [], {"stage": "dev"}, None)

    assert arn is not None
    assert list(stacks.changes(arn)) == [Change("Files", "AWS::S3::Bucket", "Add")]
    assert clients.s3.list_buckets()["Buckets"] == []

    made = stacks.execute(NAME, arn)

    assert made.status == "CREATE_COMPLETE"
    assert [one["Name"] for one in clients.s3.list_buckets()["Buckets"]] == ["files-1"]


def test_nothing_is_left_of_a_first_change_set_that_nobody_wants(stacks: Stacks) -> None:
    arn = stacks.propose(NAME, "one", _template(Files=_bucket("files-1")), [], {}, None)
    assert arn is not None

    stacks.forget(NAME, arn, None)

    assert stacks.ready(NAME) is None


def test_losing_what_people_would_miss_is_marked() -> None:
    for action, replaces in (("Remove", ""), ("Modify", "True"), ("Modify", "Conditional")):
        assert Change("App/LifecycleTable", "AWS::DynamoDB::Table", action, replaces).loses_state
        assert not Change("App/SweepRole", "AWS::IAM::Role", action, replaces).loses_state
    assert not Change("App/LifecycleTable", "AWS::DynamoDB::Table", "Modify", "False").loses_state


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("UPDATE_IN_PROGRESS", "is being changed"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "is being changed"),
        ("ROLLBACK_COMPLETE", "was never made whole"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
    ],
)
def test_a_stack_that_cannot_be_changed_now_is_told_with_what_to_do(status: str, says: str) -> None:
    with pytest.raises(Conflict, match=says):
        Stacks(_Told(status), lambda seconds: None).ready(NAME)


class _Told:
    """A CloudFormation that knows one stack, whose change failed in a nested one."""

    def __init__(self, status: str) -> None:
        self.status = status

    def describe_stacks(self, StackName: str) -> Any:
        return {"Stacks": [{"StackName": NAME, "StackId": "id", "StackStatus": self.status}]}

    def execute_change_set(self, ChangeSetName: str) -> None:
        pass

    def describe_stack_events(self, StackName: str) -> Any:
        def failed(logical: str, kind: str, physical: str, reason: str) -> dict[str, str]:
            return {
                "LogicalResourceId": logical, "ResourceType": kind, "PhysicalResourceId": physical,
                "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": reason,
            }  # fmt: skip

        inner = [
            failed("Table", "AWS::DynamoDB::Table", "", "Resource creation cancelled"),
            failed("Pool", "AWS::Cognito::UserPool", "", "Limit exceeded"),
        ]
        outer = [failed(NAME, "AWS::CloudFormation::Stack", "id", "failed to create: [App]")]
        outer.append(failed("App", "AWS::CloudFormation::Stack", "nested", "Embedded stack was not created"))
        return {"StackEvents": inner if StackName == "nested" else outer}


def test_a_change_that_failed_says_what_failed_first_in_the_nested_stack() -> None:
    with pytest.raises(ActionFailed, match=r"ended as UPDATE_ROLLBACK_COMPLETE: App: Pool: Limit exceeded$"):
        Stacks(_Told("UPDATE_ROLLBACK_COMPLETE"), lambda seconds: None).execute(NAME, "arn")


def test_a_change_that_never_ends_is_given_up_and_told() -> None:
    waited: list[float] = []

    with pytest.raises(ActionFailed, match="After 60 minutes"):
        Stacks(_Told("UPDATE_IN_PROGRESS"), waited.append).execute(NAME, "arn")

    assert sum(waited) == 3600


# --- taking it away


def test_what_outlives_a_stack_is_known_before_it_is_deleted(stacks: Stacks, clients: Clients) -> None:
    _deploy(stacks, Answers=_bucket("answers"), Record=_bucket("record", kept=True))
    clients.s3.put_object(Bucket="answers", Key="one", Body=b"1")

    holds = holdings(stacks, NAME)

    assert [str(one) for one in holds.kept] == ["bucket record"]
    assert [one.id for one in holds.emptied()] == ["answers"]
    for one in holds.emptied():
        empty_bucket(clients.s3, one.id)
    stacks.delete(NAME)
    assert stacks.find(NAME) is None
    assert "answers" not in [one["Name"] for one in clients.s3.list_buckets()["Buckets"]]


def test_for_good_means_every_version_and_protection_is_taken_off_first(clients: Clients, stacks: Stacks) -> None:
    key = {"AttributeName": "pk", "AttributeType": "S"}
    table = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "Properties": {
            "TableName": "record", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [key],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "DeletionProtectionEnabled": True,
        },
    }  # fmt: skip
    _deploy(stacks, Record=table, Policies=_bucket("policies", kept=True))
    clients.s3.put_bucket_versioning(Bucket="policies", VersioningConfiguration={"Status": "Enabled"})
    for text in (b"old", b"new"):
        clients.s3.put_object(Bucket="policies", Key="dev.yaml", Body=text)
    clients.s3.delete_object(Bucket="policies", Key="dev.yaml")

    for _ in ("first", "again"):
        for one in holdings(stacks, NAME).kept:
            destroy(one, clients)

    assert clients.dynamodb.list_tables()["TableNames"] == []
    assert clients.s3.list_buckets()["Buckets"] == []


def test_services_that_nobody_launched_over_the_api_are_found_in_the_stacks_own_cluster(
    clients: Clients, stacks: Stacks
) -> None:
    _deploy(stacks, Cluster={"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "own"}})
    clients.ecs.register_task_definition(
        family="ollama", containerDefinitions=[{"name": "x", "image": "x", "memory": 512}]
    )
    for name in ("ollama-launched", "chat"):
        clients.ecs.create_service(cluster="own", serviceName=name, taskDefinition="ollama", desiredCount=0)
    clusters = holdings(stacks, NAME).of("AWS::ECS::Cluster")

    assert list(foreign_services(clients.ecs, clusters, frozenset({"own/ollama-launched"}))) == ["own/chat"]


def test_hosts_that_managed_termination_protection_keeps_are_let_go(clients: Clients) -> None:
    from chalicelib.deploy.removing import GROUP, Thing

    groups = clients.autoscaling
    groups.create_launch_configuration(LaunchConfigurationName="x", ImageId="ami-1", InstanceType="g5.xlarge")
    groups.create_auto_scaling_group(
        AutoScalingGroupName="gpu", LaunchConfigurationName="x", MinSize=0, MaxSize=2, DesiredCapacity=2,
        AvailabilityZones=["eu-west-1a"], NewInstancesProtectedFromScaleIn=True,
    )  # fmt: skip

    unprotect_hosts(groups, [Thing("Cluster/GpuHosts", GROUP, "gpu")])

    (group,) = groups.describe_auto_scaling_groups(AutoScalingGroupNames=["gpu"])["AutoScalingGroups"]
    assert [one["ProtectedFromScaleIn"] for one in group["Instances"]] == [False, False]
