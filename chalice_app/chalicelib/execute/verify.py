"""Looks whether a pending action had its effect, and records the truth: done, late, failed, or undone by a person.

A start counts as done when all its tasks run; ECS saying that it cannot, or the deadline, make it a failed start with
ECS's own words, and the next try waits. A move counts as done when all its tasks run where they were moved to. A stop
counts as done when its last task ended. Facts from before the action say nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from chalicelib.abreast import side_by_side
from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.decide.facts import ActionKind, Pending, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.decide.in_place import at_place
from chalicelib.errors import ActionFailed, RecordUnavailable
from chalicelib.execute.entries import PriceOf, no_price, verified_entry
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import STOP_WITHIN, PlanKind
from chalicelib.execute.sizes import scaling_to_restore
from chalicelib.execute.steps import placement_words
from chalicelib.execute.trouble import Trouble, read_trouble
from chalicelib.record.history import EntryKind, History, as_text, from_text
from chalicelib.record.outcomes import UNDONE
from chalicelib.record.states import States

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient

_LATE_STOP = 4 * STOP_WITHIN
"""A stop that was told as late is looked after for so much longer before it is told again."""


@dataclass(frozen=True, slots=True)
class Ready:
    said: str


@dataclass(frozen=True, slots=True)
class Ended:
    said: str


@dataclass(frozen=True, slots=True)
class DidNotStart:
    """``setback``: what a move to Spot that did not come up means for the next one."""

    said: str
    setback: Setback | None = None


@dataclass(frozen=True, slots=True)
class StillStopping:
    said: str


@dataclass(frozen=True, slots=True)
class TurnedByHand:
    said: str
    hand: ActionKind


Verdict = Ready | Ended | DidNotStart | StillStopping | TurnedByHand


def judge(facts: ServiceFacts, pending: Pending, now: datetime, trouble: Trouble) -> Verdict | None:
    """None: too early to tell."""
    if facts.described_at <= pending.since:
        return None
    match pending.kind:
        case ActionKind.STOP:
            return _judge_stop(facts, pending, now)
        case ActionKind.START:
            return _judge_start(facts, pending, now, trouble)
        case ActionKind.MOVE:
            return _judge_move(facts, pending, now, trouble)
        case other:
            assert_never(other)


def _judge_stop(facts: ServiceFacts, pending: Pending, now: datetime) -> Verdict | None:
    minutes = _minutes(pending, now)
    if facts.desired_count > 0:
        return TurnedByHand(
            f"{facts.id}: somebody set its desired count to {facts.desired_count} while it was stopping.",
            ActionKind.START,
        )
    left = facts.running_count + facts.pending_count
    if left == 0:
        return Ended(f"{facts.id} stopped: its last task ended within {minutes} min.")
    if facts.described_at >= pending.deadline:
        return StillStopping(f"{facts.id}: {_tasks(left)} still there {minutes} min after its desired count became 0.")
    return None


def _judge_start(facts: ServiceFacts, pending: Pending, now: datetime, trouble: Trouble) -> Verdict | None:
    minutes, wanted = _minutes(pending, now), facts.desired_count
    if wanted == 0:
        return TurnedByHand(f"{facts.id}: somebody set its desired count to 0 while it was starting.", ActionKind.STOP)
    if facts.is_ready and facts.running_count >= wanted:
        return Ready(f"{facts.id} is ready: {_tasks(facts.running_count)} run after {minutes} min.")
    if trouble.hopeless:
        return DidNotStart(f"{facts.id} does not start: {trouble.hopeless}")
    if facts.described_at >= pending.deadline:
        words = f" ECS said last: {trouble.last_words}" if trouble.last_words else " ECS gives no reason."
        return DidNotStart(f"{facts.id}: {facts.running_count} of {_tasks(wanted)} run after {minutes} min.{words}")
    return None


def _judge_move(facts: ServiceFacts, pending: Pending, now: datetime, trouble: Trouble) -> Verdict | None:
    minutes, there = _minutes(pending, now), placement_words(pending.to)
    if facts.desired_count == 0:
        return TurnedByHand(f"{facts.id}: somebody set its desired count to 0 while it was moving.", ActionKind.STOP)
    setback = Setback(now, SetbackKind.FAILED, pending.action_id) if pending.to_spot else None
    if facts.capacity_providers != pending.to:
        now_on = placement_words(facts.capacity_providers)
        back = f"its placement is {now_on} again, as when ECS rolls a deployment back or somebody sets it"
        return DidNotStart(f"{facts.id} did not move to {there}: {back}.", setback)
    if facts.is_ready and at_place(facts, pending.to):
        return Ready(f"{facts.id} has moved: {_tasks(facts.desired_count)} on {there} after {minutes} min.")
    if trouble.hopeless:
        return DidNotStart(f"{facts.id} does not come up on {there}: {trouble.hopeless}", setback)
    if facts.described_at >= pending.deadline:
        words = f" ECS said last: {trouble.last_words}" if trouble.last_words else " ECS gives no reason."
        return DidNotStart(f"{facts.id} did not come up on {there} within {minutes} min.{words}", setback)
    return None


class Verifier:
    def __init__(self, ecs: ECSClient, states: States, history: History, *, price: PriceOf = no_price) -> None:
        self._ecs = ecs
        self._states = states
        self._history = history
        self._price = price

    def verify(self, services: Sequence[tuple[ServiceFacts, ServiceMemory]], now: datetime) -> tuple[Outcome, ...]:
        """One outcome for each service of which something is to be said; the others wait."""
        try:
            troubles: Mapping[ServiceId, Trouble] = read_trouble(self._ecs, _not_ready_yet(services))
        except ActionFailed as failure:
            troubles = {facts.id: Trouble(last_words=str(failure)) for facts, _ in services}
        judged = [
            (verdict, facts, memory, memory.pending)
            for facts, memory in services
            if memory.pending and (verdict := judge(facts, memory.pending, now, troubles.get(facts.id, Trouble())))
        ]
        settled = side_by_side(lambda one: self._settle(*one, now), judged)
        return tuple(outcome for outcome in settled if outcome)

    def _settle(
        self, verdict: Verdict, facts: ServiceFacts, memory: ServiceMemory, pending: Pending, now: datetime
    ) -> Outcome | None:
        """State first: of two that verify at once only the one that settles it tells it. None: lost to another.

        With the state goes the line that the history is owed, so that a run which dies in between loses none.
        """
        match verdict:
            case Ready() | Ended():
                kind, word, status = EntryKind.ACTED, "done", OutcomeStatus.DONE
            case DidNotStart():
                kind, word, status = EntryKind.FAILED, "failed", OutcomeStatus.FAILED
            case StillStopping():
                kind, word, status = EntryKind.FAILED, "late", OutcomeStatus.FAILED
            case TurnedByHand():
                kind, word, status = EntryKind.HAND, UNDONE, OutcomeStatus.REFUSED
            case other:
                assert_never(other)
        entry = verified_entry(
            facts, memory, pending, kind=kind, at=now, reason=verdict.said, outcome=word, price=self._price(facts)
        )
        line = as_text(entry)
        try:
            if not self._remember(verdict, facts, memory, pending, now, line):
                return None
        except RecordUnavailable as lost:
            return Outcome(facts.id, PlanKind(pending.kind.value), OutcomeStatus.FAILED, str(lost), pending.action_id)
        self.write_owed({facts.id: line})
        return Outcome(
            facts.id,
            PlanKind(pending.kind.value),
            status,
            verdict.said,
            pending.action_id,
            verified=not isinstance(verdict, StillStopping),
            entry=entry,
        )

    def write_owed(self, lines: Mapping[ServiceId, str]) -> None:
        """Writes the lines that settled actions owe the history; what cannot be written now stays owed."""
        for service, line in lines.items():
            with suppress(RecordUnavailable):
                self._history.append(from_text(line))
                self._states.line_written(service, line)

    def _remember(
        self, verdict: Verdict, facts: ServiceFacts, memory: ServiceMemory, pending: Pending, now: datetime, line: str
    ) -> bool:
        service, saved = facts.id, memory.saved_size
        match verdict:
            case Ready():
                owed = scaling_to_restore(saved.scaling if saved else None, facts.scaling) is not None
                return self._states.mark_ready(service, pending.action_id, now, keep_size=owed, line=line)
            case Ended():
                return self._states.mark_stopped(service, pending.action_id, now, line=line)
            case DidNotStart():
                failure = self._states.mark_start_failed(
                    service, pending.action_id, verdict.said, now, line=line, setback=verdict.setback
                )
                return failure is not None
            case StillStopping():
                return self._states.wait_longer(service, replace(pending, deadline=now + _LATE_STOP), now, line=line)
            case TurnedByHand():
                return self._states.give_up_pending(service, pending.action_id, now, hand=verdict.hand, line=line)
            case other:
                assert_never(other)


def _not_ready_yet(services: Sequence[tuple[ServiceFacts, ServiceMemory]]) -> dict[ServiceId, datetime]:
    """Starts and moves that are not all there: only of these ECS is asked why."""
    return {
        facts.id: memory.pending.since
        for facts, memory in services
        if memory.pending and facts.described_at > memory.pending.since and _is_awaited(facts, memory.pending)
    }


def _is_awaited(facts: ServiceFacts, pending: Pending) -> bool:
    match pending.kind:
        case ActionKind.STOP:
            return False
        case ActionKind.START:
            return 0 <= facts.running_count < facts.desired_count
        case ActionKind.MOVE:
            return facts.desired_count > 0 and not at_place(facts, pending.to)
        case other:
            assert_never(other)


def _minutes(pending: Pending, now: datetime) -> int:
    return round((now - pending.since).total_seconds() / 60)


def _tasks(count: int) -> str:
    return f"{count} task" if count == 1 else f"{count} tasks"
