"""Spot capacity of a zone over time: seeded, with the availability and the losses a day that were recorded.

Figures: spot-traces, AWS V100, 45.5 days of February and March 2023, probed every 195 s; a zone counts as available
while at least one instance was. Up-times are log-normal with the recorded mean and median; of down-times only the mean
is known (what availability and losses leave), so they get the same shape. Nothing is known of correlation in time
beyond that. The figures are old and of another GPU: they say how hard it may get, not what tomorrow brings.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

HOUR = 3600.0


@dataclass(frozen=True)
class Zone:
    """``available``: share of time; ``median_up_share``: median of an up-time divided by its mean."""

    name: str
    available: float
    losses_per_day: float
    median_up_share: float


WEST = (
    Zone("us-west-2a", 0.883, 3.5, 1.03 / 6.1),
    Zone("us-west-2b", 0.905, 2.1, 1.41 / 10.4),
    Zone("us-west-2c", 0.891, 3.1, 0.92 / 6.8),
)
OTHERS = (
    Zone("us-east-2b", 0.682, 3.8, 1.41 / 10.4),
    Zone("us-east-1a", 0.167, 5.6, 0.33 / 0.72),
    Zone("any of us-west-2", 0.961, 1.25, 1.41 / 10.4),
)
"""Where no median was recorded, that of us-west-2b's shape."""


@dataclass(frozen=True)
class Span:
    """Capacity is there from ``start`` to ``end``, in seconds since the month began."""

    start: float
    end: float


class Market:
    def __init__(self, zone: Zone, random: Random, seconds: float) -> None:
        self.spans: Sequence[Span] = tuple(_spans(zone, random, seconds))
        self._starts = [span.start for span in self.spans]

    def next_capacity(self, at: float) -> tuple[float, float] | None:
        """From when there is capacity, ``at`` or later, and when that ends; None: not within the month."""
        index = bisect_right(self._starts, at) - 1
        if index >= 0 and self.spans[index].end > at:
            return at, self.spans[index].end
        following = index + 1
        return (self.spans[following].start, self.spans[following].end) if following < len(self.spans) else None


def _spans(zone: Zone, random: Random, seconds: float) -> Iterator[Span]:
    """As many losses and as much capacity as were recorded: what is drawn is stretched to that, so that a month with a
    few very long runs is not another zone."""
    days = seconds / (24 * HOUR)
    losses = max(1, round(zone.losses_per_day * days))
    ups = _drawn(losses, zone.median_up_share, random, total=zone.available * seconds)
    downs = _drawn(losses, zone.median_up_share, random, total=(1 - zone.available) * seconds)
    at = random.choice((0.0, downs[0]))
    for index, (up, down) in enumerate(zip(ups, downs, strict=True)):
        at += down if index else 0.0
        yield Span(at, at + up)
        at += up


def _drawn(count: int, median_share: float, random: Random, *, total: float) -> list[float]:
    """Log-normal: the median is exp(mu), the mean exp(mu + sigma^2 / 2)."""
    sigma = math.sqrt(-2 * math.log(median_share))
    lengths = [random.lognormvariate(0.0, sigma) for _ in range(count)]
    return [length * total / sum(lengths) for length in lengths]
