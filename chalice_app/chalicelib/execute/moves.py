"""What a move leaves behind when AWS refuses it: the next one waits, as a start that failed does."""

from __future__ import annotations

from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.execute.doing import Clock, Run
from chalicelib.execute.plan import PlanKind
from chalicelib.execute.steps import MarkPending
from chalicelib.record.states import States


def goes_to_spot(run: Run) -> bool:
    return any(isinstance(step, MarkPending) and step.to_spot for step in run.plan.steps)


def remember_refused(states: States, run: Run, reason: str, clock: Clock) -> str:
    """So that what AWS refuses is not asked for at every look. Answers what could not be recorded, in words."""
    if run.plan.kind is not PlanKind.MOVE:
        return ""
    try:
        if goes_to_spot(run):
            states.note_setback(run.plan.service, Setback(clock.now(), SetbackKind.FAILED, run.action_id))
        states.start_not_begun(run.lease, reason, clock.now())
    except (RecordUnavailable, ConditionFailed) as lost:
        return f" And it could not be recorded: {lost}"
    return ""
