"""Removes an instance and everything that was made for it, after its tasks have ended and drained.

It stops nothing: the caller does that first, through the guarded plan. What it takes away it takes in the order in
which nobody misses it: rules first (nobody gets in), then the service, the target group, the task definition, the
place on the load balancer; last the row, of which only the name stays.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ConditionFailed, Conflict, NotFound
from chalicelib.fleet.calls import attempt
from chalicelib.fleet.making_ecs import described
from chalicelib.fleet.model import Instance, InstanceState, RoutedTo
from chalicelib.fleet.steps import ADMIN_RULE, RULE, SERVICE, SLOT, TARGET_GROUP, TASK_DEFINITION, WAKE_TARGET_GROUP

if TYPE_CHECKING:
    from chalicelib.fleet.workshop import Workshop
    from chalicelib.runtime.clock import Clock

ORDER = (RULE, ADMIN_RULE, SERVICE, TARGET_GROUP, WAKE_TARGET_GROUP, TASK_DEFINITION, SLOT)


WHEN_QUIET = "waits until nobody uses it; a start or a keep takes the removal back"


class Remover:
    def __init__(self, shop: Workshop, clock: Clock) -> None:
        self._shop = shop
        self._clock = clock

    def remove(self, instance_id: str, *, when_quiet: bool = False) -> Instance:
        """Marks it REMOVING; `go_on` does the rest. The caller stops it first, through the guarded plan (`Wishes`).
        ``when_quiet``: that stop waits for its users, and the row says so.

        Idempotent. Raises NotFound, Conflict while its parts are still being made.
        """
        now, reason = self._clock.now(), WHEN_QUIET if when_quiet else ""

        def mark(row: Instance) -> Instance:
            if row.state is InstanceState.REMOVING:
                return row
            if row.work_until is not None:
                raise Conflict(f"{row.id} is still being made or taken back; try again in a few minutes.")
            return replace(row, state=InstanceState.REMOVING, changed_at=now, state_reason=reason)

        return self._shop.instances.change(instance_id, mark)

    def take_back(self, instance_id: str) -> Instance:
        """Makes it an instance like others again, while it still waits for its users and nothing of it is gone.

        Idempotent. Raises NotFound, Conflict when it is being taken apart. A person's word follows, or the stop that
        was said with the removal still stands.
        """

        def unmark(row: Instance) -> Instance:
            if row.state is not InstanceState.REMOVING:
                return row
            if not self._is_wanted(row):
                raise Conflict(f"{row.id} is being removed.")
            runs = row.routed_to is RoutedTo.MODEL
            state = InstanceState.RUNNING if runs else InstanceState.STARTING
            return replace(row, state=state, changed_at=self._clock.now(), state_reason="")

        return self._shop.instances.change(instance_id, unmark)

    def go_on(self, instance: Instance, now: datetime) -> Instance:
        """The next thing that can be done for a REMOVING instance; REMOVED when nothing is left. Level-triggered:
        an instance that is not REMOVING, or whose tasks still run, comes back as it is.

        Several may go on at once: what is gone is gone. Raises ActionFailed when AWS refuses; the next look goes on.
        """
        if instance.state is not InstanceState.REMOVING or not self._has_ended(instance):
            return instance
        try:
            for step in ORDER:
                if step.is_done(instance.resources):
                    emptied = step.undo(self._shop, instance)
                    instance = self._shop.instances.save(replace(instance, resources=emptied))
            return self._shop.instances.bury(instance, now)
        except ConditionFailed:
            return self._as_it_is(instance)

    def _as_it_is(self, instance: Instance) -> Instance:
        """Somebody else goes on with it, or has ended."""
        try:
            return self._shop.instances.get(instance.id)
        except NotFound:
            return replace(instance, state=InstanceState.REMOVED)

    def _is_wanted(self, instance: Instance) -> bool:
        """Its tasks still run for somebody, behind a rule that leads to them."""
        if not (instance.resources.service_arn and instance.resources.rule_arn):
            return False
        service = described(self._shop, instance)
        return service is not None and service.get("status") == "ACTIVE" and bool(service["desiredCount"])

    def _has_ended(self, instance: Instance) -> bool:
        """No task is wanted, none runs, and none drains behind the load balancer."""
        service = described(self._shop, instance) if instance.resources.service_arn else None
        if service is not None and service.get("status") == "ACTIVE":
            counts = (service["desiredCount"], service["runningCount"], service["pendingCount"])
            return not any(counts) and not self._drains(instance)
        return not self._drains(instance)

    def _drains(self, instance: Instance) -> bool:
        if not instance.resources.target_group_arn:
            return False
        found: Any = attempt(
            "elasticloadbalancing:DescribeTargetHealth",
            self._shop.elb.describe_target_health,
            "TargetGroupNotFound",
            TargetGroupArn=instance.resources.target_group_arn,
        )
        targets = found["TargetHealthDescriptions"] if found else ()
        return any(one["TargetHealth"].get("State") == "draining" for one in targets)
