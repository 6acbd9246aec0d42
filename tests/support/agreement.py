"""A scenario twice: through the deployed handlers on the embedded AWS, and through `simulate`; what each did.

One sees the world through CloudWatch, ECS and Ollama, the other has only the requests, the people and the mishaps of
the scenario.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.decide.facts import Override, OverrideKind, ServiceFacts, ServiceId
from chalicelib.decide.govern import govern
from chalicelib.local.fleet import BOOT, DRAIN
from chalicelib.local.people import START_LASTS
from chalicelib.local.scenario import Blueprint, KeptByCommand, Scenario, StartedByCommand, StartedInConsole
from chalicelib.local.traffic import Request
from chalicelib.local.world import open_world
from chalicelib.policy.loader import load, read_folder
from chalicelib.prices import instance_price
from chalicelib.record.history import EntryKind
from chalicelib.runtime.clock import SteppedClock
from chalicelib.simulate.replay import Deed, Setting, StartByHand, replay
from chalicelib.simulate.result import Assumptions
from chalicelib.simulate.service import NoCapacity
from chalicelib.simulate.tape import Sources

SWEEP = timedelta(minutes=15)


@dataclass(frozen=True)
class Act:
    """One start or stop: when, which, for what reason, and in which words."""

    at: datetime
    kind: str
    because: str
    words: str


@dataclass(frozen=True)
class Lived:
    """What the handlers did; ``requests`` are all that were made, from two days before the begin."""

    scenario: Scenario
    region: str
    acts: Mapping[ServiceId, list[Act]]
    requests: Mapping[ServiceId, list[Request]]

    @property
    def kinds(self) -> set[tuple[str, str]]:
        return {(act.kind, act.because) for acts in self.acts.values() for act in acts}


def live_through(scenario: Scenario) -> Lived:
    acts: dict[ServiceId, list[Act]] = defaultdict(list)
    with open_world(scenario, SteppedClock(scenario.start), log=io.StringIO(), sweep_every=SWEEP) as world:
        for _ in world.run_until(scenario.end - timedelta(seconds=1)):
            pass
        for entry in world.app.history.since(scenario.start, scenario.end):
            if entry.kind is EntryKind.ACTED and entry.outcome == "begun" and entry.service and entry.action:
                because = entry.because.value if entry.because else ""
                acts[entry.service].append(Act(entry.at, entry.action.value, because, entry.reason))
        long_ago = scenario.start - timedelta(days=2)
        services = [one.id for one in scenario.fleet]
        requests = {one: list(world.meter.traffic[one].arrivals(long_ago, scenario.end)) for one in services}
        return Lived(scenario, world.aws.region, acts, requests)


def simulated(lived: Lived, blueprint: Blueprint) -> list[Act]:
    price = instance_price(blueprint.instance_type, lived.region)
    assumed = Assumptions(
        boot_seconds=BOOT.total_seconds(),
        drain_seconds=DRAIN.total_seconds(),
        sweep_seconds=SWEEP.total_seconds(),
        usd_per_hour=float(price.usd_per_hour) if price else None,
        wakes=False,
        tasks=blueprint.size,
    )
    requests = ((one.at.timestamp(), one.seconds) for one in lived.requests[blueprint.id])
    found = replay(_setting(lived.scenario, blueprint), requests, assumed)
    return [Act(one.at, one.kind.value, one.because.value, one.reason) for one in found.actions]


def _setting(scenario: Scenario, blueprint: Blueprint) -> Setting:
    policies = load(read_folder(scenario.policies), today=date(2026, 11, 20)).policies
    size = blueprint.size
    ready = scenario.start - timedelta(days=1)
    facts = ServiceFacts(blueprint.id, "", size, size, 0, scenario.start, tags=blueprint.all_tags, ready_since=ready)
    governance = govern(policies, facts)
    ruling = governance.ruling
    assert ruling is not None
    missing = tuple((one.since.timestamp(), one.until.timestamp()) for one in blueprint.silences)
    return Setting(
        facts,
        ruling,
        policies,
        scenario.start,
        scenario.end,
        Sources(gpu=blueprint.gpu_agent, ollama=True, missing=missing),
        tuple(_deeds(scenario, blueprint.id)),
        tuple(NoCapacity(one.since, one.until) for one in blueprint.no_capacity),
        shadows=governance.shadows,
    )


def _deeds(scenario: Scenario, service: ServiceId) -> Iterator[Deed]:
    for deed in scenario.deeds:
        match deed:
            case StartedInConsole(at, of, _) if of == service:
                yield StartByHand(at)
            case StartedByCommand(at, of, by) if of == service:
                yield Override(f"start-{at}", of, OverrideKind.KEEP, at + START_LASTS, by, "", at)
            case KeptByCommand(at, of, by, until, reason) if of == service:
                yield Override(f"keep-{at}", of, OverrideKind.KEEP, until, by, reason, at)
            case _:
                pass
