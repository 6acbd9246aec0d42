"""Reads the EventBridge events that wake the controller, once, at the border, into a closed union.

A trigger says which service to look at and why; it never says what is true. Counts, states and times of an
event are therefore not carried further than the sentence in the log: an event that is late, doubled or out of
order changes nothing but the moment of the look.

It refuses, with MalformedEvent and a sentence that names the field, what it cannot read or does not know. Such
an event never becomes readable, so it belongs to the dead letters, where a person sees the wrong wiring.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from chalicelib.decide.facts import ServiceId
from chalicelib.entrypoints.spot_triggers import (
    INTERRUPTED,
    HostAtRisk,
    HostInterrupted,
    LaunchFailed,
    SpotTrigger,
    TaskInterrupted,
    instance_of,
    instant_of,
    launch_failed,
)
from chalicelib.errors import MalformedEvent

ALARM_PREFIX = "lifecycle/"
"""An alarm named ``lifecycle/<cluster>/<service>/<anything>`` speaks of that service."""


@dataclass(frozen=True, slots=True)
class AlarmChanged:
    """A CloudWatch alarm changed its state. ``services`` are named by it outright (by its own name or by the
    dimensions ClusterName and ServiceName); ``target_groups`` (``targetgroup/name/id``) have to be looked up."""

    alarm: str
    state: str
    services: frozenset[ServiceId]
    target_groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """A task of a service began to run or stopped: the only witness when a person changes the desired count."""

    service: ServiceId
    status: str


@dataclass(frozen=True, slots=True)
class ServiceActed:
    """ECS said something of a service: it is steady, or its tasks cannot be placed or do not start."""

    service: ServiceId
    event: str


@dataclass(frozen=True, slots=True)
class DeploymentChanged:
    """A deployment of a service completed or failed."""

    service: ServiceId
    event: str


SeenByEcs = TaskChanged | ServiceActed | DeploymentChanged
Trigger = AlarmChanged | SeenByEcs | SpotTrigger


def parse_trigger(body: str) -> Trigger:
    """One EventBridge envelope as JSON text -> Trigger. Raises MalformedEvent."""
    envelope = _object(_json(body), "the message")
    detail = _object(envelope.get("detail"), "detail")
    match (_text(envelope, "source"), _text(envelope, "detail-type")):
        case ("aws.cloudwatch", "CloudWatch Alarm State Change"):
            return _alarm(detail)
        case ("aws.ecs", "ECS Task State Change"):
            return _task(detail, envelope)
        case ("aws.ecs", "ECS Service Action"):
            return ServiceActed(_service_of_resources(envelope, detail), _text(detail, "eventName"))
        case ("aws.ecs", "ECS Deployment State Change"):
            return DeploymentChanged(_service_of_resources(envelope, detail), _text(detail, "eventName"))
        case ("aws.ec2", "EC2 Spot Instance Interruption Warning"):
            return HostInterrupted(instance_of(detail), instant_of("time", envelope.get("time")))
        case ("aws.ec2", "EC2 Instance Rebalance Recommendation"):
            return HostAtRisk(instance_of(detail), instant_of("time", envelope.get("time")))
        case ("aws.autoscaling", "EC2 Instance Launch Unsuccessful"):
            return launch_failed(detail)
        case (source, detail_type):
            raise MalformedEvent(f'nothing here handles "{detail_type}" from {source}; check the rule that sent it')


def why(trigger: Trigger) -> str:
    """The cause of the look in a few words, for the log and the history."""
    match trigger:
        case AlarmChanged(alarm=alarm, state=state):
            return f"alarm {alarm} went to {state}"
        case TaskChanged(service=service, status=status):
            return f"a task of {service} is {status}"
        case ServiceActed(service=service, event=event):
            return f"ECS says {event} of {service}"
        case DeploymentChanged(service=service, event=event):
            return f"ECS says {event} of a deployment of {service}"
        case HostInterrupted(instance=instance):
            return f"AWS takes the Spot host {instance}"
        case HostAtRisk(instance=instance):
            return f"AWS recommends to leave the Spot host {instance}"
        case TaskInterrupted(service=service):
            return f"AWS takes a Spot task of {service}"
        case LaunchFailed(group=group):
            return f"the Auto Scaling group {group} could launch no host"
        case other:
            assert_never(other)


def _alarm(detail: Mapping[str, object]) -> AlarmChanged:
    name = _text(detail, "alarmName")
    services: set[ServiceId] = set()
    target_groups: set[str] = set()
    if named := _service_in_alarm_name(name):
        services.add(named)
    else:
        for dimensions in _dimensions(detail):
            match dimensions:
                case {"ClusterName": str(cluster), "ServiceName": str(service)}:
                    services.add(ServiceId(cluster, service))
                case {"TargetGroup": str(target_group)}:
                    target_groups.add(target_group)
    if not services and not target_groups:
        raise MalformedEvent(
            f'alarm "{name}" names no service: call it {ALARM_PREFIX}CLUSTER/SERVICE/..., or use a metric with '
            "ClusterName and ServiceName or with TargetGroup"
        )
    state = _text(_object(detail.get("state"), "detail.state"), "value")
    return AlarmChanged(name, state, frozenset(services), frozenset(target_groups))


def _service_in_alarm_name(name: str) -> ServiceId | None:
    if not name.startswith(ALARM_PREFIX):
        return None
    match name.removeprefix(ALARM_PREFIX).split("/"):
        case [cluster, service, *_] if cluster and service:
            return ServiceId(cluster, service)
        case _:
            return None


def _dimensions(detail: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The dimensions of every metric the alarm watches; a composite alarm has none."""
    configuration = detail.get("configuration")
    metrics = configuration.get("metrics") if isinstance(configuration, Mapping) else None
    for metric in metrics if isinstance(metrics, list) else ():
        match metric:
            case {"metricStat": {"metric": {"dimensions": Mapping() as dimensions}}}:
                yield dimensions


def _task(detail: Mapping[str, object], envelope: Mapping[str, object]) -> TaskChanged | TaskInterrupted:
    group = _text(detail, "group")
    kind, _, service = group.partition(":")
    if kind != "service" or not service:
        raise MalformedEvent(f'detail.group is "{group}": the task belongs to no service')
    id, status = ServiceId(_cluster(_text(detail, "clusterArn")), service), _text(detail, "lastStatus")
    if detail.get("stopCode") != INTERRUPTED:
        return TaskChanged(id, status)
    begun = detail.get("stoppingAt") or envelope.get("time")
    return TaskInterrupted(id, _text(detail, "taskArn"), instant_of("detail.stoppingAt", begun))


def _service_of_resources(envelope: Mapping[str, object], detail: Mapping[str, object]) -> ServiceId:
    """The service of the envelope's first resource: ``…:service/cluster/name``, or the old ``…:service/name``."""
    resources = envelope.get("resources")
    arn = resources[0] if isinstance(resources, list) and resources else None
    match arn.rpartition(":")[2].split("/") if isinstance(arn, str) else None:
        case ["service", cluster, name] if cluster and name:
            return ServiceId(cluster, name)
        case ["service", name] if name:
            return ServiceId(_cluster(_text(detail, "clusterArn")), name)
        case _:
            raise MalformedEvent(f"resources[0] is {json.dumps(arn)}, not the ARN of an ECS service")


def _cluster(arn: str) -> str:
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind != "cluster" or not name:
        raise MalformedEvent(f'detail.clusterArn is "{arn}", not the ARN of an ECS cluster')
    return name


def _json(body: str) -> object:
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedEvent(f"the message is not JSON: {error}") from error
    return parsed


def _object(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedEvent(f"{name} is not a JSON object")
    return value


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise MalformedEvent(f"{key} is missing or not text")
    return value
