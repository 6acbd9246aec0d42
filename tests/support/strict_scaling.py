"""Application Auto Scaling and Elastic Load Balancing, as far as we use them, with their page sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from support.strict_ecs import AwsError, page
from support.strict_world import FakeScaling, World

Params = Mapping[str, Any]
DESIRED_COUNT = "ecs:service:DesiredCount"


def describe_scalable_targets(world: World, params: Params) -> dict[str, Any]:
    wanted = params.get("ResourceIds")
    if params.get("ScalableDimension") and not wanted:
        raise AwsError("ValidationException", "A scalable dimension needs a resource id")
    if params["ServiceNamespace"] != "ecs":
        return {"ScalableTargets": []}
    ids = [one for one in world.scaling if wanted is None or one in wanted]
    found, more = page(ids, params, "MaxResults", "NextToken", default=50, most=50, code="ValidationException")
    return {
        "ScalableTargets": [
            {
                "ServiceNamespace": "ecs",
                "ResourceId": one,
                "ScalableDimension": DESIRED_COUNT,
                "MinCapacity": world.scaling[one].min_capacity,
                "MaxCapacity": world.scaling[one].max_capacity,
                "RoleARN": "arn:aws:iam::123456789012:role/scaling",
                "CreationTime": world.now,
                "SuspendedState": dict(world.scaling[one].suspended),
            }
            for one in found
        ],
        **more,
    }


def register_scalable_target(world: World, params: Params) -> dict[str, Any]:
    """Keeps what is not given, as AWS does; a new target needs both bounds."""
    one = params["ResourceId"]
    if params["ServiceNamespace"] != "ecs" or params["ScalableDimension"] != DESIRED_COUNT:
        raise AwsError("ValidationException", "Unsupported service namespace, resource type or scalable dimension")
    if one not in world.scaling:
        if "MinCapacity" not in params or "MaxCapacity" not in params:
            raise AwsError("ValidationException", "A new scalable target needs MinCapacity and MaxCapacity")
        world.scaling[one] = FakeScaling(params["MinCapacity"], params["MaxCapacity"])
    target = world.scaling[one]
    target.min_capacity = params.get("MinCapacity", target.min_capacity)
    target.max_capacity = params.get("MaxCapacity", target.max_capacity)
    if target.min_capacity > target.max_capacity:
        raise AwsError("ValidationException", "MaxCapacity must not be below MinCapacity")
    target.suspended.update(params.get("SuspendedState", {}))
    return {"ScalableTargetARN": f"arn:aws:application-autoscaling:eu-central-1:123456789012:scalable-target/{one}"}


def describe_target_groups(world: World, params: Params) -> dict[str, Any]:
    wanted = params.get("TargetGroupArns")
    if wanted is not None:
        if len(wanted) > 20:
            raise AwsError("ValidationError", "Only 20 items can be described at a time")
        for arn in wanted:
            if arn not in world.attached:
                raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    arns = list(world.attached) if wanted is None else list(wanted)
    found, more = page(
        arns, {**params, **_start(params)}, "PageSize", "NextMarker", default=400, most=400, code="ValidationError"
    )
    return {
        "TargetGroups": [
            {
                "TargetGroupArn": arn,
                "TargetGroupName": arn.split("/")[1],
                "LoadBalancerArns": [world.attached[arn]] if world.attached[arn] else [],
            }
            for arn in found
        ],
        **more,
    }


def _start(params: Params) -> dict[str, str]:
    """ELB asks with Marker and answers with NextMarker."""
    return {"NextMarker": params["Marker"]} if "Marker" in params else {}


OPERATIONS: dict[str, Callable[[World, Params], dict[str, Any]]] = {
    "application-autoscaling.DescribeScalableTargets": describe_scalable_targets,
    "application-autoscaling.RegisterScalableTarget": register_scalable_target,
    "elbv2.DescribeTargetGroups": describe_target_groups,
}
