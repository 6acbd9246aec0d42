"""What a source of signals is, and what may be asked of one.

Two kinds. A `SignalSource` is read in batches over a window, for many services at once (CloudWatch). A
`ProbeSource` sees what runs at this moment (leases, Ollama itself, task protection) and is asked only just before a
stop, because it costs a call or more a service; one that can be asked for many at once is a `ManyAtOnce` too.

Neither ever guesses: what did not answer is MISSING, with the reason as a note that reads on after the signal's
name ("requests could not be read: …"); what a service never had is ABSENT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from chalicelib.decide.facts import Availability, Point, ServiceFacts, ServiceId, SignalName, SignalReading
from chalicelib.decide.needs import SignalNeed
from chalicelib.decide.words import length
from chalicelib.observe.calls import Failed, attempt

REMEMBERED = timedelta(hours=24)
"""A signal that reported within so long and is silent now is missing; one silent for longer is absent."""


@dataclass(frozen=True, slots=True)
class Want:
    """One service whose signals are wanted.

    ``last_reported`` is when each signal last had a point: it tells missing from absent. ``skip`` names signals
    found absent not long ago: they are reported absent without being asked for, because each metric asked for
    costs money. ``sure``: a silent signal of which nothing is remembered is asked for the whole last day, so that
    missing and absent are told apart without any memory; for the look just before a stop.
    """

    facts: ServiceFacts
    need: SignalNeed
    last_reported: Mapping[SignalName, datetime] = field(default_factory=lambda: MappingProxyType({}))
    skip: frozenset[SignalName] = frozenset()
    sure: bool = False


Readings = Mapping[SignalName, SignalReading]


class SignalSource(Protocol):
    """Reads its signals for many services in as few calls as it can."""

    @property
    def names(self) -> frozenset[SignalName]: ...

    def read(self, wants: Sequence[Want]) -> Mapping[ServiceId, Readings]:
        """Every signal wanted that is one of ``names``, READ, MISSING or ABSENT.

        Raises AwsUnreachable when credentials are missing or refused; any other failure is MISSING, with a note.
        """


class ProbeSource(Protocol):
    """Looks at a service at this moment."""

    @property
    def name(self) -> SignalName: ...

    def ask(self, facts: ServiceFacts, now: datetime) -> SignalReading:
        """What is in flight now. ``covers_to`` is ``now``; ``covers_from`` is how far back the answer reaches."""


@runtime_checkable
class ManyAtOnce(Protocol):
    """A `ProbeSource` that needs fewer calls for many services together than for each."""

    def ask_many(self, services: Sequence[ServiceFacts], now: datetime) -> Mapping[ServiceId, SignalReading]:
        """What `ask` would answer, for those of ``services`` for which that is cheaper; nothing is READ by guess, and
        who is left out has to be asked by itself."""


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A probe with the answers that it gave for many at once."""

    probe: ProbeSource
    answers: Mapping[ServiceId, SignalReading]

    @property
    def name(self) -> SignalName:
        return self.probe.name

    def ask(self, facts: ServiceFacts, now: datetime) -> SignalReading:
        return self.answers.get(facts.id) or self.probe.ask(facts, now)


def asked_ahead(
    probes: Sequence[ProbeSource], about: Sequence[tuple[ServiceFacts, frozenset[SignalName]]], now: datetime
) -> tuple[ProbeSource, ...]:
    """``probes``, each that can having asked at once for all of ``about`` that need its signal."""
    ready: list[ProbeSource] = []
    for probe in probes:
        services = [facts for facts, names in about if probe.name in names]
        ready.append(_Ahead(probe, probe.ask_many(services, now)) if isinstance(probe, ManyAtOnce) else probe)
    return tuple(ready)


def ask_all(
    probes: Sequence[ProbeSource], facts: ServiceFacts, names: frozenset[SignalName], now: datetime
) -> dict[SignalName, SignalReading]:
    """The answers of the probes among ``names``, one service. A probe that breaks gave no answer: MISSING."""
    return {probe.name: _asked(probe, facts, now) for probe in probes if probe.name in names}


def _asked(probe: ProbeSource, facts: ServiceFacts, now: datetime) -> SignalReading:
    answer = attempt(partial(probe.ask, facts, now))
    if isinstance(answer, Failed):
        return missing(probe.name, now, f"could not be read: {answer.reason}")
    return answer


def read(name: SignalName, now: datetime, unit: str, points: tuple[Point, ...] = ()) -> SignalReading:
    """A probe's answer, which covers this moment alone."""
    return SignalReading(name, Availability.READ, now, now, points=points, unit=unit)


def missing(name: SignalName, now: datetime, note: str) -> SignalReading:
    """No answer where there should be one."""
    return SignalReading(name, Availability.MISSING, now, now, note=note)


def absent(name: SignalName, now: datetime, note: str) -> SignalReading:
    """Nothing there to be asked."""
    return SignalReading(name, Availability.ABSENT, now, now, note=note)


def silent(want: Want, name: SignalName, covers_from: datetime, unit: str, why: str) -> SignalReading:
    """The reading of a signal without a point: missing while it is remembered, else absent."""
    last = want.last_reported.get(name)
    known = last is not None and last > want.need.window_to - REMEMBERED
    return SignalReading(
        name=name,
        availability=Availability.MISSING if known else Availability.ABSENT,
        covers_from=covers_from,
        covers_to=want.need.window_to,
        unit=unit,
        note=f"silent for {length(want.need.window_to - last)}: {why}" if known and last else why,
    )
