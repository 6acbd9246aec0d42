"""The paged and batched reads of ECS, Application Auto Scaling and ELB, each at AWS's own largest size.

Sizes are AWS's: 100 names a page for ListClusters, ListServices, ListTasks, DescribeClusters and DescribeTasks,
10 services for DescribeServices, 50 scalable targets, 400 target groups a page. One method is one job for a
thread: it may call several times (pages follow each other), it never starts threads itself, and botocore's
errors pass through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

from botocore.exceptions import ClientError

from chalicelib.decide.facts import ScalingBounds, ServiceId
from chalicelib.observe.calls import MISSING, chunks
from chalicelib.observe.describing import Ready, last_part, ready_tasks, scaling_bounds
from chalicelib.observe.fleet import ClusterCounts

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import ServiceTypeDef
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import DescribeTargetGroupsOutputTypeDef

NAMES_PER_PAGE = 100
SERVICES_PER_CALL = 10
SCALABLE_TARGETS_PER_CALL = 50
TARGET_GROUPS_PER_PAGE = 400
TARGET_GROUPS_BY_ARN = 20
"""How many target groups are asked for by ARN before listing all of them is the better bargain."""

DESIRED_COUNT: Final = "ecs:service:DesiredCount"


class _Where(TypedDict):
    cluster: str
    serviceName: NotRequired[str]


@dataclass(frozen=True, slots=True)
class DescribedClusters:
    """``unreadable``: cluster name -> the reason ECS gave; a cluster that does not exist says MISSING."""

    counts: dict[str, ClusterCounts]
    unreadable: dict[str, str]


@dataclass(frozen=True, slots=True)
class DescribedServices:
    """``gone`` are the services of this chunk that no longer exist or are being deleted; ``unread`` those of which ECS
    said nothing, or that it could not tell, with the reason."""

    services: dict[ServiceId, ServiceTypeDef]
    gone: frozenset[ServiceId]
    unread: Mapping[ServiceId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadyTasks:
    """``unread``: tasks (ARNs) of which ECS could not tell, and the reason it gave. One that has ended is none."""

    ready: Mapping[ServiceId, Ready]
    unread: Mapping[str, str]


class Reads:
    def __init__(
        self, ecs: ECSClient, scaling: ApplicationAutoScalingClient, elb: ElasticLoadBalancingv2Client
    ) -> None:
        self._ecs = ecs
        self._scaling = scaling
        self._elb = elb

    def list_clusters(self) -> list[str]:
        """Names of all clusters of the region: one call per 100."""
        pages = self._ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": NAMES_PER_PAGE})
        return [last_part(arn) for page in pages for arn in page["clusterArns"]]

    def describe_clusters(self, names: Sequence[str]) -> DescribedClusters:
        """Their counts: one call per 100 clusters."""
        counts: dict[str, ClusterCounts] = {}
        unreadable: dict[str, str] = {}
        for chunk in chunks(names, NAMES_PER_PAGE):
            answer = self._ecs.describe_clusters(clusters=list(chunk))
            for cluster in answer["clusters"]:
                if cluster.get("status", "ACTIVE") == "INACTIVE":
                    continue
                name = cluster["clusterName"]
                counts[name] = ClusterCounts(
                    name=name,
                    arn=cluster["clusterArn"],
                    active_services=cluster.get("activeServicesCount", 0),
                    running_tasks=cluster.get("runningTasksCount", 0),
                    pending_tasks=cluster.get("pendingTasksCount", 0),
                )
            for failure in answer.get("failures", []):
                unreadable[last_part(failure.get("arn", "?"))] = failure.get("reason", "no reason given")
        return DescribedClusters(counts, unreadable)

    def list_services(self, cluster: str) -> list[ServiceId]:
        """One call per 100 services; ECS's own default would be 10."""
        pages = self._ecs.get_paginator("list_services").paginate(
            cluster=cluster, PaginationConfig={"PageSize": NAMES_PER_PAGE}
        )
        return [ServiceId(cluster, last_part(arn)) for page in pages for arn in page["serviceArns"]]

    def describe_services(self, ids: Sequence[ServiceId]) -> DescribedServices:
        """At most 10 services of one cluster: one call, tags included."""
        cluster = ids[0].cluster
        try:
            answer = self._ecs.describe_services(cluster=cluster, services=[one.name for one in ids], include=["TAGS"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ClusterNotFoundException":
                return DescribedServices({}, frozenset(ids))
            raise
        described = {ServiceId(cluster, service["serviceName"]): service for service in answer["services"]}
        services = {id: one for id, one in described.items() if one.get("status", "ACTIVE") == "ACTIVE"}
        failures = {last_part(one.get("arn", "")): one.get("reason", "") for one in answer.get("failures", [])}
        reasons = {id: failures.get(id.name, "nothing about it") for id in ids if id not in described}
        unread = {id: f"ECS answered {reason}" for id, reason in reasons.items() if reason != MISSING}
        return DescribedServices(services, frozenset(ids) - services.keys() - unread.keys(), unread)

    def scaling_of_all(self) -> dict[ServiceId, ScalingBounds]:
        """Every scalable ECS service of the region: one call per 50, and one when there is none."""
        pages = self._scaling.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="ecs", PaginationConfig={"PageSize": SCALABLE_TARGETS_PER_CALL}
        )
        return {
            _scaled_service(target["ResourceId"]): scaling_bounds(target)
            for page in pages
            for target in page["ScalableTargets"]
            if target["ScalableDimension"] == DESIRED_COUNT
        }

    def scaling_of(self, ids: Sequence[ServiceId]) -> dict[ServiceId, ScalingBounds]:
        """At most 50 services: one call."""
        answer = self._scaling.describe_scalable_targets(
            ServiceNamespace="ecs",
            ResourceIds=[f"service/{one.cluster}/{one.name}" for one in ids],
            ScalableDimension=DESIRED_COUNT,
            MaxResults=SCALABLE_TARGETS_PER_CALL,
        )
        return {_scaled_service(target["ResourceId"]): scaling_bounds(target) for target in answer["ScalableTargets"]}

    def running_tasks(self, cluster: str, service: str | None = None) -> list[str]:
        """ARNs of the tasks of a cluster or of one service that are to run: one call per 100."""
        where: _Where = {"cluster": cluster} if service is None else {"cluster": cluster, "serviceName": service}
        pages = self._ecs.get_paginator("list_tasks").paginate(
            **where, desiredStatus="RUNNING", PaginationConfig={"PageSize": NAMES_PER_PAGE}
        )
        return [arn for page in pages for arn in page["taskArns"]]

    def ready_among(self, cluster: str, tasks: Sequence[str]) -> ReadyTasks:
        """The ready tasks of each service, among at most 100 tasks: one call."""
        answer = self._ecs.describe_tasks(cluster=cluster, tasks=list(tasks))
        ready = {ServiceId(cluster, name): ready for name, ready in ready_tasks(answer["tasks"]).items()}
        failures = {one.get("arn", ""): one.get("reason", "") for one in answer.get("failures", [])}
        return ReadyTasks(ready, {arn: reason for arn, reason in failures.items() if reason != MISSING})

    def attachments(self, arns: Sequence[str]) -> dict[str, str | None]:
        """Target group ARN -> ARN of its load balancer, None when it has none or no longer exists.

        A few are asked for by ARN. Many are cheaper as a list of all (400 a page); so is a chunk in which one
        has been deleted, because ELB then refuses the whole chunk.
        """
        if len(arns) <= TARGET_GROUPS_BY_ARN:
            try:
                found = _attached(self._elb.describe_target_groups(TargetGroupArns=list(arns)))
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "TargetGroupNotFound":
                    raise
            else:
                return {arn: found.get(arn) for arn in arns}
        found = {}
        pages = self._elb.get_paginator("describe_target_groups").paginate(
            PaginationConfig={"PageSize": TARGET_GROUPS_PER_PAGE}
        )
        for page in pages:
            found.update(_attached(page))
        return {arn: found.get(arn) for arn in arns}


def _attached(answer: DescribeTargetGroupsOutputTypeDef) -> dict[str, str | None]:
    return {
        group["TargetGroupArn"]: next(iter(group.get("LoadBalancerArns", [])), None)
        for group in answer["TargetGroups"]
        if "TargetGroupArn" in group
    }


def _scaled_service(resource: str) -> ServiceId:
    """``service/cluster/name`` -> ServiceId."""
    _, cluster, name = resource.split("/", 2)
    return ServiceId(cluster, name)
