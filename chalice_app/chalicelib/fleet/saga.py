"""Carries out the steps of a start one by one, notes each in the row, and takes them back when one is refused.

Whoever works on a row holds it until ``work_until``. Others may write to the row meanwhile (a request that waits is
counted there), but nobody makes or removes its parts.

    start    ──row──step──step──†
    sweep A                        work_until passes │ ──takes over──looks──step──step──done──
    sweep B                                          │ ──────────────x takes over (same-revision)
    start    (not dead, only slow)                   │ ──────────────────x notes: it was taken over, so it stops
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.errors import ActionFailed, ConditionFailed, LifecycleError, NotFound
from chalicelib.fleet.asking import failed
from chalicelib.fleet.model import Instance, Resources
from chalicelib.fleet.steps import STEPS, Step

if TYPE_CHECKING:
    from chalicelib.fleet.model import Model
    from chalicelib.fleet.workshop import Workshop
    from chalicelib.runtime.clock import Clock

WORK_FOR = timedelta(minutes=3)
"""A start takes seconds and its handler lives 30; after this nobody is at it any more."""
NO_STEP_AFTER = timedelta(minutes=2)
"""A start as slow as this takes no further step: the sweep may soon come for it."""


class TakenOver(LifecycleError):
    """Somebody else works on the row: whoever sees this stops, and undoes nothing. Never leaves the fleet."""


class Saga:
    def __init__(self, shop: Workshop, clock: Clock, steps: tuple[Step, ...] = STEPS) -> None:
        self._shop = shop
        self._clock = clock
        self._steps = steps

    def make(self, instance: Instance, model: Model) -> Instance:
        """Every step that is left. FAILED and taken back when AWS refuses one.

        Raises NotAllowed when there is no place on any load balancer; nothing was made then.
        """
        try:
            for step in self.left(instance):
                if self._is_late(instance):
                    return instance
                instance = self.note(instance, step.do(self._shop, instance, model))
            return self._settle(instance)
        except TakenOver:
            return instance
        except ActionFailed as error:
            return self.take_back(instance, str(error))

    def look_for_the_next(self, instance: Instance) -> Instance:
        """The first step that is not noted may have happened all the same; notes it then.

        Raises TakenOver, ActionFailed.
        """
        unsure = next(iter(self.left(instance)), None)
        found = unsure.find(self._shop, instance) if unsure else None
        return instance if found is None else self.note(instance, found)

    def take_back(self, instance: Instance, reason: str) -> Instance:
        """FAILED with the reason, then without any part. What AWS does not let go now is tried again by the sweep."""
        try:
            instance = self.write(instance, lambda row: failed(row, reason, self._clock.now()))
            instance = self.look_for_the_next(instance)
            for step in reversed(self._steps):
                if step.is_done(instance.resources):
                    instance = self.note(instance, step.undo(self._shop, instance))
            return self._settle(instance)
        except (TakenOver, ActionFailed):
            return instance

    def left(self, instance: Instance) -> Sequence[Step]:
        """In order; a part that is there is not made again, whatever stands before it."""
        return [step for step in self._steps if not step.is_done(instance.resources)]

    def take_over(self, row: Instance, now: datetime) -> Instance | None:
        """The row, held for us. None: somebody else was first."""
        try:
            return self._shop.instances.save(replace(row, work_until=now + WORK_FOR))
        except ConditionFailed:
            return None

    def note(self, instance: Instance, resources: Resources) -> Instance:
        return self.write(instance, lambda row: replace(row, resources=resources))

    def write(self, instance: Instance, edit: Callable[[Instance], Instance]) -> Instance:
        """Keeps what others wrote meanwhile; the row is ours while it bears our ``work_until``. Raises TakenOver."""
        try:
            return self._shop.instances.save(edit(instance))
        except ConditionFailed:
            pass

        def while_ours(row: Instance) -> Instance:
            if row.work_until != instance.work_until:
                raise TakenOver(f"{row.id} was taken over.")
            return edit(row)

        try:
            return self._shop.instances.change(instance.id, while_ours)
        except NotFound as gone:
            raise TakenOver(f"{instance.id} is gone.") from gone

    def _settle(self, instance: Instance) -> Instance:
        return self.write(instance, lambda row: replace(row, work_until=None))

    def _is_late(self, instance: Instance) -> bool:
        until = instance.work_until
        return until is not None and self._clock.now() > until - WORK_FOR + NO_STEP_AFTER
