"""The adaptive rule with pre-warm, from gap to gap: bets of `decide.prewarm` between a stop and the next request.

As `gaps`, with its model of costs; and as live, a bet that may not be carried out is still settled on paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from chalicelib.decide.adaptive import Costs
from chalicelib.decide.prewarm import BetRecord, Habit, next_bet
from chalicelib.simulate.gaps import Adaptive, GapResult, Terms
from chalicelib.simulate.runs import Run


@dataclass(slots=True)
class PrewarmingMachine:
    """Fed with runs in order of time. ``began``: when the trace does, before which nothing is known."""

    terms: Terms
    began: float = 0.0
    record: BetRecord = field(default_factory=BetRecord)
    _rule: Adaptive = field(init=False)
    _costs: Costs = field(init=False)
    _habit: Habit = field(init=False)
    _up_since: float | None = None
    _busy_until: float = 0.0
    _ready_at: float = -math.inf
    _counted_for: float = -math.inf
    """Until when the cold start that was counted last had people waiting."""
    _on: float = 0.0
    _longest: float = 0.0
    _colds: int = 0
    _stops: int = 0
    _waited: int = 0

    def __post_init__(self) -> None:
        self._rule = Adaptive(self.terms)
        self._costs = Costs(self.terms.usd_per_hour, self.terms.boot_seconds, self.terms.wait_usd)
        self._habit = Habit.beginning(self.began)
        self._busy_until = self.began

    def feed(self, run: Run) -> None:
        """The next run."""
        if self._up_since is not None and run.start > self._busy_until:
            self._gap(run.start)
        if self._up_since is None:
            self._bet(self._busy_until, run.start)
        if self._up_since is None:
            self._up_since, self._ready_at = run.start, run.start + self.terms.boot_seconds
        end = run.end
        if run.start < self._ready_at:
            waiting, answered = run.held_until(self._ready_at)
            self._waited += waiting
            end = max(end, answered)
            if waiting and run.start >= self._counted_for:
                self._colds += 1
                self._counted_for = self._ready_at
                self._longest = max(self._longest, self._ready_at - run.start)
        self._busy_until = max(self._busy_until, end)
        self._habit = self._habit.used(run.start, run.end)

    def finish(self, until: float) -> GapResult:
        """The trace ends at ``until``; bets that nobody comes for until then are lost."""
        if self._up_since is not None:
            end = self._busy_until + self._rule.timeout(self._busy_until)
            self._on += max(0.0, min(end, until) - self._up_since)
            self._up_since = None
            self._bet(end, until, nobody=True)
        return GapResult(self._on, self._colds, self._waited, self._longest, self._stops)

    def _gap(self, start: float) -> None:
        """Waited out, or stopped in the middle of it."""
        gap = start - self._busy_until
        stay = gap if gap <= self._rule.least_seconds else self._rule.timeout(self._busy_until)
        self._rule.saw(gap, self._busy_until)
        self.record = self.record.idled(self._costs.price_usd_per_second * min(gap, stay))
        if gap > stay and self._up_since is not None:
            self._busy_until += stay
            self._on += self._busy_until - self._up_since
            self._stops += 1
            self._up_since = None

    def _bet(self, off: float, start: float, *, nobody: bool = False) -> None:
        """Every bet between the stop and the next request, or the end of the trace."""
        after, comes = off, math.inf if nobody else start
        while True:
            bet = next_bet(self._habit, self.record, self._costs, after, start + self.terms.boot_seconds)
            if bet is None or bet.start_at >= start:
                return
            acted = self.record.may_act(self.terms.wait_usd)
            self.record = self.record.settled(bet, comes, self._costs, acted=acted)
            if bet.give_up_at >= comes:
                if acted:
                    self._up_since, self._ready_at = bet.start_at, bet.ready_at
                    self._busy_until = start
                return
            if acted:
                self._on += min(bet.give_up_at, start) - bet.start_at
                self._stops += 1
            after = bet.give_up_at
