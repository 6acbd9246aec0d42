"""Placement on the strict fake: services move to Spot and back as their policies say, and where they run is checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from chalicelib.cli.rows import rows
from chalicelib.decide.facts import OverrideKind
from chalicelib.fleet.people import Caller, Role
from chalicelib.record.approval import Answer, AnswerKind
from chalicelib.record.history import EntryKind
from support.stage import Stage, id_of, staged
from support.strict_world import FakeService

ALWAYS = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    spot:
      use: prefer
      fall-back-after: 5m
      try-again-after: 2h
      providers: {spot: gpu-spot, on-demand: gpu-od}
    mode: enforce
"""
BY_DAY = ALWAYS.replace("    spot:", "    hours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00]}\n    spot:")
ON_DEMAND = [{"capacityProvider": "gpu-od", "base": 0, "weight": 1}]
ON_SPOT = [{"capacityProvider": "gpu-spot", "base": 0, "weight": 1}]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, ALWAYS, at="2026-11-18T12:00+09:00") as stage:
        yield stage


def on(service: FakeService) -> str:
    return ",".join(str(item["capacityProvider"]) for item in service.strategy)


def test_a_quiet_service_is_moved_to_spot_and_its_tasks_are_seen_there(stage: Stage) -> None:
    chat = stage.add("chat", strategy=ON_DEMAND)

    stage.run_until("12:30")

    assert on(chat) == "gpu-spot"
    assert {task.provider for task in chat.tasks} == {"gpu-spot"}
    assert ("moved", "gpu-dev/chat has moved: 1 task on gpu-spot after 5 min.") in stage.told(chat)


def test_plan_shows_the_move_and_why_and_what_it_does(stage: Stage) -> None:
    stage.add("chat", strategy=ON_DEMAND)

    (row,) = rows(stage.app.controller.survey(stage.clock.now()), "eu-central-1")

    assert (row.what.value, row.change) == ("move", "running 1 → spot")
    assert row.why == "on Spot, as its policy prefers"
    assert "place its tasks on gpu-spot (was gpu-od), by a forced deployment" in row.steps


def test_a_dry_run_policy_says_once_that_it_would_move_it_and_moves_nothing(tmp_path: Path) -> None:
    with staged(tmp_path, ALWAYS.replace("mode: enforce", "mode: dry-run"), at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=ON_DEMAND)

        stage.run_until("13:00")

        would = "gpu-dev/chat: dev (dry-run) would move it to spot: on Spot, as its policy prefers"
        assert [text for kind, text in stage.told(chat) if kind == "would"] == [would]
        assert [entry.reason for entry in stage.history(chat) if entry.kind is EntryKind.WOULD] == [would]
        assert on(chat) == "gpu-od"


def test_a_service_in_use_is_not_moved_until_it_is_quiet(stage: Stage) -> None:
    busy_until = stage.at("13:00")
    chat = stage.add("chat", strategy=ON_DEMAND, requests=lambda at: 1.0 if at < busy_until else None)

    stage.run_until("13:00")
    assert on(chat) == "gpu-od"

    stage.run_until("13:30")
    assert on(chat) == "gpu-spot"


def test_a_protected_task_is_not_replaced_for_moneys_sake(stage: Stage) -> None:
    chat = stage.add("chat", strategy=ON_DEMAND)
    chat.tasks[0].protected_until = stage.at("13:00")

    stage.run_until("12:55")
    assert on(chat) == "gpu-od"

    stage.run_until("13:30")
    assert on(chat) == "gpu-spot"


def test_nothing_is_moved_by_force_when_a_stop_is_due_within_a_day(tmp_path: Path) -> None:
    with staged(tmp_path, BY_DAY, at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=ON_DEMAND)

        stage.run_until("19:50")
        assert on(chat) == "gpu-od"

        stage.run_until("20:30")
        assert chat.desired == 0
        stage.run_until("08:10")
        assert (chat.desired, on(chat)) == (1, "gpu-spot"), "a start from zero is placed at once"


def test_a_start_that_finds_no_spot_falls_back_and_spot_is_left_alone_for_a_while(stage: Stage) -> None:
    stage.aws.world.no_capacity.add("gpu-spot")
    chat = stage.add("chat", strategy=ON_SPOT)
    chat.lose(chat.tasks[0])
    stage.sweep(full=True)

    stage.run_until("12:15")
    assert on(chat) == "gpu-od"
    assert chat.running == 1
    assert [kind for kind, _ in stage.told(chat)][:1] == ["spot-fallback"]

    stage.aws.world.no_capacity.clear()
    stage.run_until("13:55")
    assert on(chat) == "gpu-od", "it rests for two hours"
    stage.run_until("14:30")
    assert on(chat) == "gpu-spot"


def test_a_move_to_spot_that_finds_none_goes_back_without_an_outage_and_waits_longer(stage: Stage) -> None:
    stage.aws.world.no_capacity.add("gpu-spot")
    chat = stage.add("chat", strategy=ON_DEMAND)
    moves = []

    for quarter in range(1, 30):
        stage.run_until((stage.clock.now() + timedelta(minutes=15)).isoformat())
        assert chat.running == 1, f"it answers all the time ({quarter})"
        moves.append(on(chat))

    tries = sum(a != b for a, b in pairwise(moves))
    assert tries <= 6, moves


def test_a_person_who_keeps_it_running_does_not_keep_it_without_capacity(stage: Stage) -> None:
    stage.aws.world.no_capacity.add("gpu-spot")
    chat = stage.add("chat", strategy=ON_SPOT)
    stage.says(chat, OverrideKind.KEEP, "18:00")
    chat.lose(chat.tasks[0])
    stage.sweep(full=True)

    stage.run_until("12:20")

    assert (on(chat), chat.running) == ("gpu-od", 1)


def test_no_capacity_anywhere_is_reported_and_tried_again_and_never_called_running(stage: Stage) -> None:
    stage.aws.world.no_capacity |= {"gpu-spot", "gpu-od"}
    chat = stage.add("chat", strategy=ON_SPOT)
    chat.lose(chat.tasks[0])
    stage.sweep(full=True)

    stage.run_until("13:30")
    kinds = [kind for kind, _ in stage.told(chat)]
    assert "start-failed" in kinds
    assert "moved" not in kinds

    stage.aws.world.no_capacity.clear()
    stage.run_until("15:30")
    assert chat.running == 1


def test_a_move_on_demand_that_ecs_gave_up_is_begun_anew_while_spot_still_rests(stage: Stage) -> None:
    stage.aws.world.no_capacity |= {"gpu-spot", "gpu-od"}
    chat = stage.add("chat", strategy=ON_SPOT)
    chat.lose(chat.tasks[0])
    stage.sweep(full=True)
    stage.run_until("12:15")
    assert on(chat) == "gpu-od"

    chat.given_up = True
    stage.aws.world.no_capacity.clear()
    stage.run_until("13:00")

    assert (chat.running, on(chat)) == (1, "gpu-od")
    assert "start-failed" in [kind for kind, _ in stage.told(chat)]


def test_tasks_that_run_are_not_cut_to_begin_a_given_up_move_anew(stage: Stage) -> None:
    stage.aws.world.no_capacity |= {"gpu-spot"}
    chat = stage.add("chat", strategy=ON_SPOT, desired=2)
    chat.healthy_percent = (0, 100)
    for task in list(chat.tasks):
        chat.lose(task)
    stage.sweep(full=True)
    stage.run_until("12:15")
    assert on(chat) == "gpu-od"
    runs, waits = chat.tasks
    chat.given_up, waits.starts_at = True, None

    stage.run_until("13:00")

    assert runs in chat.tasks


def test_a_policy_that_changes_while_it_moves_brings_it_back(stage: Stage) -> None:
    chat = stage.add("chat", strategy=ON_DEMAND)
    chat.boot = timedelta(minutes=10)
    stage.run_until("12:05")
    assert on(chat) == "gpu-spot"

    stage.write(ALWAYS.replace("use: prefer\n      fall-back-after: 5m\n      try-again-after: 2h", "use: never"))
    stage.run_until("13:30")

    assert on(chat) == "gpu-od"
    assert {task.provider for task in chat.tasks} == {"gpu-od"}


def test_a_freeze_that_holds_moves_holds_them(tmp_path: Path) -> None:
    freeze = (
        "freezes:\n  - {name: launch, from: 2026-11-18T00:00Z, to: 2026-11-18T06:00Z, hold: [spot-move], reason: x}\n"
    )
    with staged(tmp_path, ALWAYS + freeze, at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=ON_DEMAND)

        stage.run_until("14:55")
        assert on(chat) == "gpu-od"

        stage.run_until("15:30")
        assert on(chat) == "gpu-spot"


def test_an_excluded_service_is_not_moved_while_a_freeze_holds_stops(tmp_path: Path) -> None:
    freeze = "freezes: [{name: demo, from: 2026-11-18T00:00Z, to: 2026-11-19T00:00Z, hold: [stop], reason: x}]\n"
    with staged(tmp_path, ALWAYS + freeze, at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=ON_DEMAND, tags={"environment": "dev", "lifecycle:exclude": "never-expires"})

        stage.run_until("12:30")

        assert on(chat) == "gpu-od"


def test_a_service_of_another_kind_than_its_providers_is_refused_with_the_reason(stage: Stage) -> None:
    chat = stage.add("chat")  # on Fargate

    survey = stage.app.controller.survey(stage.clock.now(), ids=[id_of(chat)])

    placing = survey.decided[0].decision.placing  # type: ignore[union-attr]
    assert placing is not None
    assert placing.refused
    assert "a service stays on one kind" in placing.reason


def test_a_move_to_spot_can_need_a_yes_and_a_fall_back_never_does(tmp_path: Path) -> None:
    asks = ALWAYS.replace(
        "    mode:",
        '    approval: {for: [spot-move], ask: "#a", approvers: [group:leads], no-answer: stay-as-is}\n    mode:',
    )
    with staged(tmp_path, asks, at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=ON_DEMAND)
        stage.run_until("12:10")
        assert on(chat) == "gpu-od"
        (question,) = stage.app.approvals.pending(stage.clock.now())
        assert question.action.says == "move it to Spot"

        leader = Caller("sub-ada", "ada@example.com", Role.USER, frozenset({"User", "leads"}))
        yes = Answer(AnswerKind.APPROVE)
        stage.app.approvals.answer(question.id, question.version, yes, leader, stage.clock.now())
        stage.run_until("12:30")
        assert on(chat) == "gpu-spot"

        stage.aws.world.no_capacity.add("gpu-spot")
        chat.lose(chat.tasks[0])
        stage.sweep(full=True)
        stage.run_until("12:50")
        assert on(chat) == "gpu-od"
        assert stage.app.approvals.pending(stage.clock.now()) == ()


def test_a_move_that_aws_refuses_is_told_and_not_asked_for_at_every_look(stage: Stage) -> None:
    chat = stage.add("chat", strategy=ON_DEMAND)
    stage.aws.fail("ecs.UpdateService", "InvalidParameterException")

    with stage.aws.counting() as calls:
        stage.run_until("12:45")

    assert calls["ecs.UpdateService"] == 1
    assert [kind for kind, _ in stage.told(chat)].count("start-failed") == 1
