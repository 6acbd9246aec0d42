"""Turns a decision into data: the steps, and the fingerprint of the world they were made for. Pure.

Four kinds of plans exist: stop, start, move (to other capacity), and *mend*, which finishes or takes back what an
interrupted run left half done. A start of a service whose size we never saved carries a refusal instead of steps: we
never invent 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from chalicelib.decide import backoff
from chalicelib.decide.capacity import Market
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import (
    ActionKind,
    SavedSize,
    ServiceFacts,
    ServiceId,
    ServiceMemory,
    StartFailure,
)
from chalicelib.execute.sizes import all_suspended, scaling_to_restore, size_to_save
from chalicelib.execute.steps import (
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
from chalicelib.execute.unrecorded import awaited_move, record_of_move

STOP_WITHIN = timedelta(minutes=15)
"""ECS: deregistration delay (300 s by default) and stop timeout (30 s by default), with room for slow hosts."""

START_WITHIN = timedelta(minutes=20)
"""A GPU host boots, pulls an image of some GB and loads a model."""

NOTHING_IS_WRITTEN = frozenset({RuleName.FREEZE_ALL, RuleName.NEVER_TOUCH, RuleName.FREEZE})


class PlanKind(StrEnum):
    START = "start"
    STOP = "stop"
    MOVE = "move"
    MEND = "mend"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What must still be so when the plan is carried out."""

    desired_count: int
    task_definition: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``refusal`` says why a wanted action cannot be done at all; there are no steps then."""

    service: ServiceId
    decision: Decision
    kind: PlanKind
    steps: tuple[Step, ...]
    seen: Fingerprint
    refusal: str = ""

    def describe(self) -> tuple[str, ...]:
        """One line a step, for people and for the history."""
        return tuple(step.describe() for step in self.steps)


def plan(
    decision: Decision, facts: ServiceFacts, memory: ServiceMemory, now: datetime, *, policy_version: str = ""
) -> Plan | None:
    """What to do about ``decision``; None when nothing is to be done, or not yet (`retry_at`)."""
    if _is_older_than_our_act(facts, memory):
        return None
    memory = _of_this_service(facts, memory)
    frozen = decision.rule in NOTHING_IS_WRITTEN
    if not frozen and (recorded := record_of_move(facts, memory, START_WITHIN)):
        return _made(decision, facts, policy_version, PlanKind.MOVE, recorded, "")
    kind, steps, refusal = _NOTHING if frozen else _turn(decision, facts, memory, now)
    if not steps and not refusal:
        kind, steps, refusal = _move(decision, facts, memory, now)
        if not steps and not frozen and _is_stranded(decision, facts, memory, now):
            kind, steps = PlanKind.START, _anew(facts)
    return _made(decision, facts, policy_version, kind, steps, refusal)


def _turn(decision: Decision, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> _Steps:
    match decision.wanted:
        case Wanted.STOPPED:
            return _stop(facts, memory)
        case Wanted.RUNNING:
            return _start(decision, facts, memory, now)
        case Wanted.LEAVE:
            return _leave(decision, facts, memory, now)
        case other:
            assert_never(other)


def mend(facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> Plan | None:
    """What is to be put right at a service that no policy governs any more; None when all is well."""
    if _is_older_than_our_act(facts, memory):
        return None
    memory = _of_this_service(facts, memory)
    said = "no policy governs it any more, and what was begun there is put right"
    decision = Decision(facts.id, Wanted.LEAVE, RuleName.DEFAULT, Because.HOURS, said, (), now)
    if recorded := record_of_move(facts, memory, START_WITHIN):
        return _made(decision, facts, "", PlanKind.MOVE, recorded, "")
    return _made(decision, facts, "", *_mend(facts, memory))


def retry_at(failure: StartFailure | None) -> datetime | None:
    """When a start that failed may be tried again; None when none failed."""
    return None if failure is None else backoff.retry_at(failure)


def take_back_steps(facts: ServiceFacts, saved: SavedSize | None) -> tuple[Step, ...]:
    """Undoes an unfinished stop of a service that still runs. The size is forgotten only if ECS holds all of it."""
    whole = saved is None or facts.desired_count >= saved.desired_count
    return (*_restore(facts, saved), TakeBack(forget_size=whole))


_Steps = tuple[PlanKind, tuple[Step, ...], str]
_NOTHING: _Steps = (PlanKind.MEND, (), "")
_PENDING_STOP = MarkPending(ActionKind.STOP, int(STOP_WITHIN.total_seconds()))
_PENDING_START = MarkPending(ActionKind.START, int(START_WITHIN.total_seconds()))


def _made(
    decision: Decision,
    facts: ServiceFacts,
    policy_version: str,
    kind: PlanKind,
    steps: tuple[Step, ...],
    refusal: str,
) -> Plan | None:
    if not steps and not refusal:
        return None
    if facts.unmanageable:
        steps, refusal = (), f"{facts.id} cannot be managed: {facts.unmanageable}"
    seen = Fingerprint(facts.desired_count, facts.task_definition, policy_version)
    return Plan(facts.id, decision, kind, steps, seen, refusal)


def _stop(facts: ServiceFacts, memory: ServiceMemory) -> _Steps:
    if facts.desired_count == 0 or _pending(memory) is ActionKind.STOP:
        return _mend(facts, memory)
    desired, scaling = size_to_save(facts, memory.saved_size)
    steps: tuple[Step, ...] = (MarkDraining(), LookAgain(), SaveSize(desired, scaling))
    if facts.scaling and not all_suspended(facts.scaling):
        steps += (SuspendScaling(facts.scaling),)
    return PlanKind.STOP, (*steps, SetDesiredCount(0, was=facts.desired_count), _PENDING_STOP), ""


def _start(decision: Decision, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> _Steps:
    saved, retry = memory.saved_size, retry_at(memory.start_failure)
    if facts.desired_count > 0 and (_pending(memory) or memory.draining_since or saved is None or facts.is_ready):
        return _mend(facts, memory)
    if _pending(memory) is ActionKind.START or (retry and now < retry):
        return PlanKind.START, (), ""
    if saved is None:
        return (
            PlanKind.START,
            (),
            (
                f"{facts.id} cannot be started: no size was saved for it, and we never invent one. "
                "Set its desired count once by hand; from the next stop on it is remembered."
            ),
        )
    if 0 < facts.desired_count != saved.desired_count and retry is None:
        return PlanKind.START, (), ""  # a person is starting it at another size: theirs stands
    again = retry is not None
    steps: tuple[Step, ...] = ()
    if again or facts.desired_count == 0:
        count = max(saved.desired_count, facts.desired_count)
        steps = (*_placement(decision, facts), SetDesiredCount(count, was=facts.desired_count, again=again))
    return PlanKind.START, (*steps, *_restore(facts, saved), _PENDING_START), ""


def _leave(decision: Decision, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> _Steps:
    """A start of ours that failed is ours to try again, unless people took the service out of our hands."""
    up_and_failed = facts.desired_count > 0 and memory.start_failure and not facts.is_ready
    if up_and_failed and not memory.draining_since and decision.rule is not RuleName.EXCLUSION:
        return _start(decision, facts, memory, now)
    return _mend(facts, memory)


def _move(decision: Decision, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> _Steps:
    """To other capacity. What was heard of Spot since the last failure is news; without any the next try waits."""
    placing, retry = decision.placing, retry_at(memory.start_failure)
    if placing is None or not placing.to or facts.desired_count == 0:
        return _NOTHING
    stops = memory.draining_since is not None or _pending(memory) is ActionKind.STOP
    if stops or (retry and now < retry and not facts.is_ready and placing.setback is None):
        return _NOTHING
    to_spot = placing.market is Market.SPOT
    awaited = awaited_move(placing.to, START_WITHIN, to_spot=to_spot)
    return PlanKind.MOVE, (*_placement(decision, facts), awaited), ""


def _is_stranded(decision: Decision, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> bool:
    """Whether a move of ours failed, nothing of the service runs where it is placed now, and its wait is over.

    A start that failed has a saved size, by which `_start` tries it again; a move has none.
    """
    retry = retry_at(memory.start_failure)
    is_ours = not (memory.saved_size or memory.draining_since or memory.pending)
    is_wanted = decision.wanted is not Wanted.STOPPED and decision.rule is not RuleName.EXCLUSION
    is_down = facts.desired_count > 0 and facts.running_count == 0
    return retry is not None and now >= retry and is_ours and is_wanted and is_down


def _anew(facts: ServiceFacts) -> tuple[Step, ...]:
    """The same size once more: what ECS gave up is deployed again, what it still tries is awaited."""
    count = facts.desired_count
    return SetDesiredCount(count, was=count, again=True), _PENDING_START


def _placement(decision: Decision, facts: ServiceFacts) -> tuple[Step, ...]:
    placing = decision.placing
    if placing is None or not placing.to:
        return ()
    noted = (NoteSetback(placing.setback),) if placing.setback else ()
    return (*noted, SetPlacement(placing.to, was=facts.capacity_providers))


def _mend(facts: ServiceFacts, memory: ServiceMemory) -> _Steps:
    """What a run that died, or a person who started the service by hand, left for us to put right."""
    steps: tuple[Step, ...] = ()
    if facts.desired_count == 0:
        if memory.draining_since and _pending(memory) is not ActionKind.STOP:
            steps = (_PENDING_STOP,)
    elif _pending(memory):
        steps = ()
    elif memory.draining_since:
        steps = take_back_steps(facts, memory.saved_size)
    elif facts.is_ready and (memory.saved_size or memory.start_failure):
        steps = (*_restore(facts, memory.saved_size), SettleRunning())
    return PlanKind.MEND, steps, ""


def _restore(facts: ServiceFacts, saved: SavedSize | None) -> tuple[Step, ...]:
    bounds = scaling_to_restore(saved.scaling if saved else None, facts.scaling)
    return (RestoreScaling(bounds),) if bounds else ()


def _pending(memory: ServiceMemory) -> ActionKind | None:
    return memory.pending.kind if memory.pending else None


def _of_this_service(facts: ServiceFacts, memory: ServiceMemory) -> ServiceMemory:
    """Without a size that was saved before the service was created: that was another service of the same name."""
    saved, created = memory.saved_size, facts.created_at
    return replace(memory, saved_size=None) if saved and created and saved.saved_at < created else memory


def _is_older_than_our_act(facts: ServiceFacts, memory: ServiceMemory) -> bool:
    """Facts from before our own last act would show the world as it was, and call for acting again."""
    acts = (memory.pending.since if memory.pending else None, memory.stopped_at)
    return any(act is not None and facts.described_at < act for act in acts)
