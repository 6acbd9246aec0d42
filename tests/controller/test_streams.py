"""Streams that the load balancer does not show: seen by a probe, remembered, and never cut short of `stop-after`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.stage import Stage, id_of, staged
from support.strict_world import FakeService

POLICY = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    idle: {stop-after: 1h, signals: {task-protection: {}}}
    mode: enforce
"""


@pytest.fixture
def noon(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        yield stage


def streaming(stage: Stage, until: str) -> FakeService:
    """Its one request began at ten past twelve; a task that streams protects itself."""
    begun = stage.at("12:10")
    chat = stage.add("chat", requests=lambda at: 1.0 if at == begun else None)
    chat.tasks[0].protected_until = stage.at(until)
    return chat


def stopped_at(stage: Stage, service: FakeService, *, by: str) -> datetime:
    end = stage.at(by)
    while service.desired and stage.clock.now() < end:
        stage.set(stage.clock.now() + timedelta(minutes=1))
        stage.sweep()
    return stage.clock.now()


def test_a_service_is_not_stopped_before_stop_after_has_passed_since_the_end_of_a_stream(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")

    stopped = stopped_at(noon, chat, by="18:00")

    assert noon.at("2026-11-18T15:17+09:00") <= stopped <= noon.at("2026-11-18T15:27+09:00")


def test_the_stream_is_asked_for_again_every_five_minutes_and_no_oftener(noon: Stage) -> None:
    streaming(noon, until="14:17")
    noon.run_until("13:20")
    asked: list[datetime] = []

    with noon.while_calling(lambda call: asked.append(noon.clock.now()) if call == "ecs.GetTaskProtection" else None):
        for minute in range(1, 31):
            noon.set(noon.at("2026-11-18T13:20+09:00") + timedelta(minutes=minute))
            noon.sweep()

    assert 5 <= len(asked) <= 6


def test_while_a_stream_runs_no_look_asks_cloudwatch_for_a_metric(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    stopped_at(noon, chat, by="13:20")
    seen = len(noon.reports)

    stopped_at(noon, chat, by="14:10")

    assert noon.app.states.get(id_of(chat)).memory.flight
    assert sum(one.due for one in noon.reports[seen:]) >= 9
    assert [one.metrics_asked for one in noon.reports[seen:]] == [0] * 50


def test_after_a_stream_cloudwatch_is_asked_only_once_the_idle_window_could_be_over(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    stopped_at(noon, chat, by="14:25")
    seen = len(noon.reports)

    stopped = stopped_at(noon, chat, by="18:00")

    asked = [one.at for one in noon.reports[seen:] if one.metrics_asked]
    assert asked and min(asked) >= noon.at("2026-11-18T15:17+09:00")
    assert stopped - min(asked) <= timedelta(minutes=5)


def test_a_request_that_came_after_the_stream_keeps_the_service_all_the_same(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    later = {noon.at("12:10"), noon.at("14:50")}
    chat.sends("requests", lambda at: 1.0 if at in later else None)

    stopped = stopped_at(noon, chat, by="18:00")

    assert stopped >= noon.at("2026-11-18T15:51+09:00")


def test_a_probe_that_gives_no_answer_leaves_the_service_running_and_the_question_to_cloudwatch(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    stopped_at(noon, chat, by="13:20")
    noon.aws.fail("ecs.GetTaskProtection", "ServerException")
    seen = len(noon.reports)

    stopped_at(noon, chat, by="15:30")

    assert chat.desired == 1
    assert any(one.metrics_asked for one in noon.reports[seen:])


def test_it_is_written_down_twice_a_stream(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    stopped_at(noon, chat, by="14:00")
    seen = noon.app.states.get(id_of(chat)).memory.flight
    assert seen and seen.is_open

    stopped_at(noon, chat, by="14:40")

    flight = noon.app.states.get(id_of(chat)).memory.flight
    assert flight and flight.seen_at == seen.seen_at
    assert flight.gone_by and noon.at("2026-11-18T14:17+09:00") <= flight.gone_by <= noon.at("2026-11-18T14:23+09:00")


def test_a_lost_picture_does_not_lose_the_stream(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    stopped_at(noon, chat, by="14:30")

    noon.app = noon.another()
    noon.app.controller._parts.memo.load = lambda: None  # type: ignore[method-assign]
    stopped = stopped_at(noon, chat, by="18:00")

    assert stopped >= noon.at("2026-11-18T15:17+09:00")


def test_a_stream_ends_at_the_latest_with_its_service(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    stopped_at(noon, chat, by="14:00")

    chat.set_desired(0)
    noon.set(noon.clock.now() + timedelta(minutes=5))
    noon.sweep()

    flight = noon.app.states.get(id_of(chat)).memory.flight
    assert flight and flight.gone_by == noon.clock.now()


def test_a_plan_remembers_the_stream_that_a_sweep_saw(noon: Stage) -> None:
    chat = streaming(noon, until="14:17")
    stopped_at(noon, chat, by="14:30")

    (seen,) = noon.app.controller.survey(noon.clock.now()).decided

    assert seen.plan is None
    assert seen.decision and "a request that no metric shows ran until" in seen.decision.reason


def test_a_dry_run_wishes_no_stop_before_its_time_either(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY.replace("enforce", "dry-run"), at="2026-11-18T12:00+09:00") as stage:
        chat = streaming(stage, until="14:17")
        stopped_at(stage, chat, by="16:00")

    wishes = [one.at for one in stage.notices if one.kind.value == "would"]

    assert wishes and min(wishes) >= stage.at("2026-11-18T15:17+09:00")
