"""Writes down what became of a run, and makes the outcome that people are told.

A history that cannot be written loses no outcome: the entry goes with it to the log and to people. The same refusal
is told once, then again after a while.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ServiceFacts
from chalicelib.errors import RecordUnavailable
from chalicelib.execute.doing import Clock, Run
from chalicelib.execute.entries import PriceOf, action_entry, begun_entry
from chalicelib.execute.moves import goes_to_spot
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind
from chalicelib.execute.steps import MarkPending
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.states import States


class Scribe:
    def __init__(self, states: States, history: History, clock: Clock, price: PriceOf) -> None:
        self._states = states
        self._history = history
        self._clock = clock
        self._price = price

    def begun(self, run: Run, facts: ServiceFacts) -> None:
        """The act went out: a history that cannot be written now must not make it look as if it had not."""
        self._write(self._entry(run, facts, EntryKind.ACTED, reason_of(run), "begun"))

    def done(self, run: Run, facts: ServiceFacts) -> Outcome:
        begun = any(isinstance(step, MarkPending) for step in run.plan.steps)
        written = begun or run.settles is not None
        entry = self._entry(run, facts, EntryKind.ACTED, reason_of(run), "begun" if written else "mended")
        if not written:
            self._write(entry)
        to_spot = goes_to_spot(run)
        status, id = OutcomeStatus.DONE, run.action_id
        return Outcome(
            facts.id, run.plan.kind, status, entry.reason, id, verified=not begun, entry=entry, to_spot=to_spot
        )

    def refused(self, run: Run, word: str, reason: str) -> Outcome:
        return self._say_refused(run.plan, run.decision, run.who, word, reason, run.action_id)

    def cannot(self, plan: Plan, who: str) -> Outcome:
        outcome = self._say_refused(plan, plan.decision, who, "cannot", plan.refusal)
        if plan.decision.handles_opening:
            try:
                self._states.handle_opening(plan.service, plan.decision.handles_opening, self._clock.now())
            except RecordUnavailable:
                return outcome  # the next look says it again
        return outcome

    def _say_refused(
        self, plan: Plan, decision: Decision, who: str, word: str, reason: str, action_id: str = ""
    ) -> Outcome:
        """``word`` and the decision's because name the refusal: the same one is told once, not at every look."""
        now = self._clock.now()
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

    def begun_all_the_same(self, run: Run, facts: ServiceFacts, trouble: str) -> Outcome:
        """A start that went out, though something after it failed: the entry stands in the history already."""
        reason = f"{reason_of(run)} (The start went out, but not all was done: {trouble})"
        entry = self._entry(run, facts, EntryKind.ACTED, reason, "begun")
        return Outcome(facts.id, run.plan.kind, OutcomeStatus.DONE, reason, run.action_id, entry=entry)

    def failed(self, run: Run, facts: ServiceFacts | None, reason: str) -> Outcome:
        entry = self._entry(run, facts, EntryKind.FAILED, reason, "failed")
        self._write(entry)
        return Outcome(run.plan.service, run.plan.kind, OutcomeStatus.FAILED, reason, run.action_id, entry=entry)

    def _entry(self, run: Run, facts: ServiceFacts | None, kind: EntryKind, reason: str, outcome: str) -> Entry:
        entry = action_entry(
            run.plan,
            run.decision,
            kind=kind,
            who=run.who,
            at=self._clock.now(),
            reason=reason,
            outcome=outcome,
            action_id=run.action_id,
            price=self._price(facts) if facts else None,
        )
        if run.settles and facts:
            entry = replace(entry, action=run.settles, desired_count=facts.desired_count)
        return begun_entry(entry, run.plan, facts)

    def _write(self, entry: Entry) -> None:
        try:
            self._history.append(entry)
        except RecordUnavailable:
            return  # the outcome carries the entry to the log and to people


def reason_of(run: Run) -> str:
    if run.plan.kind is PlanKind.MOVE and run.plan.decision.placing is not None:
        return run.plan.decision.placing.reason
    if run.plan.kind is not PlanKind.MEND:
        return run.decision.reason
    return "Put right what an interrupted run or a hand had left: " + "; ".join(run.plan.describe()) + "."
