"""What becomes of a click: one answer counts, and whoever else clicked hears who was first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chalicelib.decide.facts import OverrideKind
from chalicelib.entrypoints.slack.jobs import Task
from chalicelib.errors import AwsUnreachable, NotDelivered, RecordUnavailable
from chalicelib.fleet.people import Caller, Role
from chalicelib.notify.slack.messages import question_message
from chalicelib.notify.slack.settings import Unknown
from chalicelib.record.approval import State
from support.slack_room import POLICY, Room, room_on
from support.slack_side import RememberingSlack
from support.stage import id_of, staged
from support.toy_cloud import Killed


def test_a_yes_stops_the_service_and_the_history_says_who_and_why(room: Room) -> None:
    chat, question = room.ask()
    room.stage.set(room.stage.clock.now() + timedelta(seconds=1))

    room.press(Task.APPROVE, question)

    assert (chat.desired, room.now(question).state) == (0, State.DONE)
    assert [(one.who, one.outcome) for one in room.stage.history(chat)][1:] == [
        ("ada@example.com", "approve"),
        ("ada@example.com", "begun"),
    ]
    assert room.slack.lines == [], "the message itself says it, to everybody"
    assert len(room.delivered) == 1


def test_a_second_click_hears_who_was_first(room: Room) -> None:
    chat, question = room.ask()
    room.press(Task.APPROVE, question)

    room.press(Task.KEEP, question, "U0ROOT", until=room.stage.at("18:00"), reason="demo")

    assert chat.desired == 0
    assert room.slack.said == [room.slack.said[0]]
    assert "ada@example.com" in room.slack.said[0] and "approved" in room.slack.said[0]


def test_of_twenty_clicks_at_once_one_counts_and_one_act_is_done(room: Room) -> None:
    chat, question = room.ask()
    room.stage.set(room.stage.clock.now() + timedelta(seconds=1))
    slacks = [RememberingSlack(room.slack.people) for _ in range(20)]
    containers = [room.stage.another() for _ in range(5)]
    workers = [room.worker_of(containers[n % 5], slack) for n, slack in enumerate(slacks)]
    jobs = [
        room.job(
            Task.APPROVE if n % 2 else Task.DENY, "U0ADA" if n % 4 < 2 else "U0ROOT", question=question.id, version=1
        )
        for n in range(20)
    ]

    with ThreadPoolExecutor(20) as clicks:
        list(clicks.map(lambda pair: pair[0].do(pair[1]), zip(workers, jobs, strict=True)))

    given = [one for one in room.stage.history(chat) if one.outcome in ("approve", "deny")]
    acts = [one for one in room.stage.history(chat) if one.outcome == "begun"]
    assert len(given) == 1
    assert len(acts) == (1 if given[0].outcome == "approve" else 0)
    assert chat.desired == (0 if acts else 1)
    told = [slack.said for slack in slacks]
    assert sum(not lines for lines in told) == 1, "who was first needs no line"
    assert all(given[0].who in lines[0] for lines in told if lines)


def test_a_click_after_the_time_is_over_does_nothing(room: Room) -> None:
    chat, question = room.ask()
    room.stage.set(room.stage.clock.now() + timedelta(minutes=31))

    room.press(Task.APPROVE, question)

    assert (chat.desired, room.now(question).state) == (1, State.EXPIRED)
    assert "Nobody answered" in room.slack.said[0]


def test_a_yes_to_what_is_no_longer_so_does_nothing(room: Room) -> None:
    used: list[float] = [0.0]
    chat, question = room.ask(requests=lambda at: used[0])
    used[0] = 5.0
    room.stage.set(room.stage.clock.now() + timedelta(minutes=4))

    room.press(Task.APPROVE, question)

    assert chat.desired == 1
    assert room.now(question).state in (State.WITHDRAWN, State.FAILED)


def test_a_button_of_an_older_version_says_to_use_the_newest_message(room: Room) -> None:
    chat, question = room.ask()
    job = room.job(Task.APPROVE, "U0ADA", question=question.id, version=question.version + 1)

    room.worker.do(job)

    assert chat.desired == 1
    assert "newest message" in room.slack.said[0]


def test_a_question_nobody_knows_does_nothing_and_its_message_loses_its_buttons(room: Room) -> None:
    room.worker.do(room.job(Task.APPROVE, "U0ADA", question="apr-0000000000000000", version=1))

    assert room.slack.said == ["This question does not stand any more."]
    assert [one.text for one in room.slack.replaced] == room.slack.said


def test_a_copy_that_nobody_noted_loses_its_buttons_when_it_is_clicked(room: Room) -> None:
    _, question = room.ask()
    room.press(Task.APPROVE, question, "U0BEN")
    assert room.slack.replaced == [], "who may not answer changes nothing"

    room.press(Task.APPROVE, question)
    room.press(Task.DENY, question, "U0ROOT")

    assert [one == question_message(room.now(question)) for one in room.slack.replaced] == [True, True]


def test_a_message_of_an_earlier_question_says_what_became_of_that_one(room: Room) -> None:
    chat, first = room.ask()
    room.press(Task.DENY, first)
    room.stage.set(room.stage.clock.now() + timedelta(days=1))
    room.stage.sweep()
    (second,) = room.stage.app.approvals.pending(room.stage.clock.now())
    assert second.id != first.id

    room.press(Task.APPROVE, first, "U0ROOT")

    assert chat.desired == 1
    assert room.slack.replaced[-1].text == "This was denied by ada@example.com; a newer question stands."


# --- who


MAY_NOT = {
    "U0BEN": "leaves this to leads",
    "U0RITA": "may look",
    "U0EVE": "No account here has your address eve@example.com",
    "U0NOBODY": "has not confirmed your address",
    "U0GUEST": "our own workspace",
}


def test_who_may_not_approve_hears_why_and_the_question_stands(room: Room) -> None:
    chat, question = room.ask()

    for user in MAY_NOT:
        room.press(Task.APPROVE, question, user)

    assert (chat.desired, room.now(question).is_pending) == (1, True)
    assert all(says in said for says, said in zip(MAY_NOT.values(), room.slack.said, strict=True))


def test_a_user_cannot_approve_their_own_wish_nor_anothers_without_being_named(room: Room) -> None:
    chat = room.stage.add("chat")
    room.stage.sweep()
    room.stage.set(room.stage.at("21:00"))
    room.stage.sweep()
    room.type("start chat 2h", "U0ROOT")
    (question,) = room.stage.app.approvals.pending(room.stage.clock.now())

    room.press(Task.APPROVE, question, "U0ROOT")
    own = room.slack.said[-1]
    room.press(Task.APPROVE, question, "U0BEN")

    assert "You asked for this yourself" in own
    assert "leaves this to leads" in room.slack.said[-1]
    assert chat.desired == 0
    room.press(Task.APPROVE, question, "U0ADA")
    assert chat.desired == 1


def test_the_role_is_the_one_of_this_moment(room: Room) -> None:
    chat, question = room.ask()
    room.press(Task.APPROVE, question, "U0BEN")
    room.pool.callers["ben@example.com"] = Caller("sub-ben", "ben@example.com", Role.USER, frozenset({"User", "leads"}))

    room.press(Task.APPROVE, question, "U0BEN")

    assert chat.desired == 0
    assert room.slack.asked == 1, "what Slack says of a person is kept for a few minutes"


def test_only_an_admin_excludes(room: Room) -> None:
    chat, question = room.ask()
    until = room.stage.clock.now() + timedelta(days=7)
    room.press(Task.EXCLUDE, question, "U0ADA", until=until, reason="customer")
    assert "only an Admin" in room.slack.said[0]

    room.press(Task.EXCLUDE, question, "U0ROOT", until=until, reason="customer")

    (word,) = room.stage.app.controls.read(room.stage.clock.now()).overrides
    assert (word.kind, word.until, word.by) == (OverrideKind.EXCLUDE, until, "root@example.com")
    assert chat.desired == 1


def test_keep_until_is_a_persons_word_with_its_end(room: Room) -> None:
    chat, question = room.ask()

    room.press(Task.KEEP, question, until=room.stage.at("18:00"), reason="load test")

    (word,) = room.stage.app.controls.read(room.stage.clock.now()).overrides
    assert (word.kind, word.until, word.reason) == (OverrideKind.KEEP, room.stage.at("18:00"), "load test")
    assert word.service == id_of(chat)


def test_a_longer_time_than_the_policy_allows_is_refused(room: Room) -> None:
    _, question = room.ask()

    room.press(Task.KEEP, question, until=room.stage.clock.now() + timedelta(days=3), reason="demo")

    assert "too long" in room.slack.said[0]
    assert room.now(question).is_pending


def test_snooze_is_two_hours(room: Room) -> None:
    _, question = room.ask()

    room.press(Task.SNOOZE, question)

    (word,) = room.stage.app.controls.read(room.stage.clock.now()).overrides
    assert word.until == room.stage.clock.now() + timedelta(hours=2)


def test_a_no_leaves_it_as_it_is(room: Room) -> None:
    chat, question = room.ask()

    room.press(Task.DENY, question)

    assert (chat.desired, room.now(question).state) == (1, State.DENIED)


def test_details_show_all_that_was_frozen_to_the_one_who_asks(room: Room) -> None:
    _, question = room.ask()

    room.press(Task.DETAILS, question, "U0BEN")

    (shown,) = room.slack.said
    assert all(step.replace(">", "&gt;") in shown for step in question.steps)
    assert room.now(question).is_pending


def test_unknown_people_may_read_where_the_deployment_says_so(room: Room) -> None:
    chat, question = room.ask()
    worker = room.worker_of(room.stage.app, room.slack, Unknown.READ_ONLY)

    worker.do(room.job(Task.COMMAND, "U0EVE", words="status"))
    worker.do(room.job(Task.APPROVE, "U0EVE", question=question.id, version=1))

    assert "gpu-dev/chat" in room.slack.said[0]
    assert "may look" in room.slack.said[1]
    assert chat.desired == 1


def test_the_keep_button_of_a_notice_keeps_the_service_for_two_hours(room: Room) -> None:
    chat, _ = room.ask()

    closes_at = room.stage.clock.now() + timedelta(minutes=15)
    room.worker.do(room.job(Task.KEEP_SERVICE, "U0ROOT", service=str(id_of(chat)), until=closes_at))

    (word,) = room.stage.app.controls.read(room.stage.clock.now()).overrides
    assert (word.kind, word.until) == (OverrideKind.KEEP, room.stage.clock.now() + timedelta(hours=2))


def test_the_keep_button_of_a_closing_that_is_over_starts_nothing(room: Room) -> None:
    chat, question = room.ask()
    room.press(Task.APPROVE, question)
    assert chat.desired == 0

    room.worker.do(room.job(Task.KEEP_SERVICE, "U0ROOT", service=str(id_of(chat)), until=room.stage.clock.now()))

    assert (chat.desired, room.stage.app.controls.read(room.stage.clock.now()).overrides) == (0, ())
    assert room.slack.said[-1].startswith("That closing was Wed 18 Nov")


# --- what goes wrong


def test_a_job_that_is_delivered_twice_is_done_once(room: Room) -> None:
    chat, question = room.ask()
    job = room.press(Task.APPROVE, question)

    room.worker.do(job)

    assert (chat.desired, room.slack.lines) == (0, [])


def test_slack_failing_afterwards_loses_nothing(room: Room) -> None:
    chat, question = room.ask()
    room.press(Task.DETAILS, question)  # now Slack has said who it is
    room.slack.fails = NotDelivered("Slack did not answer response_url: TimeoutError.")

    room.press(Task.APPROVE, question)
    room.press(Task.APPROVE, question)

    assert chat.desired == 0


def test_slack_not_saying_who_it_is_sends_the_job_back_to_the_queue(room: Room) -> None:
    chat, question = room.ask()
    room.slack.fails = NotDelivered("Slack wants us to wait before users.info.", retry_after_seconds=30)
    job = room.job(Task.APPROVE, "U0ADA", question=question.id, version=1)

    with pytest.raises(NotDelivered):
        room.worker.do(job)
    room.slack.fails = None
    room.worker.do(job)

    assert chat.desired == 0


def test_our_record_not_answering_sends_the_job_back_to_the_queue(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    chat, question = room.ask()
    job = room.job(Task.APPROVE, "U0ADA", question=question.id, version=1)
    with monkeypatch.context() as down:
        down.setattr(room.stage.app.approvals, "answer", _raises(RecordUnavailable("DynamoDB did not answer")))
        with pytest.raises(RecordUnavailable):
            room.worker.do(job)

    room.worker.do(job)

    assert chat.desired == 0


def test_aws_not_answering_a_question_is_said_and_not_asked_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.ask()
    monkeypatch.setattr(room.stage.app.controller, "survey", _raises(AwsUnreachable("ECS did not answer")))

    assert "could not be done just now: ECS did not answer" in room.type("status")


def _raises(error: Exception) -> Any:
    def call(*args: object, **more: object) -> None:
        raise error

    return call


@contextmanager
def _dying_before(room: Room, write: int) -> Iterator[list[str]]:
    """Inside, the process dies instead of this write, and does nothing any more."""
    written: list[str] = []

    def before(operation: str) -> None:
        if operation.rpartition(".")[2] in ("PutItem", "UpdateItem", "DeleteItem", "UpdateService"):
            if len(written) >= write:
                raise Killed
            written.append(operation)

    room.stage.before_call = before
    try:
        yield written
    except Killed:
        pass
    finally:
        room.stage.before_call = None


@pytest.mark.slow
def test_killed_before_any_of_its_writes_the_job_comes_again_or_the_sweep_goes_on(tmp_path: Path) -> None:
    for write in range(40):
        (tmp_path / str(write)).mkdir()
        with staged(tmp_path / str(write), POLICY, at="2026-11-18T12:00+09:00") as stage:
            room = room_on(stage)
            chat, question = room.ask()
            job = room.job(Task.APPROVE, "U0ADA", question=question.id, version=1)
            with _dying_before(room, write) as written:
                room.worker.do(job)
            again = room.worker_of(stage.another(), RememberingSlack(room.slack.people))
            stage.set(stage.clock.now() + timedelta(minutes=2))
            again.do(job)
            for _ in range(3):
                stage.set(stage.clock.now() + timedelta(minutes=6))
                stage.sweep()
            told = stage.history(chat)
            acts = {one.action_id for one in told if one.outcome == "begun"}  # a line of one act may be told twice
            assert chat.desired == 0, write
            assert ([one.outcome for one in told].count("approve"), len(acts)) == (1, 1), (write, told)
            if len(written) < write:
                return
    raise AssertionError("it writes more often than that")
