"""EventBridge Scheduler as strict as it is: names, groups, one-time expressions in UTC, and pages; and what fires.

``world.schedules`` holds what stands, by group and name. Nothing fires by itself: `due` says what AWS would have called
by now, and takes away what was to be deleted afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from support.strict_ecs import AwsError, page
from support.strict_world import World

Params = Mapping[str, Any]
GROUP = "lifecycle-WakeUps"
TARGET = "arn:aws:lambda:eu-central-1:123456789012:function:lifecycle-transition"

_NAME = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


def create_schedule(world: World, params: Params) -> dict[str, Any]:
    name, group = params["Name"], params.get("GroupName", "default")
    if not _NAME.fullmatch(name):
        raise AwsError("ValidationException", f"Name {name} fails to satisfy the pattern")
    if group != GROUP:
        raise AwsError("ResourceNotFoundException", f"Schedule group {group} does not exist.")
    if (group, name) in world.schedules:
        raise AwsError("ConflictException", f"Schedule {name} already exists.")
    at = _at(params)
    target = params["Target"]
    retry = target["RetryPolicy"]
    if not 60 <= retry["MaximumEventAgeInSeconds"] <= 86_400 or not 0 <= retry["MaximumRetryAttempts"] <= 185:
        raise AwsError("ValidationException", "RetryPolicy is out of range")
    world.schedules[group, name] = {"at": at, "input": json.loads(target["Input"]), "arn": target["Arn"], **params}
    return {"ScheduleArn": f"arn:aws:scheduler:eu-central-1:123456789012:schedule/{group}/{name}"}


def _at(params: Params) -> datetime:
    found = _AT.fullmatch(params["ScheduleExpression"])
    if not found or params["FlexibleTimeWindow"] != {"Mode": "OFF"} or params["ActionAfterCompletion"] != "DELETE":
        raise AwsError("ValidationException", f"Invalid Schedule Expression {params['ScheduleExpression']}.")
    assert params["ScheduleExpressionTimezone"] == "UTC", "local times are told twice or never"
    return datetime.fromisoformat(found.group(1)).replace(tzinfo=UTC)


def delete_schedule(world: World, params: Params) -> dict[str, Any]:
    if world.schedules.pop((params.get("GroupName", "default"), params["Name"]), None) is None:
        raise AwsError("ResourceNotFoundException", f"Schedule {params['Name']} does not exist.")
    return {}


def list_schedules(world: World, params: Params) -> dict[str, Any]:
    names = sorted(name for group, name in world.schedules if group == params["GroupName"])
    found, more = page(names, params, "MaxResults", "NextToken", default=100, most=100, code="ValidationException")
    return {"Schedules": [{"Name": name, "GroupName": params["GroupName"]} for name in found], **more}


def due(world: World, now: datetime) -> list[dict[str, Any]]:
    """The input of every entry whose time has come, the earliest first; they stand no more."""
    ripe = sorted((one["at"], key) for key, one in world.schedules.items() if one["at"] <= now)
    return [world.schedules.pop(key)["input"] for _, key in ripe]


def next_due(world: World) -> datetime | None:
    return min((one["at"] for one in world.schedules.values()), default=None)


OPERATIONS: dict[str, Callable[[World, Params], dict[str, Any]]] = {
    "scheduler.CreateSchedule": create_schedule,
    "scheduler.DeleteSchedule": delete_schedule,
    "scheduler.ListSchedules": list_schedules,
}
