"""The same stop and start against moto's ECS and Application Auto Scaling, so that the calls are AWS's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from chalicelib.decide.decision import Wanted
from chalicelib.decide.facts import ScalingBounds, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.execute.executor import Executor
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.execute.plan import plan
from chalicelib.record.history import History
from chalicelib.record.states import States
from chalicelib.runtime.clock import SteppedClock
from support.acting import DEV, PEOPLES, decision
from support.moto_record import new_table, serialised

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_ecs.client import ECSClient

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


class Account:
    """A cluster with one service of two tasks, autoscaled between 1 and 4, scheduled scaling suspended by a person."""

    def __init__(self) -> None:
        import boto3

        self.ecs: ECSClient = boto3.client("ecs")
        self.scaling: ApplicationAutoScalingClient = boto3.client("application-autoscaling")
        table = new_table(serialised(boto3.client("dynamodb")))
        self.states, self.history = States(table), History(table)
        self.ecs.create_cluster(clusterName=DEV.cluster)
        self.ecs.register_task_definition(
            family="ollama", containerDefinitions=[{"name": "ollama", "image": "ollama", "memory": 1}]
        )
        self.ecs.create_service(cluster=DEV.cluster, serviceName=DEV.name, taskDefinition="ollama", desiredCount=0)
        self.ecs.update_service(cluster=DEV.cluster, service=DEV.name, desiredCount=2)
        self.scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{DEV}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=1,
            MaxCapacity=4,
            SuspendedState={"ScheduledScalingSuspended": True},
        )
        self.clock = SteppedClock(NOW)
        self.executor = Executor(self.ecs, self.scaling, self.states, self.history, self.look, lambda: "a1", self.clock)

    def look(self, service: ServiceId, now: datetime) -> ServiceFacts:
        (found,) = self.ecs.describe_services(cluster=service.cluster, services=[service.name])["services"]
        (target,) = self.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        switches = target.get("SuspendedState", {})
        return ServiceFacts(
            service,
            found["serviceArn"],
            found["desiredCount"],
            found["runningCount"],
            0,
            now,
            scaling=ScalingBounds(
                target["MinCapacity"],
                target["MaxCapacity"],
                bool(switches.get("DynamicScalingInSuspended")),
                bool(switches.get("DynamicScalingOutSuspended")),
                bool(switches.get("ScheduledScalingSuspended")),
            ),
            ready_since=now if found["runningCount"] else None,
            task_definition=found["taskDefinition"],
        )


@pytest.fixture
def account() -> Iterator[Account]:
    from moto import mock_aws

    names = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    with patch.dict("os.environ", names), mock_aws():
        yield Account()


def test_a_service_is_stopped_verified_started_and_verified(account: Account) -> None:
    for wanted, minutes, count in ((Wanted.STOPPED, 0, 0), (Wanted.RUNNING, 60, 2)):
        now = NOW + timedelta(minutes=minutes)
        account.clock.set(now)
        made = plan(decision(wanted), account.look(DEV, now), account.states.get(DEV).memory, now)
        assert made is not None
        assert account.executor.run(made, "controller").status is OutcomeStatus.DONE

        later = now + timedelta(minutes=6)
        facts = account.look(DEV, later)
        outcome = account.executor.verify(DEV, facts, account.states.get(DEV).memory, later)

        assert outcome is not None
        assert (outcome.status, outcome.verified) == (OutcomeStatus.DONE, True)
        assert facts.desired_count == count

    assert account.look(DEV, NOW).scaling == PEOPLES
    assert account.states.get(DEV).memory == ServiceMemory()


def test_a_cluster_that_is_gone_is_one_clear_sentence(account: Account) -> None:
    gone = ServiceId("gone", "model")
    facts = replace(account.look(DEV, NOW), id=gone, scaling=None)
    made = plan(decision(Wanted.STOPPED), facts, ServiceMemory(), NOW)
    assert made is not None
    executor = Executor(
        account.ecs, account.scaling, account.states, account.history, lambda *_: facts, lambda: "a2", account.clock
    )

    outcome = executor.run(made, "controller")

    assert outcome.status is OutcomeStatus.FAILED
    assert outcome.reason == "gone/model: there is no cluster gone in this account and region."
    assert account.states.get(gone).memory == ServiceMemory()
