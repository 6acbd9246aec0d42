"""One ECS service of one task in a zone where Spot comes and goes: hosts boot, are warned of, and are taken.

Counts what a bill would: seconds of hosts on Spot and on demand, from their launch to their end, those that boot beside
a running one too. A deployment keeps the old task until the new one runs (100 / 200 %), on a host of its own; without
surge (0 / 100 %) it stops the old one first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.decide.capacity import CapacityProviderUse, Strategy
from chalicelib.decide.facts import LaunchType, ServiceFacts, ServiceId
from spot_market import Market

BOOT_SECONDS = 240.0
NOTICE_SECONDS = 120.0
CHAT = ServiceId("gpu-dev", "chat")
SPOT, ON_DEMAND = "gpu-spot", "gpu-od"


@dataclass
class Task:
    """``placed`` None: it waits for a host. ``taken``: when its Spot host ends."""

    provider: str
    deployment: int
    placed: float | None = None
    taken: float = float("inf")
    warned: bool = False

    @property
    def ready(self) -> float:
        return float("inf") if self.placed is None else self.placed + BOOT_SECONDS


@dataclass
class Cloud:
    market: Market
    start: datetime
    strategy: Strategy
    surge: bool = True
    now: float = 0.0
    desired: int = 1
    deployment: int = 1
    tasks: list[Task] = field(default_factory=list)
    billed: dict[str, float] = field(default_factory=lambda: {SPOT: 0.0, ON_DEMAND: 0.0})
    up_seconds: float = 0.0
    losses: int = 0

    # --- what the controller does

    def place(self, to: Strategy) -> None:
        self.strategy = to
        self.deployment += 1
        self.tasks = [task for task in self.tasks if task.placed is not None and self.surge]
        self.fill()

    def set_desired(self, count: int) -> None:
        self.desired = count
        if count == 0:
            self.tasks = []
        self.fill()

    def fill(self) -> None:
        """A task of the current deployment, when none is there."""
        if self.desired and not any(task.deployment == self.deployment for task in self.tasks):
            self.tasks.append(Task(self.strategy[-1].name, self.deployment))
        self._find_hosts()

    # --- what time does

    def next_event(self, end: float) -> float:
        """The next instant at which something happens by itself."""
        instants = [end]
        for task in self.tasks:
            if task.placed is None and task.provider == SPOT and (there := self.market.next_capacity(self.now)):
                instants.append(there[0])
            instants += [at for at in (task.ready, task.taken) if at > self.now]
            if not task.warned and task.taken - NOTICE_SECONDS > self.now:
                instants.append(task.taken - NOTICE_SECONDS)
        return min(at for at in instants if at > self.now)

    def advance(self, to: float) -> tuple[bool, bool]:
        """Time goes on, with nothing happening before ``to``. Whether a warning came, and whether a task turned."""
        passed = to - self.now
        for task in self.tasks:
            if task.placed is not None:
                self.billed[task.provider] += passed
        if any(task.ready <= self.now for task in self.tasks):
            self.up_seconds += passed
        self.now = to
        before = [(id(task), task.placed is not None, task.ready <= to) for task in self.tasks]
        lost = [task for task in self.tasks if task.taken <= to]
        self.losses += len(lost)
        self.tasks = [task for task in self.tasks if task.taken > to]
        if any(task.ready <= to and task.deployment == self.deployment for task in self.tasks):
            self.tasks = [task for task in self.tasks if task.deployment == self.deployment]
        self.fill()
        warned = [task for task in self.tasks if not task.warned and task.taken - NOTICE_SECONDS <= to]
        for task in warned:
            task.warned = True
        turned = [(id(task), task.placed is not None, task.ready <= to) for task in self.tasks] != before
        return bool(warned), bool(lost) or turned or any(task.ready == to for task in self.tasks)

    def _find_hosts(self) -> None:
        for index, task in enumerate(self.tasks):
            if task.placed is not None:
                continue
            if task.provider == ON_DEMAND:
                self.tasks[index] = replace(task, placed=self.now)
            elif (there := self.market.next_capacity(self.now)) and there[0] <= self.now:
                self.tasks[index] = replace(task, placed=self.now, taken=there[1])

    # --- what it looks like

    def at(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)

    def facts(self) -> ServiceFacts:
        running = [task for task in self.tasks if task.ready <= self.now]
        names = sorted({task.provider for task in running})
        return ServiceFacts(
            id=CHAT,
            arn="",
            desired_count=self.desired,
            running_count=len(running),
            pending_count=len(self.tasks) - len(running),
            described_at=self.at(self.now),
            launch_type=LaunchType.EC2,
            capacity_providers=self.strategy,
            running_on=tuple((name, sum(task.provider == name for task in running)) for name in names),
            healthy_percent=(100, 200) if self.surge else (0, 100),
            ready_since=self.at(max(task.ready for task in running)) if running else None,
        )


def only(name: str) -> Strategy:
    return (CapacityProviderUse(name, 0, 1),)
