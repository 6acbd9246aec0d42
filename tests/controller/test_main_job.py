"""The main job on the strict fake: policies move services, and what may not be touched is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from chalicelib.decide.facts import OverrideKind
from support.stage import Stage, staged

DEV = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    hours:
      timezone: Asia/Tokyo
      open: [mon-fri 08:00-20:00]
    idle: {stop-after: 30m}
    mode: enforce
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, DEV, at="2026-11-18T17:00+09:00") as stage:  # a Wednesday
        yield stage


def once_a_minute_until(end: str):  # type: ignore[no-untyped-def]
    limit = datetime.fromisoformat(end)
    return lambda at: 1.0 if at < limit else None


def test_a_service_in_use_by_day_runs_and_is_stopped_thirty_minutes_after_its_last_request(stage: Stage) -> None:
    chat = stage.add("chat", requests=once_a_minute_until("2026-11-18T18:00+09:00"))

    stage.run_until("18:25")
    assert chat.desired == 1

    stage.run_until("18:40")
    assert chat.desired == 0
    assert stage.history(chat)[0].because == "idle"


def test_what_idleness_stopped_stays_down_until_the_next_opening_and_comes_back_once(stage: Stage) -> None:
    chat = stage.add("chat", desired=2)
    stage.run_until("19:55")
    assert chat.desired == 0

    stage.run_until("07:55")
    assert chat.desired == 0
    stage.run_until("08:05")
    assert chat.desired == 2

    stage.run_until("12:00")
    assert chat.desired == 0, "idle again, and the opening is not handled twice"


def test_closing_stops_what_was_busy_until_then_and_gives_back_bounds_and_switches(stage: Stage) -> None:
    chat = stage.add("chat", requests=once_a_minute_until("2026-11-18T19:59+09:00"), scaling=(1, 4))
    assert chat.scaling is not None
    chat.scaling.suspended["ScheduledScalingSuspended"] = True  # by a person

    stage.run_until("20:30")
    assert chat.desired == 0
    assert all(chat.scaling.suspended.values())

    stage.run_until("08:10")
    assert chat.desired == 1
    assert (chat.scaling.min_capacity, chat.scaling.max_capacity) == (1, 4)
    assert chat.scaling.suspended == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }


def test_a_service_in_use_at_closing_waits_until_it_is_quiet(stage: Stage) -> None:
    chat = stage.add("chat", requests=once_a_minute_until("2026-11-18T20:40+09:00"))

    stage.run_until("20:40")
    assert chat.desired == 1
    assert [kind for kind, _ in stage.told(chat)] == ["kept"], "told once, not at every sweep"

    stage.run_until("20:55")
    assert chat.desired == 0


def test_a_gpu_that_works_keeps_a_service_without_new_requests_running(stage: Stage) -> None:
    stream = stage.add("stream", requests=once_a_minute_until("2026-11-18T17:05+09:00"))
    stream.sends("gpu", lambda at: 70.0)

    stage.run_until("19:30")

    assert stream.desired == 1


def test_metrics_that_go_missing_stop_nothing_and_are_told_after_six_hours(tmp_path: Path) -> None:
    with staged(tmp_path, DEV, at="2026-11-18T08:00+09:00") as stage:
        gone = datetime.fromisoformat("2026-11-18T09:00+09:00")
        ocr = stage.add("ocr")
        ocr.sends("requests", lambda at: 1.0 if at < gone else None)
        ocr.sends("healthy-hosts", lambda at: 1.0 if at < gone else None)

        stage.run_until("15:00")
        assert ocr.desired == 1
        assert stage.told(ocr) == []

        stage.run_until("21:00")
        assert ocr.desired == 1
        kinds = [kind for kind, _ in stage.told(ocr)]
        assert kinds.count("unknown") == 1


def test_a_task_that_is_protected_is_seen_just_before_the_stop(stage: Stage) -> None:
    chat = stage.add("chat")
    chat.tasks[0].protected_until = stage.at("2026-11-18T19:00+09:00")

    stage.run_until("18:50")
    assert chat.desired == 1

    stage.run_until("19:40")
    assert chat.desired == 0


def test_a_service_started_by_hand_at_night_runs_for_two_hours(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.run_until("21:00")
    assert chat.desired == 0

    chat.set_desired(1)
    stage.run_until("21:45")
    assert chat.desired == 1
    assert ("hand-start", "gpu-dev/chat: somebody started it by hand (desired count 1)") in stage.told(chat)

    stage.run_until("23:55")
    assert chat.desired == 0


def test_a_service_stopped_by_hand_in_open_hours_stays_down_and_comes_back_at_the_next_opening(stage: Stage) -> None:
    chat = stage.add("chat", requests=3.0, desired=2)
    stage.run_until("17:30")

    chat.set_desired(0)
    stage.run_until("19:00")
    assert chat.desired == 0
    assert [kind for kind, _ in stage.told(chat)][:1] == ["hand-stop"]

    stage.run_until("08:10")
    assert chat.desired == 2


def test_an_override_keeps_a_service_running_through_closing_until_it_expires(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.says(chat, OverrideKind.KEEP, "22:00")

    stage.run_until("21:55")
    assert chat.desired == 1

    stage.run_until("22:10")
    assert chat.desired == 0


def test_a_freeze_holds_everything_and_afterwards_the_then_wanted_state_is_applied(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.app.controls.freeze_all("admin", "incident", stage.clock.now())
    stage.run_until("22:00")
    assert chat.desired == 1

    stage.app.controls.unfreeze("admin", stage.clock.now())
    stage.run_until("22:05")
    assert chat.desired == 0


def test_an_outage_of_the_controller_is_made_up_once_and_by_the_state_wanted_now(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.run_until("20:10")
    assert chat.desired == 0

    stage.set(stage.at("2026-11-20T10:00+09:00"))  # no sweep for a day and a half
    stage.sweep()
    assert chat.desired == 1


def test_dry_run_writes_nothing_and_records_what_it_would_do_once(tmp_path: Path) -> None:
    with staged(tmp_path, DEV.replace("enforce", "dry-run"), at="2026-11-18T17:00+09:00") as stage:
        chat = stage.add("chat", scaling=(1, 2))
        stage.run_until("19:30")

        assert chat.desired == 1
        assert "ecs.UpdateService" not in stage.aws.calls
        assert "application-autoscaling.RegisterScalableTarget" not in stage.aws.calls
        assert [entry.kind.value for entry in stage.history(chat)] == ["would"]


def test_a_service_that_is_found_idle_when_first_seen_is_stopped_and_not_started_again(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.run_until("19:55")

    assert chat.desired == 0
    assert [entry.action for entry in stage.history(chat) if entry.outcome == "begun"] == ["stop"]


def test_the_limit_of_stops_per_hour_lets_the_longest_idle_go_first(tmp_path: Path) -> None:
    policy = DEV.replace("mode: enforce", "limits: {stops-per-hour: 1}\n    mode: enforce")
    with staged(tmp_path, policy, at="2026-11-18T08:00+09:00") as stage:
        late = stage.add("late", requests=once_a_minute_until("2026-11-18T10:20+09:00"))
        early = stage.add("early", requests=once_a_minute_until("2026-11-18T10:18+09:00"))

        stage.run_until("10:56")
        assert (early.desired, late.desired) == (0, 1)
        assert "limit" in [kind for kind, _ in stage.told(late)]

        stage.run_until("12:10")
        assert late.desired == 0


def test_one_service_that_aws_refuses_to_stop_does_not_keep_the_others_up(stage: Stage) -> None:
    bad, good = stage.add("bad"), stage.add("good")
    stage.aws.fail("ecs.UpdateService", "AccessDeniedException", when=lambda params: "bad" in params["service"])

    stage.run_until("17:45")

    assert (bad.desired, good.desired) == (1, 0)
    assert any(kind == "stop-failed" for kind, _ in stage.told(bad))


def test_a_start_that_finds_no_capacity_is_recorded_as_failed_and_tried_again(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.run_until("20:10")
    chat.boot = None
    stage.run_until("08:05")
    chat.says("was unable to place a task because no container instance met all of its requirements.")

    stage.run_until("08:45")
    failed = [entry for entry in stage.history(chat) if entry.outcome == "failed"]
    assert failed
    assert "unable to place" in failed[0].reason

    chat.tasks[0].starts_at = stage.at("09:20")  # a host came free
    stage.run_until("10:30")
    outcomes = [entry.outcome for entry in stage.history(chat) if entry.action == "start"]
    assert outcomes.count("begun") > 1, "tried again"
    assert stage.history(chat)[-3].outcome == "mended", "it came up at last, and nothing is open any more"


def test_two_policies_of_the_same_rank_leave_the_service_alone_and_say_so_once(tmp_path: Path) -> None:
    second = DEV.replace("  dev:", "  other:").replace("tags: {environment: dev}", 'names: ["ch*"]')
    with staged(tmp_path, DEV, at="2026-11-18T17:00+09:00") as stage:
        stage.write(second, "other.yaml")
        chat = stage.add("chat")
        stage.run_until("21:00")

        assert chat.desired == 1
        assert [kind for kind, _ in stage.told(chat)] == ["tie"]


def test_a_daemon_service_is_recognised_and_never_touched(stage: Stage) -> None:
    agent = stage.add("agent", scheduling="DAEMON")
    stage.run_until("21:00")

    assert agent.desired == 1
    assert [kind for kind, _ in stage.told(agent)] == ["refused"]


def test_a_policy_file_that_no_longer_parses_keeps_its_last_good_version_and_is_told_once(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.sweep()
    stage.write("lifecycle: v1\npolicies: [")

    stage.run_until("20:30")

    assert chat.desired == 0, "the last good version still closes it"
    problems = [notice for notice in stage.notices if notice.kind == "policy-problem"]
    assert problems
    assert len({notice.at for notice in problems}) == 1
