"""What the Ollama of a simulated task says, through the probe that is asked in AWS."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import Availability
from chalicelib.local.handoff import UpFile
from chalicelib.local.held import expiry
from chalicelib.local.scenario import PROD_STREAM, week
from chalicelib.local.traffic import Request, Timetable
from chalicelib.local.world import open_world
from chalicelib.observe.ollama import TaskAnswers
from chalicelib.observe.probes import OllamaPs
from chalicelib.runtime.clock import SteppedClock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def request(begins: int, minutes: int) -> Request:
    """``begins`` in minutes from noon."""
    return Request(NOON + begins * MINUTE, 60.0 * minutes)


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ((), None),
        ((request(-60, 10),), None),
        ((request(-10, 8),), 3),
        ((request(-41, 60),), -36),
        ((request(-60, 17), request(-41, 60)), -38),
        ((request(-60, 10), request(-41, 60)), -36),
    ],
    ids=["never used", "let go", "held after its last request", "loaded for it", "still held", "loaded anew"],
)
def test_the_expiry_is_set_by_a_request_that_ends_and_by_a_load(
    requests: tuple[Request, ...], expected: int | None
) -> None:
    assert expiry(Timetable(requests), NOON) == (None if expected is None else NOON + expected * MINUTE)


def test_another_terminal_sees_the_request_that_runs_in_the_simulated_task() -> None:
    scenario = week(days=1)
    clock = SteppedClock(scenario.start)
    with open_world(scenario, clock, log=io.StringIO(), sweep_every=timedelta(hours=1)) as world:
        stream = world.meter.traffic[PROD_STREAM].arrivals(scenario.start, scenario.end)[0]
        now = stream.at + timedelta(hours=1)
        clock.set(now)
        up = UpFile(world.aws.endpoint, world.aws.region, "lifecycle", "", "", now, now, 1.0, 1)
        clients = up.clients()
        facts = world.app.inventory.refresh([PROD_STREAM], now)[PROD_STREAM]

        seen = OllamaPs(TaskAnswers(clients.ecs, clients.ask_ollama), pause=lambda seconds: None).ask(facts, now)  # type: ignore[arg-type]

    assert seen.availability is Availability.READ
    assert seen.in_flight == 1
