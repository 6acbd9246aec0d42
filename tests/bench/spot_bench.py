"""Simulated months of a service with `use: prefer` per zone: how long it is up, and what it costs.

The decisions, plans and verdicts are those of the live code (`decide`, `plan`, `verify.judge`); only AWS and the record
are stood in for. The controller hears as it does when deployed: of an interruption and of tasks some seconds later, at
the end of a wait by a wake-up that comes up to a minute late, and else at the sweeps, every five minutes.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.decide.decide import decide
from chalicelib.decide.edges import next_edges
from chalicelib.decide.facts import (
    Availability,
    Observation,
    Pending,
    Point,
    ServiceMemory,
    SignalName,
    SignalReading,
    StartFailure,
)
from chalicelib.decide.in_place import short
from chalicelib.decide.placement import asks_for_capacity
from chalicelib.decide.scarcity import Heard
from chalicelib.decide.scarcity import judge as judge_scarcity
from chalicelib.execute import steps
from chalicelib.execute.plan import plan
from chalicelib.execute.trouble import Trouble
from chalicelib.execute.verify import DidNotStart, Ready, judge
from chalicelib.policy.loader import load
from chalicelib.policy.model import PolicySet
from goals import Goal, Result
from spot_cloud import BOOT_SECONDS, NOTICE_SECONDS, ON_DEMAND, SPOT, Cloud, only
from spot_market import OTHERS, WEST, Market, Zone

START = datetime(2026, 3, 2, tzinfo=UTC)
MONTH = 30 * 86_400.0
MONTHS = int(os.environ.get("SPOT_MONTHS", "12"))
SPOT_PRICE = 0.45
EVENT_SECONDS, SWEEP_SECONDS, WAKE_UP_SECONDS = 10.0, 300.0, 60.0
"""Event, queue and look; the sweep; what EventBridge Scheduler may be late."""
GOAL_UP, STRETCH_UP, GOAL_COST = 0.990, 0.995, 0.60

POLICY = """\
lifecycle: v1
policies:
  dev:
    match: {everything: true}
    spot: {use: prefer, fall-back-after: 2m, try-again-after: 1h, providers: {spot: gpu-spot, on-demand: gpu-od}}
    mode: enforce
"""


@dataclass(frozen=True)
class Lived:
    """One month: shares of always-on, and counts."""

    up: float
    cost: float
    moves: int
    losses: int


class Controller:
    """What `controller` and `record` do, for one service and in memory."""

    def __init__(self, cloud: Cloud, policies: PolicySet, requests: Sequence[float]) -> None:
        self._cloud = cloud
        (self._policy,) = policies.policies
        self._policies = policies
        self._requests = requests
        self.memory = ServiceMemory()
        self.moves = 0
        self.look_again_at = 0.0
        self.edges: tuple[float, ...] = ()

    def warned(self, at: float) -> None:
        lost = Setback(self._cloud.at(at), SetbackKind.LOST, f"host of {at:.0f}")
        self._note(lost)

    def look(self) -> None:
        cloud, now = self._cloud, self._cloud.at(self._cloud.now)
        facts = cloud.facts()
        self._settle(now)
        seen = Observation(facts, {SignalName.REQUESTS: self._read()}, self.memory)
        spot = self._policy.spot
        if spot and asks_for_capacity(spot, facts, self.memory, now):
            waiting = [task for task in cloud.tasks if task.ready > cloud.now]
            unplaced = sum(task.placed is None for task in waiting)
            seen = replace(seen, capacity=judge_scarcity(Heard(unplaced, len(waiting) - unplaced)))
        decision = decide(self._policy, seen, (), now, policies=self._policies)
        wanted = plan(decision, facts, self.memory, now)
        for step in wanted.steps if wanted else ():
            self._do(step, now)
        self._remember_what_is_missing(now)
        self.look_again_at = (decision.look_again_at - cloud.start).total_seconds()
        edges = next_edges(self._policy, cloud.facts(), self.memory, (), (), now)
        self.edges = tuple((edge - cloud.start).total_seconds() for edge in edges)

    def _do(self, step: steps.Step, now: datetime) -> None:
        match step:
            case steps.NoteSetback(setback):
                self._note(setback)
            case steps.SetPlacement(to, _):
                self._cloud.place(to)
                self.moves += 1
            case steps.MarkPending(kind, within, to, to_spot):
                deadline = now + timedelta(seconds=within)
                self.memory = replace(self.memory, pending=Pending(kind, now, deadline, f"{now}", to, to_spot))
            case steps.SettleRunning():
                self.memory = replace(self.memory, start_failure=None, pending=None)
            case other:
                raise AssertionError(f"not simulated: {other}")

    def _settle(self, now: datetime) -> None:
        pending = self.memory.pending
        verdict = judge(self._cloud.facts(), pending, now, Trouble()) if pending else None
        match verdict:
            case Ready():
                self.memory = replace(self.memory, pending=None, start_failure=None)
            case DidNotStart(said, setback):
                failed = self.memory.start_failure
                count = failed.count + 1 if failed else 1
                self.memory = replace(self.memory, pending=None, start_failure=StartFailure(count, now, said))
                if setback:
                    self._note(setback)

    def _note(self, setback: Setback) -> None:
        known = {*self.memory.spot.setbacks, setback}
        spot = replace(self.memory.spot, setbacks=tuple(sorted(known)))
        self.memory = replace(self.memory, spot=spot)

    def _remember_what_is_missing(self, now: datetime) -> None:
        spot = self.memory.spot
        is_short = short(self._cloud.facts()) > 0
        if is_short != (spot.short_since is not None):
            self.memory = replace(self.memory, spot=replace(spot, short_since=now if is_short else None))

    def _read(self) -> SignalReading:
        """The requests of the last half hour, as CloudWatch tells them."""
        cloud = self._cloud
        since = cloud.now - 1800
        points = tuple(Point(cloud.at(at), 1.0) for at in self._requests if since <= at < cloud.now)
        start, end = cloud.at(since), cloud.at(cloud.now)
        return SignalReading(SignalName.REQUESTS, Availability.READ, start, end, points, healthy=True)


def live(zone: Zone, seed: int, policies: PolicySet) -> Lived:
    """A month under the controller, begun on Spot where there is any."""
    random = Random(f"{zone.name} {seed}")
    cloud = Cloud(Market(zone, random, MONTH), START, only(SPOT))
    controller = Controller(cloud, policies, _requests(random))
    cloud.fill()
    look_at: list[float] = [0.0]
    while cloud.now < MONTH:
        sweep = math.ceil(max(controller.look_again_at, cloud.now + 1) / SWEEP_SECONDS) * SWEEP_SECONDS
        due = min([*look_at, sweep])
        to = min(cloud.next_event(MONTH), max(due, cloud.now + 0.001))
        warned, turned = cloud.advance(to)
        if warned:
            controller.warned(to)
        if warned or turned:
            look_at.append(to + EVENT_SECONDS)
        if to >= due:
            look_at = [at for at in look_at if at > to]
            controller.look()
            look_at += [edge + random.uniform(0, WAKE_UP_SECONDS) for edge in controller.edges if edge > to]
            look_at = sorted({round(at, 1) for at in look_at})
    return _lived(cloud, controller.moves)


def always(name: str, zone: Zone, seed: int) -> Lived:
    """The same month with a strategy that nobody ever changes."""
    random = Random(f"{zone.name} {seed}")
    cloud = Cloud(Market(zone, random, MONTH), START, only(name))
    cloud.fill()
    while cloud.now < MONTH:
        cloud.advance(cloud.next_event(MONTH))
    return _lived(cloud, 0)


def _lived(cloud: Cloud, moves: int) -> Lived:
    cost = cloud.billed[ON_DEMAND] + SPOT_PRICE * cloud.billed[SPOT]
    return Lived(cloud.up_seconds / MONTH, cost / MONTH, moves, cloud.losses)


def _requests(random: Random) -> tuple[float, ...]:
    """A team at work: twelve requests an hour by day from Monday to Friday, one every two hours else."""
    found, at = [], 0.0
    while at < MONTH:
        day, hour = divmod(at / 3600, 24)
        busy = day % 7 < 5 and 9 <= hour < 18
        at += random.expovariate((12 if busy else 0.5) / 3600)
        found.append(at)
    return tuple(found)


def row(zone: Zone, how: str, months: Sequence[Lived]) -> dict[str, object]:
    days = MONTH / 86_400
    return {
        "zone": zone.name,
        "placement": how,
        "up": f"{100 * _mean(one.up for one in months):.2f} %",
        "worst month": f"{100 * min(one.up for one in months):.2f} %",
        "cost of on demand": f"{100 * _mean(one.cost for one in months):.1f} %",
        "moves a day": f"{_mean(one.moves for one in months) / days:.2f}",
        "losses a day": f"{_mean(one.losses for one in months) / days:.2f}",
    }


def goals(zone: Zone, months: Sequence[Lived]) -> list[Goal]:
    up, cost = _mean(one.up for one in months), _mean(one.cost for one in months)
    return [
        Goal(f"{zone.name}: up", f">= {GOAL_UP:.1%} ({STRETCH_UP:.1%} is the stretch)", f"{up:.2%}", up >= GOAL_UP),
        Goal(f"{zone.name}: cost of on demand", f"<= {GOAL_COST:.0%}", f"{cost:.1%}", cost <= GOAL_COST),
    ]


def measure() -> Result:
    policies, unhurried = _policies(POLICY), _policies(POLICY.replace("try-again-after: 1h, ", ""))
    rows: list[dict[str, object]] = []
    promises: list[Goal] = []
    for zone in (*WEST, *OTHERS):
        seeds = range(MONTHS)
        lived = [live(zone, seed, policies) for seed in seeds]
        rows.append(row(zone, "prefer", lived))
        if zone in WEST:
            rows.append(row(zone, "prefer, try again after 2h", [live(zone, seed, unhurried) for seed in seeds]))
        rows.append(row(zone, "always Spot", [always(SPOT, zone, seed) for seed in seeds]))
        rows.append(row(zone, "always on demand", [always(ON_DEMAND, zone, seed) for seed in seeds]))
        promises += goals(zone, lived) if zone in WEST else []
    notes = (
        f"{MONTHS} seeded months a zone, always wanted; boot {BOOT_SECONDS:.0f} s, notice {NOTICE_SECONDS:.0f} s, "
        "fall-back-after 2m, try-again-after 1h (2h is the default); "
        f"Spot at {SPOT_PRICE} of on demand; hosts that boot beside a running one are paid for.",
        "Losses and up-times as recorded in 2023 for another GPU (`spot_market.py`), so the figures say how hard it "
        "may get. Losses under `prefer` are fewer than the zone's: while Spot rests nothing is lost.",
    )
    return Result("Spot for a month", rows, promises, notes)


def _policies(text: str) -> PolicySet:
    return load({"bench.yaml": text}, today=START.date()).policies


def _mean(values: object) -> float:
    return statistics.fmean(values)  # type: ignore[arg-type]
