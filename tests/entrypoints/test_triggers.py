"""Reading the events of AWS at the border."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.entrypoints.triggers import (
    AlarmChanged,
    DeploymentChanged,
    ServiceActed,
    TaskChanged,
    parse_trigger,
    why,
)
from chalicelib.errors import MalformedEvent
from hypothesis import given
from hypothesis import strategies as st
from support.aws_events import (
    alarm_event,
    deployment_event,
    envelope,
    interruption_event,
    service_arn,
    service_event,
    task_event,
)

CHAT = ServiceId("gpu-dev", "chat")

KINDS = [
    ("aws.cloudwatch", "CloudWatch Alarm State Change"),
    ("aws.ecs", "ECS Task State Change"),
    ("aws.ecs", "ECS Service Action"),
    ("aws.ecs", "ECS Deployment State Change"),
]
KEYS = [
    "alarmName",
    "clusterArn",
    "configuration",
    "detail",
    "dimensions",
    "eventName",
    "group",
    "lastStatus",
    "metric",
]
KEYS += ["metrics", "metricStat", "state", "value", "ClusterName", "ServiceName", "TargetGroup"]


def read(event: Mapping[str, Any]) -> object:
    return parse_trigger(json.dumps(event))


def test_a_task_event_speaks_of_its_service() -> None:
    assert read(task_event("gpu-dev", "service:chat")) == TaskChanged(CHAT, "STOPPED")


def test_a_service_action_speaks_of_the_service_in_its_arn() -> None:
    assert read(service_event(service_arn("gpu-dev", "chat"))) == ServiceActed(CHAT, "SERVICE_STEADY_STATE")


def test_an_old_service_arn_takes_its_cluster_from_the_detail() -> None:
    event = service_event("arn:aws:ecs:us-east-1:123456789012:service/chat", cluster="gpu-dev")

    assert read(event) == ServiceActed(CHAT, "SERVICE_STEADY_STATE")


def test_a_deployment_speaks_of_its_service() -> None:
    event = deployment_event(service_arn("gpu-dev", "chat"), "SERVICE_DEPLOYMENT_FAILED")

    assert read(event) == DeploymentChanged(CHAT, "SERVICE_DEPLOYMENT_FAILED")


def test_an_alarm_speaks_of_the_service_in_its_name() -> None:
    trigger = read(alarm_event("lifecycle/gpu-dev/chat/idle"))

    assert trigger == AlarmChanged("lifecycle/gpu-dev/chat/idle", "ALARM", frozenset({CHAT}), frozenset())


def test_the_name_of_an_alarm_beats_its_dimensions() -> None:
    trigger = read(alarm_event("lifecycle/gpu-dev/chat/idle", dimensions={"TargetGroup": "targetgroup/other/1"}))

    assert isinstance(trigger, AlarmChanged)
    assert trigger.services == {CHAT}
    assert not trigger.target_groups


def test_an_alarm_with_another_name_speaks_of_the_service_in_its_dimensions() -> None:
    trigger = read(alarm_event("lifecycle/idle", dimensions={"ClusterName": "gpu-dev", "ServiceName": "chat"}))

    assert isinstance(trigger, AlarmChanged)
    assert trigger.services == {CHAT}


def test_an_alarm_on_a_load_balancer_speaks_of_a_target_group() -> None:
    dimensions = {"LoadBalancer": "app/front/50dc", "TargetGroup": "targetgroup/chat/73e2"}
    trigger = read(alarm_event("lifecycle/idle", dimensions=dimensions))

    assert isinstance(trigger, AlarmChanged)
    assert trigger.target_groups == {"targetgroup/chat/73e2"}


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (
            task_event("gpu-dev", "family:migration"),
            'detail.group is "family:migration": the task belongs to no service',
        ),
        (envelope("aws.ec2", "EC2 Instance State-change Notification", {}), "nothing here handles"),
        (envelope("me.app", "ECS Task State Change", {}), "check the rule that sent it"),
        (alarm_event("lifecycle/idle", dimensions={"QueueName": "q"}), "names no service: call it lifecycle/CLUSTER"),
        (alarm_event("lifecycle/idle"), "names no service"),
        (alarm_event("lifecycle//chat/idle"), "names no service"),
        (service_event("arn:aws:ecs:us-east-1:123456789012:service/chat"), "clusterArn is missing"),
        (service_event("arn:aws:ecs:us-east-1:123456789012:task/gpu-dev/chat"), "not the ARN of an ECS service"),
        (envelope("aws.ecs", "ECS Service Action", {"eventName": "SERVICE_STEADY_STATE"}), "resources[0] is null"),
        ({"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": []}, "detail is not a JSON object"),
        ({"detail": {}}, "source is missing or not text"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(event: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(MalformedEvent) as refused:
        read(event)

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(KINDS), JSON, JSON)
def test_whatever_a_known_event_holds_it_is_read_or_refused(kind: tuple[str, str], detail: object, arn: object) -> None:
    body = json.dumps({"source": kind[0], "detail-type": kind[1], "detail": detail, "resources": [arn]})
    try:
        trigger = parse_trigger(body)
    except MalformedEvent:
        return
    assert why(trigger)


@given(st.text() | JSON.map(json.dumps))
def test_a_message_that_is_no_event_is_refused(body: str) -> None:
    with pytest.raises(MalformedEvent):
        parse_trigger(body)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (task_event("gpu-dev", "service:chat", status="RUNNING"), "a task of gpu-dev/chat is RUNNING"),
        (alarm_event("lifecycle/gpu-dev/chat/idle"), "alarm lifecycle/gpu-dev/chat/idle went to ALARM"),
        (service_event(service_arn("gpu-dev", "chat")), "ECS says SERVICE_STEADY_STATE of gpu-dev/chat"),
    ],
)
def test_the_cause_of_a_look_is_said_in_words(event: Mapping[str, Any], words: str) -> None:
    assert why(parse_trigger(json.dumps(event))) == words


def test_a_message_nested_beyond_all_reading_is_refused_like_any_that_is_no_json() -> None:
    with pytest.raises(MalformedEvent, match="the message is not JSON"):
        parse_trigger("[" * 100_000)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_that_utc_has_not_is_refused_by_its_name(at: str) -> None:
    event = interruption_event("i-0123456789abcdef0", at)

    with pytest.raises(MalformedEvent, match="time is"):
        parse_trigger(json.dumps(event))
