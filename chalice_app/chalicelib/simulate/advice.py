"""Which idle rule would have cost a service least, and how sure that is. Proposes; whoever asked decides.

Every candidate is replayed over the whole past and over its two halves: what was cheaper in both halves is likely to
stay so, what was cheaper in one only is chance or change. Small gains are not worth a change of a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.errors import TraceError
from chalicelib.simulate.compare import Alternative, alternatives
from chalicelib.simulate.replay import Setting, replay
from chalicelib.simulate.result import Assumptions, Outcome
from chalicelib.simulate.trace import Trace

CANDIDATES = "10m,15m,20m,30m,45m,60m,90m,120m,180m,240m,adaptive"
WORTH_A_CHANGE = 0.02
"""Share of the present cost that must be saved."""
LEAST_DAYS = 4.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """One idle rule over the past. ``halves``: what it cost in each half of it."""

    label: str
    outcome: Outcome
    halves: tuple[float, float]

    @property
    def cost_usd(self) -> float:
        return self.outcome.cost_usd or 0.0


@dataclass(frozen=True, slots=True)
class Advice:
    """``proposed`` is None where nothing better was found; ``sure`` whether both halves agree."""

    present: Weighed
    others: tuple[Weighed, ...]
    proposed: Weighed | None
    sure: bool

    @property
    def saves_share(self) -> float:
        if self.proposed is None or not self.present.cost_usd:
            return 0.0
        return 1 - self.proposed.cost_usd / self.present.cost_usd

    @property
    def says(self) -> str:
        """One sentence."""
        if self.proposed is None:
            return "No other idle rule would have been clearly cheaper: nothing is proposed."
        name = self.proposed.label
        first, second = (
            f"{100 * (1 - mine / theirs):+.1f} %" if theirs else "nothing"
            for mine, theirs in zip(self.proposed.halves, self.present.halves, strict=True)
        )
        how = "Sure: it was cheaper in both halves of the past" if self.sure else "Not sure: only one half agrees"
        return f"{name} would have cost {100 * self.saves_share:.1f} % less. {how} (saved {first} and {second})."


def advise(setting: Setting, trace: Trace, assumed: Assumptions) -> Advice:
    """Raises TraceError without a price, without an idle rule, and for under four days of past."""
    if not assumed.usd_of_all_tasks_per_hour:
        raise TraceError("without a price nothing can be weighed: add --price USD, or tag the service instance-type")
    if setting.policy.idle is None:
        raise TraceError(f"the policy {setting.policy.name} has no idle rule to tune: write idle: {{stop-after: 30m}}")
    days = (setting.until - setting.since).total_seconds() / 86_400
    if days < LEAST_DAYS:
        raise TraceError(f"only {days:.1f} days of past: {LEAST_DAYS:g} at least, better 14")
    present = _weigh(setting, Alternative("as it is", setting.policy), trace, assumed)
    others = tuple(_weigh(setting, one, trace, assumed) for one in alternatives(setting.policy, CANDIDATES, assumed))
    best = min(others, key=lambda one: one.cost_usd)
    if best.cost_usd > present.cost_usd * (1 - WORTH_A_CHANGE):
        return Advice(present, others, None, sure=False)
    sure = all(mine < theirs for mine, theirs in zip(best.halves, present.halves, strict=True))
    return Advice(present, others, best, sure)


def _weigh(setting: Setting, one: Alternative, trace: Trace, assumed: Assumptions) -> Weighed:
    middle = setting.since + (setting.until - setting.since) / 2
    parts: Sequence[Setting] = (
        setting,
        replace(setting, until=middle),
        replace(setting, since=middle),
    )
    whole, first, second = (
        replay(replace(part, policy=one.policy), trace.open(), assumed, one.label) for part in parts
    )
    return Weighed(one.label, whole, (first.cost_usd or 0.0, second.cost_usd or 0.0))
