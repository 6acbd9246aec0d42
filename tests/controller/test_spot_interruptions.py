"""What AWS takes back: heard twice, late or out of order it is one loss, and the replacement does not wait."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.entrypoints.spot_events import struck
from chalicelib.entrypoints.spot_triggers import SpotTrigger
from chalicelib.entrypoints.triggers import parse_trigger
from controller.test_spot import ALWAYS, ON_DEMAND, ON_SPOT, on
from support.aws_events import interruption_event, launch_failed_event, task_event
from support.stage import Stage, id_of, staged
from support.strict_world import FakeService

HOST = "i-0123456789abcdef0"
AT = "2026-11-18T03:00:00Z"  # noon in Tokyo


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, ALWAYS, at="2026-11-18T12:00+09:00") as stage:
        yield stage


def on_a_spot_host(stage: Stage, policy_knows_it: bool = True) -> FakeService:
    chat = stage.add("chat", strategy=ON_SPOT, boot=timedelta(minutes=4))
    chat.tasks[0].host = HOST
    if policy_knows_it:
        stage.sweep(full=True)
    return chat


def hears(stage: Stage, event: dict[str, object]) -> None:
    """As the function does: the border, then what was struck, then one look."""
    trigger = parse_trigger(json.dumps(event))
    assert isinstance(trigger, SpotTrigger)
    if services := struck(trigger, stage.app):
        stage.reports.append(stage.app.controller.look_at(services, stage.clock.now(), why="an interruption"))


def losses(stage: Stage, service: FakeService) -> int:
    return len(stage.app.states.get(id_of(service)).memory.spot.setbacks)


def told_losses(stage: Stage, service: FakeService) -> int:
    return [entry.outcome for entry in stage.history(service)].count("spot-interrupted")


def test_an_interruption_drains_the_host_and_starts_the_replacement_on_demand_at_once(stage: Stage) -> None:
    chat = on_a_spot_host(stage)

    hears(stage, interruption_event(HOST, AT))

    assert stage.aws.world.draining == {HOST}
    assert on(chat) == "gpu-od"
    assert {task.provider for task in chat.tasks} == {"gpu-spot", "gpu-od"}, (
        "the old one serves while the new one boots"
    )
    assert told_losses(stage, chat) == 1


def test_the_same_interruption_heard_again_is_one_loss_and_one_move(stage: Stage) -> None:
    chat = on_a_spot_host(stage)

    for _ in range(3):
        hears(stage, interruption_event(HOST, AT))

    assert losses(stage, chat) == 1
    assert told_losses(stage, chat) == 1
    assert chat.deployment == 2


def test_interruptions_out_of_order_are_remembered_in_their_own(stage: Stage) -> None:
    chat = on_a_spot_host(stage)

    hears(stage, interruption_event(HOST, "2026-11-18T02:55:00Z"))
    hears(stage, interruption_event(HOST, "2026-11-18T01:00:00Z"))

    setbacks = stage.app.states.get(id_of(chat)).memory.spot.setbacks
    assert [one.at.hour for one in setbacks] == [1, 2]


def test_a_warning_that_comes_an_hour_late_drains_nothing_and_still_counts(stage: Stage) -> None:
    chat = on_a_spot_host(stage)

    hears(stage, interruption_event(HOST, "2026-11-18T02:00:00Z"))

    assert stage.aws.world.draining == set()
    assert losses(stage, chat) == 1


def test_an_interruption_during_a_move_to_spot_turns_it_round(stage: Stage) -> None:
    chat = stage.add("chat", strategy=ON_DEMAND, boot=timedelta(minutes=4))
    stage.run_until("12:05")
    assert on(chat) == "gpu-spot"
    chat.tasks[-1].host = HOST

    hears(stage, interruption_event(HOST, "2026-11-18T03:06:00Z"))
    assert on(chat) == "gpu-od"

    stage.run_until("12:30")
    assert (on(chat), chat.running) == ("gpu-od", 1)


def test_more_interruptions_than_allowed_end_spot_for_the_day(tmp_path: Path) -> None:
    policy = ALWAYS.replace("try-again-after: 2h", "try-again-after: 10m\n      max-interruptions-per-day: 1")
    with staged(tmp_path, policy, at="2026-11-18T12:00+09:00") as stage:
        chat = on_a_spot_host(stage)
        hears(stage, interruption_event(HOST, AT))
        stage.run_until("13:00")
        assert on(chat) == "gpu-spot"

        chat.tasks[0].host = HOST
        hears(stage, interruption_event(HOST, "2026-11-18T04:00:00Z"))
        stage.run_until("18:00")

        assert on(chat) == "gpu-od"


def test_a_recommendation_only_warns_unless_the_policy_says_act(tmp_path: Path, stage: Stage) -> None:
    chat = on_a_spot_host(stage)
    hears(stage, interruption_event(HOST, AT, rebalance=True))
    assert (on(chat), stage.aws.world.draining) == ("gpu-spot", set())

    stage.write(ALWAYS.replace("use: prefer", "use: prefer\n      on-rebalance: act"))
    stage.sweep()
    hears(stage, interruption_event(HOST, AT, rebalance=True))

    assert (on(chat), stage.aws.world.draining) == ("gpu-od", {HOST})


def test_the_loss_of_one_host_does_not_cut_requests_on_the_others(stage: Stage) -> None:
    busy_until = stage.at("12:30")
    chat = stage.add(
        "chat", strategy=ON_SPOT, desired=4, healthy_percent=(0, 100), requests=lambda at: 1.0 if at < busy_until else 0
    )
    chat.tasks[0].host = HOST
    stage.sweep(full=True)

    hears(stage, interruption_event(HOST, AT))
    chat.lose(chat.tasks[0])
    stage.run_until("12:25")
    assert (on(chat), chat.running) == ("gpu-spot", 4), "ECS replaces the lost one alone while the others are used"

    stage.run_until("13:00")
    assert on(chat) == "gpu-od", "once they are quiet"


def test_tasks_that_are_missing_for_long_wait_for_quiet_where_the_others_would_be_cut(stage: Stage) -> None:
    stage.aws.world.no_capacity.add("gpu-spot")
    busy_until = stage.at("12:30")
    chat = stage.add(
        "chat", strategy=ON_SPOT, desired=2, healthy_percent=(0, 100), requests=lambda at: 1.0 if at < busy_until else 0
    )
    chat.lose(chat.tasks[0])

    stage.run_until("12:25")
    assert (on(chat), chat.running) == ("gpu-spot", 1)

    stage.run_until("13:00")
    assert (on(chat), chat.running) == ("gpu-od", 2)


ACTS = ALWAYS.replace("use: prefer", "use: prefer\n      on-rebalance: act")
FROZEN = (
    "freezes: [{name: launch, from: 2026-11-18T00:00Z, to: 2026-11-18T06:00Z, hold: [spot-move], reason: launch}]\n"
)
WARNS_NOTES = """  notes:
    match: {names: [notes]}
    priority: 1
    spot: {use: prefer, providers: {spot: gpu-spot, on-demand: gpu-od}}
    mode: enforce
"""


@pytest.mark.parametrize(
    ("policy", "tags"),
    [(ACTS + FROZEN, {}), (ACTS, {"lifecycle:exclude": "never-expires"})],
    ids=["frozen", "excluded"],
)
def test_a_recommendation_only_warns_where_hands_are_off(tmp_path: Path, policy: str, tags: dict[str, str]) -> None:
    with staged(tmp_path, policy, at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=ON_SPOT, tags={"environment": "dev", **tags})
        chat.tasks[0].host = HOST
        stage.sweep(full=True)

        hears(stage, interruption_event(HOST, AT, rebalance=True))

        assert (on(chat), stage.aws.world.draining, losses(stage, chat)) == ("gpu-spot", set(), 0)


def test_a_host_is_not_left_on_a_recommendation_that_only_warns_another_service_on_it(tmp_path: Path) -> None:
    with staged(tmp_path, ACTS + WARNS_NOTES, at="2026-11-18T12:00+09:00") as stage:
        chat, notes = on_a_spot_host(stage), stage.add("notes", strategy=ON_SPOT)
        notes.tasks[0].host = HOST
        stage.sweep(full=True)

        hears(stage, interruption_event(HOST, AT, rebalance=True))

        assert (on(chat), on(notes), stage.aws.world.draining) == ("gpu-od", "gpu-spot", set())


def test_the_host_of_an_excluded_service_alone_is_left_to_ecs(stage: Stage) -> None:
    chat = stage.add("chat", strategy=ON_SPOT, tags={"environment": "dev", "lifecycle:exclude": "never-expires"})
    chat.tasks[0].host = HOST
    stage.sweep(full=True)

    hears(stage, interruption_event(HOST, AT))

    assert (on(chat), stage.aws.world.draining) == ("gpu-spot", set())


def test_a_host_of_somebody_else_concerns_nobody(stage: Stage) -> None:
    chat = on_a_spot_host(stage)

    hears(stage, interruption_event("i-0fedcba9876543210", AT))

    assert stage.aws.world.draining == set()
    assert losses(stage, chat) == 0


def test_a_fargate_spot_task_that_is_taken_is_a_loss(tmp_path: Path) -> None:
    policy = ALWAYS.replace("      providers: {spot: gpu-spot, on-demand: gpu-od}\n", "")
    with staged(tmp_path, policy, at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=[{"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 1}])
        stage.sweep(full=True)
        event = task_event("gpu-dev", "service:chat", status="RUNNING")
        event["detail"] |= {"stopCode": "SpotInterruption", "stoppingAt": AT}

        hears(stage, event)

        assert on(chat) == "FARGATE"
        assert losses(stage, chat) == 1


def test_a_launch_that_failed_sends_a_look_to_whoever_waits_for_a_host(stage: Stage) -> None:
    chat = on_a_spot_host(stage)
    stage.aws.world.no_capacity.add("gpu-spot")
    chat.lose(chat.tasks[0])
    stage.sweep(full=True)
    stage.set(stage.clock.now() + timedelta(minutes=6))

    hears(
        stage, launch_failed_event("gpu-spot-group", "There is no Spot capacity available that matches your request.")
    )

    assert on(chat) == "gpu-od"


CLOSES = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [daily 08:00-12:10]}
    mode: enforce
"""


def test_the_end_of_a_host_after_a_stop_is_seen_and_written_down(tmp_path: Path) -> None:
    with staged(tmp_path, CLOSES, at="2026-11-18T12:00+09:00") as stage:
        chat = on_a_spot_host(stage)
        stage.aws.world.idle_hosts.add(HOST)
        stage.run_until("12:40")
        assert chat.desired == 0
        assert "host-ended" not in [entry.outcome for entry in stage.history(chat)]

        stage.aws.world.idle_hosts.clear()
        stage.run_until("12:50")

        (ended,) = (entry for entry in stage.history(chat) if entry.outcome == "host-ended")
        assert "1 host ended" in ended.reason
        with stage.aws.counting() as calls:
            stage.sweep()
        assert calls["ecs.DescribeContainerInstances"] == 0


def test_a_host_that_stays_without_tasks_is_told_of_once(tmp_path: Path) -> None:
    with staged(tmp_path, CLOSES, at="2026-11-18T12:00+09:00") as stage:
        chat = on_a_spot_host(stage)
        stage.aws.world.idle_hosts.add(HOST)

        stage.run_until("14:00")

        told = [text for kind, text in stage.told(chat) if kind == "stop-failed"]
        assert len(told) == 1
        assert "paid for" in told[0]
        assert [entry.outcome for entry in stage.history(chat)].count("host-stays") == 1, "the ledger counts its hours"
