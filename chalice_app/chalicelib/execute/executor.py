"""Carries a plan out: one service, under its lock, every step guarded. The only room that changes ECS.

    lock ─ describe ─ compare ─ (draining) ─ look again ─ compare ─ step ─ … ─ history ─ pending ─ release   (verify)

It refuses when somebody else holds the lock or ours has run out, when the service or its record are not what the plan
was made for, and when looking again just before the first write to AWS finds that something else is wanted or cannot
tell. A run that dies between two steps leaves a mark (draining, a saved size, the lock itself) from which the next
plan goes on or takes back; the lock expires by itself. What goes wrong is an `Outcome`, never an exception, unless
the program itself is wrong. Every instant written down is the clock's at that moment, not the run's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ServiceFacts, ServiceId, ServiceMemory
from chalicelib.errors import (
    ActionFailed,
    ConditionFailed,
    LifecycleError,
    Locked,
    NoLongerWanted,
    RecordUnavailable,
    Refused,
    WorldChanged,
)
from chalicelib.execute import guards, moves, resuming
from chalicelib.execute.doing import Clock, Doer, Run
from chalicelib.execute.entries import PriceOf, no_price
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import NOTHING_IS_WRITTEN, Plan, PlanKind, take_back_steps
from chalicelib.execute.scribe import Scribe
from chalicelib.execute.steps import WRITES_TO_AWS, LookAgain, MarkDraining, MarkPending, SetDesiredCount, TakeBack
from chalicelib.execute.verify import Verifier
from chalicelib.record.history import History
from chalicelib.record.states import Lease, States

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_ecs.client import ECSClient

Look = Callable[[ServiceId, datetime], ServiceFacts]
"""Describes one service afresh. Raises UnknownService when it is gone, ObservationError when AWS does not answer."""


LEASE_SECONDS = 600
"""Longer than any handler may run (270 s), so that a lock never ends while its owner still acts."""

_NOT_AFTER_ALL = {
    PlanKind.STOP: "not stopped",
    PlanKind.START: "not started",
    PlanKind.MOVE: "not moved",
    PlanKind.MEND: "not put right",
}


@dataclass(slots=True)
class _Course:
    """How far a run has come. ``begun``: the start itself went out. ``keep_lock``: the lock is the only mark of it."""

    run: Run
    facts: ServiceFacts | None = None
    drained: bool = False
    begun: bool = False
    keep_lock: bool = False


class Executor:
    """``look``, ``new_id`` and ``clock`` are handed in, as are the clients."""

    def __init__(
        self,
        ecs: ECSClient,
        scaling: ApplicationAutoScalingClient,
        states: States,
        history: History,
        look: Look,
        new_id: Callable[[], str],
        clock: Clock,
        *,
        price: PriceOf = no_price,
        lease_seconds: int = LEASE_SECONDS,
    ) -> None:
        self._states = states
        self._look = look
        self._new_id = new_id
        self._clock = clock
        self._scribe = Scribe(states, history, clock, price)
        self._lease_seconds = lease_seconds
        self._doer = Doer(ecs, scaling, states, clock, self._scribe.begun)
        self._verifier = Verifier(ecs, states, history, price=price)

    def run(
        self,
        plan: Plan,
        who: str,
        *,
        look_again: guards.LookAgain | None = None,
        policy_version: str | None = None,
    ) -> Outcome:
        """Carries ``plan`` out for ``who``. ``policy_version`` is the one in force now, when the plan may be old."""
        if plan.refusal:
            return self._scribe.cannot(plan, who)
        try:
            last = self._states.get(plan.service).lock_owner
            claim = resuming.claim(plan, last)
            action_id = claim.resumes or self._new_id()
            now = self._clock.now()
            lease = self._states.lock(plan.service, claim.owner(action_id), now, self._lease_seconds)
        except Locked as held:
            return resuming.acting_now(plan, held, now)
        except RecordUnavailable as lost:
            return Outcome(plan.service, plan.kind, OutcomeStatus.FAILED, str(lost))
        if lease.interrupted != last:  # somebody had the lock in between: what it says now counts
            claim = resuming.claim(plan, lease.interrupted)
            action_id = claim.resumes or self._new_id()
        course = _Course(Run(plan, plan.decision, who, lease, action_id, claim.settles))
        done = False
        try:
            outcome = self._guarded(course, look_again, policy_version)
            done = outcome.status is OutcomeStatus.DONE
        finally:
            if not (course.keep_lock or (resuming.interrupted_start(lease) and not done)):
                self._release(lease)
        return outcome

    def verify(self, service: ServiceId, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> Outcome | None:
        """Whether the pending action of one service had its effect; None when nothing is to be said yet."""
        return next(iter(self._verifier.verify([(facts, memory)], now)), None)

    def verify_all(self, pending: list[tuple[ServiceFacts, ServiceMemory]], now: datetime) -> tuple[Outcome, ...]:
        """`verify` of many, asking ECS for ten at a time why they do not come up."""
        return self._verifier.verify(pending, now)

    def write_owed(self, lines: Mapping[ServiceId, str]) -> None:
        """See `Verifier.write_owed`."""
        self._verifier.write_owed(lines)

    def _guarded(self, course: _Course, look_again: guards.LookAgain | None, policy_version: str | None) -> Outcome:
        service, kind = course.run.plan.service, course.run.plan.kind
        try:
            facts = self._go(course, look_again, policy_version)
        except NoLongerWanted as changed:
            course.run = replace(course.run, decision=changed.decision)
            course.facts = changed.facts or course.facts
            undone = self._take_back(course)
            reason = f"{service}: {_NOT_AFTER_ALL[kind]} after all: {changed}{undone}"
            return self._scribe.refused(course.run, "changed-mind", reason)
        except Refused as refusal:
            if course.begun:
                return self._begun_all_the_same(course, str(refusal))
            undone = "" if isinstance(refusal, Locked) else self._take_back(course)
            refused = self._scribe.refused(course.run, type(refusal).__name__, f"{refusal}{undone}")
            return replace(refused, overtaken=isinstance(refusal, WorldChanged))
        except LifecycleError as trouble:
            return self._start_troubled(course, trouble) if kind is PlanKind.START else self._failed(course, trouble)
        return self._scribe.done(course.run, facts)

    def _go(self, course: _Course, look_again: guards.LookAgain | None, policy_version: str | None) -> ServiceFacts:
        plan, memory = course.run.plan, course.run.lease.memory
        course.facts = facts = self._look(plan.service, self._clock.now())
        guards.same_world(plan, facts, memory, self._clock.now(), policy_version)
        looked = False
        for step in plan.steps:
            if not looked and isinstance(step, (LookAgain, *WRITES_TO_AWS)):
                looked = True
                if again := guards.still_wanted(look_again, plan):
                    course.facts = facts = again.facts
                    guards.same_world(plan, facts, memory, self._clock.now(), policy_version)
                    course.run = replace(course.run, decision=_newest(plan, again.decision))
            if isinstance(step, LookAgain):
                continue
            course.facts = facts = self._doer.do(step, course.run, facts)
            course.drained = course.drained or isinstance(step, MarkDraining)
            starts = plan.kind is PlanKind.START and isinstance(step, SetDesiredCount)
            course.begun = course.begun or starts
        return facts

    # --- what to do when it goes wrong

    def _failed(self, course: _Course, trouble: LifecycleError) -> Outcome:
        """A stop is taken back when AWS surely refused it; where no answer came, the next look finds out."""
        run, reason = course.run, str(trouble)
        course.keep_lock = resuming.went_down(run.plan, course.facts)  # says under which id to record it
        if isinstance(trouble, ActionFailed) and not trouble.uncertain:
            reason += self._take_back(course) or moves.remember_refused(self._states, course.run, reason, self._clock)
        return self._scribe.failed(run, course.facts, reason)

    def _start_troubled(self, course: _Course, trouble: LifecycleError) -> Outcome:
        """Only a start that AWS was asked for counts as failed; one that went out is awaited, whatever came after."""
        run, reason = course.run, str(trouble)
        if course.begun:
            return self._begun_all_the_same(course, reason)
        if isinstance(trouble, ActionFailed) and resuming.asks_for_tasks(run.plan):
            if trouble.uncertain:
                try:
                    course.facts = self._look(run.plan.service, self._clock.now())
                except LifecycleError as unseen:
                    course.keep_lock = True
                    return self._scribe.failed(run, course.facts, f"{reason} And it could not be seen: {unseen}")
                if course.facts.desired_count == resuming.asks_for_tasks(run.plan):
                    return self._begun_all_the_same(course, reason)
            try:
                self._states.start_not_begun(run.lease, reason, self._clock.now())
            except (RecordUnavailable, ConditionFailed) as lost:
                reason += f" And it could not be recorded: {lost}"
        return self._scribe.failed(run, course.facts, reason)

    def _begun_all_the_same(self, course: _Course, trouble: str) -> Outcome:
        """The start went out, something after it failed: it is awaited, and what is missing is put right later."""
        run, facts = course.run, course.facts
        assert facts is not None
        try:
            for step in run.plan.steps:
                if isinstance(step, MarkPending):
                    self._doer.do(step, run, facts)
        except LifecycleError as lost:
            course.keep_lock = True  # nobody may take it for somebody's hand while nothing else says that it is ours
            trouble = f"{trouble} And it could not be recorded yet: {lost}"
        return self._scribe.begun_all_the_same(run, facts, trouble)

    def _take_back(self, course: _Course) -> str:
        """Undoes what this stop did so far. Answers what could not be undone, in words; the next look mends it."""
        facts, run = course.facts, course.run
        if not course.drained or facts is None or facts.desired_count == 0:
            return ""
        try:
            memory = self._states.get(facts.id).memory
            frozen = run.decision.rule in NOTHING_IS_WRITTEN
            steps = (TakeBack(forget_size=False),) if frozen else take_back_steps(facts, memory.saved_size)
            for step in steps:
                facts = self._doer.do(step, run, facts)
        except LifecycleError as trouble:
            return f" It could not be taken back yet: {trouble}"
        return ""

    def _release(self, lease: Lease) -> None:
        try:
            self._states.release(lease)
        except RecordUnavailable:
            return  # the lock expires by itself


def _newest(plan: Plan, now: Decision) -> Decision:
    """A mend keeps its own reason: it is done whatever the rules say, unless they forbid every write."""
    return plan.decision if plan.kind is PlanKind.MEND else now
