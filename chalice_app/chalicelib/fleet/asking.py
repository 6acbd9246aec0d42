"""What a person asks for when they start a model, and the instance it would become. Pure.

An instance's id comes from who asks and under which key, so that a repeat finds its own and nobody else's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from chalicelib.decide.facts import LaunchType, ServiceFacts, ServiceId
from chalicelib.errors import Unfit
from chalicelib.fleet.model import (
    SERVICE_PREFIX,
    Capacity,
    Instance,
    InstanceState,
    Model,
    Placement,
    WeightsFrom,
)
from chalicelib.fleet.people import Caller
from chalicelib.fleet.settings import FleetSettings
from chalicelib.fleet.task_definition import tags

READY_WITHIN = timedelta(minutes=15)
"""A GPU host boots in four to six minutes, and weights that are there are read in a few more."""
READY_WITHIN_WHEN_COPIED = timedelta(minutes=30)
SHORTEST_LIFE = timedelta(minutes=10)
LONGEST_LIFE = timedelta(days=90)
LONGEST_KEY = 255
_COPIED = frozenset({WeightsFrom.PULL, WeightsFrom.S3, WeightsFrom.EFS, WeightsFrom.SNAPSHOT})
_TAG_VALUE = re.compile(r"[\w .:/=+\-@]{1,256}")
"""What AWS accepts as the value of a tag."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asks for: an EC2 instance type or a size of `fit`, or neither for the cheapest that fits.

    ``owner`` is who pays, for tags and cost reports; empty: the caller's address. ``schedule_policy`` is the name of
    the policy that is expected to rule; empty: whichever does.
    """

    model_id: str
    environment: str
    instance_type: str = ""
    size: str = ""
    owner: str = ""
    schedule_policy: str = ""
    time_to_live: timedelta | None = None

    @property
    def digest(self) -> str:
        """The same for the same request, in every process."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()


def check(request: StartRequest, key: str) -> None:
    """Raises Unfit naming the field."""
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Unfit(f"An idempotency key has at most {LONGEST_KEY} printable characters.", field="Idempotency-Key")
    for field in ("environment", "owner", "schedule_policy"):
        text = getattr(request, field)
        if (text or field == "environment") and not _TAG_VALUE.fullmatch(text):
            raise Unfit(
                f'"{text}" cannot be the value of a tag: 1 to 256 letters, digits, spaces and . : / = + - @ _',
                field=field,
            )
    life = request.time_to_live
    if life is not None and not SHORTEST_LIFE <= life <= LONGEST_LIFE:
        raise Unfit("An instance lives between 10 minutes and 90 days.", field="time_to_live")


def check_weights(model: Model, settings: FleetSettings) -> None:
    """Raises Unfit for weights that this deployment cannot bring."""
    if model.weights.come_from is WeightsFrom.SNAPSHOT and not settings.infrastructure_role_arn:
        raise Unfit(
            f"The weights of {model.name} come from a snapshot, and this deployment has no role with which "
            "ECS could make volumes (LIFECYCLE_FLEET_INFRASTRUCTURE_ROLE).",
            field="model_id",
        )


def instance_id(owner_sub: str, key: str) -> str:
    """``inst-`` and 12 characters of base 32 (60 bits): no two keys of a deployment meet."""
    digest = hashlib.sha256(f"{owner_sub}\n{key}".encode()).digest()
    return f"inst-{base64.b32encode(digest).decode().lower()[:12]}"


def instance_of(
    request: StartRequest,
    model: Model,
    placement: Placement,
    caller: Caller,
    key: str,
    settings: FleetSettings,
    now: datetime,
) -> Instance:
    """The row of a start, before anything was made."""
    id = instance_id(caller.sub, key)
    host_name = f"{SERVICE_PREFIX}{id}.{settings.domain}"
    port = f":{settings.endpoint_port}" if settings.endpoint_port else ""
    return Instance(
        id=id,
        model_id=model.id,
        model_name=model.name,
        ollama_name=model.ollama_name,
        owner_sub=caller.sub,
        owner_email=caller.email,
        service=ServiceId(settings.cluster, f"{SERVICE_PREFIX}{id}"),
        environment=request.environment,
        placement=placement,
        host_name=host_name,
        endpoint_url=f"{settings.endpoint_scheme}://{host_name}{port}",
        state=InstanceState.STARTING,
        created_at=now,
        changed_at=now,
        schedule_policy=request.schedule_policy,
        expires_at=now + request.time_to_live if request.time_to_live else None,
        ready_by=now + ready_within(model),
        idempotency_key=key,
        request_digest=request.digest,
        paid_by=request.owner or caller.email or caller.sub,
    )


def ready_within(model: Model) -> timedelta:
    return READY_WITHIN_WHEN_COPIED if model.weights.come_from in _COPIED else READY_WITHIN


def facts_of(instance: Instance, now: datetime) -> ServiceFacts:
    """The service as it will be, for the policy to judge before it exists."""
    on_fargate = instance.placement.capacity is Capacity.FARGATE
    return ServiceFacts(
        id=instance.service,
        arn="",
        desired_count=0,
        running_count=0,
        pending_count=0,
        described_at=now,
        launch_type=LaunchType.FARGATE if on_fargate else LaunchType.EC2,
        tags=tags(instance),
    )


def failed(instance: Instance, reason: str, now: datetime) -> Instance:
    return replace(instance, state=InstanceState.FAILED, state_reason=reason, changed_at=now, ready_by=None)
