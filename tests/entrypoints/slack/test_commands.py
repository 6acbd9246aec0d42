"""`/lifecycle` in Slack: the same roles and the same gate as the API's."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.decide.facts import OverrideKind
from chalicelib.fleet.model import OWNER_TAG
from support.slack_room import Room


def test_status_shows_every_service_to_an_admin_and_their_own_to_a_user(room: Room) -> None:
    room.ask()
    room.stage.add("vision", tags={"environment": "dev", OWNER_TAG: "ben@example.com"}, requests=5.0)
    room.stage.sweep()

    assert room.type("status").count("*gpu-dev/") == 2
    assert "*gpu-dev/chat* running 1: asked in #vision" in room.type("status chat")
    assert room.type("status", "U0OWNER").count("*gpu-dev/") == 2, "the policy's owner"
    assert room.type("status", "U0BEN").count("*gpu-dev/") == 1
    assert room.type("status", "U0ADA") == "There is no service that you may see."


def test_why_marks_the_rule_that_decides(room: Room) -> None:
    room.ask()

    lines = room.type("why chat").splitlines()

    assert [line for line in lines if line.startswith(":arrow_forward: ")] == [lines[8]]
    assert lines[8].startswith(":arrow_forward: idle: ")
    assert lines[-1].startswith("policy vision (enforce)")


def test_a_service_that_one_may_not_see_is_not_there(room: Room) -> None:
    room.ask()

    assert room.type("why chat", "U0BEN").startswith('There is no service "chat"')
    assert "There is no service" in room.type("stop chat", "U0BEN")


def test_keep_start_and_stop_go_through_the_policys_gate(room: Room) -> None:
    chat, _ = room.ask()
    now = room.stage.clock.now()

    said = room.type("keep chat until 18:00 load test", "U0OWNER")

    (word,) = room.stage.app.controls.read(now).overrides
    assert (word.kind, word.until, word.by, word.reason) == (
        OverrideKind.KEEP, room.stage.at("18:00"), "owner@example.com", "load test"
    )  # fmt: skip
    assert "keep running until Wed 18 Nov 2026 18:00 JST: load test" in said
    assert "too long" in room.type("keep chat 3d")
    room.stage.set(now + timedelta(seconds=1))
    room.type("stop chat now 1h")
    assert chat.desired == 0
    room.stage.set(now + timedelta(minutes=10))
    room.type("start chat 1h")
    assert chat.desired == 1


def test_readonly_changes_nothing_and_learns_no_address(room: Room) -> None:
    chat, _ = room.ask()
    room.type("keep chat 1h")

    assert room.type("stop chat now", "U0RITA") == "ReadOnly may look, and change nothing."
    assert chat.desired == 1
    assert "root@example.com" in room.type("why chat")
    assert "@" not in room.type("why chat", "U0RITA")


def test_what_is_not_understood_is_told_to_the_one_who_typed_it_and_mentions_nobody(room: Room) -> None:
    room.stage.add("chat", requests=5.0)
    room.stage.sweep()

    assert 'There is no "launch"' in room.type("launch chat")
    assert '"yesterday" is no time' in room.type("keep chat until yesterday")
    assert "<!channel>" not in room.type("why <!channel>")
    assert 'There is no service "gpu-dev/nothing"' in room.type("why gpu-dev/nothing")
    assert room.type("why gpu-dev/chat").startswith("*gpu-dev/chat* running 1")
