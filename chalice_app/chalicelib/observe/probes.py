"""Probes: what one service is doing at this moment. Asked just before a stop.

`OllamaPs` asks Ollama which models it holds. `Leases` asks a gateway's book of running requests, which is exact; the
book itself comes with the gateway. `protection.TaskProtection` asks ECS.

No answer is MISSING, which stops nothing. A service that has no such source at all is ABSENT.

What ``/api/ps`` says (Ollama's scheduler, ``server/sched.go``): a model's ``expires_at`` is set when its last
request *ends*, to that moment plus keep-alive. A new request stops the timer and leaves ``expires_at`` as it was.
While a model is loading, every answer says "now plus keep-alive". Hence the rules of `_model`:

    in the past, still listed    a request is running, since before then
    later at the second look     it is loading for its first request
    unchanged, in the future     nothing *ended* since ``expires_at`` - keep-alive; a request younger than that
                                 cannot be seen, so that end counts as the last use
    further than keep-alive      somebody set a longer keep-alive: nobody can tell
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from chalicelib.decide.facts import Point, ServiceFacts, SignalName, SignalReading
from chalicelib.decide.words import length
from chalicelib.observe.signals import absent, missing, read

A_YEAR = timedelta(days=366)


class NoAddress(Exception):
    """Raised by a fetch for a service whose Ollama it has no way to reach by design: the signal is absent."""


@dataclass(frozen=True, slots=True)
class LeasesSeen:
    """The running requests of one service. ``since`` is the begin of the oldest, ``last_end`` the latest end."""

    running: int
    since: datetime | None = None
    last_end: datetime | None = None
    known_since: datetime | None = None
    """From when on the book is complete; None: it vouches for this moment only."""


class LeaseBook(Protocol):
    """Where a gateway writes down each request while it runs."""

    def of(self, facts: ServiceFacts, now: datetime) -> LeasesSeen | None:
        """None when no gateway stands before this service. Raises OSError when the book cannot be read."""


class Leases:
    name = SignalName.LEASES

    def __init__(self, book: LeaseBook) -> None:
        self._book = book

    def ask(self, facts: ServiceFacts, now: datetime) -> SignalReading:
        try:
            seen = self._book.of(facts, now)
        except OSError as error:
            return missing(self.name, now, f"could not be read: {error}")
        if seen is None:
            return absent(self.name, now, "no gateway stands before it")
        points = (Point(seen.last_end, 1.0),) if seen.last_end else ()
        return replace(
            read(self.name, now, "requests", points),
            covers_from=seen.known_since or now,
            in_flight=seen.running,
            in_flight_since=seen.since,
        )


Fetch = Callable[[ServiceFacts], Sequence[str | bytes]]
"""The bodies of ``GET /api/ps``, one for each running task. Raises NoAddress, or OSError when one did not answer."""


@dataclass(frozen=True, slots=True)
class _Model:
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Sight:
    """What one model tells: running since, last used at, or (both None) that nobody can tell, and why."""

    running_since: datetime | None = None
    last_use: datetime | None = None
    unclear: str = ""


class OllamaPs:
    """Looks twice, ``pause_seconds`` apart, at a service that holds a model; once at one that holds none.

    ``keep_alive`` is the service's OLLAMA_KEEP_ALIVE, where its clients do not send their own; None when unknown:
    then a held model says nothing about the past, and neither does an empty list.
    """

    name = SignalName.OLLAMA_PS

    def __init__(
        self,
        fetch: Fetch,
        *,
        keep_alive: timedelta | None = None,
        pause: Callable[[float], None],
        pause_seconds: float = 2.0,
    ) -> None:
        self._fetch = fetch
        self._keep_alive = keep_alive
        self._pause = pause
        self._pause_seconds = pause_seconds

    def ask(self, facts: ServiceFacts, now: datetime) -> SignalReading:
        try:
            first = self._look(facts)
            second = first
            if any(one.expires_at > now for models in first for one in models.values()):
                self._pause(self._pause_seconds)
                second = self._look(facts)
        except NoAddress as error:
            return absent(self.name, now, str(error) or "nobody told where its Ollama answers")
        except (OSError, ValueError, KeyError, TypeError) as error:
            return missing(self.name, now, f"gave no answer ({error}), which counts as busy")
        if len(second) != len(first):
            return missing(self.name, now, "gave no answer: its tasks changed between two looks")
        sights = [
            _model(model, before.get(name), now, self._keep_alive)
            for before, after in zip(first, second, strict=True)
            for name, model in after.items()
        ]
        return self._reading(sights, now)

    def _look(self, facts: ServiceFacts) -> list[dict[str, _Model]]:
        bodies = self._fetch(facts)
        if not bodies:
            raise OSError("no task answered")
        return [_models(body) for body in bodies]

    def _reading(self, sights: Sequence[_Sight], now: datetime) -> SignalReading:
        running = [one.running_since for one in sights if one.running_since]
        if running:
            return replace(read(self.name, now, "requests"), in_flight=len(running), in_flight_since=min(*running, now))
        unclear = next((one.unclear for one in sights if one.unclear), "")
        if unclear:
            return missing(self.name, now, unclear)
        uses = sorted(one.last_use for one in sights if one.last_use)
        points = tuple(Point(at, 1.0) for at in dict.fromkeys(uses))
        return replace(read(self.name, now, "requests", points), covers_from=now - (self._keep_alive or timedelta(0)))


def _models(body: str | bytes) -> dict[str, _Model]:
    """The models of one answer. Raises ValueError, KeyError or TypeError when it is not Ollama's."""
    answer: Mapping[str, Any] = json.loads(body)
    return {
        row["name"]: _Model(row["name"], datetime.fromisoformat(row["expires_at"]).astimezone(UTC))
        for row in answer["models"]
    }


def _model(model: _Model, before: _Model | None, now: datetime, keep_alive: timedelta | None) -> _Sight:
    if before is None or model.expires_at > before.expires_at:
        # Newly listed, loading, or a request ended between the two looks: used at this moment in every case.
        return _Sight(running_since=now)
    if model.expires_at <= now:
        return _Sight(running_since=model.expires_at)
    if keep_alive is None or model.expires_at - keep_alive > now:
        left = model.expires_at - now
        held = "for ever" if left > A_YEAR else f"for {length(left)} more"
        return _Sight(unclear=f"holds {model.name} {held}, used or not")
    return _Sight(last_use=model.expires_at - keep_alive)
