"""ECS services as a person sees them, for tests of acting: counts, autoscaling, events, and calls that can fail.

``Mortality`` ends the process after so many writes, to this cloud or to the record: nothing after it happens, as when
a Lambda is killed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from chalicelib.decide.facts import ScalingBounds, ServiceFacts, ServiceId
from chalicelib.errors import UnknownService
from chalicelib.record.codec import Item
from chalicelib.record.table import Table


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Mortality:
    """Lives for ``writes`` more writes; None lives for ever."""

    writes: int | None = None
    dead: bool = False

    def before(self) -> None:
        if self.dead:
            raise Killed

    def after(self) -> None:
        if self.writes is None:
            return
        self.writes -= 1
        if self.writes == 0:
            self.dead = True
            raise Killed


class MortalTable(Table):
    """The record as seen by a process that may die after any write."""

    def __init__(self, table: Table, mortality: Mortality) -> None:
        super().__init__(table._client, table.name)
        self._mortality = mortality

    def _conditional(self, *args: Any, **kwargs: Any) -> Any:
        self._mortality.before()
        answer = super()._conditional(*args, **kwargs)
        self._mortality.after()
        return answer

    def get(self, pk: str, sk: str) -> Item | None:
        self._mortality.before()
        return super().get(pk, sk)


@dataclass
class ToyService:
    desired: int
    running: int
    scaling: ScalingBounds | None = None
    task_definition: str = "ollama:1"
    events: list[dict[str, Any]] = field(default_factory=list)
    rollout: str = "COMPLETED"
    rollout_reason: str = ""
    ready_since: datetime | None = None
    unmanageable: str | None = None


class ToyCloud:
    """Stands for both the ECS and the Application Auto Scaling client."""

    def __init__(self, mortality: Mortality | None = None) -> None:
        self.services: dict[ServiceId, ToyService] = {}
        self.mortality = mortality or Mortality()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refuse: dict[str, str] = {}
        """Operation -> error code."""
        self.silent: set[str] = set()
        """Operations that happen but whose answer is lost."""

    # --- what the executor calls

    def update_service(self, **arguments: Any) -> dict[str, Any]:
        service = self._begin("update_service", arguments, ServiceId(arguments["cluster"], arguments["service"]))
        service.desired = arguments["desiredCount"]
        if arguments.get("forceNewDeployment"):
            service.rollout = "IN_PROGRESS"
        return self._end("update_service")

    def register_scalable_target(self, **arguments: Any) -> dict[str, Any]:
        _, cluster, name = arguments["ResourceId"].split("/")
        service = self._begin("register_scalable_target", arguments, ServiceId(cluster, name))
        old = service.scaling or ScalingBounds(arguments["MinCapacity"], arguments["MaxCapacity"])
        switches = arguments["SuspendedState"]
        service.scaling = ScalingBounds(
            arguments.get("MinCapacity", old.min_capacity),
            arguments.get("MaxCapacity", old.max_capacity),
            switches["DynamicScalingInSuspended"],
            switches["DynamicScalingOutSuspended"],
            switches["ScheduledScalingSuspended"],
        )
        return self._end("register_scalable_target")

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        assert len(services) <= 10
        self.calls.append(("describe_services", {"services": services}))
        found = [(name, self.services[ServiceId(cluster, name)]) for name in services]
        return {"services": [self._described(name, one) for name, one in found]}

    def look(self, service: ServiceId, now: datetime) -> ServiceFacts:
        self.mortality.before()
        if service not in self.services:
            raise UnknownService(f"There is no service {service}.")
        one = self.services[service]
        return ServiceFacts(
            id=service,
            arn=f"arn:aws:ecs:eu-west-1:123456789012:service/{service}",
            desired_count=one.desired,
            running_count=one.running,
            pending_count=max(0, one.desired - one.running),
            described_at=now,
            scaling=one.scaling,
            ready_since=one.ready_since,
            task_definition=one.task_definition,
            unmanageable=one.unmanageable,
        )

    # --- what time and people do

    def settle(self, service: ServiceId, now: datetime) -> None:
        """The tasks become what was wanted."""
        one = self.services[service]
        one.ready_since = now if one.desired else None
        one.running = one.desired

    def say(self, service: ServiceId, at: datetime, message: str) -> None:
        self.services[service].events.insert(0, {"createdAt": at, "message": f"(service {service.name}) {message}"})

    def writes(self) -> list[str]:
        return [operation for operation, _ in self.calls if operation != "describe_services"]

    def _begin(self, operation: str, arguments: dict[str, Any], service: ServiceId) -> ToyService:
        self.mortality.before()
        if operation in self.refuse:
            raise ClientError({"Error": {"Code": self.refuse[operation], "Message": "no"}}, operation)
        self.calls.append((operation, arguments))
        return self.services[service]

    def _end(self, operation: str) -> dict[str, Any]:
        from botocore.exceptions import ReadTimeoutError

        self.mortality.after()
        if operation in self.silent:
            raise ReadTimeoutError(endpoint_url="https://ecs.invalid")
        return {}

    def _described(self, name: str, one: ToyService) -> dict[str, Any]:
        deployment = {"status": "PRIMARY", "rolloutState": one.rollout, "rolloutStateReason": one.rollout_reason}
        return {"serviceName": name, "events": one.events, "deployments": [deployment]}


def facts_at(facts: ServiceFacts, **changes: Any) -> ServiceFacts:
    return replace(facts, **changes)
