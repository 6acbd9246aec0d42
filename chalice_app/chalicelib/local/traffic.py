"""A seeded week of requests to each service, and what CloudWatch would have measured of it.

Requests are drawn once, before the week begins, so that what the controller does never changes what people ask.
A request to a service that is not up is counted as refused, nothing more: requests wake only the models that people
launch, and these services are nobody's.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import assert_never
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """One request: it arrives at ``at`` and its answer streams for ``seconds``."""

    at: datetime
    seconds: float

    @property
    def until(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Busy:
    """People ask ``per_hour`` times an hour on the given days (0 is Monday) between two local times; one answer
    takes ``seconds`` on average. ``to`` before ``from_`` runs into the next day."""

    days: frozenset[int]
    from_: time
    to: time
    per_hour: float
    seconds: float = 12.0


@dataclass(frozen=True, slots=True)
class Streams:
    """Long answers, one after another: each runs for ``minutes`` (shortest, longest), then a pause."""

    minutes: tuple[float, float]
    pause_minutes: tuple[float, float]


Pattern = Busy | Streams

EVERY_DAY = frozenset(range(7))


def draw(
    patterns: Sequence[Pattern], start: datetime, end: datetime, zone: ZoneInfo, random: Random
) -> tuple[Request, ...]:
    """All requests of one service in ``[start, end)``, in order of arrival."""
    requests: list[Request] = []
    for pattern in patterns:
        match pattern:
            case Busy():
                requests.extend(_busy(pattern, start, end, zone, random))
            case Streams():
                requests.extend(_streams(pattern, start, end, random))
            case other:
                assert_never(other)
    return tuple(sorted(requests))


def _busy(pattern: Busy, start: datetime, end: datetime, zone: ZoneInfo, random: Random) -> Iterator[Request]:
    """Poisson arrivals within each window."""
    day = start.astimezone(zone).date() - timedelta(days=1)
    while day <= end.astimezone(zone).date():
        if day.weekday() in pattern.days:
            at, closes = _window(pattern, day, zone)
            while (at := at + timedelta(hours=random.expovariate(pattern.per_hour))) < closes:
                if start <= at < end:
                    yield Request(at, 1.0 + random.expovariate(1 / pattern.seconds))
        day += timedelta(days=1)


def _window(pattern: Busy, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    opens = datetime.combine(day, pattern.from_, zone)
    overnight = pattern.to <= pattern.from_
    closes = datetime.combine(day + timedelta(days=1) if overnight else day, pattern.to, zone)
    return opens, closes


def _streams(pattern: Streams, start: datetime, end: datetime, random: Random) -> Iterator[Request]:
    at = start - timedelta(minutes=random.uniform(0, pattern.minutes[0]))
    while at < end:
        request = Request(at, 60 * random.uniform(*pattern.minutes))
        yield request
        at = request.until + timedelta(minutes=random.uniform(*pattern.pause_minutes))


@dataclass(frozen=True, slots=True)
class MinuteOfUse:
    """What one minute saw: requests that arrived, and the seconds that some answer was streaming in it (0 to 60)."""

    at: datetime
    arrived: int
    streaming_seconds: float


class Timetable:
    """The requests of one service, minute by minute."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._requests = requests
        self._arrivals = [request.at for request in requests]
        self._longest = timedelta(seconds=max((request.seconds for request in requests), default=0.0))

    def minutes(self, since: datetime, until: datetime) -> Iterator[MinuteOfUse]:
        """Every whole minute of ``[since, until)``."""
        at = since
        while at + MINUTE <= until:
            yield MinuteOfUse(at, len(self.arrivals(at, at + MINUTE)), self._streaming(at))
            at += MINUTE

    def arrivals(self, since: datetime, until: datetime) -> Sequence[Request]:
        return self._requests[bisect_left(self._arrivals, since) : bisect_left(self._arrivals, until)]

    def around(self, now: datetime, memory: timedelta) -> Sequence[Request]:
        """The requests that run at ``now`` and those that ended within ``memory`` before it, among others."""
        first = bisect_left(self._arrivals, now - self._longest - memory)
        return self._requests[first : bisect_right(self._arrivals, now)]

    def _streaming(self, at: datetime) -> float:
        """Overlapping answers count once: the GPU is busy, however many it serves."""
        busy_until, seconds, end = at, 0.0, at + MINUTE
        first = bisect_left(self._arrivals, at - self._longest)
        for request in self._requests[first : bisect_left(self._arrivals, end)]:
            begins, ends = max(request.at, busy_until), min(request.until, end)
            if ends > begins:
                seconds += (ends - begins).total_seconds()
                busy_until = ends
        return seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One minute of one running service, as CloudWatch tells it. None: no datapoint."""

    at: datetime
    requests: int | None
    healthy_hosts: int | None
    gpu_percent: float
    cpu_percent: float


def measure(use: MinuteOfUse, ready_tasks: int, *, alb_silent: bool) -> Measured:
    """ALB counts a minute only when something arrived in it, and answers nothing at all while it is ``silent``.

    The figures of a busy host are round ones; the small waves keep two minutes from looking alike. They are far
    from every threshold, because this fleet is here to show rules and not to test thresholds.
    """
    wave = (math.sin(use.at.timestamp() / 600) + 1) / 2
    share = use.streaming_seconds / 60
    streams = share > 0
    return Measured(
        at=use.at,
        requests=use.arrived if use.arrived and not alb_silent else None,
        healthy_hosts=None if alb_silent else ready_tasks,
        gpu_percent=round(55 + 40 * share + 4 * wave, 1) if streams else 0.0,
        cpu_percent=round(2 + 9 * share + wave, 2),
    )


@dataclass(frozen=True, slots=True)
class Silence:
    """The load balancer's metrics of a service are missing in ``[since, until)``."""

    since: datetime
    until: datetime


def is_silent(silences: Iterable[Silence], at: datetime) -> bool:
    return any(silence.since <= at < silence.until for silence in silences)
