"""Stops under ``keep-running``: however two runs meet, so many ready services of a group stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.controller.rationing import Rations
from chalicelib.controller.report import Report
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ServiceId
from chalicelib.decide.limits import Candidate
from chalicelib.notify.notice import NoticeKind
from chalicelib.record.turns import Turns
from support.moto_record import race
from support.observations import service
from support.policies import policy
from support.stage import Stage, id_of, staged
from support.strict_world import FakeService

KEEP_ONE = """
lifecycle: v1
policies:
  models:
    match: {tags: {environment: dev}}
    idle: {stop-after: 30m}
    limits: {stops-per-hour: 100, keep-running: 1, keep-running-per: "tag:model"}
    mode: enforce
"""


MEETING_POINTS = {"dynamodb.UpdateItem", "dynamodb.GetItem", "ecs.DescribeServices", "ecs.UpdateService"}
"""The calls between which the record or the services may turn out different for another run."""


@pytest.fixture
def noon(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, KEEP_ONE, at="2026-11-18T12:00+09:00") as stage:
        yield stage


def pair(stage: Stage, model: str) -> tuple[FakeService, FakeService]:
    """Two services in use until 12:10."""
    end = stage.at("12:10")
    first, second = (
        stage.add(
            f"{model}-{one}",
            tags={"environment": "dev", "model": model},
            requests=lambda at: 1.0 if at < end else None,
        )
        for one in "ab"
    )
    return first, second


def idle_pair(stage: Stage) -> tuple[FakeService, FakeService]:
    """Two services of one group, known to us, idle since 12:10; it is 12:45."""
    both = pair(stage, "chat")
    stage.sweep()
    stage.set(stage.at("12:45"))
    return both


def held(report: Report) -> list[str]:
    return [one.held for one in report.decided if one.held]


def test_a_run_that_begins_at_any_moment_of_another_never_stops_one_service_too_many(noon: Stage) -> None:
    pairs = [pair(noon, f"m{number}") for number in range(30)]
    noon.sweep()
    noon.set(noon.at("12:45"))
    other = noon.another()
    for moment, (one, two) in enumerate(pairs):
        calls = 0

        def meets(operation: str, *, at: int = moment, two: FakeService = two) -> None:
            nonlocal calls
            calls += operation in MEETING_POINTS
            if operation in MEETING_POINTS and calls == at + 1:
                other.controller.look_at([id_of(two)], noon.clock.now(), why="an alarm")

        with noon.while_calling(meets):
            noon.look_at(one)

        assert one.desired + two.desired == 1, f"they met before call {moment + 1} of the first run"
        if calls <= moment:
            break
    assert 12 < calls <= moment, "every moment of a run was tried"


def test_of_services_that_many_runs_want_to_stop_at_once_one_stays(noon: Stage) -> None:
    services = [*pair(noon, "chat"), *pair(noon, "chat-more")]
    for one in services:
        one.tags["model"] = "chat"
    noon.sweep()
    noon.set(noon.at("12:45"))
    apps = [noon.another() for _ in services]

    reports = race(4, lambda n: apps[n].controller.look_at([id_of(services[n])], noon.clock.now(), why="an alarm"))

    assert not [report for report in reports if isinstance(report, Exception)]
    assert sum(one.desired for one in services) >= 1
    noon.run_until("13:15")
    assert sum(one.desired for one in services) == 1


def test_who_does_not_get_the_turn_holds_the_stop_and_says_who_has_it(noon: Stage) -> None:
    one, two = idle_pair(noon)
    turns = Turns(noon.app.states._table)
    turn = turns.take("models", "run:somebody", noon.clock.now(), 600)

    report = noon.sweep()

    assert one.desired + two.desired == 2
    assert all("another run is stopping services of models" in words for words in held(report))
    assert [notice.kind for notice in report.notices] == [NoticeKind.LIMIT, NoticeKind.LIMIT]
    turns.release(turn)
    noon.run_until("13:00")
    assert one.desired + two.desired == 1


def test_a_turn_that_a_dead_run_left_ends_by_itself(noon: Stage) -> None:
    one, two = idle_pair(noon)
    Turns(noon.app.states._table).take("models", "run:dead", noon.clock.now(), 600)

    noon.run_until("12:50")
    assert one.desired + two.desired == 2
    noon.run_until("13:05")
    assert one.desired + two.desired == 1


def test_a_turn_is_given_back_when_the_run_ends(noon: Stage) -> None:
    idle_pair(noon)
    noon.sweep()

    Turns(noon.app.states._table).take("models", "run:next", noon.clock.now(), 600)


def test_members_that_cannot_be_counted_again_hold_the_stop(noon: Stage) -> None:
    one, two = idle_pair(noon)
    with noon.while_calling(lambda operation: _unplug_after_turn(noon, operation)):
        report = noon.sweep()

    assert one.desired + two.desired == 2
    assert held(report)


def _unplug_after_turn(stage: Stage, operation: str) -> None:
    taken = next(iter(stage.app.states._table.query("TURN")), None)
    if operation == "ecs.DescribeServices" and taken is not None:
        stage.aws.unplug("ecs.DescribeServices")


def test_a_service_that_is_being_stopped_already_is_not_counted_as_staying(noon: Stage) -> None:
    one, two = idle_pair(noon)
    states = noon.app.states
    lease = states.lock(id_of(one), "stop:slow", noon.clock.now(), 600)
    states.mark_draining(lease, noon.clock.now())

    report = noon.look_at(two)

    assert two.desired == 1
    assert held(report)


def test_a_run_with_many_workers_and_time_that_passes_keeps_what_is_to_stay(tmp_path: Path) -> None:
    with staged(tmp_path, KEEP_ONE, at="2026-11-18T12:00+09:00", workers=8) as stage:
        services = [
            stage.add(f"{model}-{number}", tags={"environment": "dev", "model": model})
            for model in ("chat", "vision")
            for number in range(6)
        ]
        stage.every_call_takes = timedelta(milliseconds=300)

        report = stage.sweep()

        assert len(report.outcomes) == 10
        assert sum(one.desired for one in services if one.name.startswith("chat")) == 1
        assert sum(one.desired for one in services if one.name.startswith("vision")) == 1


def test_who_has_become_ready_since_the_last_picture_counts_as_one_that_would_be_taken(noon: Stage) -> None:
    limits = policy("idle: {stop-after: 30m}\nlimits: {keep-running: 1}")
    fresh = [service(id=ServiceId("gpu-dev", name)) for name in ("a", "b")]
    seen = [replace(fresh[0], running_count=0, ready_since=None), fresh[1]]
    decision = Decision(fresh[0].id, Wanted.STOPPED, RuleName.IDLE, Because.IDLE, "idle", (), noon.clock.now())
    candidates = [Candidate(facts, limits, replace(decision, service=facts.id), noon.clock.now()) for facts in seen]
    rations = Rations(noon.app.controls, Turns(noon.app.states._table), noon.clock, owner=lambda: "run:1")

    with rations.dealt(candidates, lambda _: {limits.name: fresh}, noon.clock.now()) as dealt:
        assert len(dealt.allowed) == 1
        assert len(dealt.held) == 1
