"""The task definition of one instance, as data for RegisterTaskDefinition. Pure; calls nothing.

GPUs are asked for with ``resourceRequirements`` (``requiresAttributes`` is an output), task sizes are single values,
and the health check uses ``ollama`` itself, since the official image has no curl: ``ollama show`` fails until the
model's weights are there. The weights of every kind end up in ``/root/.ollama``, where the image looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, assert_never

from chalicelib.fleet.model import (
    CONTAINER,
    ENVIRONMENT_TAG,
    INSTANCE_TAG,
    MODEL_TAG,
    OWNER_TAG,
    POLICY_TAG,
    PORT,
    SERVICE_PREFIX,
    Capacity,
    Instance,
    Model,
    WeightsFrom,
)
from chalicelib.fleet.settings import FleetSettings
from chalicelib.prices import INSTANCE_TYPE_TAG, MEMORY_TAG, VCPU_TAG

WEIGHTS_VOLUME = "weights"
HOME = "/root/.ollama"
STOP_TIMEOUT_SECONDS = 120
"""Between SIGTERM and SIGKILL: the most that Fargate allows. Longer generations end before, while the target group
drains (`listener.DRAIN_SECONDS`); ECS sends SIGTERM after that."""
KEEP_LOADED = "30m"
"""A model nobody asked for so long is unloaded. Longer would blind `ollama-ps`, which sees a request only as an end
of use that moves on (observe/probes.py)."""

S3_IMAGE = "public.ecr.aws/aws-cli/aws-cli:2.31.0"

_PULL_AND_SERVE = """\
ollama serve & server=$!
trap 'kill -TERM $server; wait $server; exit $?' TERM INT
until ollama list >/dev/null 2>&1; do kill -0 $server || exit 1; sleep 1; done
for try in 1 2 3; do ollama show "$LIFECYCLE_MODEL" >/dev/null 2>&1 && break; ollama pull "$LIFECYCLE_MODEL"; done
ollama show "$LIFECYCLE_MODEL" >/dev/null 2>&1 || exit 1
wait $server
"""
"""Serves at once, so that the load balancer and `ollama show` find somebody; ends when the weights cannot be had.
SIGTERM is passed on: a shell would keep it to itself, and the server would be killed in the middle of an answer."""


def family(instance: Instance) -> str:
    """``ollama-<model id>``, shared by the instances of the model; a revision's tag says whose it is."""
    return f"{SERVICE_PREFIX}{instance.model_id}"


def tags(instance: Instance) -> dict[str, str]:
    """What every part of an instance bears: whose it is, what it is for, and what its price is read from."""
    placement = instance.placement
    priced = (
        {INSTANCE_TYPE_TAG: placement.instance_type}
        if placement.capacity is Capacity.GPU_HOST
        else {VCPU_TAG: _text(placement.cpu_units / 1024), MEMORY_TAG: _text(placement.memory_mib / 1024)}
    )
    named = {
        INSTANCE_TAG: instance.id,
        OWNER_TAG: instance.paid_by or instance.owner_email or instance.owner_sub,
        MODEL_TAG: instance.model_id,
        ENVIRONMENT_TAG: instance.environment,
    }
    return named | priced | ({POLICY_TAG: instance.schedule_policy} if instance.schedule_policy else {})


def task_definition(instance: Instance, model: Model, settings: FleetSettings, region: str) -> dict[str, Any]:
    """RegisterTaskDefinition's arguments."""
    placement, on_fargate = instance.placement, instance.placement.capacity is Capacity.FARGATE
    container = _server(instance, model, settings, region)
    definition: dict[str, Any] = {
        "family": family(instance),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE" if on_fargate else "EC2"],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "executionRoleArn": settings.execution_role_arn,
        "taskRoleArn": settings.task_role_arn,
        "containerDefinitions": [container],
        "tags": [{"key": key, "value": value} for key, value in tags(instance).items()],
    }
    if on_fargate:
        definition |= {"cpu": str(placement.cpu_units), "memory": str(placement.memory_mib)}
        definition["ephemeralStorage"] = {"sizeInGiB": _storage_gib(model)}
    else:
        container["resourceRequirements"] = [{"type": "GPU", "value": str(placement.gpus)}]
        container |= {"memory": placement.memory_mib, "memoryReservation": model.memory_mib}
    _add_weights(definition, container, model, _logs(instance, settings, region, "weights"))
    return definition


def _server(instance: Instance, model: Model, settings: FleetSettings, region: str) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": model.image,
        "essential": True,
        "portMappings": [{"containerPort": PORT, "hostPort": PORT, "protocol": "tcp"}],
        "environment": [
            {"name": "OLLAMA_HOST", "value": f"0.0.0.0:{PORT}"},
            {"name": "OLLAMA_KEEP_ALIVE", "value": KEEP_LOADED},
            {"name": "LIFECYCLE_MODEL", "value": model.ollama_name},
        ],
        "healthCheck": {
            "command": ["CMD-SHELL", f"ollama show {model.ollama_name} >/dev/null 2>&1 || exit 1"],
            "interval": 15,
            "timeout": 10,
            "retries": 10,
            "startPeriod": 300,
        },
        "stopTimeout": STOP_TIMEOUT_SECONDS,
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": _logs(instance, settings, region, ""),
    }


def _logs(instance: Instance, settings: FleetSettings, region: str, suffix: str) -> dict[str, Any]:
    """Streams are named ``<instance id>/ollama/<task>``, so that one instance's are found by their prefix."""
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": settings.log_group,
            "awslogs-region": region,
            "awslogs-stream-prefix": f"{instance.id}{'-' + suffix if suffix else ''}",
        },
    }


def _add_weights(definition: dict[str, Any], container: dict[str, Any], model: Model, logs: Mapping[str, Any]) -> None:
    source = model.weights.source
    match model.weights.come_from:
        case WeightsFrom.IMAGE:
            return
        case WeightsFrom.PULL:
            _pull_what_is_missing(container)
        case WeightsFrom.EFS:
            _mount(definition, container, {"efsVolumeConfiguration": {
                "fileSystemId": source, "transitEncryption": "ENABLED", "authorizationConfig": {"iam": "ENABLED"},
            }})  # fmt: skip
            _pull_what_is_missing(container)
        case WeightsFrom.S3:
            _mount(definition, container, {})
            definition["containerDefinitions"].append(_copier(source, logs))
            container["dependsOn"] = [{"containerName": WEIGHTS_VOLUME, "condition": "SUCCESS"}]
        case WeightsFrom.SNAPSHOT:
            _mount(definition, container, {"configuredAtLaunch": True})
        case other:
            assert_never(other)


def _pull_what_is_missing(container: dict[str, Any]) -> None:
    container["entryPoint"] = ["/bin/sh", "-c"]
    container["command"] = [_PULL_AND_SERVE]


def _mount(definition: dict[str, Any], container: dict[str, Any], volume: Mapping[str, Any]) -> None:
    definition["volumes"] = [{"name": WEIGHTS_VOLUME, **volume}]
    container["mountPoints"] = [{"sourceVolume": WEIGHTS_VOLUME, "containerPath": HOME, "readOnly": False}]


def _copier(source: str, logs: Mapping[str, Any]) -> dict[str, Any]:
    """Copies the folder that an Ollama server filled once (``models/``), then ends; the server starts after it."""
    return {
        "name": WEIGHTS_VOLUME,
        "image": S3_IMAGE,
        "essential": False,
        "command": ["s3", "sync", source, HOME, "--only-show-errors"],
        "memory": 1024,
        "memoryReservation": 256,
        "mountPoints": [{"sourceVolume": WEIGHTS_VOLUME, "containerPath": HOME, "readOnly": False}],
        "logConfiguration": dict(logs),
    }


def volume_configurations(model: Model, settings: FleetSettings) -> list[dict[str, Any]]:
    """CreateService's: a volume of its own for each task, made from the snapshot. Empty for other weights."""
    if model.weights.come_from is not WeightsFrom.SNAPSHOT:
        return []
    managed = {
        "roleArn": settings.infrastructure_role_arn,
        "snapshotId": model.weights.source,
        "volumeType": "gp3",
        "throughput": 500,
        "iops": 4000,
        "filesystemType": "ext4",
    }
    return [{"name": WEIGHTS_VOLUME, "managedEBSVolume": managed}]


def _storage_gib(model: Model) -> int:
    """Fargate's disk holds the image and what is pulled: the 20 GiB that are free anyway, and the model's memory."""
    return min(200, 21 + math.ceil(model.memory_mib / 1024))


def _text(number: float) -> str:
    return f"{number:g}"
