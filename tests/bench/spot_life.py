"""A month of one service between Spot and on demand, under the live code, or with a strategy that nobody changes.

The decisions, plans and verdicts are those of the live code (`decide`, `plan`, `verify.judge`); only AWS and the record
are stood in for. The controller hears as it does when deployed: of an interruption and of tasks some seconds later, at
edges of the clock by a wake-up that comes up to a minute late, and else at the sweeps, every five minutes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.decide.case import timetable
from chalicelib.decide.decide import decide
from chalicelib.decide.edges import next_edges
from chalicelib.decide.facts import (
    Availability,
    Observation,
    Pending,
    Point,
    SavedSize,
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
from chalicelib.execute.verify import DidNotStart, Ended, Ready, judge
from chalicelib.policy.model import Policy, PolicySet
from spot_cloud import ON_DEMAND, SPOT, Cloud, only
from spot_market import Market, Zone

START = datetime(2026, 3, 2, tzinfo=UTC)
MONTH = 30 * 86_400.0
SPOT_PRICE = 0.45
EVENT_SECONDS, SWEEP_SECONDS, WAKE_UP_SECONDS = 10.0, 300.0, 60.0
"""Event, queue and look; the sweep; what EventBridge Scheduler may be late."""


@dataclass(frozen=True)
class Lived:
    """One month: shares of the hours in which it was wanted, and counts."""

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
        if decision.handles_opening and cloud.desired:
            self.memory = replace(self.memory, opening_handled=decision.handles_opening)
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
                pending = Pending(kind, now, deadline, f"{now}", to, to_spot)
                self.memory = replace(self.memory, pending=pending, stopped_at=None)
            case steps.SettleRunning():
                self.memory = replace(self.memory, start_failure=None, pending=None, saved_size=None)
            case steps.MarkDraining():
                self.memory = replace(self.memory, draining_since=now)
            case steps.LookAgain():
                pass  # nothing happened meanwhile
            case steps.SaveSize(desired_count, scaling):
                self.memory = replace(self.memory, saved_size=SavedSize(desired_count, scaling, now))
            case steps.SetDesiredCount(count):
                self._cloud.set_desired(count)
            case other:
                raise AssertionError(f"not simulated: {other}")

    def _settle(self, now: datetime) -> None:
        pending = self.memory.pending
        verdict = judge(self._cloud.facts(), pending, now, Trouble()) if pending else None
        match verdict:
            case Ready():
                self.memory = replace(self.memory, pending=None, start_failure=None, saved_size=None)
            case Ended():
                self.memory = replace(self.memory, pending=None, draining_since=None, stopped_at=now)
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


def live(zone: Zone, seed: int, policies: PolicySet, *, surge: bool = True) -> Lived:
    """A month under the controller, begun on Spot where there is any. ``surge`` False: one GPU, which the new task
    gets only when the old one is gone (0 / 100 %)."""
    random = Random(f"{zone.name} {seed}")
    cloud = Cloud(Market(zone, random, MONTH), START, only(SPOT), surge=surge)
    controller = Controller(cloud, policies, _requests(random))
    (policy,) = policies.policies
    windows = _windows(policy)
    cloud.fill()
    look_at: list[float] = [0.0]
    wakes: dict[float, float] = {}
    up = 0.0
    while cloud.now < MONTH:
        sweep = math.ceil(max(controller.look_again_at, cloud.now + 1) / SWEEP_SECONDS) * SWEEP_SECONDS
        due = min([*look_at, sweep])
        edges = [at for window in windows for at in window if at > cloud.now]
        to = min([cloud.next_event(MONTH), max(due, cloud.now + 0.001), *edges])
        was_up, is_wanted = cloud.up_seconds, any(begin <= cloud.now < end for begin, end in windows)
        warned, turned = cloud.advance(to)
        up += cloud.up_seconds - was_up if is_wanted else 0.0
        if warned:
            controller.warned(to)
        if warned or turned:
            look_at.append(to + EVENT_SECONDS)
        if to >= due:
            look_at = [at for at in look_at if at > to]
            controller.look()
            ahead = [edge for edge in controller.edges if edge > to]
            wakes = {edge: wakes.get(edge) or edge + random.uniform(0, WAKE_UP_SECONDS) for edge in ahead}
            look_at = sorted({*look_at, *wakes.values()})
    return _lived(cloud, controller.moves, up, sum(end - begin for begin, end in windows))


def always(name: str, zone: Zone, seed: int) -> Lived:
    """The same month with a strategy that nobody ever changes."""
    random = Random(f"{zone.name} {seed}")
    cloud = Cloud(Market(zone, random, MONTH), START, only(name))
    cloud.fill()
    while cloud.now < MONTH:
        cloud.advance(cloud.next_event(MONTH))
    return _lived(cloud, 0, cloud.up_seconds, MONTH)


def _windows(policy: Policy) -> list[tuple[float, float]]:
    """When it is wanted, in seconds since the month began."""
    if policy.hours is None:
        return [(0.0, MONTH)]
    found, at = [], START
    while at < START + timedelta(seconds=MONTH):
        phase = timetable(policy.hours).phase(at)
        assert phase.until is not None, "hours that open and close"
        if phase.open:
            found.append(((at - START).total_seconds(), (phase.until - START).total_seconds()))
        at = phase.until
    return found


def _lived(cloud: Cloud, moves: int, up: float, wanted: float) -> Lived:
    cost = cloud.billed[ON_DEMAND] + SPOT_PRICE * cloud.billed[SPOT]
    return Lived(up / wanted, cost / wanted, moves, cloud.losses)


def _requests(random: Random) -> tuple[float, ...]:
    """A team at work: twelve requests an hour by day from Monday to Friday, one every two hours else."""
    found, at = [], 0.0
    while at < MONTH:
        day, hour = divmod(at / 3600, 24)
        busy = day % 7 < 5 and 9 <= hour < 18
        at += random.expovariate((12 if busy else 0.5) / 3600)
        found.append(at)
    return tuple(found)
