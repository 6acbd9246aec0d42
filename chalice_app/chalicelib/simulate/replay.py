"""Replays the controller over a service's requests: the same `decide()`, the same looks, at the same instants.

What the controller would see is made from the trace (`tape`), what it would do changes the simulated service
(`service`), and what it remembers is kept as the record keeps it. It looks where it would: at a sweep once its look is
due, and just after a task became ready or ended. While a service is in use nothing can change before it has rested,
so the looks in between are left out: they would all say the same.

Refuses to simulate what needs a fleet: limits (`stops-per-hour`, `keep-running`), approvals and Spot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.decide.case import timetable
from chalicelib.decide.decide import decide
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ActionKind, Observation, Override, ServiceFacts, ServiceId
from chalicelib.decide.needs import SignalNeed, after_asking, needs
from chalicelib.execute.plan import retry_at
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.simulate.pupil import Pupil, least_patience
from chalicelib.simulate.result import Assumptions, Outcome
from chalicelib.simulate.service import NoCapacity, SimulatedService, instant
from chalicelib.simulate.tape import MINUTE, USUAL_SOURCES, Sources, Tape
from chalicelib.simulate.trace import Request

A_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class StartByHand:
    """Somebody sets the desired count in the AWS console; the controller finds out."""

    at: datetime


Deed = Override | StartByHand


@dataclass(frozen=True, slots=True)
class Setting:
    """One service, who governs it and what people do; ``running``: whether it is up when the replay begins."""

    service: ServiceFacts
    policy: Policy
    policies: PolicySet
    since: datetime
    until: datetime
    sources: Sources = USUAL_SOURCES
    deeds: tuple[Deed, ...] = ()
    no_capacity: tuple[NoCapacity, ...] = ()
    running: bool = True
    shadows: tuple[Policy, ...] = ()
    """Policies in dry-run that match it too: they change nothing, but their looks ask probes as well."""


def facts_for(name: str, since: datetime, tags: dict[str, str] | None = None, tasks: int = 1) -> ServiceFacts:
    """A service of which only the name is known."""
    id = ServiceId.parse(name) if "/" in name else ServiceId("trace", name)
    return ServiceFacts(id, "", tasks, tasks, 0, since, tags=tags or {}, ready_since=since - timedelta(days=1))


def replay(setting: Setting, requests: Iterable[Request], assumed: Assumptions, label: str = "") -> Outcome:
    """``requests`` in order of arrival, from some hours before the begin if there are any: they are history then."""
    return _Replay(setting, requests, assumed).run().outcome(label or setting.policy.name)


class _Replay:
    def __init__(self, setting: Setting, requests: Iterable[Request], assumed: Assumptions) -> None:
        self._set, self._assumed = setting, assumed
        self._since, self._until = setting.since.timestamp(), setting.until.timestamp()
        self._policy = setting.policy
        self._tape = Tape(requests, setting.sources, _look_back(setting.policy))
        self._service = SimulatedService(
            setting.service, self._tape, assumed, self._since, self._until, setting.no_capacity, up=setting.running
        )
        self._pupil = Pupil(setting.policy.idle)
        self._overrides: tuple[Override, ...] = ()
        self._deeds = sorted(setting.deeds, key=_when)

    def run(self) -> SimulatedService:
        service = self._service
        service.use_history()
        due = self._since
        while True:
            look = self._tick(due)
            event = self._earlier(min(look, self._until))
            at = look if event is None else event
            if at >= self._until:
                break
            was_up = service.up
            service.pass_time(at)
            if service.up != was_up:
                due = at  # the next sweep finds it changed
            if event is not None and not self._happen(at):
                continue
            due = self._look(at)
        service.pass_time(self._until)
        return service

    def _earlier(self, look: float) -> float | None:
        """The first deed, task's event or request that starts it before the next look."""
        instants = [at for at in self._service.events if at <= look]
        if (woken := self._service.next_wake) is not None and woken <= look:
            instants.append(woken)
        if self._deeds and _when(self._deeds[0]) <= look:
            instants.append(_when(self._deeds[0]))
        return min(instants, default=None)

    def _tick(self, due: float) -> float:
        """The first sweep from ``due`` on."""
        every = self._assumed.sweep_seconds
        return self._since + max(0, math.ceil((due - self._since) / every)) * every

    def _happen(self, at: float) -> bool:
        """Whether it makes the controller look."""
        looks = self._service.drop_events(at)
        while self._deeds and _when(self._deeds[0]) <= at:
            deed = self._deeds.pop(0)
            if isinstance(deed, Override):
                self._overrides += (deed,)
                looks = True
            elif not self._service.up:
                self._service.start_by_hand(at)
        return looks

    def _look(self, now: float) -> float:
        """Decides and acts; when to look again."""
        at, service = instant(now), self._service
        service.find_out(now)
        seen = Observation(
            service.facts(now),
            memory=service.memory,
            learned=self._pupil.learned,
            usd_per_hour=self._assumed.usd_of_all_tasks_per_hour,
        )
        seen, probed = self._with_probes(seen, now)
        if wanted := self._needs(seen, at):
            need = SignalNeed(
                min(one.window_from for one in wanted),
                max(one.window_to for one in wanted),
                frozenset().union(*(one.names for one in wanted)),
            )
            seen = replace(seen, signals={**self._tape.signals(need, now, service.ready_since), **seen.signals})
        wishes: list[Decision] = []
        for policy in (*self._set.shadows, self._policy):
            judged, decision = self._judge(policy, seen, now, probed=probed)
            seen = judged if policy is self._policy else replace(seen, memory=judged.memory)
            wishes.append(decision)
        decision = wishes[-1]
        flight = seen.memory.flight
        service.remember(flight if flight is None or seen.facts.is_running else flight.ended(at))
        done = self._act(decision, now)
        self._pupil.look(seen, decision, done, self._tape.uses(), at)
        if done:
            return now + self._assumed.sweep_seconds
        again = min(one.look_again_at.timestamp() for one in wishes)
        retry = retry_at(service.memory.start_failure)
        if retry is not None and now < retry.timestamp() < again:
            again = retry.timestamp()
        in_use = decision.rule is RuleName.IDLE and decision.because is Because.IN_USE and bool(wanted)
        in_use = in_use and not self._pupil.needs_every_look
        flight = service.memory.flight
        if in_use and not self._set.shadows and (flight is None or not flight.is_open):
            return max(again, self._rest(now))
        return again

    def _needs(self, seen: Observation, at: datetime) -> list[SignalNeed]:
        policies = (self._policy, *self._set.shadows)
        found = (needs(one, seen, self._overrides, self._set.policies, at) for one in policies)
        return [one for one in found if one is not None]

    def _with_probes(self, seen: Observation, now: float) -> tuple[Observation, bool]:
        """As the controller does: the probes come first while a request that they saw may still run."""
        at, flight = instant(now), seen.memory.flight
        if flight is None or not flight.is_open or not self._needs(seen, at):
            return seen, False
        answers = self._tape.probe(now)
        memory = replace(seen.memory, flight=after_asking(self._policy, flight, answers.values(), at))
        return replace(seen, signals=answers, memory=memory), True

    def _judge(self, policy: Policy, seen: Observation, now: float, *, probed: bool) -> tuple[Observation, Decision]:
        """As the controller does: once on what metrics say, and where they call for a stop again with the probes."""

        def judged(on: Observation) -> Decision:
            return decide(policy, on, self._overrides, at, policies=self._set.policies)

        at = instant(now)
        first = judged(seen)
        about_to_stop = first.wanted is Wanted.STOPPED and self._service.up and not first.cuts
        if not about_to_stop or probed:
            return seen, first
        answers = self._tape.probe(now)
        memory = replace(seen.memory, flight=after_asking(policy, seen.memory.flight, answers.values(), at))
        asked = replace(seen, signals={**seen.signals, **answers}, memory=memory)
        return asked, judged(asked)

    def _act(self, decision: Decision, now: float) -> ActionKind | None:
        """What was done, if anything."""
        service, begun = self._service, decision.handles_opening
        retry = retry_at(service.memory.start_failure)
        again = service.up and retry is not None and instant(now) >= retry
        starts = again or (decision.wanted is Wanted.RUNNING and not service.up)
        if begun and (service.up or starts):
            service.memory = replace(service.memory, opening_handled=begun)
        if decision.wanted is Wanted.STOPPED and service.up:
            service.stop(decision, now)
            return ActionKind.STOP
        if starts:
            service.begin(decision, now)
            return ActionKind.START
        return None

    def _rest(self, now: float) -> float:
        """The last arrival before the service rests: until then no look finds it idle. Never beyond what else may turn
        the decision (hours, overrides, freezes, deeds), nor beyond a day, so that what is remembered stays small."""
        section = self._policy.idle
        if section is None:
            return now
        shortest = least_patience(section, self._assumed.usd_of_all_tasks_per_hour)
        bound = min(
            [
                self._until,
                now + A_DAY_SECONDS,
                *self._service.events,
                *(_when(one) for one in self._deeds),
                *self._turns(instant(now)),
            ]
        )
        return self._service.use_until_rest(shortest - MINUTE, bound - 2 * self._assumed.sweep_seconds)

    def _turns(self, now: datetime) -> list[float]:
        """The instants at which the clock alone may change the decision."""
        turns = [one.until for one in self._overrides if one.until is not None]
        for freeze in self._set.policies.freezes:
            turns += [freeze.from_, freeze.to]
        hours = self._policy.hours
        if hours is not None and (edge := timetable(hours).next_transition(now)) is not None:
            turns.append(edge.at)
        return [one.timestamp() for one in turns if one > now]


def _look_back(policy: Policy) -> float:
    """The longest stretch that the idle rule may ask for, in seconds."""
    section = policy.idle
    if section is None:
        return 0.0
    if isinstance(section.stop_after, timedelta):
        return section.stop_after.total_seconds()
    return (section.max or timedelta(hours=4)).total_seconds()


def _when(deed: Deed) -> float:
    return (deed.made_at if isinstance(deed, Override) else deed.at).timestamp()
