"""An instance's state follows the world: from its first task to its last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.errors import NotAllowed, NotFound
from chalicelib.fleet.model import InstanceState, RoutedTo
from support.fleet_stage import OFFICE, FleetStage, fleet_stage

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


def test_a_policy_hears_of_its_instances_and_its_stop_turns_the_route_in_the_same_sweep(tmp_path: Path) -> None:
    with fleet_stage(tmp_path, OFFICE, at="2026-11-18T19:50+09:00") as stage:
        stage.run()
        assert [(one.kind, one.policy) for one in stage.notices] == [("started", "office")]
        stage.after(minutes=15)

        row = stage.row()
        assert (row.state, row.routed_to, stage.desired()) == (InstanceState.STOPPING, RoutedTo.WAKE, 0)
        stage.after(minutes=5)
        assert stage.row().state is InstanceState.STOPPED


def test_what_the_opening_starts_is_starting_until_it_answers(tmp_path: Path) -> None:
    with fleet_stage(tmp_path, OFFICE, at="2026-11-18T19:50+09:00") as stage:
        stage.run()
        stage.after(minutes=15)
        stage.after(minutes=15)

        stage.after(hours=11, minutes=37)  # 08:01
        assert (stage.row().state, stage.row().routed_to) == (InstanceState.STARTING, RoutedTo.WAKE)
        stage.after(minutes=4)
        assert (stage.row().state, stage.row().routed_to) == (InstanceState.RUNNING, RoutedTo.MODEL)
        assert stage.row().cold_starts.count == 0, "nobody had to wait for it"


def test_a_start_that_is_not_ready_in_time_fails_with_the_reason_and_is_not_left_billing(stage: FleetStage) -> None:
    stage.unhealthy = True
    stage.launch()
    stage.after(minutes=19)
    assert stage.row().state is InstanceState.STARTING

    stage.after(minutes=2)
    row = stage.row()
    assert row.state is InstanceState.FAILED
    assert row.state_reason.startswith("not ready in time: ")
    assert stage.desired() == 0
    assert [one.kind for one in stage.notices] == ["start-failed"]

    stage.after(minutes=5)
    assert stage.row().state is InstanceState.FAILED


def test_a_person_may_try_a_failed_start_again(stage: FleetStage) -> None:
    stage.unhealthy = True
    stage.launch()
    stage.after(minutes=21)
    assert stage.row().state is InstanceState.FAILED
    stage.after(minutes=5)
    stage.unhealthy = False

    heard = stage.wishes.start(stage.row().service, stage.caller("ada"))

    assert heard.became == "acted", heard
    assert stage.keeper.look("inst-1", stage.clock.now()).state is InstanceState.STARTING
    stage.after(minutes=5)
    assert (stage.row().state, stage.row().state_reason) == (InstanceState.RUNNING, "")


def test_an_instance_whose_task_ended_is_starting_until_the_next_one_answers(stage: FleetStage) -> None:
    row = stage.run()
    stage.clients.ecs.update_service(cluster=row.service.cluster, service=row.service.name, desiredCount=0)
    stage.clock.advance(timedelta(minutes=2))
    stage.tasks.step()
    stage.clients.ecs.update_service(cluster=row.service.cluster, service=row.service.name, desiredCount=1)
    stage.app.controller.look_at([row.service], stage.clock.now(), why="a task event")
    stage.tend()
    assert (stage.row().state, stage.row().routed_to) == (InstanceState.STARTING, RoutedTo.WAKE)

    stage.after(minutes=4)
    assert (stage.row().state, stage.row().routed_to) == (InstanceState.RUNNING, RoutedTo.MODEL)


def test_an_instance_whose_service_was_deleted_by_hand_has_failed(stage: FleetStage) -> None:
    row = stage.run()
    stage.clients.ecs.delete_service(cluster=row.service.cluster, service=row.service.name, force=True)
    stage.after(minutes=5)
    assert (stage.row().state, stage.row().state_reason) == (InstanceState.FAILED, "its ECS service is gone")

    stage.after(minutes=5)
    assert [one.kind for one in stage.notices].count("start-failed") == 1, "told once"


def test_the_end_of_its_time_stops_it_and_only_a_word_that_extends_it_starts_it_again(stage: FleetStage) -> None:
    stage.run(expires_at=stage.clock.now() + timedelta(hours=1))
    stage.after(minutes=57)
    row = stage.row()
    assert (stage.desired(), row.state) == (0, InstanceState.STOPPING)
    assert row.state_reason == "its time to live is over"
    stage.after(minutes=5)
    stage.after(minutes=5)

    status, _, body = stage.request()
    assert status == 403
    assert "time to live is over" in body
    with pytest.raises(NotAllowed, match="say until when"):
        stage.wishes.start(row.service, stage.caller("ada"))
    assert stage.desired() == 0

    until = stage.clock.now() + timedelta(hours=3)
    stage.wishes.keep(row.service, stage.caller("ada"), until=until)
    assert (stage.desired(), stage.row().expires_at) == (1, until)
    stage.keeper.look("inst-1", stage.clock.now())
    stage.after(minutes=5)
    assert stage.row().state is InstanceState.RUNNING


def test_an_instance_in_use_ends_its_time_once_it_is_quiet_and_the_word_is_said_once(tmp_path: Path) -> None:
    with fleet_stage(tmp_path, at=MORNING) as stage:
        stage.run(expires_at=stage.clock.now() + timedelta(minutes=30))
        held = {"yes": True}
        stage.hold_tasks(lambda: held["yes"])
        stage.after(minutes=30)
        stage.after(minutes=5)
        assert (stage.desired(), stage.row().state) == (1, InstanceState.RUNNING)
        said = [e for e in stage.app.history.of_service(stage.row().service) if e.kind == "override"]
        assert len(said) == 1

        held["yes"] = False
        stage.every_five_minutes(minutes=15)
        assert stage.desired() == 0


def test_with_nothing_launched_a_tending_is_one_query_and_with_all_well_it_asks_no_service(stage: FleetStage) -> None:
    with stage.calls() as calls:
        stage.keeper.tend(stage.clock.now())
    assert calls == ["dynamodb.Query"]

    stage.run()
    stage.after(minutes=5)
    with stage.calls() as calls:
        stage.keeper.tend(stage.clock.now())
    assert {call.partition(".")[0] for call in calls} == {"dynamodb"}


def test_an_instance_that_is_removed_is_stopped_first_and_then_taken_apart(stage: FleetStage) -> None:
    stage.run()
    stage.remover.remove("inst-1")
    stage.after(minutes=10)
    assert stage.desired() == 0
    assert stage.row().state is InstanceState.REMOVING, "its task drains"

    stage.after(minutes=5)
    with pytest.raises(NotFound):
        stage.row()
