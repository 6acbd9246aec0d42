"""Instances as DynamoDB rows and back. Decides nothing.

No row of ours bears an attribute ``service``: that name belongs to the history's index.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from chalicelib.decide.facts import ServiceId
from chalicelib.fleet.model import (
    Capacity,
    ColdStarts,
    Instance,
    InstanceState,
    Placement,
    Resources,
    RoutedTo,
    Slot,
)
from chalicelib.record.codec import Item, maybe_when, when, when_text

_TEXTS = (
    "model_id", "model_name", "ollama_name", "owner_sub", "owner_email", "environment", "host_name", "endpoint_url",
    "state_reason", "schedule_policy", "idempotency_key", "request_digest", "paid_by",
)  # fmt: skip
_MOMENTS = ("expires_at", "ready_by", "ready_at", "work_until")
_ARNS = (
    "task_definition_arn", "target_group_arn", "wake_target_group_arn", "admin_rule_arn", "rule_arn", "service_arn",
)  # fmt: skip


def attributes(instance: Instance) -> dict[str, Any]:
    """Everything but the keys; what is empty is None, and so left out."""
    texts = {name: getattr(instance, name) or None for name in _TEXTS}
    moments = {name: _text(getattr(instance, name)) for name in _MOMENTS}
    return {
        **texts,
        **moments,
        "ecs_service": str(instance.service),
        "state": instance.state.value,
        "created_at": when_text(instance.created_at),
        "changed_at": when_text(instance.changed_at),
        "revision": instance.revision,
        "routed_to": instance.routed_to.value,
        "weights_seconds": _number(instance.weights_seconds),
        "start_seconds": _number(instance.start_seconds),
        "placement": _placement(instance.placement),
        "resources": _resources(instance.resources),
        "cold_starts": _cold_starts(instance.cold_starts),
    }


def instance_of(item: Item) -> Instance:
    moments: dict[str, Any] = {name: maybe_when(item.get(name)) for name in _MOMENTS}
    texts: dict[str, Any] = {name: str(item.get(name, "")) for name in _TEXTS}
    weights, start = item.get("weights_seconds"), item.get("start_seconds")
    return Instance(
        id=str(item["sk"]),
        service=ServiceId.parse(item["ecs_service"]),
        placement=_placement_of(item["placement"]),
        state=InstanceState(item["state"]),
        created_at=when(item["created_at"]),
        changed_at=when(item["changed_at"]),
        revision=int(item["revision"]),
        resources=_resources_of(item["resources"]),
        routed_to=RoutedTo(item["routed_to"]),
        weights_seconds=None if weights is None else float(weights),
        start_seconds=None if start is None else float(start),
        cold_starts=_cold_starts_of(item["cold_starts"]),
        **texts,
        **moments,
    )


def _placement(placement: Placement) -> dict[str, Any]:
    return {
        "capacity": placement.capacity.value,
        "size": placement.size,
        "instance_type": placement.instance_type,
        "capacity_provider": placement.capacity_provider,
        "cpu_units": placement.cpu_units,
        "memory_mib": placement.memory_mib,
        "gpus": placement.gpus,
        "usd_per_hour": placement.usd_per_hour,
        "price_source": placement.price_source,
    }


def _placement_of(found: Item) -> Placement:
    return Placement(
        capacity=Capacity(found["capacity"]),
        size=str(found["size"]),
        instance_type=str(found["instance_type"]),
        capacity_provider=str(found["capacity_provider"]),
        cpu_units=int(found["cpu_units"]),
        memory_mib=int(found["memory_mib"]),
        gpus=int(found["gpus"]),
        usd_per_hour=found["usd_per_hour"],
        price_source=str(found["price_source"]),
    )


def _resources(resources: Resources) -> dict[str, Any]:
    made: dict[str, Any] = {name: arn for name in _ARNS if (arn := getattr(resources, name))}
    if resources.slot is not None:
        made |= {"listener_arn": resources.slot.listener_arn, "priority": resources.slot.priority}
    return made


def _resources_of(found: Item) -> Resources:
    arns: dict[str, Any] = {name: str(found.get(name, "")) for name in _ARNS}
    slot = Slot(str(found["listener_arn"]), int(found["priority"])) if "priority" in found else None
    return Resources(slot=slot, **arns)


def _cold_starts(seen: ColdStarts) -> dict[str, Any]:
    return {
        "count": seen.count,
        "waiting_requests": seen.waiting_requests,
        "wake_requested_at": _text(seen.wake_requested_at),
        "last_wait_seconds": _number(seen.last_wait_seconds),
    }


def _cold_starts_of(found: Item) -> ColdStarts:
    wait = found.get("last_wait_seconds")
    return ColdStarts(
        count=int(found["count"]),
        waiting_requests=int(found["waiting_requests"]),
        wake_requested_at=maybe_when(found.get("wake_requested_at")),
        last_wait_seconds=None if wait is None else float(wait),
    )


def _text(moment: datetime | None) -> str | None:
    return when_text(moment) if moment else None


def _number(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
