"""One service, its cloud, its record and an executor, on a clock that the test steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chalicelib.decide.decision import Because, Decision, Evidence, RuleName, Wanted
from chalicelib.decide.facts import ScalingBounds, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.execute.executor import Executor
from chalicelib.execute.guards import Again
from chalicelib.execute.outcome import Outcome
from chalicelib.execute.plan import Plan, plan
from chalicelib.record.history import Entry, History
from chalicelib.record.states import States
from chalicelib.record.table import Table
from support.toy_cloud import Killed, Mortality, MortalTable, ToyCloud, ToyService

START = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
DEV = ServiceId("gpu-dev", "ollama-vision")
PEOPLES = ScalingBounds(1, 4, scheduled_suspended=True)
"""Autoscaling as a person had it: scheduled scaling was suspended by that person."""
ALL_OFF = ScalingBounds(1, 4, True, True, True)

_RULES = {Wanted.STOPPED: RuleName.IDLE, Wanted.RUNNING: RuleName.OPENING, Wanted.LEAVE: RuleName.DEFAULT}


def decision(wanted: Wanted, **changes: Any) -> Decision:
    given: dict[str, Any] = {
        "service": DEV,
        "wanted": wanted,
        "rule": _RULES[wanted],
        "because": Because.IDLE if wanted is Wanted.STOPPED else Because.HOURS,
        "reason": f"{wanted.value} is wanted",
        "evidence": (Evidence("requests", "0", "requests", START - timedelta(minutes=30), START),),
        "look_again_at": START + timedelta(hours=1),
        "policy": "vision-dev",
    }
    return Decision(**{**given, **changes})


class ClockOf:
    """The stage's own time, as it is when somebody asks."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def now(self) -> datetime:
        return self._stage.now


class Stage:
    def __init__(self, table: Table, service: ToyService | None = None) -> None:
        self.now = START
        self.table = table
        self.cloud = ToyCloud()
        self.cloud.services[DEV] = service or ToyService(3, 3, PEOPLES, ready_since=START - timedelta(days=1))
        self.states = States(table)
        self.history = History(table)
        self._numbers = count(1)
        self.executor = self.process(Mortality())

    def process(self, mortality: Mortality, **options: Any) -> Executor:
        """An executor as one Lambda holds it; it may die."""
        self.cloud.mortality = mortality
        table = MortalTable(self.table, mortality)
        client: Any = self.cloud
        return Executor(
            client,
            client,
            States(table),
            History(table),
            self.cloud.look,
            lambda: f"action-{next(self._numbers)}",
            ClockOf(self),
            **options,
        )

    # --- what is there

    @property
    def service(self) -> ToyService:
        return self.cloud.services[DEV]

    @property
    def memory(self) -> ServiceMemory:
        return self.states.get(DEV).memory

    def facts(self) -> ServiceFacts:
        self.cloud.mortality = Mortality()
        return self.cloud.look(DEV, self.now)

    def entries(self) -> list[Entry]:
        return list(self.history.since(START - timedelta(days=1), self.now))

    # --- what happens

    def later(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    def plan(self, wanted: Wanted, **changes: Any) -> Plan | None:
        return plan(decision(wanted, **changes), self.facts(), self.memory, self.now, policy_version="v1")

    def act(
        self, wanted: Wanted, *, look_again: Callable[[], Decision] | None = None, **changes: Any
    ) -> Outcome | None:
        """Plans afresh and runs; None when there was nothing to do."""
        made = self.plan(wanted, **changes)

        def again() -> Again:
            decided = look_again() if look_again else decision(wanted, **changes)
            return Again(self.cloud.look(DEV, self.now), decided)

        return None if made is None else self.executor.run(made, "controller", look_again=again)

    def verify(self) -> Outcome | None:
        return self.executor.verify(DEV, self.facts(), self.memory, self.now)

    def tasks_follow(self, minutes: float = 5) -> None:
        self.later(minutes)
        self.cloud.settle(DEV, self.now)

    def stop_completely(self) -> None:
        assert self.act(Wanted.STOPPED)
        self.tasks_follow()
        assert self.verify()

    def die_after(self, writes: int, wanted: Wanted) -> bool:
        """Runs a process that dies after so many writes; False when it needed fewer."""
        made = self.plan(wanted)
        mortality = Mortality(writes)
        executor = self.process(mortality)
        try:
            if made is not None:
                executor.run(made, "controller")
        except Killed:
            return True
        finally:
            self.executor = self.process(Mortality())
        return False
