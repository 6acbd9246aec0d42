"""An instance's state follows the world: from its first task to its last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.fleet.model import InstanceState, RoutedTo
from support.fleet_stage import FleetStage, fleet_stage

MORNING = "2026-11-18T09:00+09:00"  # a Wednesday


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[FleetStage]:
    with fleet_stage(tmp_path, at=MORNING) as made:
        yield made


def test_an_instance_runs_once_its_task_is_healthy_and_the_model_answers(stage: FleetStage) -> None:
    stage.launch()
    stage.after(minutes=2)
    assert stage.row().state is InstanceState.STARTING

    stage.after(minutes=2)
    row = stage.row()
    assert (row.state, row.routed_to) == (InstanceState.RUNNING, RoutedTo.MODEL)
    assert row.ready_at == stage.clock.now()
    assert row.weights_seconds == 0.0
    status, _, body = stage.request()
    assert status == 200
    assert "Hello from a simulated model" in body


def test_a_person_stops_it_and_a_request_wakes_it_once(stage: FleetStage) -> None:
    stage.run()
    stage.clock.advance(timedelta(minutes=10))

    heard = stage.wishes.stop(stage.row().service, stage.caller("ada"), force=True)
    assert heard.became == "acted", heard
    row = stage.keeper.look("inst-1", stage.clock.now())
    assert (row.state, row.routed_to, stage.desired()) == (InstanceState.STOPPING, RoutedTo.WAKE, 0)
    stage.after(minutes=2)
    assert stage.row().state is InstanceState.STOPPED

    status, headers, body = stage.request()
    assert status == 503, body
    assert 0 < int(headers["retry-after"]) <= 120
    assert "should answer at" in body
    assert (stage.row().state, stage.desired()) == (InstanceState.STARTING, 1)

    stage.after(minutes=1)
    assert stage.request()[0] == 503
    stage.after(minutes=3)
    row = stage.row()
    assert (row.state, row.routed_to) == (InstanceState.RUNNING, RoutedTo.MODEL)
    assert (row.cold_starts.count, row.cold_starts.waiting_requests) == (1, 2)
    assert row.cold_starts.last_wait_seconds == 240
    assert stage.request()[0] == 200
