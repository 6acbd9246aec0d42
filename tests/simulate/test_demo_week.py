"""The demo week twice: through the deployed handlers on the embedded AWS, and through `simulate`. Every action agrees.

One sees the world through CloudWatch, ECS and Ollama, the other has only the requests, the people and the mishaps of
the scenario. What each starts and stops, when and why, must be the same.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from chalicelib.decide.facts import Override, OverrideKind, ServiceFacts, ServiceId
from chalicelib.decide.govern import govern
from chalicelib.local.fleet import BOOT, DRAIN
from chalicelib.local.people import START_LASTS
from chalicelib.local.scenario import Blueprint, KeptByCommand, Scenario, StartedByCommand, StartedInConsole, week
from chalicelib.local.traffic import Request
from chalicelib.local.world import open_world
from chalicelib.policy.loader import load, read_folder
from chalicelib.record.history import EntryKind
from chalicelib.runtime.clock import SteppedClock
from chalicelib.simulate.replay import Deed, Setting, StartByHand, replay
from chalicelib.simulate.result import Assumptions
from chalicelib.simulate.service import NoCapacity
from chalicelib.simulate.tape import Sources

SWEEP = timedelta(minutes=15)
Act = tuple[datetime, str, str]
WEEK = week()


@dataclass(frozen=True)
class Lived:
    acts: Mapping[ServiceId, list[Act]]
    requests: Mapping[ServiceId, list[Request]]
    refused: Mapping[ServiceId, int]


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    acts: dict[ServiceId, list[Act]] = defaultdict(list)
    with open_world(WEEK, SteppedClock(WEEK.start), log=io.StringIO(), sweep_every=SWEEP) as world:
        for _ in world.run_until(WEEK.end - timedelta(seconds=1)):
            pass
        for entry in world.app.history.since(WEEK.start, WEEK.end):
            if entry.kind is EntryKind.ACTED and entry.outcome == "begun" and entry.service and entry.action:
                acts[entry.service].append((entry.at, entry.action.value, entry.because.value if entry.because else ""))
        long_ago = WEEK.start - timedelta(days=2)
        requests = {one.id: list(world.meter.traffic[one.id].arrivals(long_ago, WEEK.end)) for one in WEEK.fleet}
        yield Lived(acts, requests, dict(world.meter.refused))


def test_the_week_has_enough_in_it_to_compare(lived: Lived) -> None:
    assert sum(len(acts) for acts in lived.acts.values()) > 40


@pytest.mark.parametrize("blueprint", WEEK.fleet, ids=lambda one: one.id.name)
def test_simulate_starts_and_stops_what_the_controller_did_at_the_same_instants(
    lived: Lived, blueprint: Blueprint
) -> None:
    assumed = Assumptions(
        boot_seconds=BOOT.total_seconds(),
        drain_seconds=DRAIN.total_seconds(),
        sweep_seconds=SWEEP.total_seconds(),
        wakes=False,
    )
    requests = ((one.at.timestamp(), one.seconds) for one in lived.requests[blueprint.id])
    found = replay(_setting(WEEK, blueprint), requests, assumed)
    simulated = [(one.at, one.kind.value, one.because.value) for one in found.actions]
    assert simulated == lived.acts.get(blueprint.id, [])


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
