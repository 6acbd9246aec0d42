"""Wake-ups for the clock's edges: booked, shared, kept true, and done without when the Scheduler is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib.decide.facts import OverrideKind
from chalicelib.execute.bookings import name_of
from support import strict_scheduler
from support.stage import Stage, staged
from support.to_the_minute import SETTINGS, Firing

NIGHTS_OFF = """\
lifecycle: v1
policies:
  nights-off:
    match: {everything: true}
    hours: {timezone: Europe/Berlin, open: ["mon-fri 08:00-20:00"], warn-before: 30m}
    overrides: {longest: 24h}
    mode: enforce
"""
FRIDAY_EVENING = "2026-11-20T18:00+01:00"


@contextmanager
def nights_off(
    folder: Path, policy: str = NIGHTS_OFF, at: str = FRIDAY_EVENING, most: int = 50
) -> Iterator[tuple[Stage, Firing]]:
    with staged(folder, policy, at=at, zone="Europe/Berlin", bookings=SETTINGS, most=most) as stage:
        yield stage, Firing(stage)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_service_stops_in_the_minute_of_its_closing_and_starts_in_that_of_its_opening(tmp_path: Path) -> None:
    with nights_off(tmp_path) as (stage, firing):
        chat = stage.add("chat", requests=0.0, desired=2)
        stage.set(stage.clock.now() + timedelta(minutes=7))
        firing.run_until(utc("2026-11-20T18:30:45"))

        assert [text for kind, text in stage.told(chat) if kind == "closing-soon"]
        assert firing.booked == [utc("2026-11-20T19:00")]

        firing.run_until(utc("2026-11-20T19:01"))

        assert chat.desired == 0
        (stop,) = (one for one in stage.history(chat) if one.outcome != "done" and one.action)
        assert utc("2026-11-20T19:00:30") <= stop.at < utc("2026-11-20T19:01")
        assert utc("2026-11-23T07:00") in firing.booked

        firing.sweep_every = timedelta(hours=12)
        firing.run_until(utc("2026-11-23T07:01"))
        assert chat.desired == 2


def test_services_with_one_edge_share_one_entry_and_people_s_words_have_their_own(tmp_path: Path) -> None:
    with nights_off(tmp_path) as (stage, firing):
        chat, *_ = [stage.add(f"chat-{number}", requests=0.0) for number in range(12)]
        firing.sweep()
        assert firing.booked == [utc("2026-11-20T18:30"), utc("2026-11-20T19:00")]

        stage.says(chat, OverrideKind.KEEP, "21:10")
        stage.look_at(chat)
        assert firing.booked == [utc("2026-11-20T18:30"), utc("2026-11-20T19:00"), utc("2026-11-20T20:10")]

        firing.run_until(utc("2026-11-20T20:09"))
        assert chat.desired == 1
        firing.run_until(utc("2026-11-20T20:11"))
        assert chat.desired == 0


def test_a_changed_policy_moves_the_entries_and_what_is_not_ours_is_cleared_away(tmp_path: Path) -> None:
    with nights_off(tmp_path) as (stage, firing):
        stage.add("chat", requests=0.0)
        firing.sweep()
        lost = name_of(utc("2026-11-21T03:00"))
        for name in ("somebodys-own", lost):
            stage.aws.world.schedules[strict_scheduler.GROUP, name] = {"at": utc("2026-11-21T03:00"), "input": {}}

        stage.write(NIGHTS_OFF.replace("20:00", "21:00"))
        firing.run_until(utc("2026-11-20T17:15"))

        assert firing.booked == [utc("2026-11-20T19:30"), utc("2026-11-20T20:00")]


def test_a_freeze_holds_what_is_due_and_its_end_brings_what_is_wanted_then(tmp_path: Path) -> None:
    freeze = """\
freezes:
  - {name: fair, from: "2026-11-20T19:00+01:00", to: "2026-11-23T09:00+01:00", reason: the trade fair}
"""
    with nights_off(tmp_path, NIGHTS_OFF + freeze) as (stage, firing):
        chat = stage.add("chat", requests=0.0)
        firing.sweep_every = timedelta(hours=12)
        firing.run_until(utc("2026-11-23T07:59"))
        assert chat.desired == 1
        assert utc("2026-11-23T08:00") in firing.booked

        firing.run_until(utc("2026-11-23T08:01"))
        assert chat.desired == 1
        assert [one for one in stage.history(chat) if one.action] == []


def test_without_the_scheduler_the_sweep_does_the_work_and_says_so(tmp_path: Path) -> None:
    with nights_off(tmp_path) as (stage, firing):
        chat = stage.add("chat", requests=0.0)
        stage.aws.unplug("scheduler.CreateSchedule")
        stage.set(stage.clock.now() + timedelta(minutes=7))
        firing.run_until(utc("2026-11-20T19:00:59"))
        assert chat.desired == 1
        assert "no answer to scheduler:CreateSchedule" in stage.reports[-1].unbooked

        firing.run_until(utc("2026-11-20T19:15"))
        assert chat.desired == 0

        stage.aws.heal()
        firing.run_until(utc("2026-11-20T19:30"))
        assert stage.reports[-1].unbooked == ""
        assert firing.booked == [utc("2026-11-23T07:00")]


def test_what_one_run_has_no_room_for_is_done_in_the_next_minutes(tmp_path: Path) -> None:
    with nights_off(tmp_path, at="2026-11-20T19:55+01:00", most=2) as (stage, firing):
        chats = [stage.add(f"chat-{number}", requests=0.0) for number in range(5)]

        firing.run_until(utc("2026-11-20T19:00:59"))
        assert sum(one.desired for one in chats) == 3

        firing.run_until(utc("2026-11-20T19:05"))
        assert sum(one.desired for one in chats) == 0


def test_an_edge_that_passes_while_a_run_is_busy_is_made_up_for_in_the_next_minute(tmp_path: Path) -> None:
    with nights_off(tmp_path, at="2026-11-20T19:59:50+01:00") as (stage, firing):
        chat = stage.add("chat", requests=0.0)
        stage.every_call_takes = timedelta(seconds=1)
        firing.run_until(utc("2026-11-20T19:02:30"))
        assert chat.desired == 0


def test_after_an_outage_of_days_there_is_one_action_to_what_should_be_now(tmp_path: Path) -> None:
    with nights_off(tmp_path) as (stage, firing):
        kept, asleep = stage.add("kept", requests=0.0), stage.add("asleep", requests=0.0)
        firing.sweep()
        stage.says(asleep, OverrideKind.STOP, "2026-11-25T12:00+01:00")

        stage.set(utc("2026-11-24T10:00"))
        for _ in strict_scheduler.due(stage.aws.world, stage.clock.now()):
            firing.wake()

        assert (kept.desired, asleep.desired) == (1, 0)
        assert [one for one in stage.history(kept) if one.action] == []
        assert len({one.action_id for one in stage.history(asleep) if one.action}) == 1


def test_a_wake_up_that_comes_twice_or_for_nothing_changes_nothing(tmp_path: Path) -> None:
    with nights_off(tmp_path) as (stage, firing):
        chat = stage.add("chat", requests=0.0)
        firing.run_until(utc("2026-11-20T19:01"))
        before = stage.history(chat)

        firing.wake()
        firing.wake()

        assert chat.desired == 0
        assert [one for one in stage.history(chat) if one not in before and one.outcome != "done"] == []


def test_a_question_that_nobody_answers_ends_in_its_minute(tmp_path: Path) -> None:
    approval = "{for: [closed-stop], ask: '#gpu', approvers: [group:leads], no-answer: do-it, answer-within: 40m}"
    asks = NIGHTS_OFF.replace("    mode:", f"    approval: {approval}\n    mode:")
    with nights_off(tmp_path, asks) as (stage, firing):
        chat = stage.add("chat", requests=0.0)
        firing.run_until(utc("2026-11-20T19:01"))
        (question,) = stage.app.approvals.pending(stage.clock.now())
        assert question.answer_by is not None

        firing.run_until(question.answer_by - timedelta(seconds=1))
        assert chat.desired == 1
        firing.run_until(question.answer_by + timedelta(minutes=2))
        assert chat.desired == 0
