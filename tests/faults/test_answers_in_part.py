"""AWS answers in part, or with a body that lacks what it promises: nothing is taken for granted that was not said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import Availability, ServiceId
from chalicelib.errors import ObservationError, RecordUnavailable
from chalicelib.observe.inventory import Inventory
from chalicelib.observe.protection import TaskProtection
from chalicelib.record.states import States
from chalicelib.record.table import Table
from faults.cloud import WholeAws
from faults.injection import Fault

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "chat")


@pytest.fixture
def aws() -> WholeAws:
    made = WholeAws(NOW)
    made.world.add_service("gpu-dev", "chat")
    return made


def inventory(aws: WholeAws) -> Inventory:
    return Inventory(aws.client("ecs"), aws.client("application-autoscaling"), aws.client("elbv2"))


def test_a_task_whose_protection_ecs_could_not_tell_is_unknown_and_not_unprotected(aws: WholeAws) -> None:
    facts = inventory(aws).refresh([CHAT], NOW)[CHAT]
    (task,) = aws.world.service("gpu-dev", "chat").tasks
    task.protected_until = NOW + timedelta(hours=1)
    aws.trouble.always(Fault.PARTIAL, "ecs.GetTaskProtection")

    reading = TaskProtection(aws.client("ecs")).ask(facts, NOW)  # type: ignore[arg-type]

    assert reading.availability is Availability.MISSING
    assert "SERVICE_UNAVAILABLE" in reading.note


def test_a_service_that_ecs_could_not_describe_is_unread_and_not_gone(aws: WholeAws) -> None:
    before = inventory(aws).refresh_all(NOW)
    aws.trouble.always(Fault.PARTIAL, "ecs.DescribeServices")

    after = inventory(aws).refresh_all(NOW, before)

    assert after.services == before.services
    assert [problem.service for problem in after.problems] == [CHAT]
    with pytest.raises(ObservationError, match="SERVICE_UNAVAILABLE"):
        inventory(aws).refresh([CHAT], NOW)


@pytest.mark.parametrize("operation", ["ecs.ListClusters", "ecs.DescribeClusters"])
def test_an_answer_that_lacks_what_it_promises_is_said_in_one_sentence(aws: WholeAws, operation: str) -> None:
    aws.trouble.always(Fault.EMPTY, operation)
    with pytest.raises(ObservationError, match="Cannot read the ECS clusters"):
        inventory(aws).refresh_all(NOW)


def test_an_answer_of_the_table_that_cannot_be_read_is_said_in_one_sentence(aws: WholeAws) -> None:
    aws.trouble.always(Fault.MALFORMED, "dynamodb.Query")
    with pytest.raises(RecordUnavailable, match="no answer to query"):
        States(Table(aws.client("dynamodb"), "t")).all()


def test_a_service_whose_tasks_ecs_could_not_describe_stays_as_it_was(aws: WholeAws) -> None:
    before = inventory(aws).refresh_all(NOW)
    aws.trouble.always(Fault.PARTIAL, "ecs.DescribeTasks")

    after = inventory(aws).refresh_all(NOW, before)

    assert after.services[CHAT].ready_since == before.services[CHAT].ready_since is not None
    assert [problem.service for problem in after.problems] == [CHAT]
    with pytest.raises(ObservationError, match="SERVICE_UNAVAILABLE"):
        inventory(aws).refresh([CHAT], NOW)
