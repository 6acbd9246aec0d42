"""The part of ECS that moto lacks, seen through the API alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.fleet import BOOT, DRAIN, Event, NoCapacity, SimulatedTasks
from chalicelib.local.protection import answer_task_protection
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock

NIGHT = datetime(2026, 11, 23, tzinfo=UTC)
CHAT = ServiceId("gpu", "chat")


@dataclass
class Stage:
    clients: Clients
    clock: SteppedClock
    tasks: SimulatedTasks

    def desire(self, count: int) -> None:
        self.clients.ecs.update_service(cluster="gpu", service="chat", desiredCount=count)

    def after(self, delay: timedelta) -> tuple[Event, ...]:
        self.clock.advance(delay)
        return self.tasks.step()

    @property
    def service(self) -> Any:
        return self.clients.ecs.describe_services(cluster="gpu", services=["chat"])["services"][0]

    @property
    def counts(self) -> tuple[int, int, int]:
        service = self.service
        return service["desiredCount"], service["runningCount"], service["pendingCount"]

    @property
    def running_tasks(self) -> list[Any]:
        arns = self.clients.ecs.list_tasks(cluster="gpu", serviceName="chat", desiredStatus="RUNNING")["taskArns"]
        return self.clients.ecs.describe_tasks(cluster="gpu", tasks=arns)["tasks"] if arns else []


def stage_of(aws: EmbeddedAws, *, size: int = 1, no_capacity: tuple[NoCapacity, ...] = ()) -> Stage:
    clients, clock = aws.clients(), SteppedClock(NIGHT)
    tasks = SimulatedTasks(aws, clock)
    for name in ("gpu", "gpu-other"):
        clients.ecs.create_cluster(clusterName=name)
    clients.ecs.register_task_definition(family="chat", containerDefinitions=[{"name": "o", "image": "o", "memory": 1}])
    clients.ecs.create_service(cluster="gpu", serviceName="chat", taskDefinition="chat", desiredCount=0)
    clients.ecs.update_service(
        cluster="gpu",
        service="chat",
        desiredCount=size,
        capacityProviderStrategy=[{"capacityProvider": "gpu-hosts", "weight": 1}],
    )
    tasks.adopt(CHAT, no_capacity=no_capacity, running_since=NIGHT - timedelta(hours=5))
    return Stage(clients, clock, tasks)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def test_an_adopted_service_runs_and_keeps_its_placement(aws: EmbeddedAws) -> None:
    stage = stage_of(aws, size=2)

    assert stage.counts == (2, 2, 0)
    assert stage.service["capacityProviderStrategy"][0]["capacityProvider"] == "gpu-hosts"
    assert [task["startedAt"] for task in stage.running_tasks] == [NIGHT - timedelta(hours=5)] * 2


def test_a_stop_takes_as_long_as_the_drain_and_tells_it(aws: EmbeddedAws) -> None:
    stage = stage_of(aws)
    stage.desire(0)

    assert stage.counts == (0, 1, 0)
    assert stage.running_tasks == []
    (event,) = stage.after(DRAIN)
    assert stage.counts == (0, 0, 0)
    assert event["detail-type"] == "ECS Task State Change"
    assert event["detail"]["lastStatus"] == "STOPPED"  # type: ignore[index]


def test_a_start_is_not_ready_before_its_boot_is_over(aws: EmbeddedAws) -> None:
    stage = stage_of(aws)
    stage.desire(0)
    stage.after(DRAIN)
    stage.desire(1)

    stage.after(BOOT - timedelta(seconds=1))
    assert stage.counts == (1, 0, 1)
    assert not stage.tasks.is_ready(CHAT)

    stage.after(timedelta(seconds=1))
    assert stage.counts == (1, 1, 0)
    assert stage.running_tasks[0]["startedAt"] == NIGHT + DRAIN + BOOT
    assert "steady state" in stage.service["events"][0]["message"]


def test_describing_a_task_often_does_not_end_it(aws: EmbeddedAws) -> None:
    stage = stage_of(aws)

    assert {stage.running_tasks[0]["lastStatus"] for _ in range(6)} == {"RUNNING"}


def test_a_start_without_capacity_waits_and_says_why(aws: EmbeddedAws) -> None:
    gap = NoCapacity(NIGHT, NIGHT + timedelta(minutes=30))
    stage = stage_of(aws, no_capacity=(gap,))
    stage.desire(0)
    stage.after(DRAIN)
    stage.desire(1)

    (event,) = stage.after(timedelta(0))
    assert event["detail"]["eventName"] == "SERVICE_TASK_PLACEMENT_FAILURE"  # type: ignore[index]
    assert "no GPU capacity" in stage.service["events"][0]["message"]
    stage.clock.set(gap.until)
    stage.tasks.step()
    stage.after(BOOT)
    assert stage.counts == (1, 1, 0)


def test_an_instance_is_paid_for_from_its_placement_to_its_end(aws: EmbeddedAws) -> None:
    stage = stage_of(aws)
    stage.desire(0)
    stage.after(DRAIN)
    stage.after(timedelta(hours=1))
    stage.desire(1)

    first, second = stage.tasks.paid(CHAT)
    assert (first.since, first.until) == (NIGHT - timedelta(hours=5), NIGHT + DRAIN)
    assert (second.since, second.until) == (NIGHT + DRAIN + timedelta(hours=1), None)


def test_no_task_protects_itself_and_the_call_is_answered(aws: EmbeddedAws) -> None:
    answer_task_protection()
    stage = stage_of(aws)
    arns = [task["taskArn"] for task in stage.running_tasks]

    answer = stage.clients.ecs.get_task_protection(cluster="gpu", tasks=arns)

    assert [task["protectionEnabled"] for task in answer["protectedTasks"]] == [False]
