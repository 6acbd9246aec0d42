"""Services on and off Spot, and what is decided of their placement, for tests of `decide`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.decide.capacity import (
    CapacityProviderUse,
    Setback,
    SetbackKind,
    SpotMemory,
    Strategy,
)
from chalicelib.decide.decide import decide
from chalicelib.decide.decision import Decision, Placing
from chalicelib.decide.facts import (
    Availability,
    LaunchType,
    Observation,
    Point,
    ServiceFacts,
    ServiceMemory,
    SignalName,
    SignalReading,
)
from chalicelib.policy.model import Policy, PolicySet
from support.observations import HOUR, MINUTE, at, service
from support.policies import policy

NOW = at("2026-11-18T12:00")
GPU = "spot: {use: prefer, fall-back-after: 6m, try-again-after: 2h, providers: {spot: gpu-spot, on-demand: gpu-od}}"
PREFER = policy(GPU)
SPOT: Strategy = (CapacityProviderUse("gpu-spot", 0, 1),)
ON_DEMAND: Strategy = (CapacityProviderUse("gpu-od", 0, 1),)
AS_PREFERRED = "on Spot, as its policy prefers"


def on_hosts(there: Strategy, count: int = 1, running: int | None = None) -> ServiceFacts:
    has = count if running is None else running
    return replace(
        service(up=count > 0, running=has),
        desired_count=count,
        launch_type=LaunchType.EC2,
        capacity_providers=there,
        running_on=((there[0].name, has),) if has else (),
    )


def requests(value: float | None, minutes_ago: int = 1) -> dict[SignalName, SignalReading]:
    """Requests over the last hour, or (None) a signal that is missing."""
    start = NOW - HOUR
    if value is None:
        missing = SignalReading(SignalName.REQUESTS, Availability.MISSING, start, NOW, note="no datapoint")
        return {SignalName.REQUESTS: missing}
    points = (Point(NOW - minutes_ago * MINUTE, value),)
    return {
        SignalName.REQUESTS: SignalReading(SignalName.REQUESTS, Availability.READ, start, NOW, points, healthy=True)
    }


def seen(facts: ServiceFacts, memory: ServiceMemory | None = None, **more: object) -> Observation:
    given: dict[str, object] = {"signals": requests(0.0), **more}
    return Observation(facts, memory=memory or ServiceMemory(), **given)  # type: ignore[arg-type]


def placing(
    what: Observation, policy: Policy = PREFER, policies: PolicySet | None = None, words: Sequence[object] = ()
) -> Placing | None:
    found = decide(policy, what, words, NOW, policies=policies or PolicySet()).placing  # type: ignore[arg-type]
    return replace(found, evidence=()) if found else None


def back(minutes: float, kind: SetbackKind = SetbackKind.NO_CAPACITY) -> ServiceMemory:
    return ServiceMemory(spot=SpotMemory((Setback(NOW - minutes * MINUTE, kind, "k"),)))


def missing_since(minutes: float) -> ServiceMemory:
    return ServiceMemory(spot=SpotMemory(short_since=NOW - minutes * MINUTE))


def decided(what: Observation) -> Decision:
    return decide(PREFER, what, (), NOW, policies=PolicySet())
