"""What can be launched and what was launched: the values every part of the fleet speaks of.

A model is an entry of the catalog; an instance is one person's launched model, backed by one ECS service, one target
group and its rules on one load balancer. Nothing here reads or writes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from chalicelib.decide.facts import INSTANCE_TAG as INSTANCE_TAG
from chalicelib.decide.facts import ServiceId

PORT = 11434
CONTAINER = "ollama"
SERVICE_PREFIX = "ollama-"
"""Every service we create is named ``ollama-<instance id>``, and the roles may touch no other name."""

OWNER_TAG = "lifecycle:owner"
MODEL_TAG = "model"
ENVIRONMENT_TAG = "environment"
POLICY_TAG = "lifecycle:policy"
"""Informs people and cost reports. Which policy rules is decided by `match`, as ever."""


class WeightsFrom(StrEnum):
    """Where a model's weights come from; Ollama's official image has none."""

    IMAGE = "image"
    EFS = "efs"
    S3 = "s3"
    SNAPSHOT = "snapshot"
    PULL = "pull"


@dataclass(frozen=True, slots=True)
class Weights:
    """``source``: the EFS file system id, the S3 address or the snapshot id; empty for IMAGE and PULL."""

    come_from: WeightsFrom
    source: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalog. Needs are those of one running copy.

    ``cpu_units`` as ECS counts them (1024 = one vCPU); ``gpu_memory_mib`` is what the loaded model takes.
    ``ollama_name`` is what Ollama calls it (``llama2:7b``).
    """

    id: str
    name: str
    ollama_name: str
    image: str
    cpu_units: int
    memory_mib: int
    gpus: int
    gpu_memory_mib: int
    weights: Weights
    created_at: datetime
    updated_at: datetime
    revision: int = 1


class Capacity(StrEnum):
    FARGATE = "fargate"
    GPU_HOST = "gpu-host"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model runs and what that gives it. ``instance_type`` is the EC2 type of a GPU host, empty on Fargate;
    ``capacity_provider`` is an ECS capacity provider; ``usd_per_hour`` None where no price is known."""

    capacity: Capacity
    size: str
    instance_type: str
    capacity_provider: str
    cpu_units: int
    memory_mib: int
    gpus: int
    usd_per_hour: Decimal | None
    price_source: str = ""


class InstanceState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    REMOVING = "removing"
    REMOVED = "removed"

    @property
    def lives(self) -> bool:
        """Counts against a person's limits, and answers to the model's id."""
        return self in (InstanceState.STARTING, InstanceState.RUNNING, InstanceState.STOPPING, InstanceState.STOPPED)


class RoutedTo(StrEnum):
    """Where the load balancer sends the instance's requests."""

    NOWHERE = "nowhere"
    MODEL = "model"
    WAKE = "wake"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on a load balancer: the listener and the two rule priorities that are the instance's alone."""

    listener_arn: str
    priority: int
    """Of the rule that closes Ollama's administration to all but Admin; the rule for everybody has ``priority + 1``."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What was made for an instance so far; empty texts and None are not made yet."""

    slot: Slot | None = None
    task_definition_arn: str = ""
    target_group_arn: str = ""
    wake_target_group_arn: str = ""
    admin_rule_arn: str = ""
    rule_arn: str = ""
    service_arn: str = ""


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """Live cold starts: how often a request found the instance stopped, and how long the last one had to wait."""

    count: int = 0
    waiting_requests: int = 0
    wake_requested_at: datetime | None = None
    last_wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One launched model. ``revision`` rises with every write; each write names the one it read.

    ``state_reason`` is one sentence, always there when the state is FAILED. ``ready_by``: a start that is not ready
    by then has failed. ``weights_seconds``: from the task's start to the model's first answer. ``start_seconds``: the
    whole of the last start, from the word or request that began it until its requests reached the model.
    """

    id: str
    model_id: str
    model_name: str
    ollama_name: str
    owner_sub: str
    owner_email: str
    service: ServiceId
    environment: str
    placement: Placement
    host_name: str
    endpoint_url: str
    state: InstanceState
    created_at: datetime
    changed_at: datetime
    revision: int = 1
    state_reason: str = ""
    resources: Resources = Resources()
    routed_to: RoutedTo = RoutedTo.NOWHERE
    schedule_policy: str = ""
    expires_at: datetime | None = None
    ready_by: datetime | None = None
    ready_at: datetime | None = None
    weights_seconds: float | None = None
    start_seconds: float | None = None
    cold_starts: ColdStarts = ColdStarts()
    work_until: datetime | None = None
    """Somebody makes or removes its parts until then; afterwards the sweep finishes or undoes what they began."""
    idempotency_key: str = ""
    request_digest: str = ""
    """Of what was asked for under the key: another request with the same key is told apart by it."""
    paid_by: str = ""
    """The owner that tags and cost reports name; never empty for what we launched."""
