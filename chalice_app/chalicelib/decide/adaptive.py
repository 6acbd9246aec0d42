"""When to stop an idle service: the timeout that costs least under what is known of its own idle gaps.

A *gap* is the time from the end of one use to the begin of the next, had the service been up or not. Gaps longer
than a minute are counted in bins, each gap weighing `DECAY` times the one after it, and a pooled law of other
services (`adaptive_prior`) stands in as if it were `PRIOR_WEIGHT` gaps of this one: a discounted leader with a pooled
prior. Staying on for t seconds costs price x t; a stop costs a boot and one person's wait. The timeout is the one of
the bins' edges with the least expected cost, inside `LEAST_SHARE` to `MOST_SHARE` of the break-even timeout.

That clamp is the guarantee. A timeout t and the break-even timeout B cost at most (t + B) / min(t, B) times the
optimum that knows the gap's length (Karlin et al.; `shared/facts/idle-policy.md`, section 3): 5 times at B / 4, 2.5
times at 1.5 B, 2 times at B itself, whatever was learned. Without `LEAST_OWN_GAPS` gaps of its own a service gets B.

Refuses to know what an hour or a wait costs: both are handed in. No clock, no random numbers, no dependency. Figures
here are floats: they are estimates, and nobody is billed by them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.decide.adaptive_prior import PRIOR

EDGES_SECONDS: tuple[float, ...] = tuple(
    60.0 * minutes
    for minutes in (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 37, 45, 60, 75, 90, 120, 150, 180, 240, 360, 480, 720, 1440)
)
"""Bin k holds the gaps from its edge up to the next; the last bin has no end."""

BINS = len(EDGES_SECONDS)
DECAY = 0.995
PRIOR_WEIGHT = 10.0
LEAST_OWN_GAPS = 3
LEAST_SHARE, MOST_SHARE = 0.25, 1.5
NOTHING: tuple[float, ...] = (0.0,) * BINS


@dataclass(frozen=True, slots=True)
class Costs:
    """What the timeout weighs: an hour of the service, its boot, and what one wait for a boot is worth, in dollars."""

    price_usd_per_hour: float
    boot_seconds: float
    wait_usd: float

    @property
    def price_usd_per_second(self) -> float:
        return self.price_usd_per_hour / 3600

    @property
    def stop_usd(self) -> float:
        """What a stop costs when the service is wanted again: the boot that is billed, and the wait."""
        return self.price_usd_per_second * self.boot_seconds + self.wait_usd

    @property
    def break_even_seconds(self) -> float:
        """After so long, staying on has cost as much as the stop would have. The price must be above zero."""
        return self.boot_seconds + self.wait_usd / self.price_usd_per_second


@dataclass(frozen=True, slots=True)
class Bounds:
    """The policy's own least and longest timeout, in seconds; they rule over everything that is learned."""

    least_seconds: float = 0.0
    longest_seconds: float = float("inf")


class Clause(StrEnum):
    """Which part of the rule gave the timeout."""

    LEARNED = "learned"
    TOO_FEW_GAPS = "too-few-gaps"
    NO_PRICE = "no-price"


class Held(StrEnum):
    """What kept a learned timeout from being shorter or longer."""

    LEAST_SHARE = "worst-case-bound-below"
    MOST_SHARE = "worst-case-bound-above"
    POLICY_MIN = "idle.min"
    POLICY_MAX = "idle.max"


@dataclass(frozen=True, slots=True)
class Timeout:
    """The timeout, which clause gave it and what it rests on.

    ``break_even_seconds``, ``expected_usd`` (of one gap) and ``worst_case`` (times the optimum that knows each gap,
    without pre-warm) are None when the price is not known.
    """

    seconds: float
    clause: Clause
    held: Held | None
    own_gaps: int
    break_even_seconds: float | None
    expected_usd: float | None
    worst_case: float | None


@dataclass(frozen=True, slots=True)
class GapLaw:
    """What is remembered of one service's gaps: per bin the decayed count and the decayed sum of seconds.

    ``seen`` counts every gap above a minute that was ever added, undecayed.
    """

    counts: tuple[float, ...] = NOTHING
    sums: tuple[float, ...] = NOTHING
    seen: int = 0

    def with_gaps(self, gaps_seconds: Iterable[float]) -> GapLaw:
        learner = GapLearner(self)
        for gap in gaps_seconds:
            learner.add(gap)
        return learner.law()


@dataclass(slots=True)
class GapLearner:
    """Adds many gaps fast: a new gap weighs more instead of all old ones less, which `law` evens out."""

    start: GapLaw = field(default_factory=GapLaw)
    _counts: list[float] = field(init=False)
    _sums: list[float] = field(init=False)
    _unit: float = field(init=False, default=1.0)
    _seen: int = field(init=False)

    def __post_init__(self) -> None:
        self._counts, self._sums = list(self.start.counts), list(self.start.sums)
        self._seen = self.start.seen

    def add(self, gap_seconds: float) -> None:
        """A gap of a minute or less teaches nothing: no timeout is so short."""
        bin_ = bisect_right(EDGES_SECONDS, gap_seconds) - 1
        if bin_ < 0:
            return
        self._unit /= DECAY
        self._counts[bin_] += self._unit
        self._sums[bin_] += self._unit * gap_seconds
        self._seen += 1
        if self._unit > 1e9:
            even = self.law()
            self._counts, self._sums, self._unit = list(even.counts), list(even.sums), 1.0

    def law(self) -> GapLaw:
        unit = self._unit
        return GapLaw(tuple(c / unit for c in self._counts), tuple(s / unit for s in self._sums), self._seen)


def choose_timeout(law: GapLaw, costs: Costs, bounds: Bounds | None = None) -> Timeout:
    """The timeout for a service with these gaps. A price of zero or less is a price that nobody knows.

    Without a price there is no break-even: the policy's longest timeout holds then. Never raises.
    """
    bounds = bounds or Bounds()
    if costs.price_usd_per_hour <= 0:
        return Timeout(bounds.longest_seconds, Clause.NO_PRICE, None, law.seen, None, None, None)
    even = costs.break_even_seconds
    expected = _Expected.of(law, costs)
    if law.seen < LEAST_OWN_GAPS:
        seconds = min(max(even, bounds.least_seconds), bounds.longest_seconds)
        held = None if seconds == even else Held.POLICY_MIN if seconds > even else Held.POLICY_MAX
        return _timeout(seconds, Clause.TOO_FEW_GAPS, held, law, costs, expected)
    floor, ceiling, held_below, held_above = _range(costs, bounds)
    seconds = min(_candidates(floor, even, ceiling), key=expected.usd)
    held = held_below if seconds == floor else held_above if seconds == ceiling else None
    return _timeout(seconds, Clause.LEARNED, held, law, costs, expected)


def worst_case(seconds: float, costs: Costs) -> float:
    """At most so many times the optimum that knows each gap (without pre-warm), on any gaps whatever."""
    even = costs.break_even_seconds
    return (seconds + even) / min(seconds, even) if min(seconds, even) > 0 else float("inf")


def _timeout(
    seconds: float, clause: Clause, held: Held | None, law: GapLaw, costs: Costs, expected: _Expected
) -> Timeout:
    even = costs.break_even_seconds
    return Timeout(seconds, clause, held, law.seen, even, expected.usd(seconds), worst_case(seconds, costs))


def _range(costs: Costs, bounds: Bounds) -> tuple[float, float, Held, Held]:
    """Where the timeout may lie, and what bounds it below and above. The policy's own bounds win over the clamp."""
    even = costs.break_even_seconds
    floor, below = max(EDGES_SECONDS[0], LEAST_SHARE * even), Held.LEAST_SHARE
    ceiling, above = max(floor, MOST_SHARE * even), Held.MOST_SHARE
    if bounds.least_seconds > floor:
        floor, below = bounds.least_seconds, Held.POLICY_MIN
        ceiling, above = (floor, below) if ceiling < floor else (ceiling, above)
    if bounds.longest_seconds < ceiling:
        ceiling, above = bounds.longest_seconds, Held.POLICY_MAX
        floor, below = (ceiling, above) if ceiling < floor else (floor, below)
    return floor, ceiling, below, above


def _candidates(floor: float, even: float, ceiling: float) -> list[float]:
    """The edges first: of equal costs the first counts."""
    inside = [edge for edge in EDGES_SECONDS if floor <= edge <= ceiling]
    return [*inside, floor, *([even] if floor < even < ceiling else []), ceiling]


@dataclass(frozen=True, slots=True)
class _Expected:
    """The cost of one gap under a service's own gaps and the pooled prior together, for any timeout."""

    costs: Costs
    counts: tuple[float, ...]
    sums: tuple[float, ...]
    shorter: tuple[float, ...]
    """Of each bin: the count of all gaps in the bins below it; `shorter_sums` the same of their seconds."""
    shorter_sums: tuple[float, ...]
    total: float

    @classmethod
    def of(cls, law: GapLaw, costs: Costs) -> _Expected:
        counts = [own + PRIOR_WEIGHT * share for own, share in zip(law.counts, PRIOR.shares, strict=True)]
        pooled = zip(law.sums, PRIOR.shares, PRIOR.mean_seconds, strict=True)
        sums = [own + PRIOR_WEIGHT * share * mean for own, share, mean in pooled]
        shorter, shorter_sums, count, total = [], [], 0.0, 0.0
        for n, s in zip(counts, sums, strict=True):
            shorter.append(count)
            shorter_sums.append(total)
            count, total = count + n, total + s
        return cls(costs, tuple(counts), tuple(sums), tuple(shorter), tuple(shorter_sums), count)

    def usd(self, seconds: float) -> float:
        """Mean cost of a gap in dollars when the service stops after ``seconds`` (a minute or more).

        Within a bin gaps are taken to be spread evenly over its width, and those that end before ``seconds`` to last
        as long as the middle between the bin's lower edge and its mean.
        """
        bin_ = max(0, bisect_right(EDGES_SECONDS, seconds) - 1)
        edge = EDGES_SECONDS[bin_]
        upper = EDGES_SECONDS[bin_ + 1] if bin_ + 1 < BINS else 2 * edge
        part = min(1.0, max(0.0, (seconds - edge) / (upper - edge)))
        inside = self.counts[bin_]
        ended_sum = part * (self.sums[bin_] + inside * edge) / 2
        stays_on = self.shorter_sums[bin_] + ended_sum
        longer = self.total - self.shorter[bin_] - part * inside
        price = self.costs.price_usd_per_second
        return (price * stays_on + longer * (price * seconds + self.costs.stop_usd)) / self.total
