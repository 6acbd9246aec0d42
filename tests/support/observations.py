"""Observations for tests of `decide`: one service, and signals that answer exactly what a decision needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chalicelib.decide.decide import decide, weigh
from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import (
    Availability,
    Observation,
    Override,
    OverrideKind,
    Point,
    ServiceFacts,
    ServiceId,
    ServiceMemory,
    SignalName,
    SignalReading,
    Switches,
)
from chalicelib.decide.learned import UNLEARNED, Learned
from chalicelib.decide.needs import needs
from chalicelib.policy.model import Policy, PolicySet

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
VISION = ServiceId("gpu-dev", "ollama-vision")


def at(text: str) -> datetime:
    """``2026-11-20T10:00`` in Tokyo, or with an offset of its own; in UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else datetime.fromisoformat(text + "+09:00")).astimezone(UTC)


def service(
    *,
    up: bool = True,
    ready: datetime | None = None,
    tags: Mapping[str, str] | None = None,
    id: ServiceId = VISION,
    running: int | None = None,
) -> ServiceFacts:
    ready = ready or at("2026-11-01T00:00")
    count = 1 if up else 0
    there = count if running is None else running
    return ServiceFacts(
        id=id,
        arn=f"arn:aws:ecs:ap-northeast-1:123456789012:service/{id}",
        desired_count=count,
        running_count=there,
        pending_count=0,
        described_at=ready,
        tags=tags or {},
        ready_since=ready if there else None,
    )


def override(
    kind: OverrideKind, until: str | None, *, made: str, by: str = "aiko", force: bool = False, reason: str = "demo"
) -> Override:
    return Override(f"{kind}-{made}", VISION, kind, at(until) if until else None, by, reason, at(made), force=force)


@dataclass(frozen=True)
class Scene:
    """A service with a history of use, that can be looked at any time. ``uses`` are the busy minutes of ``requests``
    (their begins), ``gpu`` the GPU's share by minute; ``missing`` and ``absent`` name signals."""

    policy: Policy
    facts: ServiceFacts = field(default_factory=service)
    uses: Sequence[datetime] = ()
    gpu: Mapping[datetime, float] = field(default_factory=dict)
    healthy: bool = True
    missing: frozenset[SignalName] = frozenset()
    absent: frozenset[SignalName] = frozenset({SignalName.CPU, SignalName.NETWORK_OUT})
    probes: tuple[SignalReading, ...] = ()
    memory: ServiceMemory = field(default_factory=ServiceMemory)
    switches: Switches = field(default_factory=Switches)
    overrides: tuple[Override, ...] = ()
    policies: PolicySet = field(default_factory=PolicySet)
    learned: Learned = UNLEARNED
    usd_per_hour: float | None = None

    def but(self, **changes: object) -> Scene:
        return replace(self, **changes)  # type: ignore[arg-type]

    def seen(self, now: datetime) -> Observation:
        bare = Observation(self.facts, {}, self.memory, self.switches, self.learned, self.usd_per_hour)
        need = needs(self.policy, bare, self.overrides, self.policies, now)
        if need is None:
            return bare
        readings = {name: self._read(name, need.window_from, need.window_to) for name in need.names}
        readings |= {probe.name: probe for probe in self.probes}
        return replace(bare, signals=readings)

    def decide(self, now: datetime | str) -> Decision:
        now = at(now) if isinstance(now, str) else now
        return decide(self.policy, self.seen(now), self.overrides, now, policies=self.policies)

    def why(self, now: datetime | str) -> list[str]:
        now = at(now) if isinstance(now, str) else now
        lines = weigh(self.policy, self.seen(now), self.overrides, now, policies=self.policies)
        return [f"{'>' if line.wins else ' '} {line.rule.value}: {line.says}" for line in lines]

    def _read(self, name: SignalName, start: datetime, end: datetime) -> SignalReading:
        if name in self.absent:
            return SignalReading(name, Availability.ABSENT, start, end)
        if name in self.missing:
            return SignalReading(name, Availability.MISSING, start, end, note=f"no datapoint since {start:%H:%M}")
        values: Iterable[tuple[datetime, float]] = ()
        if name is SignalName.REQUESTS:
            values = ((use, 1.0) for use in self.uses)
        elif name is SignalName.GPU:
            values = [(start, 0.0), *self.gpu.items()]
        points = tuple(sorted((Point(t, v) for t, v in values if start - MINUTE < t < end), key=lambda p: p.at))
        healthy = self.healthy if name is SignalName.REQUESTS and not points else None
        return SignalReading(name, Availability.READ, start, end, points, healthy=healthy)


def in_flight(count: int, since: datetime, now: datetime, name: SignalName = SignalName.OLLAMA_PS) -> SignalReading:
    return SignalReading(name, Availability.READ, now, now, in_flight=count, in_flight_since=since)


def on_call(until: datetime) -> list[datetime]:
    """A use each minute of the hour before ``until``."""
    return [until - n * MINUTE for n in range(60, 0, -1)]
