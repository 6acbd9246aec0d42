"""What taking a stack away leaves behind, and takes with it.

CloudFormation deletes what it made, but not what the application made (launched models), not a bucket that holds
something, and not a GPU host that is protected. This looks for all of them first. What people would miss (the record,
the buckets, the user pool) is kept by the templates themselves, and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.deploy import templates
from chalicelib.deploy.stacks import KEEPS_STATE, Stacks

if TYPE_CHECKING:
    from chalicelib.fleet.model import Instance
    from chalicelib.fleet.workshop import Workshop

TABLE, POOL, BUCKET = "AWS::DynamoDB::Table", "AWS::Cognito::UserPool", "AWS::S3::Bucket"
FUNCTION, CLUSTER, GROUP = "AWS::Lambda::Function", "AWS::ECS::Cluster", "AWS::AutoScaling::AutoScalingGroup"
STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Thing:
    """One resource of a stack: where in it, its type, and what AWS calls it."""

    path: str
    kind: str
    id: str

    def __str__(self) -> str:
        word = {TABLE: "table", POOL: "user pool", BUCKET: "bucket"}.get(self.kind, self.kind)
        return f"{word} {self.id}"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a stack holds. ``kept`` outlives it; ``things`` is everything, ``kept`` too."""

    things: tuple[Thing, ...]
    kept: tuple[Thing, ...]

    def of(self, kind: str) -> tuple[Thing, ...]:
        return tuple(one for one in self.things if one.kind == kind)

    def at(self, path: str) -> Thing | None:
        return next((one for one in self.things if one.path == path), None)

    def emptied(self) -> tuple[Thing, ...]:
        """Buckets that go with the stack, which CloudFormation deletes only when they are empty."""
        return tuple(one for one in self.of(BUCKET) if one not in self.kept)


def holdings(stacks: Stacks, name: str) -> Holdings:
    """Reads the stack, its nested ones and their templates."""
    things = tuple(Thing(*one) for one in stacks.resources(name))
    outliving = {"": _outliving(stacks, name)}
    for one in things:
        if one.kind == STACK:
            outliving[f"{one.path}/"] = _outliving(stacks, one.id)

    def is_kept(one: Thing) -> bool:
        folder, slash, logical = one.path.rpartition("/")
        return one.kind in KEEPS_STATE and logical in outliving[f"{folder}{slash}"]

    return Holdings(things, tuple(one for one in things if is_kept(one)))


def _outliving(stacks: Stacks, name: str) -> frozenset[str]:
    body = stacks.formation.get_template(StackName=name)["TemplateBody"]
    document = templates.parse(body, name) if isinstance(body, str) else body
    return frozenset(logical for logical, one in document["Resources"].items() if one.get("DeletionPolicy") == "Retain")


# --- what stands in the way


def unprotect_hosts(autoscaling: Any, groups: Sequence[Thing]) -> None:
    """Lets the hosts of the stack's groups go; managed termination protection would keep those with tasks."""
    names = [one.id for one in groups]
    if not names:
        return
    for group in autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=names)["AutoScalingGroups"]:
        hosts = [one["InstanceId"] for one in group["Instances"] if one.get("ProtectedFromScaleIn")]
        for some in (hosts[at : at + 50] for at in range(0, len(hosts), 50)):
            autoscaling.set_instance_protection(
                AutoScalingGroupName=group["AutoScalingGroupName"], InstanceIds=some, ProtectedFromScaleIn=False
            )


def foreign_services(ecs: Any, clusters: Sequence[Thing], ours: frozenset[str]) -> Iterator[str]:
    """Services in the stack's own clusters that nobody launched over the API, below which AWS deletes no cluster."""
    for cluster in clusters:
        pages = ecs.get_paginator("list_services").paginate(cluster=cluster.id)
        for arn in (arn for page in pages for arn in page["serviceArns"]):
            if (name := f"{cluster.id}/{arn.rsplit('/', 1)[-1]}") not in ours:
                yield name


def empty_bucket(s3: Any, bucket: str, prefix: str = "") -> None:
    """Deletes every version of everything below ``prefix``."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


# --- launched models


@dataclass(frozen=True, slots=True)
class Launched:
    """Models that people launched over the API, and the parts with which they are taken away."""

    instances: tuple[Instance, ...]
    environment: Mapping[str, str]


def workshop_of(launched: Launched, clients: Any, table: Any, region: str) -> Workshop | None:
    """The parts with which the deployment itself made them; None where launching was off."""
    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.settings import FleetSettings
    from chalicelib.fleet.slots import Slots
    from chalicelib.fleet.workshop import Workshop

    settings = FleetSettings.from_env(launched.environment)
    if settings is None:
        return None
    slots = Slots(table, settings.listener_arns)
    return Workshop(clients.ecs, clients.elb, slots, Instances(table), settings, None, region)


def unmake(instances: Sequence[Instance], shop: Workshop) -> None:
    """Takes launched models away, running or not: rules first, then the service with its tasks, then the rest.

    What was made once for each load balancer goes last. Raises ActionFailed when AWS refuses; it can be done again.
    """
    from dataclasses import replace

    from chalicelib.fleet.removing import ORDER

    shared = {one.resources.wake_target_group_arn for one in instances} - {""}
    for one in instances:
        row = one
        for step in ORDER:
            if step.is_done(row.resources):
                row = shop.instances.save(replace(row, resources=step.undo(shop, row)))
    for arn in sorted(shared):
        shop.elb.delete_target_group(TargetGroupArn=arn)


# --- for good


GONE = frozenset({"ResourceNotFoundException", "NoSuchBucket"})


def destroy(thing: Thing, clients: Any) -> None:
    """Deletes what outlived its stack, with all that it holds. There is no way back but a backup.

    What is gone already is gone. Raises botocore's errors for what cannot be deleted.
    """
    from botocore.exceptions import ClientError

    try:
        _destroy(thing, clients)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in GONE:
            raise


def _destroy(thing: Thing, clients: Any) -> None:
    match thing.kind:
        case "AWS::DynamoDB::Table":
            clients.dynamodb.update_table(TableName=thing.id, DeletionProtectionEnabled=False)
            clients.dynamodb.get_waiter("table_exists").wait(TableName=thing.id)
            clients.dynamodb.delete_table(TableName=thing.id)
        case "AWS::Cognito::UserPool":
            clients.cognito.update_user_pool(UserPoolId=thing.id, DeletionProtection="INACTIVE")
            clients.cognito.delete_user_pool(UserPoolId=thing.id)
        case "AWS::S3::Bucket":
            empty_bucket(clients.s3, thing.id)
            clients.s3.delete_bucket(Bucket=thing.id)
        case other:
            raise ValueError(f"{other} is nothing that outlives a stack")
