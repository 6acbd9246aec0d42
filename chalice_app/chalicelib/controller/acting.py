"""Carries wanted actions out: within what `rationing` deals out, side by side, and says what became of each.

One service's failure is an `Outcome` and never stops the others. What does not fit into this run (its time, its
number of actions) is left to the next sweep, which finds it still wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from chalicelib.abreast import WORKERS, side_by_side
from chalicelib.controller.pacing import Pace, saving_of
from chalicelib.controller.rationing import Dealt, Rations, Recount
from chalicelib.controller.report import Decided
from chalicelib.decide.facts import ServiceId
from chalicelib.decide.limits import Candidate, waiting_since
from chalicelib.execute import guards
from chalicelib.execute.entries import PriceOf, no_price
from chalicelib.execute.gate import Gate
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import PlanKind

RESERVE_SECONDS = 45.0
"""What one action may take at the longest, kept free at the end of a run."""

T = TypeVar("T")
R = TypeVar("R")

LookAgain = Callable[[Decided], guards.LookAgain]


@dataclass(frozen=True, slots=True)
class Acted:
    """``decided`` again, with what a limit held back marked; ``left`` is what this run had no room for."""

    decided: tuple[Decided, ...]
    outcomes: tuple[Outcome, ...]
    left: frozenset[ServiceId]


class Actor:
    """``most`` actions a run, none begun after the run's ``deadline``. ``seconds`` is how long a run may take that does
    not say so itself; ``stopwatch`` gives seconds that only grow. ``pace`` None: as quickly as it goes."""

    def __init__(
        self,
        gate: Gate,
        rations: Rations,
        *,
        most: int,
        seconds: float,
        stopwatch: Callable[[], float],
        workers: int = WORKERS,
        price: PriceOf = no_price,
        pace: Pace | None = None,
    ) -> None:
        self._gate = gate
        self._rations = rations
        self._most = most
        self._seconds = seconds
        self._stopwatch = stopwatch
        self._workers = workers
        self._price = price
        self._pace = pace

    def deadline(self, seconds: float | None) -> float:
        """The last instant (of ``stopwatch``) for a run of ``seconds`` that begins now to begin one more action."""
        whole = self._seconds if seconds is None else max(0.0, seconds)
        return self._stopwatch() + whole - min(RESERVE_SECONDS, whole / 2)

    def act(
        self,
        decided: Sequence[Decided],
        recount: Recount,
        version_since: Mapping[str, datetime],
        look_again: LookAgain,
        now: datetime,
        deadline: float,
    ) -> Acted:
        """Does what ``decided`` wants, as far as limits, time and ``most`` allow."""
        candidates = [
            Candidate(
                one.facts, one.policy, one.decision, waiting_since(one.decision), version_since.get(one.policy.name)
            )
            for one in decided
            if one.plan
            and one.plan.kind is PlanKind.STOP
            and not one.plan.refusal
            and one.policy
            and one.decision
            and not one.held
        ]
        with self._rations.dealt(candidates, recount, now) as dealt:
            marked = self._in_order(decided, dealt, now)
            ready = [one for one in marked if one.plan and not one.held]
            idle = [one for one in ready if one.plan and not one.plan.steps]
            acts = [one for one in ready if one.plan and one.plan.steps]
            outcomes = self._run([*idle, *acts[: self._most]], dealt, look_again, deadline)
        used = frozenset(one.service for one in outcomes if one.status is not OutcomeStatus.REFUSED)
        self._rations.give_back(dealt, used, now)
        left = {one.facts.id for one in ready} - {outcome.service for outcome in outcomes}
        return Acted(tuple(marked), tuple(outcomes), frozenset(left))

    def _run(self, ready: Sequence[Decided], dealt: Dealt, look_again: LookAgain, deadline: float) -> list[Outcome]:
        def one(decided: Decided) -> Outcome | None:
            plan = decided.plan
            if plan is None or self._stopwatch() > deadline:
                return None
            if self._pace and plan.steps and not self._pace.take(deadline):
                return None
            look = look_again(decided)

            def look_in_turn() -> guards.Again:
                self._rations.must_stand(dealt, plan.decision.policy)
                return look()

            try:
                return self._gate.run(plan, decided.question, look_in_turn)
            except Exception as mistake:  # noqa: BLE001  one service's must not keep the others from being told
                reason = f"{plan.service}: a mistake of the program itself: {type(mistake).__name__}: {mistake}"
                return Outcome(plan.service, plan.kind, OutcomeStatus.FAILED, reason)

        return [outcome for outcome in self.side_by_side(one, ready) if outcome]

    def _in_order(self, decided: Sequence[Decided], dealt: Dealt, now: datetime) -> list[Decided]:
        """Starts first, then the allowed stops, the largest saving first and else in their order, then those that a
        limit holds, marked so."""
        by_id = {one.facts.id: one for one in decided}
        held = {one.candidate.facts.id: one for one in dealt.held}
        allowed = [by_id[one.facts.id] for one in dealt.allowed]
        rest = by_id.keys() - held.keys() - {one.facts.id for one in allowed}
        return [
            *(one for one in decided if one.facts.id in rest),
            *sorted(allowed, key=lambda one: saving_of(one, self._price, now).rank),
            *(replace(by_id[id], held=one.reason, decision=one.decision) for id, one in held.items()),
        ]

    def side_by_side(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """``work`` done for every item, several at once; the results in the order of the items."""
        return side_by_side(work, items, self._workers)
