"""One batch of the queue on the strict fake AWS: what is said many times in it costs as much as what is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import app as deployed
import pytest
from chalice.test import Client
from chalicelib.decide.facts import ServiceId
from chalicelib.notify.notice import Silence
from chalicelib.runtime import compose
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock
from chalicelib.runtime.settings import Settings
from faults.cloud import WholeAws
from support.aws_events import alarm_event, interruption_event, launch_failed_event, queue_event
from support.stub_controller import NOW

HOST = "i-0123456789abcdef0"
POLICY = """
lifecycle: v1
policies:
  everything:
    match: {everything: true}
    idle: {stop-after: 30m}
    spot: {use: prefer, providers: {spot: gpu-spot, on-demand: gpu-od}}
    mode: enforce
"""


@pytest.fixture
def aws() -> Iterator[WholeAws]:
    aws = WholeAws(NOW)
    aws.shelf.objects["policies/policy.yaml"] = POLICY.encode()
    chat = aws.world.add_service("gpu", "chat", strategy=[{"capacityProvider": "gpu-spot", "base": 0, "weight": 1}])
    chat.sends("requests", 3.0)
    chat.tasks[0].host = HOST
    settings = Settings("t", "s3://b/policies", aws.session.region_name)
    app = compose.build(settings, Clients(aws.session), SteppedClock(NOW), notifier=Silence(), workers=1)
    app.controller.sweep(NOW, full=True)
    compose.install(app)
    yield aws
    compose.install(None)


def calls_for(aws: WholeAws, *bodies: dict[str, object]) -> int:
    before = aws.calls.total()
    answer = Client(deployed.app).lambda_.invoke("aws_events", queue_event(*bodies)).payload
    assert answer["batchItemFailures"] == []
    return aws.calls.total() - before


def alarm_of_its_target_group(aws: WholeAws) -> dict[str, object]:
    (group,) = aws.world.service("gpu", "chat").target_groups
    return alarm_event("lifecycle/idle", dimensions={"TargetGroup": group.rpartition(":")[2]})


@pytest.mark.parametrize(
    "told",
    [
        lambda aws: launch_failed_event("gpu-hosts", "no Spot capacity"),
        lambda aws: interruption_event(HOST, "2026-11-20T20:59:00Z"),
        alarm_of_its_target_group,
    ],
    ids=["a launch that failed", "an interruption", "an alarm"],
)
def test_an_event_that_comes_many_times_in_a_batch_costs_no_more_calls_than_once(
    aws: WholeAws, told: Callable[[WholeAws], dict[str, object]]
) -> None:
    event = told(aws)
    calls_for(aws, event)  # what is written down of it the first time

    once, often = calls_for(aws, event), calls_for(aws, *[event] * 20)

    assert once > 0
    assert often == once


def test_an_interruption_told_many_times_in_a_batch_is_one_loss(aws: WholeAws) -> None:
    calls_for(aws, *[interruption_event(HOST, "2026-11-20T20:59:00Z")] * 20)

    memory = compose.current().states.get(ServiceId("gpu", "chat")).memory
    assert len(memory.spot.setbacks) == 1
    assert aws.calls["ecs.UpdateContainerInstancesState"] == 1
