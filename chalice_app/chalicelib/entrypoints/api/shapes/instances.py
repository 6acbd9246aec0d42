"""Launched models, as the API shows and takes them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from chalicelib.entrypoints.api.discretion import discreet
from chalicelib.entrypoints.api.shapes.common import (
    Id,
    Line,
    Listing,
    MaybeLine,
    Minutes,
    Moment,
    Price,
    Shape,
    example,
    price_of,
)
from chalicelib.fleet.heard import Became
from chalicelib.fleet.model import Capacity, ColdStarts, Instance, InstanceState, Placement
from chalicelib.fleet.people import Caller

if TYPE_CHECKING:
    from chalicelib.decide.govern import Governance


class PlacementShape(Shape):
    """Where it runs. ``instance_type`` is null on Fargate."""

    capacity: Capacity
    size: str
    instance_type: str | None
    cpu_units: int
    memory_mib: int
    gpus: int

    @classmethod
    def of(cls, placement: Placement) -> PlacementShape:
        return cls(
            capacity=placement.capacity,
            size=placement.size,
            instance_type=placement.instance_type or None,
            cpu_units=placement.cpu_units,
            memory_mib=placement.memory_mib,
            gpus=placement.gpus,
        )


class ColdStartsShape(Shape):
    """How often a request found it stopped, how many waited, and how long the last one did."""

    count: int
    waiting_requests: int
    wake_requested_at: Moment | None
    last_wait_seconds: float | None

    @classmethod
    def of(cls, seen: ColdStarts) -> ColdStartsShape:
        return cls(
            count=seen.count,
            waiting_requests=seen.waiting_requests,
            wake_requested_at=seen.wake_requested_at,
            last_wait_seconds=seen.last_wait_seconds,
        )


class InstanceShape(Shape):
    """A launched model. ``price`` is null where none is known; ``weights_seconds`` is how long the weights took, from
    the task's start to the model's first answer; ``expires_at`` ends its time to live. ``user_id`` and ``owner`` (an
    address) are null but to the owner and Admin."""

    instance_id: str
    model_id: str
    model_name: str
    user_id: str | None
    owner: str | None
    ecs_service_arn: str | None
    endpoint_url: str
    status: InstanceState
    status_reason: str
    environment: str
    price: Price | None
    placement: PlacementShape
    schedule_policy: str | None
    created_at: Moment
    changed_at: Moment
    expires_at: Moment | None
    ready_by: Moment | None
    ready_at: Moment | None
    weights_seconds: float | None
    cold_starts: ColdStartsShape

    @classmethod
    def of(cls, instance: Instance, reader: Caller) -> InstanceShape:
        known = reader.may_know(instance.owner_sub)
        return cls(
            instance_id=instance.id,
            model_id=instance.model_id,
            model_name=instance.model_name,
            user_id=instance.owner_sub if known else None,
            owner=instance.owner_email if known else None,
            ecs_service_arn=instance.resources.service_arn or None,
            endpoint_url=instance.endpoint_url,
            status=instance.state,
            status_reason=discreet(instance.state_reason, reader),
            environment=instance.environment,
            price=price_of(instance.placement.usd_per_hour),
            placement=PlacementShape.of(instance.placement),
            schedule_policy=instance.schedule_policy or None,
            created_at=instance.created_at,
            changed_at=instance.changed_at,
            expires_at=instance.expires_at,
            ready_by=instance.ready_by,
            ready_at=instance.ready_at,
            weights_seconds=instance.weights_seconds,
            cold_starts=ColdStartsShape.of(instance.cold_starts),
        )


class StartedShape(InstanceShape):
    """``policy`` is the one that rules it now; null where several do and none acts. ``policy_note`` is there when no
    policy in force matches it, and says what then becomes of it."""

    policy: str | None
    policy_note: str | None

    @classmethod
    def under(cls, found: Governance, instance: Instance, reader: Caller) -> StartedShape:
        policy = found.ruling.name if found.ruling else None
        return cls(**dict(InstanceShape.of(instance, reader)), policy=policy, policy_note=found.note or None)


class InstanceSort(StrEnum):
    CREATED = "created_at"
    CREATED_DOWN = "-created_at"
    MODEL = "model_id"
    STATUS = "status"


class InstanceQuery(Listing):
    """``status`` may be given more than once, or with commas between."""

    status: tuple[InstanceState, ...] = ()
    model_id: Id | None = None
    environment: Line | None = None
    user_id: Line | None = None
    sort: InstanceSort = InstanceSort.CREATED_DOWN


class InstancePage(Shape):
    items: list[InstanceShape]
    next_cursor: str | None


class StartBody(Shape):
    """``instance_type`` is an EC2 type, ``size`` one of the catalog's; neither: the cheapest that fits. ``owner`` is
    who pays, for tags and cost reports. ``schedule_policy`` names the policy that is expected to rule."""

    model_config = example({"model_id": "tinyllama", "environment": "dev", "time_to_live_minutes": 240})

    model_id: Id
    instance_type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{1,63}$")] | None = None
    size: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$")] | None = None
    environment: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")] = "dev"
    owner: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .:/=+@_-]{0,127}$")] | None = None
    time_to_live_minutes: Annotated[int, Field(ge=10, le=90 * 24 * 60)] | None = None
    schedule_policy: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] | None = None


class StartHeaders(Shape):
    """Repeating a start with the same key gives the same instance."""

    idempotency_key: Annotated[
        str | None,
        Field(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$"),
    ] = None


class StopQuery(Shape):
    """``remove``: delete service, rule and target group after a drain. ``force``: do not wait for requests in flight.
    ``until``: stay stopped until then, whatever asks; without it the next request may wake it."""

    remove: bool = False
    force: bool = False
    until: Moment | None = None
    reason: MaybeLine = ""


class WakeBody(Shape):
    """How long it is kept running at least: until a moment, or for some minutes; neither: two hours."""

    model_config = example({"minutes": 60, "reason": "a demo"})

    until: Moment | None = None
    minutes: Minutes | None = None
    reason: MaybeLine = ""


class OverrideAction(StrEnum):
    """``keep``: run until then, whatever the hours say. ``snooze``: the same, said to a stop that was announced.
    ``stop``: stay stopped until then."""

    KEEP = "keep"
    SNOOZE = "snooze"
    STOP = "stop"


class OverrideBody(Shape):
    """Until a moment, or for some minutes; neither: two hours. Only a stop can be forced."""

    model_config = example({"action": "keep", "minutes": 90, "reason": "the evening batch"})

    action: OverrideAction
    until: Moment | None = None
    minutes: Minutes | None = None
    force: bool = False
    reason: MaybeLine = ""


class HeardShape(Shape):
    """``said`` is the word that now stands, with its end; ``became`` and ``reason`` are what it did at once."""

    instance: InstanceShape
    said: str
    became: Became
    reason: str
    until: Moment | None


class LogLineShape(Shape):
    at: Moment
    text: str
    stream: str


class LogQuery(Shape):
    """Without ``cursor`` and ``since`` the last hour is read. To follow, ask again with ``next_cursor``: it is always
    there, and waits for what will be logged."""

    cursor: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    since: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class LogPageShape(Shape):
    """Oldest first. ``more``: there is more already, so ask at once."""

    items: list[LogLineShape]
    next_cursor: str
    more: bool
