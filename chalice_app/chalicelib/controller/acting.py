"""Carries wanted actions out within their limits: ration, execute side by side, say what became of each.

One service's failure is an `Outcome` and never stops the others. What does not fit into this run (its time, its
number of actions) is left to the next sweep, which finds it still wanted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from chalicelib.controller.report import Decided
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.limits import (
    Candidate,
    Rationed,
    counts_towards_hour,
    ration,
    slots_wanted,
    waiting_since,
)
from chalicelib.execute import guards
from chalicelib.execute.executor import Executor
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import PlanKind
from chalicelib.record.controls import Controls

WORKERS = 8
"""Services acted on side by side: below the connections a client keeps open."""

T = TypeVar("T")
R = TypeVar("R")

LookAgain = Callable[[Decided], guards.LookAgain]
Members = Callable[[], Mapping[str, Sequence[ServiceFacts]]]


@dataclass(frozen=True, slots=True)
class Acted:
    """``decided`` again, with what a limit held back marked; ``left`` is what this run had no room for."""

    decided: tuple[Decided, ...]
    outcomes: tuple[Outcome, ...]
    left: frozenset[ServiceId]


class Actor:
    """``most`` actions a run, none begun later than ``seconds`` (of ``stopwatch``) after the first."""

    def __init__(
        self,
        executor: Executor,
        controls: Controls,
        *,
        most: int,
        seconds: float,
        stopwatch: Callable[[], float],
        workers: int = WORKERS,
    ) -> None:
        self._executor = executor
        self._controls = controls
        self._most = most
        self._seconds = seconds
        self._stopwatch = stopwatch
        self._workers = workers

    def act(
        self,
        decided: Sequence[Decided],
        members: Members,
        version_since: Mapping[str, datetime],
        look_again: LookAgain,
        now: datetime,
    ) -> Acted:
        """Does what ``decided`` wants. ``members`` names the services that each policy rules, asked only if needed."""
        candidates = [
            Candidate(
                one.facts, one.policy, one.decision, waiting_since(one.decision), version_since.get(one.policy.name)
            )
            for one in decided
            if one.plan and one.plan.kind is PlanKind.STOP and not one.plan.refusal and one.policy and one.decision
        ]
        rationed = self._ration(candidates, members, now)
        marked = _in_order(decided, rationed)
        ready = [one for one in marked if one.plan and not one.held]
        outcomes = self._run(ready[: self._most], look_again, now)
        self._give_back(rationed, outcomes, now)
        left = {one.facts.id for one in ready} - {outcome.service for outcome in outcomes}
        return Acted(tuple(marked), tuple(outcomes), frozenset(left))

    def _run(self, ready: Sequence[Decided], look_again: LookAgain, now: datetime) -> list[Outcome]:
        begun = self._stopwatch()

        def one(decided: Decided) -> Outcome | None:
            if decided.plan is None or self._stopwatch() - begun > self._seconds:
                return None
            return self._executor.run(decided.plan, "controller", look_again=look_again(decided))

        return [outcome for outcome in self.side_by_side(one, ready) if outcome]

    def side_by_side(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """``work`` done for every item, several at once; the results in the order of the items."""
        if len(items) < 2 or self._workers < 2:
            return [work(item) for item in items]
        with ThreadPoolExecutor(min(self._workers, len(items)), thread_name_prefix="act") as pool:
            return list(pool.map(work, items))

    def _ration(self, candidates: Sequence[Candidate], members: Members, now: datetime) -> Rationed:
        if not candidates:
            return Rationed((), ())
        limits = {one.policy.name: one.policy.limits for one in candidates}
        ruled = members() if any(limit.keep_running for limit in limits.values()) else {}
        granted = {
            name: self._controls.reserve_stops(name, wanted, limits[name].stops_per_hour, now)
            for name, wanted in slots_wanted(candidates, members=ruled, now=now).items()
        }
        return ration(candidates, members=ruled, granted=granted, now=now)

    def _give_back(self, rationed: Rationed, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Slots of stops that did not happen are free again."""
        done = {one.service for one in outcomes if one.status is OutcomeStatus.DONE}
        unused = Counter(
            one.policy.name for one in rationed.allowed if counts_towards_hour(one, now) and one.facts.id not in done
        )
        for name, count in unused.items():
            self._controls.give_back_stops(name, count, now)


def _in_order(decided: Sequence[Decided], rationed: Rationed) -> list[Decided]:
    """Starts first, then the allowed stops in their order, then those that a limit holds, marked so."""
    by_id = {one.facts.id: one for one in decided}
    held = {one.candidate.facts.id: one for one in rationed.held}
    allowed = [one.facts.id for one in rationed.allowed]
    rest = by_id.keys() - held.keys() - set(allowed)
    return [
        *(one for one in decided if one.facts.id in rest),
        *(by_id[id] for id in allowed),
        *(replace(by_id[id], held=one.reason, decision=one.decision) for id, one in held.items()),
    ]
