"""Two runs at once, events between sweeps, a table restored from yesterday, a look that writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.notify.notice import Silence
from chalicelib.record.history import EntryKind
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.compose import build
from support.moto_record import race
from support.stage import TABLE, Stage, id_of, staged

NIGHTS = """
lifecycle: v1
policies:
  nights:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    mode: enforce
"""


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, NIGHTS, at="2026-11-18T19:00+09:00") as stage:
        yield stage


def rows(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.app.clients.dynamodb.scan(TableName=TABLE)["Items"]
    return found


def test_two_controllers_that_sweep_at_once_stop_a_service_once(evening: Stage) -> None:
    chat = evening.add("chat", desired=3)
    evening.sweep()
    evening.set(evening.at("20:05"))
    apps = [
        build(evening.app.settings, Clients(evening.aws.session), evening.clock, notifier=Silence(), workers=1)
        for _ in range(4)
    ]

    reports = race(4, lambda number: apps[number].controller.sweep(evening.clock.now()))

    assert chat.desired == 0
    assert evening.aws.calls["ecs.UpdateService"] == 1
    outcomes = [entry.outcome for entry in evening.history(chat)]
    assert outcomes.count("begun") == 1
    assert {*outcomes} <= {"begun", "refused"}  # who came after the first had ended found the service stopped
    assert not [report for report in reports if isinstance(report, Exception)]
    evening.run_until("Thu 08:10")
    assert chat.desired == 3


def test_an_event_between_sweeps_acts_at_once_and_is_nobodys_hand(evening: Stage) -> None:
    chat = evening.add("chat")
    evening.sweep()
    evening.set(evening.at("20:01"))

    evening.look_at(chat)
    assert chat.desired == 0

    evening.run_until("22:00")
    assert [kind for kind, _ in evening.told(chat)] == ["stopped"]


def test_the_same_event_twice_changes_nothing_the_second_time(evening: Stage) -> None:
    chat = evening.add("chat")
    evening.set(evening.at("20:01"))
    evening.look_at(chat)
    calls = evening.aws.calls["ecs.UpdateService"]

    evening.look_at(chat)

    assert evening.aws.calls["ecs.UpdateService"] == calls


def test_a_table_restored_from_before_the_stop_still_knows_the_size_to_give_back(evening: Stage) -> None:
    chat = evening.add("chat", desired=2)
    evening.run_until("19:30")
    backup = rows(evening)
    evening.run_until("21:00")
    assert chat.desired == 0

    client = evening.app.clients.dynamodb
    for row in rows(evening):
        client.delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
    for row in backup:
        client.put_item(TableName=TABLE, Item=row)
    evening.run_until("Thu 08:10")

    assert chat.desired == 2


def test_a_lost_picture_of_the_fleet_is_rebuilt_and_changes_no_decision(evening: Stage) -> None:
    chat = evening.add("chat", desired=2)
    evening.run_until("21:00")
    client = evening.app.clients.dynamodb
    for row in rows(evening):
        if row["pk"]["S"] == "SNAPSHOT":
            client.delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})

    evening.run_until("22:00")
    assert chat.desired == 0
    evening.run_until("Thu 08:10")
    assert chat.desired == 2


def test_a_survey_says_what_a_sweep_would_do_and_writes_nothing(evening: Stage) -> None:
    chat = evening.add("chat")
    evening.set(evening.at("20:01"))
    before = rows(evening)

    survey = evening.app.controller.survey(evening.clock.now())

    (decided,) = survey.decided
    assert decided.plan is not None
    assert decided.plan.service == id_of(chat)
    assert chat.desired == 1
    assert rows(evening) == before


def test_services_over_the_most_of_one_run_are_left_to_the_next_sweep(tmp_path: Path) -> None:
    with staged(tmp_path, NIGHTS, at="2026-11-18T17:00+09:00", most=2) as stage:
        services = [stage.add(f"chat-{number}") for number in range(5)]
        stage.sweep()
        stage.set(stage.at("20:05"))

        report = stage.sweep()
        assert report.left == 3
        assert sum(service.desired for service in services) == 3

        stage.run_until("20:15")
        assert sum(service.desired for service in services) == 0


def test_a_service_that_appears_between_sweeps_is_seen_and_one_that_is_deleted_is_forgotten(evening: Stage) -> None:
    evening.add("old")
    evening.run_until("20:10")
    new = evening.add("new")
    del evening.aws.world.clusters["gpu-dev"]["old"]
    evening.add("newer")

    evening.run_until("21:00")

    assert new.desired == 0
    assert {str(decided.facts.id) for decided in evening.app.controller.survey(evening.clock.now()).decided} == {
        "gpu-dev/new",
        "gpu-dev/newer",
    }


def test_what_is_written_down_bears_the_clock_of_that_moment_and_not_the_runs_begin(evening: Stage) -> None:
    chat = evening.add("chat")
    evening.run_until("20:00")
    evening.every_call_takes = timedelta(seconds=2)
    evening.set(evening.at("20:05"))
    began = evening.clock.now()

    evening.sweep()
    (done,) = [entry for entry in evening.history(chat) if entry.outcome == "done"]
    assert done.at > began

    evening.set(evening.at("20:10"))
    chat.set_desired(1)
    began = evening.clock.now()
    evening.sweep(full=True)
    (noted,) = [entry for entry in evening.history(chat) if entry.kind is EntryKind.HAND]
    assert noted.at > began


def test_a_run_whose_calls_take_long_acts_in_time_and_leaves_locks_behind_for_nobody(tmp_path: Path) -> None:
    with staged(tmp_path, NIGHTS, at="2026-11-18T17:00+09:00", workers=4) as stage:
        services = [stage.add(f"chat-{number}", desired=2) for number in range(8)]
        stage.sweep()
        stage.set(stage.at("20:05"))
        stage.every_call_takes = timedelta(seconds=1)

        report = stage.sweep()

        assert [outcome.status for outcome in report.outcomes] == [OutcomeStatus.DONE] * 8
        assert sum(service.desired for service in services) == 0
        assert not [row for row in rows(stage) if "lock_owner" in row]
        stage.set(stage.at("Thu 08:01"))
        stage.sweep()
        assert [service.desired for service in services] == [2] * 8


def test_a_run_with_many_workers_tells_each_service_once_and_its_failures_stop_nobody_else(tmp_path: Path) -> None:
    with staged(tmp_path, NIGHTS, at="2026-11-18T17:00+09:00", workers=8) as stage:
        services = [stage.add(f"chat-{number}") for number in range(12)]
        stage.sweep()
        stage.aws.fail(
            "ecs.UpdateService", "AccessDeniedException", when=lambda params: params["service"].endswith(("-3", "-7"))
        )
        stage.set(stage.at("20:05"))

        stage.sweep()

        assert [service.name for service in services if service.desired] == ["chat-3", "chat-7"]
        kinds = Counter(kind for service in services for kind, _ in stage.told(service))
        assert kinds == {"stopped": 10, "stop-failed": 2}


def test_sweeps_with_many_workers_that_meet_stop_every_service_once(tmp_path: Path) -> None:
    with staged(tmp_path, NIGHTS, at="2026-11-18T17:00+09:00") as stage:
        services = [stage.add(f"chat-{number}") for number in range(6)]
        stage.sweep()
        stage.set(stage.at("20:05"))
        stage.every_call_takes = timedelta(milliseconds=100)
        apps = [stage.another(workers=4) for _ in range(3)]

        reports = race(3, lambda number: apps[number].controller.sweep(stage.clock.now()))

        assert not [report for report in reports if isinstance(report, Exception)]
        assert sum(service.desired for service in services) == 0
        assert stage.aws.calls["ecs.UpdateService"] == 6
        outcomes = [[entry.outcome for entry in stage.history(service)] for service in services]
        assert [(one.count("begun"), one.count("failed")) for one in outcomes] == [(1, 0)] * 6, outcomes
