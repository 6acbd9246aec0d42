"""What signals would have shown of a service's requests at any instant: played forward, never back.

Requests are taken from the trace as time goes on and forgotten once no rule can look back so far, so memory does not
grow with the trace. As live: the load balancer counts arrivals by the minute while a task is ready, and reports
nothing where the trace has none; Ollama, asked just before a stop, shows what is in flight or still held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, heappush

from chalicelib.decide.facts import Availability, Point, SignalName, SignalReading
from chalicelib.decide.needs import SignalNeed
from chalicelib.decide.spans import period_seconds
from chalicelib.simulate.trace import Request

MINUTE = 60.0
HEALTH_IS_FRESH_SECONDS = 600.0
"""As long as `observe.cloudwatch` takes the load balancer's word for."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Which signals the service has. ``gpu``: its GPU's use is reported by the minute.

    ``ollama``: Ollama is asked before a stop (``LIFECYCLE_PROBE_OLLAMA``); it holds a model for ``keep_alive_seconds``
    after use, and a model that is held tells nothing of use, because nobody knows how long clients asked it to be kept.
    """

    gpu: bool = False
    ollama: bool = False
    keep_alive_seconds: float = 300.0
    missing: tuple[tuple[float, float], ...] = ()
    """When the load balancer's metrics are missing."""


USUAL_SOURCES = Sources()


class Tape:
    """``look_back_seconds``: how far back any rule may ask."""

    def __init__(self, requests: Iterable[Request], sources: Sources, look_back_seconds: float) -> None:
        self._requests: Iterator[Request] = iter(requests)
        self._sources = sources
        self._keep = look_back_seconds + 3600
        self._most = int(2 * self._keep / MINUTE)
        self._next: Request | None = next(self._requests, None)
        self._minutes: deque[list[float]] = deque()
        self._streamed: deque[float] = deque()
        self._running: list[tuple[float, float]] = []
        self.last_end = float("-inf")
        """The end of the newest answer that is over."""
        self.arrived = 0
        self._last_arrival = float("-inf")
        self._uses: list[list[float]] = []

    @property
    def next_arrival(self) -> float | None:
        return self._next[0] if self._next is not None else None

    def take(self) -> Request:
        """The next request, unanswered: it is off the tape, and no signal shows it. There must be one."""
        taken = self._next
        assert taken is not None
        self.arrived += 1
        self._last_arrival = taken[0]
        self._next = next(self._requests, None)
        return taken

    def answer(self, request: Request) -> None:
        """A request that a ready task answers from its arrival on."""
        self._count(request)
        heappush(self._running, (request[0] + request[1], request[0]))

    def _count(self, request: Request) -> None:
        """What metrics show of it."""
        at, seconds = request
        minute = at - at % MINUTE
        minutes, uses = self._minutes, self._uses
        if minutes and minutes[-1][0] == minute:
            minutes[-1][1] += 1
        else:
            minutes.append([minute, 1.0])
            if uses and minute <= uses[-1][1]:
                uses[-1][1] = max(uses[-1][1], minute + MINUTE)
            else:
                uses.append([minute, minute + MINUTE])
            if len(minutes) > self._most:
                self._forget(at)
        if self._sources.gpu:
            self._stream(at, at + seconds)

    def answer_until(self, now: float) -> None:
        """Everything that arrives up to ``now``."""
        while self._next is not None and self._next[0] <= now:
            self.answer(self.take())

    def answer_until_rest(self, seconds: float, bound: float) -> float:
        """Everything up to the first ``seconds`` without an arrival, or up to ``bound``; the last arrival by then."""
        last, request = self._last_arrival, self._next
        while request is not None and request[0] <= bound:
            at = request[0]
            if at - last >= seconds:
                return last
            last, end = at, at + request[1]
            self.arrived += 1
            self._last_arrival = at
            self._next = after = next(self._requests, None)
            if self._running:
                self._end_by(at)
            goes_on = after is not None and after[0] <= bound and after[0] - at < seconds
            if goes_on and after is not None and end <= after[0] and not self._running:
                self._count(request)  # it is over before the next one: nobody looks in between
                self.last_end = max(self.last_end, end)
            else:
                self.answer(request)
            request = after
        return min(bound, last)

    def uses(self) -> tuple[tuple[float, float], ...]:
        """The stretches of whole minutes with requests since this was asked last."""
        found, self._uses = tuple((begin, end) for begin, end in self._uses), []
        return found

    def clear(self) -> None:
        """Its tasks are gone, and what they held with them."""
        self._running.clear()
        self.last_end = float("-inf")

    def signals(self, need: SignalNeed, now: float, ready_since: float | None) -> Mapping[SignalName, SignalReading]:
        """The signals that CloudWatch would have given at ``now``, over the need's window."""
        self._end_by(now)
        self._forget(now)
        readings = {}
        start, end = need.window_from.timestamp(), need.window_to.timestamp()
        if SignalName.REQUESTS in need.names:
            readings[SignalName.REQUESTS] = self._counted(need, start, end, ready_since)
        if SignalName.GPU in need.names and self._sources.gpu:
            busy = [Point(_at(minute), 95.0) for minute in self._streamed if start - MINUTE < minute < end]
            points = busy or [Point(need.window_from, 0.0)]
            readings[SignalName.GPU] = _read(SignalName.GPU, need, points, "%")
        return readings

    def probe(self, now: float) -> Mapping[SignalName, SignalReading]:
        """What Ollama itself answers just before a stop."""
        if not self._sources.ollama:
            return {}
        self._end_by(now)
        name, keep, at = SignalName.OLLAMA_PS, self._sources.keep_alive_seconds, _at(now)
        since = min((start for _, start in self._running), default=None)
        loaded = since if since is not None and self.last_end + keep < since else self.last_end
        if loaded + keep > now:
            note = "holds its model, used or not"
            return {name: SignalReading(name, Availability.MISSING, at, at, note=note)}
        if since is None:
            return {name: SignalReading(name, Availability.READ, at, at, unit="requests")}
        found = SignalReading(
            name, Availability.READ, at, at, unit="requests", in_flight=1, in_flight_since=_at(loaded + keep)
        )
        return {name: found}

    def _counted(self, need: SignalNeed, start: float, end: float, ready_since: float | None) -> SignalReading:
        period = float(period_seconds(need.window_to - need.window_from))
        sums: dict[float, float] = {}
        for minute, count in self._minutes:
            begin = minute - minute % period
            if begin + period > start and minute < end and not self._is_missing(minute):
                sums[begin] = sums.get(begin, 0.0) + count
        points = [Point(_at(begin), count) for begin, count in sums.items()]
        reading = _read(SignalName.REQUESTS, need, points, "requests")
        if points:
            return reading
        newest = end - MINUTE
        while self._is_missing(newest) and newest > start:
            newest -= MINUTE
        healthy = ready_since is not None and newest >= ready_since and newest + HEALTH_IS_FRESH_SECONDS >= end
        note = "" if healthy else "missing, and its load balancer reported no HealthyHostCount"
        return SignalReading(
            reading.name, reading.availability, reading.covers_from, reading.covers_to,
            period_seconds=int(period), unit=reading.unit, healthy=healthy, note=note,
        )  # fmt: skip

    def _is_missing(self, at: float) -> bool:
        return any(since <= at < until for since, until in self._sources.missing)

    def _stream(self, start: float, end: float) -> None:
        minute = start - start % MINUTE
        while minute < end:
            if not self._streamed or self._streamed[-1] < minute:
                self._streamed.append(minute)
            minute += MINUTE

    def _end_by(self, now: float) -> None:
        while self._running and self._running[0][0] <= now:
            self.last_end = max(self.last_end, heappop(self._running)[0])

    def _forget(self, now: float) -> None:
        oldest = now - self._keep
        while self._minutes and self._minutes[0][0] < oldest:
            self._minutes.popleft()
        while self._streamed and self._streamed[0] < oldest:
            self._streamed.popleft()


def _read(name: SignalName, need: SignalNeed, points: Sequence[Point], unit: str) -> SignalReading:
    period = period_seconds(need.window_to - need.window_from)
    return SignalReading(
        name, Availability.READ, need.window_from, need.window_to, tuple(points), period_seconds=period, unit=unit
    )


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
