"""The container instance of an EC2 instance, and the services whose tasks run on it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.decide.facts import ServiceId
from chalicelib.observe.calls import chunks, one_sentence
from chalicelib.observe.describing import SERVICE_GROUP

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient


HOSTS_PER_CALL = 100


@dataclass(frozen=True, slots=True)
class Host:
    cluster: str
    arn: str
    services: frozenset[ServiceId]


class HostState(StrEnum):
    IDLE = "idle"
    USED = "used"
    SILENT = "silent"
    """Its agent does not answer: the instance may run, and be billed, all the same."""


class Hosts:
    def __init__(self, ecs: ECSClient) -> None:
        self._ecs: Any = ecs

    def find(self, instance: str, clusters: Iterable[str]) -> Host | None:
        """One call a cluster until it is found, then two for its tasks. None: it is in none of them.

        Raises ObservationError.
        """
        with one_sentence(f"find the host {instance}"):
            for cluster in clusters:
                found = self._ecs.list_container_instances(cluster=cluster, filter=f"ec2InstanceId == {instance}")
                if arns := found["containerInstanceArns"]:
                    return Host(cluster, str(arns[0]), self._services_on(cluster, str(arns[0])))
        return None

    def states(self, cluster: str, arns: Sequence[str]) -> dict[str, HostState]:
        """The container instances that are still there, by ARN: a hundred a call. Raises ObservationError."""
        found: dict[str, HostState] = {}
        with one_sentence(f"read the hosts of {cluster}"):
            for some in chunks(arns, HOSTS_PER_CALL):
                answer = self._ecs.describe_container_instances(cluster=cluster, containerInstances=list(some))
                for one in answer["containerInstances"]:
                    if one.get("status") != "INACTIVE":
                        found[one["containerInstanceArn"]] = _state(one)
        return found

    def _services_on(self, cluster: str, arn: str) -> frozenset[ServiceId]:
        tasks = self._ecs.list_tasks(cluster=cluster, containerInstance=arn)["taskArns"]
        described = self._ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []
        groups = [str(one.get("group", "")) for one in described]
        names = {group.removeprefix(SERVICE_GROUP) for group in groups if group.startswith(SERVICE_GROUP)}
        return frozenset(ServiceId(cluster, name) for name in names)


def _state(described: Any) -> HostState:
    if not described.get("agentConnected", True):
        return HostState.SILENT
    tasks = described.get("runningTasksCount", 0) + described.get("pendingTasksCount", 0)
    return HostState.USED if tasks else HostState.IDLE
