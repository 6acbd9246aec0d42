"""Does one step. Each returns the facts as they must be after it, so that what was done can be taken back exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, assert_never

from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ActionKind, Moving, Pending, SavedSize, ServiceFacts
from chalicelib.decide.words import clock
from chalicelib.errors import ActionFailed, Locked, ObservationError
from chalicelib.execute import aws
from chalicelib.execute.plan import Plan, PlanKind
from chalicelib.execute.sizes import suspended
from chalicelib.execute.steps import (
    WRITES_TO_AWS,
    LookAgain,
    MarkDraining,
    MarkPending,
    NoteSetback,
    RestoreScaling,
    SaveSize,
    SetDesiredCount,
    SetPlacement,
    SettleRunning,
    Step,
    SuspendScaling,
    TakeBack,
)
from chalicelib.execute.trouble import rollout_given_up
from chalicelib.record.states import Lease, States

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_ecs.client import ECSClient


A_CALL = timedelta(seconds=60)
"""The longest that one call to AWS takes with all its tries: our lock must still stand when it ends."""


class Clock(Protocol):
    """The time as it goes on while a run acts."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one plan: for whom, under which lease. ``decision`` is the newest one (after looking again).
    ``settles``: the action of a run that died, which this one finds done and writes down."""

    plan: Plan
    decision: Decision
    who: str
    lease: Lease
    action_id: str
    settles: ActionKind | None = None


Begun = Callable[[Run, ServiceFacts], None]
"""Told when the act is done and only its effect is awaited."""


class Doer:
    """The hands: ECS, autoscaling and the state row. ``begun`` writes the history before the action is pending."""

    def __init__(
        self, ecs: ECSClient, scaling: ApplicationAutoScalingClient, states: States, clock: Clock, begun: Begun
    ) -> None:
        self._ecs = ecs
        self._scaling = scaling
        self._states = states
        self._clock = clock
        self._begun = begun

    def do(self, step: Step, run: Run, facts: ServiceFacts) -> ServiceFacts:
        """Raises ActionFailed (AWS), Locked or ConditionFailed (the lock was lost), RecordUnavailable.

        An ObservationError says that AWS was not even asked to change anything.
        """
        if isinstance(step, WRITES_TO_AWS):
            self._lock_must_stand(run.lease)
        match step:
            case MarkDraining():
                self._states.mark_draining(run.lease, self._clock.now())
            case SaveSize():
                self._states.save_size(run.lease, SavedSize(step.desired_count, step.scaling, self._clock.now()))
            case SuspendScaling():
                aws.suspend_scaling(self._scaling, facts.id)
                return replace(facts, scaling=suspended(step.seen))
            case RestoreScaling():
                aws.restore_scaling(self._scaling, facts.id, step.bounds)
                return replace(facts, scaling=step.bounds)
            case NoteSetback():
                self._states.note_setback(facts.id, step.setback)
            case SetPlacement():
                self._note_move(run)
                aws.set_placement(self._ecs, facts.id, step.to)
                return replace(facts, capacity_providers=step.to)
            case SetDesiredCount():
                return self._set_desired_count(step, facts)
            case MarkPending():
                self._await(step, run, facts)
            case TakeBack():
                self._states.undrain(run.lease, forget_size=step.forget_size)
            case SettleRunning():
                if run.settles:
                    self._begun(run, facts)
                self._states.settle_running(run.lease)
            case LookAgain():
                raise AssertionError("looking again is the executor's own step")
            case other:
                assert_never(other)
        return facts

    def _lock_must_stand(self, lease: Lease) -> None:
        """AWS knows nothing of our fencing numbers, so nothing is sent that could arrive after the lock's end."""
        if self._clock.now() + A_CALL >= lease.until:
            raise Locked(
                f"{lease.service}: this run took so long that its lock ended (at {clock(lease.until)}); "
                "somebody else may act on it by now, so nothing more is done."
            )

    def _note_move(self, run: Run) -> None:
        """A start leaves its saved size behind when its process dies; a move has nothing else."""
        for step in run.plan.steps:
            if isinstance(step, MarkPending) and step.kind is ActionKind.MOVE:
                self._states.mark_moving(run.lease, Moving(step.to, step.to_spot))

    def _set_desired_count(self, step: SetDesiredCount, facts: ServiceFacts) -> ServiceFacts:
        anew = step.again and self._given_up(facts)
        if step.count != facts.desired_count or anew:
            aws.set_desired_count(self._ecs, facts.id, step.count, new_deployment=anew)
        return replace(facts, desired_count=step.count)

    def _given_up(self, facts: ServiceFacts) -> bool:
        try:
            return rollout_given_up(self._ecs, facts.id)
        except ActionFailed as unread:
            raise ObservationError(str(unread)) from unread

    def _await(self, step: MarkPending, run: Run, facts: ServiceFacts) -> None:
        """History first: a crash in between writes the line twice under one action id, never not at all."""
        self._begun(run, facts)
        now = self._clock.now()
        deadline = now + timedelta(seconds=step.within_seconds)
        pending = Pending(step.kind, now, deadline, run.action_id, step.to, step.to_spot)
        self._states.mark_pending(run.lease, pending, facts.hosts)
        opening = run.decision.handles_opening
        if opening and run.plan.kind is PlanKind.START:
            self._states.handle_opening(facts.id, opening, now)
