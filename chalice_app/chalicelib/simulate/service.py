"""The simulated service: its task, what requests meet, what the record would hold of it, and what it costs.

It decides nothing. Starts and stops come from whoever decides; a request that finds it stopped starts it where the
assumptions say so, as a gateway or a person would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import ActionKind, SavedSize, ServiceFacts, ServiceMemory, StartFailure
from chalicelib.decide.flight import Flight
from chalicelib.execute.plan import START_WITHIN
from chalicelib.simulate.result import REGRET_SECONDS, Action, Assumptions, Outcome, Stretch
from chalicelib.simulate.tape import Tape
from chalicelib.simulate.trace import Request

EVENT_SECONDS = 5.0
"""From a task's change to the look that its event causes: EventBridge, the queue and its batching window."""


@dataclass(frozen=True, slots=True)
class NoCapacity:
    """No instance can be had in ``[since, until)``: a start then fails, and is placed when there is one again."""

    since: datetime
    until: datetime


class SimulatedService:
    """``events``: the instants at which a task's event makes the controller look."""

    def __init__(
        self,
        facts: ServiceFacts,
        tape: Tape,
        assumed: Assumptions,
        since: float,
        until: float,
        no_capacity: tuple[NoCapacity, ...],
        *,
        up: bool,
    ) -> None:
        self._facts, self._tape, self._assumed = facts, tape, assumed
        self._since, self._until = since, until
        self._no_capacity = no_capacity
        self.up = up
        self.events: list[float] = []
        self.memory = ServiceMemory()
        self.ready_since: float | None = since
        if up and facts.ready_since is not None:
            self.ready_since = facts.ready_since.timestamp()
        if not up:
            self.ready_since = None
            self.memory = ServiceMemory(saved_size=SavedSize(max(1, facts.desired_count), None, instant(since)))
        self._up_since = since
        self._ready_at = self._gone_at = self._stopped_at = -math.inf
        self._fails_at = math.inf
        self._hand_unseen = self._boot_is_awaited = False
        self._actions: list[Action] = []
        self._on: list[Stretch] = []
        self._colds = self._waited = self._refused = self._requests = self._regrets = 0
        self._stops = self._starts = self._failures = 0
        self._longest = 0.0

    # --- requests

    def use_history(self) -> None:
        """What was asked before the begin counts for nothing, but signals show it."""
        while self._tape.next_arrival is not None and self._tape.next_arrival < self._since:
            request = self._tape.take()
            if self.up:
                self._tape.answer(request)

    def pass_time(self, until: float) -> None:
        """Requests up to ``until`` meet the service as it stands."""
        while (arrival := self._tape.next_arrival) is not None and arrival <= until and arrival < self._until:
            if self.up and arrival >= self._ready_at:
                self._regret(arrival)
                before = self._tape.arrived
                self._tape.answer_until(min(until, math.nextafter(self._until, 0)))
                self._requests += self._tape.arrived - before
                return
            self._requests += 1
            self._meet(self._tape.take())

    @property
    def next_wake(self) -> float | None:
        """The next request, while it would start the service."""
        return self._tape.next_arrival if self._assumed.wakes and not self.up else None

    def use_until_rest(self, seconds: float, bound: float) -> float:
        """See `Tape.answer_until_rest`; only while it is ready."""
        before = self._tape.arrived
        rest = self._tape.answer_until_rest(seconds, bound)
        self._requests += self._tape.arrived - before
        return rest

    def _meet(self, request: Request) -> None:
        """A request that finds no ready task."""
        at, seconds = request
        self._regret(at)
        if not self._assumed.wakes:
            self._refused += 1
            return
        if not self.up:
            self._start(at)
            self.memory = replace(self.memory, hand_started_at=instant(at), hand_stopped_at=None, stopped_at=None)
        if not self._boot_is_awaited:
            self._boot_is_awaited = True
            self._colds += 1
        self._waited += 1
        self._longest = max(self._longest, self._ready_at - at)
        self._tape.answer((at, self._ready_at - at + seconds))

    def _regret(self, at: float) -> None:
        """Each stop is regretted once at most."""
        if at - self._stopped_at <= REGRET_SECONDS:
            self._regrets += 1
        self._stopped_at = -math.inf

    # --- its task

    def begin(self, decision: Decision, now: float) -> None:
        """A start of ours, or the next try of one that failed."""
        if self.up:
            self._fails_at = now + START_WITHIN.total_seconds()
        else:
            self._start(now)
        self.memory = replace(self.memory, hand_stopped_at=None, stopped_at=None, start_failure=None)
        self._actions.append(Action(instant(now), ActionKind.START, decision.because, decision.reason))

    def start_by_hand(self, now: float) -> None:
        """In the AWS console: the controller finds out by the task's event."""
        self._start(now)
        self._hand_unseen = True
        self.events.append(now + EVENT_SECONDS)

    def stop(self, decision: Decision, now: float) -> None:
        self._stops += 1
        paid = max(now + self._assumed.drain_seconds - self._up_since, self._assumed.minimum_billing_seconds)
        self._on.append(Stretch(self._up_since, min(self._up_since + paid, self._until)))
        self.up, self.ready_since, self._fails_at = False, None, math.inf
        self._gone_at = now + self._assumed.drain_seconds
        self.events = [self._gone_at + EVENT_SECONDS]
        self._tape.clear()
        self.memory = replace(
            self.memory,
            saved_size=SavedSize(max(1, self._facts.desired_count), None, instant(now)),
            stopped_at=instant(now),
            hand_started_at=None,
            start_failure=None,
        )
        self._actions.append(Action(instant(now), ActionKind.STOP, decision.because, decision.reason))
        self._stopped_at = now

    def drop_events(self, until: float) -> bool:
        """Whether there was any."""
        before = len(self.events)
        self.events = [at for at in self.events if at > until]
        return len(self.events) < before

    def find_out(self, now: float) -> None:
        """What a look finds before it decides: a hand, a start that came up, one that failed."""
        if self._hand_unseen and self.up:
            self.memory = replace(self.memory, hand_started_at=instant(now), hand_stopped_at=None, stopped_at=None)
            self._hand_unseen = False
        if self.up and now >= self._ready_at:
            self.ready_since = self.ready_since if self.ready_since is not None else self._ready_at
            self._fails_at = math.inf
            self.memory = replace(self.memory, start_failure=None)
        elif self.up and now > self._fails_at:
            self._failures += 1
            failure = StartFailure(self._failures, instant(now), "unable to place a task")
            self.memory = replace(self.memory, start_failure=failure)
            self._fails_at = math.inf

    def remember(self, flight: Flight | None) -> None:
        """What the probes saw."""
        self.memory = replace(self.memory, flight=flight)

    def facts(self, now: float) -> ServiceFacts:
        """As AWS would describe it."""
        count = max(1, self._facts.desired_count)  # one that is asleep today comes back with a task
        ready = self.up and now >= self._ready_at
        return replace(
            self._facts,
            desired_count=count if self.up else 0,
            running_count=count if ready or (not self.up and now < self._gone_at) else 0,
            pending_count=count if self.up and not ready else 0,
            described_at=instant(now),
            ready_since=instant(self.ready_since) if ready and self.ready_since is not None else None,
        )

    def _start(self, now: float) -> None:
        """Where there is no capacity, ECS says so at once, and places the task as soon as there is some: then."""
        self._starts += 1
        self._failures = 0
        self.up, self._up_since, self.ready_since = True, now, None
        self._boot_is_awaited = False
        if self._on and self._on[-1].until > now:  # the host that still drains takes the new task
            self._on[-1] = replace(self._on[-1], until=now)
        at = instant(now)
        placed = next((one.until.timestamp() for one in self._no_capacity if one.since <= at < one.until), now)
        self._ready_at = placed + self._assumed.boot_seconds
        self.events.append(self._ready_at + EVENT_SECONDS)
        if placed > now:
            self._fails_at = now
            self.events.append(now + EVENT_SECONDS)

    def outcome(self, label: str) -> Outcome:
        """At the end of the trace."""
        on = (*self._on, Stretch(self._up_since, self._until)) if self.up else tuple(self._on)
        seconds = sum(one.until - one.since for one in on)
        assumed = self._assumed
        hourly = assumed.usd_of_all_tasks_per_hour
        usd = None if hourly is None else hourly * seconds / 3600
        return Outcome(
            label=label,
            since=self._since,
            until=self._until,
            on_seconds=seconds,
            cold_starts=self._colds,
            waited=self._waited,
            longest_wait_seconds=self._longest,
            refused=self._refused,
            stops=self._stops,
            starts=self._starts,
            regrets=self._regrets,
            requests=self._requests,
            usd=usd,
            wait_usd=assumed.wait_usd,
            actions=tuple(self._actions),
            on=on,
        )


def instant(seconds: float) -> datetime:
    """Seconds since 1970 as an aware datetime in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
