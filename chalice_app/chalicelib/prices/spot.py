"""EC2 Spot prices by the hour, from the history that AWS keeps for 90 days.

The record does not know in which Availability Zone a host ran, so that an hour costs what it cost in the dearest zone:
that makes a saving smaller rather than larger. Within an hour the price is the mean over the time that each price held.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.observe.calls import one_sentence
from chalicelib.prices.listed import Price
from chalicelib.prices.numbers import positive

SOURCE = "EC2 Spot price history, dearest zone"
KEPT_BY_AWS = timedelta(days=90)
LINUX = ("Linux/UNIX",)

_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Step:
    """From ``at`` (aware) on an hour costs ``usd``."""

    at: datetime
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """The prices of one instance type: zone -> its steps in the order of time, known until ``until``."""

    zones: Mapping[str, Sequence[Step]]
    until: datetime

    def price(self, at: datetime) -> Price | None:
        """Of the hour of UTC that holds ``at``; None before the first step, and from ``until`` on."""
        begin = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        end = min(begin + _HOUR, self.until)
        means = [mean for steps in self.zones.values() if (mean := _mean(steps, begin, end)) is not None]
        return Price(max(means), SOURCE, begin.date()) if means else None

    def within(self, since: datetime, until: datetime) -> Course:
        """The same, without what holds only before or after; each zone begins with the price that held then."""
        zones = {zone: _part(steps, since, until) for zone, steps in self.zones.items()}
        return Course({zone: steps for zone, steps in zones.items() if steps}, min(until, self.until))


class SpotHistory:
    """``ec2`` makes the client."""

    def __init__(self, ec2: Callable[[], Any]) -> None:
        self._ec2 = ec2

    def course(self, instance_type: str, since: datetime, until: datetime) -> Course | None:
        """None when nothing was ever offered here. Raises AwsUnreachable or ObservationError."""
        zones: dict[str, list[Step]] = defaultdict(list)
        with one_sentence(f"read the Spot prices of {instance_type}"):
            pages = (
                self._ec2()
                .get_paginator("describe_spot_price_history")
                .paginate(
                    InstanceTypes=[instance_type], ProductDescriptions=list(LINUX), StartTime=since, EndTime=until
                )
            )
            for page in pages:
                for row in page["SpotPriceHistory"]:
                    usd = positive(row["SpotPrice"])
                    if usd is not None and row["InstanceType"] == instance_type:
                        zones[row["AvailabilityZone"]].append(Step(row["Timestamp"].astimezone(UTC), usd))
        if not zones:
            return None
        ordered = {zone: tuple(sorted(steps, key=lambda step: step.at)) for zone, steps in sorted(zones.items())}
        return Course(ordered, until)


def _mean(steps: Sequence[Step], begin: datetime, end: datetime) -> Decimal | None:
    """Over the part of the time of which a price is known."""
    part = _part(steps, begin, end)
    if not part or begin >= end:
        return None
    ends = [*(step.at for step in part[1:]), end]
    lengths = [Decimal((until - max(step.at, begin)) // _MICROSECOND) for step, until in zip(part, ends, strict=True)]
    return sum((step.usd * length for step, length in zip(part, lengths, strict=True)), Decimal(0)) / sum(lengths)


def _part(steps: Sequence[Step], since: datetime, until: datetime) -> Sequence[Step]:
    """From the last step at or before ``since``, which is taken to begin then."""
    first = bisect_right(steps, since, key=lambda step: step.at) - 1
    held = (Step(since, steps[first].usd),) if first >= 0 else ()
    return (*held, *(step for step in steps[first + 1 :] if since < step.at < until))
