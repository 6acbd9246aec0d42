"""Finds, makes and takes away what an instance has on its load balancer. What bears our name without our tag stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from zlib import crc32

from chalicelib.errors import ActionFailed
from chalicelib.fleet.calls import attempt
from chalicelib.fleet.listener import (
    IDLE_SECONDS,
    TARGET_GROUP_ATTRIBUTES,
    load_balancer_arn,
    rule_actions,
    rule_conditions,
    target_group,
    target_group_name,
)
from chalicelib.fleet.model import Instance, Resources, Slot
from chalicelib.fleet.slots import FIRST_PRIORITY
from chalicelib.fleet.task_definition import tags
from chalicelib.fleet.workshop import Workshop, is_ours

_IDLE = "idle_timeout.timeout_seconds"


# --- the instance's target group


def find_target_group(shop: Workshop, instance: Instance) -> Resources | None:
    arn = _target_group_named(shop, target_group_name(instance))
    if not arn:
        return None
    described = attempt("elasticloadbalancing:DescribeTags", shop.elb.describe_tags, ResourceArns=[arn])
    if not is_ours(described["TagDescriptions"][0]["Tags"], instance):
        raise ActionFailed(
            f"There is a target group {target_group_name(instance)} that is not ours; it was left alone."
        )
    return replace(instance.resources, target_group_arn=arn)


def make_target_group(shop: Workshop, instance: Instance) -> Resources:
    """Its attributes are set again each time: a maker may have died in between."""
    made = attempt(
        "elasticloadbalancing:CreateTargetGroup",
        shop.elb.create_target_group,
        "DuplicateTargetGroupName",
        **target_group(instance, shop.settings),
        Tags=_tags(instance),
    )
    resources = (
        replace(instance.resources, target_group_arn=made["TargetGroups"][0]["TargetGroupArn"])
        if made
        else find_target_group(shop, instance)
    )
    if resources is None:
        raise ActionFailed(f"There is a target group {target_group_name(instance)} that is not ours; it is left alone.")
    attempt(
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        shop.elb.modify_target_group_attributes,
        TargetGroupArn=resources.target_group_arn,
        Attributes=list(TARGET_GROUP_ATTRIBUTES),
    )
    return resources


def unmake_target_group(shop: Workshop, instance: Instance) -> Resources:
    _delete_target_group(shop, instance.resources.target_group_arn)
    return replace(instance.resources, target_group_arn="")


def _delete_target_group(shop: Workshop, arn: str) -> None:
    attempt(
        "elasticloadbalancing:DeleteTargetGroup",
        shop.elb.delete_target_group,
        "TargetGroupNotFound",
        TargetGroupArn=arn,
    )


def _target_group_named(shop: Workshop, name: str) -> str:
    action = "elasticloadbalancing:DescribeTargetGroups"
    found = attempt(action, shop.elb.describe_target_groups, "TargetGroupNotFound", Names=[name])
    return str(found["TargetGroups"][0]["TargetGroupArn"]) if found and found["TargetGroups"] else ""


# --- the load balancer's way to the wake function


def make_wake_target_group(shop: Workshop, instance: Instance) -> Resources:
    """One for each load balancer, whoever comes first; also sees to it that the load balancer waits long enough.

    A load balancer belongs to people, so its idle timeout is only ever raised.
    """
    balancer = load_balancer_arn(_slot(instance).listener_arn)
    name = wake_target_group_name(balancer)
    made = attempt(
        "elasticloadbalancing:CreateTargetGroup",
        shop.elb.create_target_group,
        "DuplicateTargetGroupName",
        Name=name,
        TargetType="lambda",
    )
    arn = str(made["TargetGroups"][0]["TargetGroupArn"]) if made else _target_group_named(shop, name)
    attempt(
        "elasticloadbalancing:RegisterTargets",
        shop.elb.register_targets,
        TargetGroupArn=arn,
        Targets=[{"Id": shop.settings.wake_function_arn}],
    )
    _wait_longer(shop, balancer)
    return replace(instance.resources, wake_target_group_arn=arn)


def wake_target_group_name(balancer_arn: str) -> str:
    return f"ollama-wake-{crc32(balancer_arn.encode()):08x}"


def leave_wake_target_group(shop: Workshop, instance: Instance) -> Resources:
    """It serves every instance of its load balancer."""
    return replace(instance.resources, wake_target_group_arn="")


def _wait_longer(shop: Workshop, balancer: str) -> None:
    action = "elasticloadbalancing:DescribeLoadBalancerAttributes"
    found = attempt(action, shop.elb.describe_load_balancer_attributes, LoadBalancerArn=balancer)["Attributes"]
    waits = next((int(one["Value"]) for one in found if one["Key"] == _IDLE), 0)
    if waits >= IDLE_SECONDS:
        return
    attempt(
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        shop.elb.modify_load_balancer_attributes,
        LoadBalancerArn=balancer,
        Attributes=[{"Key": _IDLE, "Value": str(IDLE_SECONDS)}],
    )


# --- the two rules


def find_admin_rule(shop: Workshop, instance: Instance) -> Resources | None:
    arn = _find_rule(shop, instance, admin=True)
    return replace(instance.resources, admin_rule_arn=arn) if arn else None


def find_rule(shop: Workshop, instance: Instance) -> Resources | None:
    arn = _find_rule(shop, instance, admin=False)
    return replace(instance.resources, rule_arn=arn) if arn else None


def make_admin_rule(shop: Workshop, instance: Instance) -> Resources:
    return replace(instance.resources, admin_rule_arn=_make_rule(shop, instance, admin=True))


def make_rule(shop: Workshop, instance: Instance) -> Resources:
    return replace(instance.resources, rule_arn=_make_rule(shop, instance, admin=False))


def unmake_admin_rule(shop: Workshop, instance: Instance) -> Resources:
    _delete_rule(shop, instance.resources.admin_rule_arn)
    return replace(instance.resources, admin_rule_arn="")


def unmake_rule(shop: Workshop, instance: Instance) -> Resources:
    _delete_rule(shop, instance.resources.rule_arn)
    return replace(instance.resources, rule_arn="")


def _make_rule(shop: Workshop, instance: Instance, *, admin: bool) -> str:
    slot = _slot(instance)
    made = attempt(
        "elasticloadbalancing:CreateRule",
        shop.elb.create_rule,
        "PriorityInUse",
        ListenerArn=slot.listener_arn,
        Priority=_priority(slot, admin=admin),
        Conditions=rule_conditions(instance, admin=admin),
        Actions=rule_actions(instance, shop.settings, shop.pool, admin=admin),
        Tags=_tags(instance),
    )
    arn = str(made["Rules"][0]["RuleArn"]) if made else _find_rule(shop, instance, admin=admin)
    if not arn:
        raise ActionFailed(
            f"Priority {_priority(slot, admin=admin)} of {slot.listener_arn} is used by a rule that is not ours; give "
            f"that one a priority below {FIRST_PRIORITY}."
        )
    return arn


def _find_rule(shop: Workshop, instance: Instance, *, admin: bool) -> str:
    """Ours by its priority and its host name, which no other instance ever bears."""
    slot = _slot(instance)
    for rule in rules_of(shop, slot.listener_arn):
        if rule["Priority"] == str(_priority(slot, admin=admin)) and instance.host_name in hosts_of(rule):
            return str(rule["RuleArn"])
    return ""


def rules_of(shop: Workshop, listener_arn: str) -> Iterator[Mapping[str, Any]]:
    """Every rule of the listener, page by page."""
    arguments: dict[str, Any] = {"ListenerArn": listener_arn}
    while True:
        answer = attempt("elasticloadbalancing:DescribeRules", shop.elb.describe_rules, **arguments)
        yield from answer["Rules"]
        if not answer.get("NextMarker"):
            return
        arguments["Marker"] = answer["NextMarker"]


def hosts_of(rule: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        value
        for condition in rule.get("Conditions", ())
        if condition.get("Field") == "host-header"
        for value in condition.get("HostHeaderConfig", {}).get("Values") or condition.get("Values", ())
    )


def _delete_rule(shop: Workshop, arn: str) -> None:
    attempt("elasticloadbalancing:DeleteRule", shop.elb.delete_rule, "RuleNotFound", RuleArn=arn)


def _priority(slot: Slot, *, admin: bool) -> int:
    return slot.priority if admin else slot.priority + 1


def _slot(instance: Instance) -> Slot:
    if instance.resources.slot is None:
        raise ActionFailed(f"{instance.id} has no place on a load balancer yet.")
    return instance.resources.slot


def _tags(instance: Instance) -> Any:
    return [{"Key": key, "Value": value} for key, value in tags(instance).items()]
