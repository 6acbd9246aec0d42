"""What a rule for idle gaps costs over one service's requests: event by event, from gap to gap, in one pass.

The model is the one of the study (one instance with room for all requests): off, the first request starts it, it is
ready ``boot_seconds`` later and paid for from the start; it stays up until it was idle for the rule's timeout. A
*cold start* is one boot that somebody waited for; every request that arrives before it is ready has *waited*. Billing
by the second, no time to stop. What `replay` adds, and this leaves out: sweeps, late metrics, hours, people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from chalicelib.decide.adaptive import LEAST_SHARE, Bounds, Costs, GapLearner, choose_timeout
from chalicelib.simulate.runs import Run


@dataclass(frozen=True, slots=True)
class Terms:
    """What things cost. ``wait_usd`` is what one cold start is worth to the team."""

    usd_per_hour: float
    boot_seconds: float
    wait_usd: float

    @property
    def break_even_seconds(self) -> float:
        """The gap for which staying up costs as much as stopping: boot seconds plus the wait's value in seconds."""
        return self.boot_seconds + self.wait_usd / self.usd_per_hour * 3600


@dataclass(frozen=True, slots=True)
class GapResult:
    """``waited`` counts requests, ``longest_wait_seconds`` is one request's."""

    on_seconds: float
    cold_starts: int
    waited: int
    longest_wait_seconds: float
    stops: int

    def usd(self, terms: Terms) -> float:
        """Hours and waits together, as the rule is meant to weigh them."""
        return terms.usd_per_hour * self.on_seconds / 3600 + terms.wait_usd * self.cold_starts


class Rule(Protocol):
    """Decides at the begin of each gap, not knowing how long it will be."""

    @property
    def least_seconds(self) -> float:
        """No timeout is ever shorter, so that for shorter gaps none is worked out."""
        ...

    def timeout(self, at: float) -> float:
        """Seconds to stay up when the last use ended at ``at``."""
        ...

    def saw(self, gap: float, at: float) -> None:
        """The gap that began at ``at`` is over, and was ``gap`` seconds long."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    seconds: float

    @property
    def least_seconds(self) -> float:
        return self.seconds

    def timeout(self, at: float) -> float:
        return self.seconds

    def saw(self, gap: float, at: float) -> None:
        return None


def break_even(terms: Terms) -> Fixed:
    """2-competitive: never more than twice the cost of knowing each gap (Karlin et al., 1994)."""
    return Fixed(terms.break_even_seconds)


@dataclass(slots=True)
class Randomised:
    """Stops at a random moment of density e^(x/B)/(B(e-1)) on [0, B]: e/(e-1) in expectation on every gap."""

    terms: Terms
    random: Random
    least_seconds: float = 0.0

    def timeout(self, at: float) -> float:
        return self.terms.break_even_seconds * math.log1p(self.random.random() * (math.e - 1))

    def saw(self, gap: float, at: float) -> None:
        return None


@dataclass(slots=True)
class Adaptive:
    """The shipped rule: the timeout of least expected cost under the gaps seen so far (`decide.adaptive`)."""

    terms: Terms
    learner: GapLearner = field(default_factory=GapLearner)
    bounds: Bounds = field(default_factory=Bounds)
    least_seconds: float = field(init=False)
    _costs: Costs = field(init=False)

    def __post_init__(self) -> None:
        terms = self.terms
        self._costs = Costs(terms.usd_per_hour, terms.boot_seconds, terms.wait_usd)
        floor = max(LEAST_SHARE * terms.break_even_seconds, self.bounds.least_seconds)
        self.least_seconds = min(floor, self.bounds.longest_seconds)

    def timeout(self, at: float) -> float:
        return choose_timeout(self.learner.law(), self._costs, self.bounds).seconds

    def saw(self, gap: float, at: float) -> None:
        self.learner.add(gap)


class Machine:
    """One service under one rule; fed with runs in order of time. ``clairvoyant_above``: instead of a rule, stop at
    once before every gap longer than this, and stay up through the others."""

    def __init__(self, rule: Rule | None, boot_seconds: float, *, clairvoyant_above: float = 0.0) -> None:
        self._rule = rule
        self._boot = boot_seconds
        self._above = clairvoyant_above
        self._up_since: float | None = None
        self._busy_until = 0.0
        self._ready_at = -math.inf
        self._on = 0.0
        self._colds = self._stops = self._waited = 0
        self._longest = 0.0

    def feed(self, run: Run) -> None:
        """The next run."""
        if self._up_since is not None and run.start > self._busy_until:
            gap = run.start - self._busy_until
            stay = self._stay(gap)
            if gap > stay:
                self._on += self._busy_until + stay - self._up_since
                self._stops += 1
                self._up_since = None
        if self._up_since is None:
            self._colds += 1
            self._up_since, self._ready_at = run.start, run.start + self._boot
            self._longest = max(self._longest, self._boot)
            self._busy_until = run.end
        elif run.end > self._busy_until:
            self._busy_until = run.end
        if run.start < self._ready_at:
            waiting, answered = run.held_until(self._ready_at)
            self._waited += waiting
            self._busy_until = max(self._busy_until, answered)

    def finish(self, until: float) -> GapResult:
        """The trace ends at ``until``: nothing is paid beyond it."""
        if self._up_since is not None:
            stay = self._rule.timeout(self._busy_until) if self._rule is not None else 0.0
            self._on += max(0.0, min(self._busy_until + stay, until) - self._up_since)
            self._up_since = None
        return GapResult(self._on, self._colds, self._waited, self._longest, self._stops)

    def _stay(self, gap: float) -> float:
        if self._rule is None:
            return math.inf if gap <= self._above else 0.0
        stay = gap if gap <= self._rule.least_seconds else self._rule.timeout(self._busy_until)
        self._rule.saw(gap, self._busy_until)
        return stay


def simulate(runs: Iterable[Run], rule: Rule, boot_seconds: float, until: float) -> GapResult:
    """One rule over one service, in one pass; ``until`` is the end of the trace."""
    return simulate_all(runs, [Machine(rule, boot_seconds)], until)[0]


def simulate_all(runs: Iterable[Run], machines: Sequence[Machine], until: float) -> tuple[GapResult, ...]:
    """Several over the same requests, which are read once."""
    feeds = [machine.feed for machine in machines]
    for run in runs:
        for feed in feeds:
            feed(run)
    return tuple(machine.finish(until) for machine in machines)


def optimum(terms: Terms) -> Machine:
    """Knows every gap's length but cannot start before somebody asks: stops at once exactly where that is cheaper."""
    return Machine(None, terms.boot_seconds, clairvoyant_above=terms.break_even_seconds)


@dataclass(slots=True)
class PrewarmingOptimum:
    """Knows when the next request comes and is up by then: pays for the boot, and nobody waits but the first."""

    boot_seconds: float
    _busy_until: float = 0.0
    _first: float | None = None
    _on: float = 0.0
    _waited: int = 0
    _stops: int = 0

    def feed(self, run: Run) -> None:
        end, waiting = run.end, 0
        if self._first is None:
            self._first = self._busy_until = run.start
        if run.start < self._first + self.boot_seconds:
            waiting, answered = run.held_until(self._first + self.boot_seconds)
            end = max(end, answered)
        gap = run.start - self._busy_until
        if gap > 0:
            self._on += min(gap, self.boot_seconds)
            self._stops += gap > self.boot_seconds
        self._on += max(0.0, end - max(run.start, self._busy_until))
        self._busy_until = max(self._busy_until, end)
        self._waited += waiting

    def finish(self, until: float) -> GapResult:
        there = int(self._first is not None)
        over = max(0.0, self._busy_until - until)
        return GapResult(self._on - over, there, self._waited, there * self.boot_seconds, self._stops)
