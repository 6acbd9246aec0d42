"""Two runs at once, events between sweeps, a table restored from yesterday, a look that writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chalicelib.notify.notice import Silence
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
    assert [entry.outcome for entry in evening.history(chat)] == ["begun"]
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
