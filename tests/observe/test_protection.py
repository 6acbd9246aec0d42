"""What ECS says of tasks that protect themselves: of one service, and of many at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import Availability, ServiceFacts, ServiceId, SignalName, SignalReading
from chalicelib.observe.protection import MANY, TaskProtection
from chalicelib.observe.signals import ask_all, asked_ahead
from support.strict_aws import StrictAws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHAT = ServiceFacts(ServiceId("gpu-dev", "chat"), "arn", 1, 1, 0, NOW)
HOUR = timedelta(hours=1)


def facts_of(cluster: str, count: int) -> list[ServiceFacts]:
    return [ServiceFacts(ServiceId(cluster, f"s{number}"), "arn", 1, 1, 0, NOW) for number in range(count)]


def filled(cluster: str, count: int) -> StrictAws:
    """``count`` services of three tasks each; one task of s3 and two of s7 protect themselves."""
    aws = StrictAws(NOW)
    services = [aws.world.add_service(cluster, f"s{number}", desired=3) for number in range(count)]
    services[3].tasks[1].protected_until = NOW + HOUR
    services[7].tasks[0].protected_until = services[7].tasks[2].protected_until = NOW + HOUR
    services[8].tasks[0].protected_until = NOW - HOUR
    return aws


def in_flight(readings: Mapping[ServiceId, SignalReading]) -> dict[str, int | None]:
    return {id.name: reading.in_flight for id, reading in readings.items() if reading.in_flight}


def test_a_protected_task_is_in_flight() -> None:
    aws = StrictAws(NOW)
    chat = aws.world.add_service("gpu-dev", "chat", desired=120)
    chat.tasks[3].protected_until = NOW + HOUR
    chat.tasks[110].protected_until = NOW + HOUR
    chat.tasks[111].protected_until = NOW - HOUR

    reading = TaskProtection(aws.client("ecs")).ask(CHAT, NOW)

    assert (reading.availability, reading.in_flight) == (Availability.READ, 2)
    assert aws.calls == {"ecs.ListTasks": 2, "ecs.GetTaskProtection": 2}


def test_a_service_without_tasks_protects_nothing() -> None:
    aws = StrictAws(NOW)
    aws.world.add_service("gpu-dev", "chat", desired=0)

    assert TaskProtection(aws.client("ecs")).ask(CHAT, NOW).in_flight == 0


def test_protection_that_cannot_be_read_is_missing() -> None:
    aws = StrictAws(NOW)
    aws.world.add_service("gpu-dev", "chat")
    aws.fail("ecs.GetTaskProtection", "AccessDeniedException", "not authorized")

    reading = TaskProtection(aws.client("ecs")).ask(CHAT, NOW)

    assert reading.availability is Availability.MISSING
    assert "AccessDeniedException: not authorized" in reading.note


def test_many_services_of_one_cluster_are_asked_for_in_a_few_calls() -> None:
    aws = filled("gpu-dev", 60)

    readings = TaskProtection(aws.client("ecs")).ask_many(facts_of("gpu-dev", 60), NOW)

    assert len(readings) == 60
    assert {reading.availability for reading in readings.values()} == {Availability.READ}
    assert in_flight(readings) == {"s3": 1, "s7": 2}
    assert aws.calls == {"ecs.ListTasks": 2, "ecs.DescribeTasks": 2, "ecs.GetTaskProtection": 2}


def test_of_a_cluster_only_the_services_in_question_are_asked_for() -> None:
    aws = filled("gpu-dev", 60)

    readings = TaskProtection(aws.client("ecs")).ask_many(facts_of("gpu-dev", 60)[5 : 5 + MANY], NOW)

    assert in_flight(readings) == {"s7": 2}
    assert len(readings) == MANY
    assert aws.calls["ecs.GetTaskProtection"] == 1


def test_a_few_services_and_a_few_of_each_cluster_are_asked_one_by_one() -> None:
    aws = filled("gpu-dev", MANY - 1)
    few = [*facts_of("gpu-dev", MANY - 1), *facts_of("gpu-prod", MANY - 1)]

    assert TaskProtection(aws.client("ecs")).ask_many(few, NOW) == {}
    assert not aws.calls


@pytest.mark.parametrize("call", ["ecs.ListTasks", "ecs.DescribeTasks", "ecs.GetTaskProtection"])
def test_a_cluster_that_cannot_be_read_whole_is_told_of_no_service(call: str) -> None:
    aws = filled("gpu-dev", 30)
    aws.fail(call, "ServerException", "try later")

    assert TaskProtection(aws.client("ecs")).ask_many(facts_of("gpu-dev", 30), NOW) == {}


def test_of_many_whose_cluster_cannot_be_described_each_is_asked_by_itself() -> None:
    aws = filled("gpu-dev", 30)
    probe = TaskProtection(aws.client("ecs"))
    aws.fail("ecs.DescribeTasks", "ServerException", "try later")
    services = facts_of("gpu-dev", 30)

    sources = asked_ahead([probe], [(facts, frozenset({probe.name})) for facts in services], NOW)

    assert ask_all(sources, services[7], frozenset({probe.name}), NOW)[probe.name].in_flight == 2


def test_a_probe_is_asked_ahead_only_for_services_that_need_it() -> None:
    aws = filled("gpu-dev", 30)
    probe = TaskProtection(aws.client("ecs"))

    asked_ahead([probe], [(facts, frozenset({SignalName.LEASES})) for facts in facts_of("gpu-dev", 30)], NOW)

    assert not aws.calls
