"""What outlives a picture of the fleet, and what is forgotten with its service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.decide.facts import ServiceMemory
from chalicelib.notify.notice import Silence
from chalicelib.record.history import EntryKind
from chalicelib.runtime.compose import build
from support.stage import TABLE, Stage, id_of, staged
from support.strict_world import FakeService

POLICY = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    idle: {stop-after: 30m, tell-unknown-after: 2h}
    mode: enforce
"""


@pytest.fixture
def noon(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        yield stage


def days_pass(stage: Stage, until: str) -> None:
    """Sweeps every hour."""
    stage.every = timedelta(minutes=20)
    stage.run_until(until)
    stage.every = timedelta(minutes=5)


def lose_the_picture(stage: Stage) -> None:
    client = stage.app.clients.dynamodb
    for row in client.scan(TableName=TABLE)["Items"]:
        if row["pk"]["S"] == "SNAPSHOT":
            client.delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})


def memory(stage: Stage, service: FakeService) -> ServiceMemory:
    return stage.app.states.get(id_of(service)).memory


def recreate(stage: Stage, old: FakeService, *, desired: int, days_old: float = 0) -> FakeService:
    """Deletes the service and makes another of its name."""
    del stage.aws.world.clusters["gpu-dev"][old.name]
    new = stage.add(old.name, desired=desired, ready_for=timedelta(0))
    new.created_at = stage.clock.now() - timedelta(days=days_old)
    return new


# --- since when nobody can tell


def test_since_when_nobody_can_tell_survives_a_lost_picture_of_the_fleet(noon: Stage) -> None:
    chat = noon.add("chat")
    chat.sends("healthy-hosts", None)
    noon.run_until("13:30")
    assert not [kind for kind, _ in noon.told(chat) if kind == "unknown"]

    lose_the_picture(noon)
    noon.run_until("14:40")

    (text,) = [text for kind, text in noon.told(chat) if kind == "unknown"]
    assert "12:15" in text


def test_one_can_tell_again_and_the_next_doubt_begins_anew(noon: Stage) -> None:
    chat = noon.add("chat")
    chat.sends("healthy-hosts", None)
    noon.run_until("13:00")
    assert memory(noon, chat).unknown_since is not None

    chat.sends("requests", 3.0)
    noon.run_until("13:30")

    assert memory(noon, chat).unknown_since is None


def test_a_doubt_that_goes_on_writes_its_row_once(noon: Stage) -> None:
    noon.add("chat").sends("healthy-hosts", None)
    noon.sweep()
    with noon.aws.counting() as calls:
        noon.run_until("13:30")

    assert calls["dynamodb.UpdateItem"] == 0


# --- services that are gone


def stopped_and_deleted(stage: Stage) -> FakeService:
    chat = stage.add("chat", desired=3, requests=None)
    stage.add("other", requests=3.0)
    stage.run_until("13:00")
    assert chat.desired == 0
    assert memory(stage, chat).saved_size is not None
    del stage.aws.world.clusters["gpu-dev"]["chat"]
    return chat


def test_a_service_that_stays_away_is_forgotten_after_a_while_and_the_history_says_so(noon: Stage) -> None:
    chat = stopped_and_deleted(noon)
    days_pass(noon, "19:30")
    assert memory(noon, chat).saved_size is not None, "a size is kept for a day: it may come back"

    days_pass(noon, "Thu 19:30")

    assert id_of(chat) not in noon.app.states.all()
    last = noon.history(chat)[-1]
    assert (last.kind, "forgotten" in last.reason, "its size of 3" in last.reason) == (EntryKind.NOTICE, True, True)


def test_a_service_without_a_saved_size_is_forgotten_after_an_hour(noon: Stage) -> None:
    chat = noon.add("chat")
    chat.sends("healthy-hosts", None)
    noon.add("other", requests=3.0)
    noon.run_until("12:30")
    assert id_of(chat) in noon.app.states.all()
    del noon.aws.world.clusters["gpu-dev"]["chat"]

    noon.run_until("13:15")
    assert id_of(chat) in noon.app.states.all()
    noon.run_until("15:00")
    assert id_of(chat) not in noon.app.states.all()


def test_nothing_is_forgotten_while_the_list_of_services_cannot_be_read(noon: Stage) -> None:
    chat = stopped_and_deleted(noon)
    noon.aws.fail("ecs.ListServices", "AccessDeniedException")

    days_pass(noon, "Fri 19:30")

    assert memory(noon, chat).gone_since is None
    assert memory(noon, chat).saved_size is not None


def test_nothing_is_forgotten_while_the_picture_is_lost_and_the_service_cannot_be_described(noon: Stage) -> None:
    chat = noon.add("chat", desired=3)
    noon.run_until("13:00")
    noon.aws.fail("ecs.DescribeServices", "AccessDeniedException")
    lose_the_picture(noon)

    days_pass(noon, "Fri 19:30")

    assert memory(noon, chat).saved_size is not None


def test_services_of_clusters_that_are_not_looked_after_any_more_are_not_forgotten(noon: Stage) -> None:
    chat = noon.add("chat", desired=3)
    noon.aws.world.add_service("gpu-prod", "else", desired=0, tags={})
    noon.run_until("13:00")
    noon.app = build(
        replace(noon.app.settings, clusters=("gpu-prod",)), noon.app.clients, noon.clock, notifier=Silence(), workers=1
    )

    days_pass(noon, "Fri 19:30")

    assert memory(noon, chat).saved_size is not None


def test_a_service_that_comes_back_within_the_time_gets_its_size_back(noon: Stage) -> None:
    chat = stopped_and_deleted(noon)
    days_pass(noon, "19:30")
    assert memory(noon, chat).gone_since is not None
    noon.aws.world.clusters["gpu-dev"]["chat"] = chat

    days_pass(noon, "Thu 08:10")

    assert chat.desired == 3
    assert memory(noon, chat).gone_since is None


def test_a_run_forgets_only_so_many_services(noon: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.controller.forgetting.MOST_A_RUN", 2)
    services = [noon.add(f"chat-{number}") for number in range(5)]
    noon.add("other", requests=3.0)
    for service in services:
        service.sends("healthy-hosts", None)
    noon.sweep()
    for service in services:
        del noon.aws.world.clusters["gpu-dev"][service.name]
    noon.set(noon.at("13:00"))
    noon.sweep(full=True)
    assert len([one for one in noon.app.states.all().values() if one.gone_since]) == 2

    noon.run_until("19:00")
    assert not [id for id in noon.app.states.all() if id.name.startswith("chat")]


# --- services made anew


@pytest.mark.parametrize("desired", [0, 1])
def test_a_service_made_anew_under_the_same_name_inherits_nothing(noon: Stage, desired: int) -> None:
    old = noon.add("chat", desired=3)
    days_pass(noon, "20:10")
    assert old.desired == 0
    new = recreate(noon, old, desired=desired)

    noon.run_until("21:00")
    assert not [kind for kind, _ in noon.told(new) if kind.startswith("hand")], "it is not the old one started by hand"
    days_pass(noon, "Thu 08:10")

    assert new.desired == desired
    assert memory(noon, new).saved_size is None


def test_a_service_made_anew_between_two_full_looks_is_not_started_at_the_size_of_the_old_one(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00", full_refresh_minutes=6000) as stage:
        old = stage.add("chat", desired=3)
        days_pass(stage, "20:10")
        new = recreate(stage, old, desired=0)

        days_pass(stage, "Thu 09:00")

        assert new.desired == 0
        assert memory(stage, new).saved_size is None


# --- lines of the history


def test_a_line_that_could_not_be_written_when_its_action_was_seen_done_is_written_by_the_next_run(noon: Stage) -> None:
    chat = noon.add("chat")
    noon.run_until("12:05")
    assert chat.desired == 0
    noon.aws.fail(
        "dynamodb.PutItem", "InternalServerError", when=lambda params: params["Item"]["pk"]["S"].startswith("HISTORY")
    )
    noon.set(noon.at("12:10"))
    report = noon.sweep()
    assert [outcome.verified for outcome in report.outcomes] == [True]
    assert [entry.outcome for entry in noon.history(chat) if entry.action_id] == ["begun"]

    noon.aws.heal()
    noon.set(noon.at("12:15"))
    noon.sweep()
    noon.set(noon.at("12:20"))
    noon.sweep()

    begun, done = [entry for entry in noon.history(chat) if entry.action_id]
    assert (done.outcome, done.action_id, f"{done.at:%H:%M}") == ("done", begun.action_id, "03:10")
