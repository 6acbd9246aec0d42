"""Starts a model: answers at once with an instance in state STARTING, or says why not.

Everything that can be refused is refused before the row is written: the role, the fit, the policy, the limits. The
row comes first of all that is made, and the steps after it are `saga.Saga`'s. When AWS refuses one, the instance is
FAILED with the reason and nothing of it is left; when the process dies, `heal` finishes the start while it is young,
or takes it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chalicelib.errors import ActionFailed, Conflict, Forbidden, NotAllowed, NotFound, SwitchedOff
from chalicelib.fleet.asking import (
    StartRequest,
    check,
    check_weights,
    facts_of,
    instance_id,
    instance_of,
    ready_within,
)
from chalicelib.fleet.fit import place
from chalicelib.fleet.model import Instance, InstanceState
from chalicelib.fleet.once import InProgress, Once, other_request
from chalicelib.fleet.saga import WORK_FOR, Saga, TakenOver
from chalicelib.fleet.steps import STEPS, Step

if TYPE_CHECKING:
    from chalicelib.decide.facts import Override, ServiceFacts, ServiceId
    from chalicelib.fleet.allowing import Permission
    from chalicelib.fleet.catalog import Catalog
    from chalicelib.fleet.limits import Limits
    from chalicelib.fleet.people import Caller
    from chalicelib.fleet.workshop import Workshop
    from chalicelib.runtime.clock import Clock

__all__ = ["Gate", "Healed", "Launcher", "LauncherParts", "StartRequest"]

FINISHED_WITHIN = timedelta(minutes=15)
"""A start that was interrupted longer ago is taken back: whoever asked does not wait for it any more."""
HEALED_AT_ONCE = 5
_WAITS_SECONDS = (0.1, 0.2, 0.4, 0.8)


class Gate(Protocol):
    """Whether the policies let somebody start something: `wishes.Wishes`."""

    def may_start(self, facts: ServiceFacts, caller: Caller, *, schedule_policy: str = "") -> Permission: ...

    def note_start(self, permission: Permission, service: ServiceId, caller: Caller) -> Override | None: ...


@dataclass(frozen=True, slots=True)
class LauncherParts:
    """``new_id`` gives a key to a start that has none; ``pause`` sleeps for seconds."""

    shop: Workshop
    catalog: Catalog
    limits: Limits
    gate: Gate
    once: Once
    clock: Clock
    new_id: Callable[[], str]
    pause: Callable[[float], None] = time.sleep
    steps: tuple[Step, ...] = STEPS


@dataclass(frozen=True, slots=True)
class Healed:
    """What became of one start that somebody left half done. ``finished`` False: it was taken back."""

    instance_id: str
    finished: bool
    text: str
    """One sentence."""


class Launcher:
    def __init__(self, parts: LauncherParts) -> None:
        self._parts = parts
        self._instances = parts.shop.instances
        self._settings = parts.shop.settings
        self._saga = Saga(parts.shop, parts.clock, parts.steps)

    def start(self, request: StartRequest, caller: Caller, key: str) -> Instance:
        """Launches once for each ``key`` of the caller (empty: a new one each time); a repeat gives the same instance.

        The answer is STARTING, or FAILED with its reason when AWS refused a step, whose forerunners are then undone.
        Raises Forbidden, NotFound (model), Unfit (its ``field`` named; also another request under the same key),
        NotAllowed (policy, load balancers full), TooMany, Conflict (the same key is being worked on, or its instance
        was removed), SwitchedOff (no user pool).
        """
        if not caller.role.may_write:
            raise Forbidden(f"{caller.role.value} may look, and start nothing.")
        if self._settings.demand_token and self._parts.shop.pool is None:
            raise SwitchedOff(
                "This deployment has no user pool: without tokens an instance would be open to the world."
            )
        check(request, key)
        key = key or self._parts.new_id()
        id, digest = instance_id(caller.sub, key), request.digest
        try:
            self._parts.once.run(f"{caller.sub}/{key}", digest, lambda: self._launch(request, caller, key))
        except InProgress as error:
            if (standing := self._wait_for(id)) is None:
                raise Conflict("A start with this idempotency key is being worked on; ask again.") from error
            if standing.request_digest != digest:
                raise other_request() from error
            return standing
        try:
            return self._instances.get(id)
        except NotFound as gone:
            raise Conflict(f"{id}, which this key started, was removed; use a new key.") from gone

    def heal(self, now: datetime) -> tuple[Healed, ...]:
        """Finishes or takes back what was left half done longer ago than a start may take; a few at each call."""
        due = [row for row in self._instances.all() if row.work_until is not None and row.work_until <= now]
        return tuple(
            healed
            for row in sorted(due, key=lambda row: (row.work_until or now, row.id))[:HEALED_AT_ONCE]
            if (healed := self._heal(row, now)) is not None
        )

    # --- a new start

    def _launch(self, request: StartRequest, caller: Caller, key: str) -> str:
        id = instance_id(caller.sub, key)
        if (standing := self._standing(id)) is not None:
            if standing.request_digest != request.digest:
                raise other_request()
            return id
        model = self._parts.catalog.get(request.model_id)
        check_weights(model, self._settings)
        placement = place(
            model,
            instance_type=request.instance_type,
            size=request.size,
            settings=self._settings,
            region=self._parts.shop.region,
        )
        now = self._parts.clock.now()
        instance = instance_of(request, model, placement, caller, key, self._settings, now)
        gate = self._parts.gate
        permission = gate.may_start(facts_of(instance, now), caller, schedule_policy=request.schedule_policy)
        self._parts.limits.admit(caller.sub, id, placement.usd_per_hour, now)
        gate.note_start(permission, instance.service, caller)
        try:
            created = self._instances.create(replace(instance, work_until=now + WORK_FOR))
        except Conflict:
            return id
        try:
            self._saga.make(created, model)
        except NotAllowed:
            self._forget(created)
            raise
        return id

    def _wait_for(self, id: str) -> Instance | None:
        """The row that another start with the same key is about to write, or wrote."""
        for wait in _WAITS_SECONDS:
            if (standing := self._standing(id)) is not None:
                return standing
            self._parts.pause(wait)
        return self._standing(id)

    def _standing(self, id: str) -> Instance | None:
        try:
            return self._instances.get(id)
        except NotFound:
            return None

    def _forget(self, instance: Instance) -> None:
        """There is no place on any load balancer: nothing was made, and the same start may be tried again."""
        self._instances.drop(self._instances.get(instance.id))
        self._parts.limits.withdraw(instance.owner_sub, instance.id, self._parts.clock.now())

    # --- a start that somebody left half done

    def _heal(self, row: Instance, now: datetime) -> Healed | None:
        """None: somebody else does it, or it is for the remover."""
        if row.state not in (InstanceState.STARTING, InstanceState.FAILED):
            return None
        taken = self._saga.take_over(row, now)
        if taken is None:
            return None
        if row.state is InstanceState.FAILED:
            row = self._saga.take_back(taken, taken.state_reason)
        elif now - row.created_at > FINISHED_WITHIN:
            row = self._saga.take_back(taken, "Its start was interrupted and not finished in time; start it again.")
        else:
            row = self._finish(taken, now)
        said = f"The start of {row.id} ({row.model_id}) was interrupted"
        if row.state is not InstanceState.FAILED:
            return Healed(row.id, True, f"{said}; it is finished now.")
        left = "" if row.work_until is None else "as far as AWS lets go of it now, "
        return Healed(row.id, False, f"{said} and taken back, {left}because: {row.state_reason}")

    def _finish(self, row: Instance, now: datetime) -> Instance:
        try:
            model = self._parts.catalog.get(row.model_id)
            row = self._saga.look_for_the_next(row)
            row = self._saga.write(row, lambda one: replace(one, ready_by=now + ready_within(model)))
            return self._saga.make(row, model)
        except TakenOver:
            return row
        except (NotFound, NotAllowed, ActionFailed) as error:
            return self._saga.take_back(row, str(error))
