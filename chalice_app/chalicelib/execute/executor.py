"""Carries a plan out: one service, under its lock, every step guarded. The only room that changes ECS.

    lock ─ describe again ─ compare ─ step ─ step ─ … ─ history ─ pending ─ release        (later: verify)

It refuses when somebody else holds the lock, when the service or its record are not what the plan was made for, and
when looking again just before a stop finds use or cannot tell. A run that dies between two steps leaves a mark
(draining, a saved size) from which the next plan goes on or takes back; the lock expires by itself. What goes wrong
is an `Outcome`, never an exception, unless the program itself is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ServiceFacts, ServiceId, ServiceMemory
from chalicelib.errors import (
    ActionFailed,
    ConditionFailed,
    LifecycleError,
    Locked,
    RecordUnavailable,
    Refused,
)
from chalicelib.execute import guards
from chalicelib.execute.doing import Doer, Run
from chalicelib.execute.entries import PriceOf, action_entry, action_of, no_price
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind, take_back_steps
from chalicelib.execute.steps import LookAgain, MarkPending
from chalicelib.execute.verify import Verifier
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.states import Lease, States

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_ecs.client import ECSClient

Look = Callable[[ServiceId, datetime], ServiceFacts]
"""Describes one service afresh. Raises UnknownService when it is gone, ObservationError when AWS does not answer."""


class Executor:
    """``look`` and ``new_id`` are handed in, as are the clients; ``lease_seconds`` outlasts a handler's run."""

    def __init__(
        self,
        ecs: ECSClient,
        scaling: ApplicationAutoScalingClient,
        states: States,
        history: History,
        look: Look,
        new_id: Callable[[], str],
        *,
        price: PriceOf = no_price,
        lease_seconds: int = 120,
    ) -> None:
        self._states = states
        self._history = history
        self._look = look
        self._new_id = new_id
        self._price = price
        self._lease_seconds = lease_seconds
        self._doer = Doer(ecs, scaling, states, self._begun)
        self._verifier = Verifier(ecs, states, history, price=price)

    def run(
        self,
        plan: Plan,
        who: str,
        now: datetime,
        *,
        look_again: guards.LookAgain | None = None,
        policy_version: str | None = None,
    ) -> Outcome:
        """Carries ``plan`` out for ``who``. ``policy_version`` is the one in force now, when the plan may be old."""
        if plan.refusal:
            return self._cannot(plan, who, now)
        action_id = self._new_id()
        try:
            lease = self._states.lock(plan.service, f"{_lock_word(plan)}:{action_id}", now, self._lease_seconds)
        except Locked as held:
            return Outcome(plan.service, plan.kind, OutcomeStatus.REFUSED, str(held), news=False)
        except RecordUnavailable as lost:
            return Outcome(plan.service, plan.kind, OutcomeStatus.FAILED, str(lost))
        run = Run(plan, plan.decision, who, now, lease, _resumed(plan, lease) or action_id)
        try:
            return self._guarded(run, look_again, policy_version)
        finally:
            self._release(lease)

    def verify(self, service: ServiceId, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> Outcome | None:
        """Whether the pending action of one service had its effect; None when nothing is to be said yet."""
        return next(iter(self._verifier.verify([(facts, memory)], now)), None)

    def verify_all(self, pending: list[tuple[ServiceFacts, ServiceMemory]], now: datetime) -> tuple[Outcome, ...]:
        """`verify` of many, asking ECS for ten at a time why they do not come up."""
        return self._verifier.verify(pending, now)

    # --- the run

    def _guarded(self, run: Run, look_again: guards.LookAgain | None, policy_version: str | None) -> Outcome:
        facts: ServiceFacts | None = None
        try:
            plan = run.plan
            facts = self._look(plan.service, run.now)
            guards.same_world(plan, facts, run.lease.memory, run.now, policy_version)
            for step in plan.steps:
                if isinstance(step, LookAgain):
                    run = replace(run, decision=guards.still_wanted(look_again, run.decision))
                else:
                    facts = self._doer.do(step, run, facts)
        except guards.NoLongerWanted as changed:
            run = replace(run, decision=changed.decision)
            undone = self._take_back(run, facts)
            return self._refused(run, "changed-mind", f"{run.lease.service}: not stopped after all: {changed}{undone}")
        except Refused as refusal:
            return self._refused(run, type(refusal).__name__, str(refusal))
        except ActionFailed as failure:
            return self._failed(run, facts, str(failure), certain=not failure.uncertain)
        except LifecycleError as trouble:
            return self._failed(run, facts, str(trouble), certain=False)
        return self._done(run, facts)

    # --- what became of it

    def _begun(self, run: Run, facts: ServiceFacts) -> None:
        self._history.append(self._entry(run, facts, EntryKind.ACTED, _reason(run), "begun"))

    def _done(self, run: Run, facts: ServiceFacts) -> Outcome:
        begun = any(isinstance(step, MarkPending) for step in run.plan.steps)
        entry = self._entry(run, facts, EntryKind.ACTED, _reason(run), "begun" if begun else "mended")
        if not begun:
            self._write(entry)
        return Outcome(
            facts.id, run.plan.kind, OutcomeStatus.DONE, entry.reason, run.action_id, verified=not begun, entry=entry
        )

    def _refused(self, run: Run, word: str, reason: str) -> Outcome:
        return self._say_refused(run.plan, run.decision, run.who, run.now, word, reason, run.action_id)

    def _cannot(self, plan: Plan, who: str, now: datetime) -> Outcome:
        outcome = self._say_refused(plan, plan.decision, who, now, "cannot", plan.refusal)
        if plan.decision.handles_opening:
            try:
                self._states.handle_opening(plan.service, plan.decision.handles_opening, now)
            except RecordUnavailable:
                return outcome  # the next look says it again
        return outcome

    def _say_refused(
        self, plan: Plan, decision: Decision, who: str, now: datetime, word: str, reason: str, action_id: str = ""
    ) -> Outcome:
        """``word`` and the decision's because name the refusal: the same one is told once, not at every look."""
        entry = action_entry(
            plan,
            decision,
            kind=EntryKind.REFUSED,
            who=who,
            at=now,
            reason=reason,
            outcome="refused",
            action_id=action_id,
        )
        try:
            news = self._states.first_refusal(plan.service, f"{plan.kind}:{word}:{decision.because}:{who}", now)
        except RecordUnavailable:
            news = False
        if news:
            self._write(entry)
        return Outcome(plan.service, plan.kind, OutcomeStatus.REFUSED, reason, action_id, entry=entry, news=news)

    def _failed(self, run: Run, facts: ServiceFacts | None, reason: str, *, certain: bool) -> Outcome:
        """A stop is taken back when AWS surely refused it; where no answer came, the next look finds out."""
        try:
            match run.plan.kind:
                case PlanKind.STOP:
                    reason += self._take_back(run, facts) if certain else ""
                case PlanKind.START:
                    self._states.start_not_begun(run.lease, reason, run.now)
                case PlanKind.MEND:
                    pass
        except (RecordUnavailable, ConditionFailed) as lost:
            reason += f" And it could not be recorded: {lost}"
        entry = self._entry(run, facts, EntryKind.FAILED, reason, "failed")
        self._write(entry)
        return Outcome(run.plan.service, run.plan.kind, OutcomeStatus.FAILED, reason, run.action_id, entry=entry)

    def _take_back(self, run: Run, facts: ServiceFacts | None) -> str:
        """Undoes what this stop did so far. Answers what could not be undone, in words; the next look mends it."""
        if facts is None or facts.desired_count == 0:
            return ""
        try:
            memory = self._states.get(facts.id).memory
            for step in take_back_steps(facts, memory.saved_size):
                facts = self._doer.do(step, run, facts)
        except LifecycleError as trouble:
            return f" It could not be taken back yet: {trouble}"
        return ""

    def _entry(self, run: Run, facts: ServiceFacts | None, kind: EntryKind, reason: str, outcome: str) -> Entry:
        return action_entry(
            run.plan,
            run.decision,
            kind=kind,
            who=run.who,
            at=run.now,
            reason=reason,
            outcome=outcome,
            action_id=run.action_id,
            price=self._price(facts) if facts else None,
        )

    def _write(self, entry: Entry) -> None:
        try:
            self._history.append(entry)
        except RecordUnavailable:
            return  # the outcome carries the entry to the log and to people

    def _release(self, lease: Lease) -> None:
        try:
            self._states.release(lease)
        except RecordUnavailable:
            return  # the lock expires by itself


def _reason(run: Run) -> str:
    if run.plan.kind is not PlanKind.MEND:
        return run.decision.reason
    return "Put right what an interrupted run or a hand had left: " + "; ".join(run.plan.describe()) + "."


def _lock_word(plan: Plan) -> str:
    action = action_of(plan)
    return action.value if action else plan.kind.value


def _resumed(plan: Plan, lease: Lease) -> str | None:
    """The id of the same action, when a run that died had begun it."""
    word, _, action_id = (lease.interrupted or "").partition(":")
    return action_id if word == _lock_word(plan) and action_id else None
