"""The steps that make an instance, in order, as data: what each finds, makes and takes away again.

    slot ─► task definition ─► target group ─► wake target group ─► admin rule ─► rule ─► service

Every step can be repeated: for a row whose maker died it looks first whether the thing exists, by a name or a tag that
is the instance's alone. What bears our name but not our tag is somebody else's and is never touched. The service comes
last, so that nothing costs money before everything else stands; ECS also refuses a target group that no rule names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.fleet import making_ecs, making_elb
from chalicelib.fleet.model import Instance, Model, Resources
from chalicelib.fleet.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Step:
    """``do`` and ``find`` give the row's resources with this step's part filled in, ``undo`` with it emptied.

    ``find`` gives None for nothing there. ``undo`` needs the part filled in and is fine with what is gone already.
    ``do`` is fine with what is there already and ours.
    """

    name: str
    is_done: Callable[[Resources], bool]
    find: Callable[[Workshop, Instance], Resources | None]
    do: Callable[[Workshop, Instance, Model], Resources]
    undo: Callable[[Workshop, Instance], Resources]


def _find_slot(shop: Workshop, instance: Instance) -> Resources | None:
    slot = shop.slots.find(instance.id)
    return replace(instance.resources, slot=slot) if slot else None


def _take_slot(shop: Workshop, instance: Instance, _: Model) -> Resources:
    return replace(instance.resources, slot=shop.slots.take(instance.id))


def _give_slot_back(shop: Workshop, instance: Instance) -> Resources:
    if instance.resources.slot is not None:
        shop.slots.give_back(instance.resources.slot, instance.id)
    return replace(instance.resources, slot=None)


def _nothing(_: Workshop, __: Instance) -> Resources | None:
    return None


def _modelless(make: Callable[[Workshop, Instance], Resources]) -> Callable[[Workshop, Instance, Model], Resources]:
    def do(shop: Workshop, instance: Instance, _: Model) -> Resources:
        return make(shop, instance)

    return do


SLOT = Step("slot", lambda made: made.slot is not None, _find_slot, _take_slot, _give_slot_back)
TASK_DEFINITION = Step(
    "task definition",
    lambda made: bool(made.task_definition_arn),
    making_ecs.find_task_definition,
    making_ecs.make_task_definition,
    making_ecs.unmake_task_definition,
)
TARGET_GROUP = Step(
    "target group",
    lambda made: bool(made.target_group_arn),
    making_elb.find_target_group,
    _modelless(making_elb.make_target_group),
    making_elb.unmake_target_group,
)
WAKE_TARGET_GROUP = Step(
    "wake target group",
    lambda made: bool(made.wake_target_group_arn),
    _nothing,
    _modelless(making_elb.make_wake_target_group),
    making_elb.leave_wake_target_group,
)
ADMIN_RULE = Step(
    "admin rule",
    lambda made: bool(made.admin_rule_arn),
    making_elb.find_admin_rule,
    _modelless(making_elb.make_admin_rule),
    making_elb.unmake_admin_rule,
)
RULE = Step(
    "rule",
    lambda made: bool(made.rule_arn),
    making_elb.find_rule,
    _modelless(making_elb.make_rule),
    making_elb.unmake_rule,
)
SERVICE = Step(
    "service",
    lambda made: bool(made.service_arn),
    making_ecs.find_service,
    making_ecs.make_service,
    making_ecs.unmake_service,
)

STEPS = (SLOT, TASK_DEFINITION, TARGET_GROUP, WAKE_TARGET_GROUP, ADMIN_RULE, RULE, SERVICE)
