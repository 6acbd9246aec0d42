"""What AWS says of capacity: which providers there are, and why tasks are missing. For policies with ``spot:`` only.

`providers` is one paged read, kept for a quarter of an hour. `news` costs some five calls for one service, and is asked
only when its wait for tasks is over. What cannot be read is silence, never a reason to stay without capacity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.decide.capacity import FARGATE_PROVIDERS, CapacityNews, Market, Provider
from chalicelib.decide.facts import ServiceFacts
from chalicelib.decide.scarcity import Heard, judge
from chalicelib.observe.calls import Failed, attempt

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient

MARKET_TAG, POOL_TAG = "lifecycle:market", "lifecycle:pool"
KEPT_FOR = timedelta(minutes=15)
LOOK_BACK = timedelta(minutes=30)
"""Older words are about another shortage."""
ACTIVITIES = 20
TASKS = 100


@dataclass(frozen=True, slots=True)
class Described:
    """One capacity provider as ECS describes it: its tags, and the Auto Scaling group behind it (none: Fargate's)."""

    name: str
    tags: Mapping[str, str]
    group: str = ""
    managed_scaling: Mapping[str, Any] | None = None
    managed_termination_protection: bool = False
    managed_instances: Mapping[str, Any] | None = None

    @property
    def provider(self) -> Provider | None:
        """None where its tags do not say what it is."""
        market = self.tags.get(MARKET_TAG, "")
        known = {one.value for one in Market}
        return Provider(self.name, Market(market), self.tags.get(POOL_TAG, "")) if market in known else None


class Capacity:
    """``autoscaling`` is a client of EC2 Auto Scaling; ``covered`` says which commitment pays for a service."""

    def __init__(
        self, ecs: ECSClient, autoscaling: Callable[[], Any], covered: Callable[[ServiceFacts, datetime], str]
    ) -> None:
        self._ecs = ecs
        self._autoscaling = autoscaling
        self._covered = covered
        self._kept: tuple[datetime, tuple[Described, ...]] | None = None

    def providers(self, now: datetime) -> tuple[Provider, ...] | None:
        """All of the account's: ECS does not say which cluster uses which without a call for each."""
        described = self.described(now)
        return None if described is None else tuple(one.provider for one in described if one.provider)

    def described(self, now: datetime) -> tuple[Described, ...] | None:
        if self._kept is None or now - self._kept[0] >= KEPT_FOR:
            read = attempt(self._read_providers)
            if isinstance(read, Failed):
                return None
            self._kept = (now, read)
        return self._kept[1]

    def covered_by(self, facts: ServiceFacts, now: datetime) -> str:
        return self._covered(facts, now)

    def news(self, facts: ServiceFacts, now: datetime) -> CapacityNews:
        since = now - LOOK_BACK
        unplaced, booting = self._waiting(facts)
        said = [*self._events(facts, since), *self._activities(facts, since, now)]
        return judge(Heard(unplaced, booting, said, self._ended(facts, since)))

    def _read_providers(self) -> tuple[Described, ...]:
        found: list[Described] = []
        more: dict[str, str] = {}
        ecs: Any = self._ecs
        while True:
            answer = ecs.describe_capacity_providers(include=["TAGS"], **more)
            found += [_described(one) for one in answer["capacityProviders"]]
            if not answer.get("nextToken"):
                return tuple(found)
            more = {"nextToken": answer["nextToken"]}

    def _tasks(self, facts: ServiceFacts, status: str) -> Sequence[Mapping[str, Any]]:
        def read() -> Sequence[Mapping[str, Any]]:
            ecs: Any = self._ecs
            cluster = facts.id.cluster
            arns = ecs.list_tasks(cluster=cluster, serviceName=facts.id.name, desiredStatus=status, maxResults=TASKS)[
                "taskArns"
            ]
            tasks: Sequence[Mapping[str, Any]] = (
                ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
            )
            return tasks

        found = attempt(read)
        return [] if isinstance(found, Failed) else found

    def _waiting(self, facts: ServiceFacts) -> tuple[int, int]:
        waiting = [one["lastStatus"] for one in self._tasks(facts, "RUNNING") if one["lastStatus"] != "RUNNING"]
        unplaced = waiting.count("PROVISIONING")
        return unplaced, len(waiting) - unplaced

    def _ended(self, facts: ServiceFacts, since: datetime) -> list[str]:
        ended = [one for one in self._tasks(facts, "STOPPED") if one.get("stoppedAt", since) > since]
        ended.sort(key=lambda one: one["stoppedAt"])
        return [_why_ended(one) for one in ended]

    def _events(self, facts: ServiceFacts, since: datetime) -> list[str]:
        def read() -> Sequence[Any]:
            services: Sequence[Any] = self._ecs.describe_services(cluster=facts.id.cluster, services=[facts.id.name])[
                "services"
            ]
            return services

        services = attempt(read)
        if isinstance(services, Failed):
            return []
        events = [one for service in services for one in service.get("events", ()) if one["createdAt"] > since]
        return [str(one["message"]) for one in sorted(events, key=lambda one: one["createdAt"])]

    def _activities(self, facts: ServiceFacts, since: datetime, now: datetime) -> list[str]:
        """Why the groups behind its providers could launch no host."""
        names = {use.name for use in facts.capacity_providers} - FARGATE_PROVIDERS
        groups = [one.group for one in (self.described(now) or ()) if one.name in names and one.group] if names else []
        said: list[str] = []
        for group in groups:
            client = self._autoscaling()
            read = partial(client.describe_scaling_activities, AutoScalingGroupName=group, MaxRecords=ACTIVITIES)
            answer = attempt(read)
            activities = [] if isinstance(answer, Failed) else answer["Activities"]
            failed = [
                one for one in activities if one["StatusCode"] in ("Failed", "Cancelled") and one["StartTime"] > since
            ]
            said += [str(one.get("StatusMessage") or one.get("Cause", "")) for one in reversed(failed)]
        return said


def _described(provider: Mapping[str, Any]) -> Described:
    group = provider.get("autoScalingGroupProvider") or {}
    arn = str(group.get("autoScalingGroupArn", ""))
    return Described(
        name=str(provider["name"]),
        tags={one["key"]: one.get("value", "") for one in provider.get("tags", ())},
        group=arn.partition("autoScalingGroupName/")[2] or arn,
        managed_scaling=group.get("managedScaling"),
        managed_termination_protection=group.get("managedTerminationProtection") == "ENABLED",
        managed_instances=provider.get("managedInstancesProvider"),
    )


def _why_ended(task: Mapping[str, Any]) -> str:
    """The task's own reason, and what its containers say."""
    own = [str(task.get("stopCode", "")), str(task.get("stoppedReason", ""))]
    containers = [str(one["reason"]) for one in task.get("containers", ()) if one.get("reason")]
    return ": ".join(word for word in (*own, *containers) if word)
