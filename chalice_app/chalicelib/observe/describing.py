"""Turns what ECS, Application Auto Scaling and ELB describe into `ServiceFacts`. Pure; no calls.

Decides which services cannot be managed by desired count, and says why in a sentence. Refuses to guess: a
task that is not RUNNING, or that its health check calls UNHEALTHY, makes no service ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from chalicelib.decide.capacity import FARGATE_PROVIDERS
from chalicelib.decide.facts import (
    CapacityProviderUse,
    LaunchType,
    ScalingBounds,
    ServiceFacts,
    ServiceId,
    TargetGroup,
)

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.type_defs import ScalableTargetTypeDef
    from mypy_boto3_ecs.type_defs import ServiceTypeDef, TaskTypeDef

SERVICE_GROUP = "service:"
"""ECS puts the tasks of a service into the task group ``service:NAME``."""


def last_part(arn: str) -> str:
    """``arn:…:cluster/gpu-dev`` -> ``gpu-dev``; a plain name stays as it is."""
    return arn.rpartition("/")[2]


def utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def target_group_arns(service: ServiceTypeDef) -> tuple[str, ...]:
    """All target groups the service registers with; a blue/green service has an alternate one for each."""
    arns: dict[str, None] = {}
    for entry in service.get("loadBalancers", []):
        alternate = entry.get("advancedConfiguration", {}).get("alternateTargetGroupArn")
        for arn in (entry.get("targetGroupArn"), alternate):
            if arn:
                arns[arn] = None
    return tuple(arns)


def describe(
    service: ServiceTypeDef,
    id: ServiceId,
    *,
    scaling: ScalingBounds | None,
    attachments: Mapping[str, str | None],
    ready: Ready | None,
    now: datetime,
) -> ServiceFacts:
    """One service as facts. ``attachments``: target group ARN -> load balancer ARN, None when attached to none."""
    strategy = tuple(
        CapacityProviderUse(item["capacityProvider"], item.get("base", 0), item.get("weight", 0))
        for item in service.get("capacityProviderStrategy", [])
    )
    launch_type = _launch_type(service, strategy)
    running = service.get("runningCount", 0)
    return ServiceFacts(
        id=id,
        arn=service["serviceArn"],
        desired_count=service.get("desiredCount", 0),
        running_count=running,
        pending_count=service.get("pendingCount", 0),
        described_at=now,
        launch_type=launch_type,
        tags=MappingProxyType({tag["key"]: tag.get("value", "") for tag in service.get("tags", []) if "key" in tag}),
        capacity_providers=strategy,
        running_on=tuple(sorted(ready.on.items())) if running and ready else (),
        hosts=tuple(sorted(ready.hosts)) if running and ready else (),
        healthy_percent=_healthy_percent(service),
        target_groups=tuple(
            TargetGroup(metric_name_of_target_group(arn), metric_name_of_load_balancer(attachments.get(arn)))
            for arn in target_group_arns(service)
        ),
        scaling=scaling,
        ready_since=ready.since if running and ready else None,
        created_at=utc(service.get("createdAt")),
        task_definition=service.get("taskDefinition", ""),
        unmanageable=why_unmanageable(service, launch_type),
    )


def why_unmanageable(service: ServiceTypeDef, launch_type: LaunchType) -> str | None:
    """The sentence that refuses the service, or None when desired count rules it."""
    if service.get("schedulingStrategy") == "DAEMON":
        return "It is a DAEMON service: one task on every host, with no desired count to set."
    match service.get("deploymentController", {}).get("type", "ECS"):
        case "CODE_DEPLOY":
            return "CodeDeploy owns its deployments (controller CODE_DEPLOY) and may be shifting its tasks."
        case "EXTERNAL":
            return "An EXTERNAL deployment controller sets the size of its task sets."
        case _ if launch_type is LaunchType.EXTERNAL:
            return "It runs on EXTERNAL hosts of your own, which cost the same when it is stopped."
        case _:
            return None


def metric_name_of_target_group(arn: str) -> str:
    """``arn:…:targetgroup/name/0123`` -> ``targetgroup/name/0123``, the CloudWatch dimension."""
    return arn.rpartition(":")[2]


def metric_name_of_load_balancer(arn: str | None) -> str | None:
    """``arn:…:loadbalancer/app/name/0123`` -> ``app/name/0123``, the CloudWatch dimension."""
    return None if arn is None else arn.partition(":loadbalancer/")[2] or None


def scaling_bounds(target: ScalableTargetTypeDef) -> ScalingBounds:
    suspended = target.get("SuspendedState", {})
    return ScalingBounds(
        min_capacity=target["MinCapacity"],
        max_capacity=target["MaxCapacity"],
        scale_in_suspended=suspended.get("DynamicScalingInSuspended", False),
        scale_out_suspended=suspended.get("DynamicScalingOutSuspended", False),
        scheduled_suspended=suspended.get("ScheduledScalingSuspended", False),
    )


@dataclass(frozen=True, slots=True)
class Ready:
    """The tasks of one service that run and are not known to be unhealthy: the newest one's start, how many run on
    each capacity provider, and the container instances (ARNs) of those on EC2."""

    since: datetime
    on: Mapping[str, int]
    hosts: frozenset[str] = frozenset()

    def and_also(self, others: Ready) -> Ready:
        names = self.on.keys() | others.on.keys()
        both = {name: self.on.get(name, 0) + others.on.get(name, 0) for name in names}
        return Ready(max(self.since, others.since), MappingProxyType(both), self.hosts | others.hosts)


def ready_tasks(tasks: Iterable[TaskTypeDef]) -> dict[str, Ready]:
    """By service name. A task that has no health check reports UNKNOWN for ever, so UNKNOWN counts as ready."""
    found: dict[str, Ready] = {}
    for task in tasks:
        group, started = task.get("group", ""), task.get("startedAt")
        runs = task.get("lastStatus") == "RUNNING" and task.get("healthStatus") != "UNHEALTHY"
        if not runs or started is None or not group.startswith(SERVICE_GROUP):
            continue
        name, provider = group.removeprefix(SERVICE_GROUP), task.get("capacityProviderName")
        hosts = frozenset({task["containerInstanceArn"]} if task.get("containerInstanceArn") else ())
        one = Ready(started.astimezone(UTC), MappingProxyType({provider: 1} if provider else {}), hosts)
        found[name] = found[name].and_also(one) if name in found else one
    return found


def _healthy_percent(service: ServiceTypeDef) -> tuple[int, int] | None:
    configuration = service.get("deploymentConfiguration", {})
    least, most = configuration.get("minimumHealthyPercent"), configuration.get("maximumPercent")
    return None if least is None or most is None else (least, most)


def _launch_type(service: ServiceTypeDef, strategy: tuple[CapacityProviderUse, ...]) -> LaunchType:
    """ECS leaves ``launchType`` out when a capacity provider strategy places the tasks."""
    if strategy:
        fargate = all(use.name in FARGATE_PROVIDERS for use in strategy)
        return LaunchType.FARGATE if fargate else LaunchType.EC2
    match service.get("launchType"):
        case "FARGATE":
            return LaunchType.FARGATE
        case "EXTERNAL":
            return LaunchType.EXTERNAL
        case _:
            return LaunchType.EC2
