"""What people are to hear reaches them once, in order, and late rather than never, whatever Slack does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest
from chalicelib.notify import rounds
from chalicelib.notify.rounds import MOST_TRIES
from chalicelib.record.approval import State
from chalicelib.record.table import Table
from support.moto_record import moto_client, new_table, race
from support.post_room import CHAT, PostRoom, answers, post_room
from support.questions import given, question
from support.toy_cloud import Killed, Mortality, MortalTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    with moto_client() as client:
        yield client


@pytest.fixture
def room(dynamodb: DynamoDBClient) -> Iterator[PostRoom]:
    with post_room(new_table(dynamodb)) as made:
        yield made


STOPPED = "gpu-dev/chat: closed until tomorrow"
SHOWN = "⏹️ Stopped: gpu-dev/chat: closed until tomorrow"


def test_a_notice_is_shown_once_however_often_it_is_told_and_delivered(room: PostRoom) -> None:
    room.tell("stopped", STOPPED)
    room.tell("stopped", STOPPED)
    room.deliver()
    room.later(minutes=5)
    room.tell("stopped", STOPPED)
    room.deliver()

    assert room.shown() == [SHOWN]
    assert room.rows.waiting().letters == ()


def test_the_same_happening_again_on_another_day_is_told_again(room: PostRoom) -> None:
    room.tell("stopped", STOPPED)
    room.deliver()
    room.later(days=1)
    room.tell("stopped", STOPPED)
    room.deliver()

    assert room.shown() == [SHOWN, SHOWN]


def test_an_orphan_that_is_found_every_hour_is_told_once_a_day(room: PostRoom) -> None:
    for _ in range(25):
        room.tell("orphan", "The rule 7 was made for inst-1; delete it by hand.")
        room.deliver()
        room.later(hours=1)

    assert len(room.shown()) == 2


def test_notices_about_one_service_share_a_thread_and_the_channel_sees_those_that_need_somebody(room: PostRoom) -> None:
    for kind, text in (("stopped", "it closed"), ("starting", "it opens"), ("start-failed", "no capacity")):
        room.tell(kind, f"gpu-dev/chat: {text}")
        room.deliver()
        room.later(minutes=1)

    first, second, third = room.messages
    assert (second.thread, third.thread) == (first.ts, first.ts)
    assert [one.broadcast for one in (second, third)] == [False, True]


def test_a_thread_that_is_gone_is_no_reason_to_say_nothing(room: PostRoom) -> None:
    room.tell("stopped", STOPPED)
    room.deliver()
    room.messages.clear()
    room.tell("starting", "gpu-dev/chat: opens")
    room.deliver()

    assert room.shown(in_channel=True) == ["▶️ Starting: gpu-dev/chat: opens"]


def test_many_notices_at_once_are_few_messages(room: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "DIGEST_HOLDS", 5)
    for number in range(6):
        room.tell("stopped", f"service {number} closed", None)
    room.tell("start-failed", "gpu-dev/chat: no capacity")
    told = room.deliver()

    assert told.sent == 7
    assert {text.split(":")[0] for text in room.shown()} == {"5 notices", "2 notices"}
    blocks = [block for one in room.messages for block in one.blocks if block["type"] == "section"]
    assert len(blocks) == 7


def test_what_slack_refuses_for_now_waits_as_long_as_it_says_and_is_sent_in_order(room: PostRoom) -> None:
    room.slack.fault = answers(429, '{"ok":false,"error":"ratelimited"}', Retry_After="90")
    for number in range(3):
        room.tell("policy-changed", f"change {number}", None)
        room.later(seconds=1)
    first = room.deliver()
    room.slack.fault = None
    room.later(seconds=60)
    early = room.deliver()
    room.later(seconds=31)
    room.deliver()

    assert (first.retried, first.held, len(room.slack.calls)) == (1, 2, 4)
    assert early.sent == 0
    assert [text.rpartition(" ")[2] for text in room.shown()] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "fault",
    [
        answers(429, "slow down"),
        answers(429, "", Retry_After="soon"),
        answers(500, "<html>oops</html>"),
        answers(503, '{"ok":false,"error":"service_unavailable"}'),
        answers(200, "garbage"),
        answers(200, '["ok"]'),
        answers(200, '{"ok":true}'),
        answers(200, '{"ok":false,"error":"internal_error"}'),
        answers(200, '{"ok":false,"error":"invalid_auth"}'),
    ],
    ids=["429", "429-garbage", "500", "503", "no-json", "no-object", "no-ts", "internal", "token"],
)
def test_whatever_slack_answers_nothing_is_lost(room: PostRoom, fault: object) -> None:
    room.slack.fault = fault  # type: ignore[assignment]
    room.tell("stopped", STOPPED)
    assert room.deliver().retried == 1
    room.slack.fault = None
    room.later(minutes=2)

    assert room.deliver().sent == 1
    assert room.shown() == [SHOWN]


def test_a_slack_that_does_not_answer_takes_one_timeout_of_a_run_and_not_one_of_each_channel(room: PostRoom) -> None:
    def silence(request: BaseHTTPRequestHandler, method: str) -> bool:
        time.sleep(1.5)
        request.close_connection = True
        return True

    room.slack.fault = silence
    room.timeout_seconds = 1
    for channel in ("#a", "#b", "#c"):
        room.herald.tell(question(id=f"apr-{channel}", channel=channel))
    began = time.monotonic()
    told = room.deliver()

    assert time.monotonic() - began < 2.5
    assert (told.retried, told.held, told.sent) == (1, 2, 0)
    room.slack.fault = None
    room.later(minutes=2)
    assert room.deliver().sent == 3


def test_a_slack_that_stays_down_is_given_up_after_some_hours_and_counted(room: PostRoom) -> None:
    room.slack.fault = answers(500)
    room.tell("stopped", STOPPED)
    dead = 0
    for _ in range(48):
        dead += room.deliver().dead
        room.later(minutes=10)

    assert dead == 1
    (letter,) = room.rows.dead()
    assert (letter.tries, letter.trouble) == (MOST_TRIES - 1, "Slack did not do chat.postMessage: HTTP 500.")
    assert room.rows.waiting().letters == ()


def test_a_channel_that_does_not_exist_holds_nobody_else_up(room: PostRoom) -> None:
    room.herald.tell(question(id="apr-1", channel="no channel"))
    room.tell("stopped", STOPPED)
    told = room.deliver()

    assert (told.dead, told.retried, told.sent) == (0, 1, 1)


def test_a_question_is_shown_once_the_app_is_in_its_channel(room: PostRoom) -> None:
    room.slack.fault = answers(200, '{"ok": false, "error": "not_in_channel"}')
    room.herald.tell(question(answer_by=room.clock.now() + timedelta(hours=2)))
    room.deliver()
    room.slack.fault = None
    room.later(minutes=1)

    room.deliver()

    (asked,) = (one for one in room.messages if one.text.startswith("Stop gpu-dev/chat?"))
    assert any(block["type"] == "actions" for block in asked.blocks)


def test_a_question_that_nobody_can_be_shown_is_told_with_what_silence_means(room: PostRoom) -> None:
    room.herald.tell(question(channel="no channel", no_answer="do-it"))
    room.deliver()
    room.deliver()

    (message,) = room.messages
    assert "Policy with a problem: gpu-dev/chat" in message.text
    assert "nobody could be asked in no channel whether to stop it because it is idle" in message.text
    assert "channel_not_found" in message.text
    assert "without an answer by Wed 18 Nov 12:30 JST: stop it because it is idle" in message.text


def test_what_is_given_up_is_named_with_its_reason(room: PostRoom) -> None:
    room.slack.fault = answers(200, '{"ok": false, "error": "msg_too_long"}')
    room.herald.tell(question())

    assert room.deliver().given_up == ["slack:#vision: Slack refused chat.postMessage: msg_too_long."]


def test_an_outcome_that_nobody_can_be_shown_is_no_question_any_more(room: PostRoom) -> None:
    room.herald.tell(question(channel="no channel").became(State.DENIED, given=given()))
    room.deliver()
    room.deliver()

    assert room.messages == []


def test_a_warning_that_comes_too_late_is_not_given(room: PostRoom) -> None:
    closes = room.clock.now() + timedelta(minutes=15)
    room.slack.fault = answers(500)
    room.tell("closing-soon", "gpu-dev/chat: closes at 20:00", useless_after=closes)
    room.tell("stopped", STOPPED)
    room.deliver()
    room.slack.fault = None
    room.later(minutes=20)
    room.deliver()

    assert room.shown() == [SHOWN]


def test_a_question_is_one_message_that_changes(room: PostRoom) -> None:
    asked = question()
    room.herald.tell(asked)
    room.herald.tell(asked)
    room.deliver()
    (message,) = room.messages
    assert any(block["type"] == "actions" for block in message.blocks)
    room.herald.tell(asked)
    assert room.rows.waiting().letters == (), "shown already"

    done = asked.became(State.DONE, given=given(), outcome="stopped")
    room.herald.tell(done)
    room.deliver()

    assert room.messages == [message]
    assert message.edited
    assert not any(block["type"] == "actions" for block in message.blocks)


def test_an_answer_that_comes_while_the_question_is_being_shown_is_shown_too(room: PostRoom) -> None:
    asked = question()
    room.herald.tell(asked)

    def answered(request: BaseHTTPRequestHandler, method: str) -> bool:
        room.slack.fault = None
        room.herald.tell(asked.became(State.DENIED, given=given()))
        return False

    room.slack.fault = answered
    room.deliver()
    room.deliver()

    (message,) = room.messages
    assert message.edited


def test_an_escalated_question_loses_its_buttons_where_it_was_asked_first(room: PostRoom) -> None:
    asked = question(channel="#vision")
    room.herald.tell(asked)
    room.deliver()
    moved = asked.became(State.PENDING, channel="#leads", escalated=True)
    room.herald.tell(moved)
    room.deliver()

    first, second = room.messages
    assert not any(block["type"] == "actions" for block in first.blocks)
    assert any(block["type"] == "actions" for block in second.blocks)
    room.herald.tell(moved.became(State.DONE, given=given(), outcome="stopped"))
    room.deliver()
    assert len(room.messages) == 2
    assert first.text == second.text


def test_a_message_that_somebody_deleted_is_posted_anew(room: PostRoom) -> None:
    asked = question()
    room.herald.tell(asked)
    room.deliver()
    room.messages.clear()
    room.herald.tell(asked.became(State.DENIED, given=given()))
    room.deliver()

    assert len(room.messages) == 1


def test_notices_go_under_the_question_about_their_service(room: PostRoom) -> None:
    asked = question(service=CHAT, channel="#ml")
    room.herald.tell(asked)
    room.deliver()
    room.tell("stopped", STOPPED)
    room.deliver()

    message, notice = room.messages
    assert notice.thread == message.ts


def test_of_many_that_deliver_at_once_one_sends_each_letter(room: PostRoom) -> None:
    for number in range(4):
        room.tell("policy-changed", f"change {number}", None)
    race(6, lambda _: room.deliver())

    assert len(room.messages) == 4


@pytest.mark.parametrize("about", ["notice", "question"])
def test_a_process_that_dies_after_any_write_loses_nothing_and_repeats_at_most_what_it_was_sending(
    room: PostRoom, about: str
) -> None:
    writes = 0
    while True:
        writes += 1
        room.messages.clear()
        if about == "notice":
            room.tell("policy-changed", f"change {writes}", None)
        else:
            room.herald.tell(question(id=f"apr-{writes}", channel=f"#c{writes}"))
        mortality = Mortality(writes)
        dying: Table = MortalTable(room.table, mortality)
        try:
            room.post(dying).deliver(60)
            survived = True
        except Killed:
            survived = False
        room.later(minutes=2)
        room.deliver()
        assert len(room.messages) in (1, 2)
        assert len({one.text for one in room.messages}) == 1
        assert room.rows.waiting().letters == ()
        if survived:
            break
    assert writes > 3


def test_what_no_version_of_ours_can_read_is_put_aside(room: PostRoom) -> None:
    room.tell("stopped", STOPPED)
    (letter,) = room.rows.waiting().letters
    room.table.client.update_item(
        TableName=room.table.name,
        Key={"pk": {"S": "OUTBOX"}, "sk": {"S": f"TO#{letter.id}"}},
        UpdateExpression="SET body = :body",
        ExpressionAttributeValues={":body": {"S": '{"kind": "of-tomorrow"}'}},
    )
    room.tell("started", "gpu-dev/chat: is ready")
    told = room.deliver()

    assert (told.dead, told.sent) == (1, 1)


def test_a_run_that_has_no_time_left_sends_nothing_and_loses_nothing(room: PostRoom) -> None:
    room.tell("stopped", STOPPED)
    assert room.deliver(seconds=0).held == 1
    assert room.deliver().sent == 1


def test_who_does_not_know_all_receivers_sends_what_is_addressed_and_leaves_the_rest(room: PostRoom) -> None:
    room.tell("stopped", STOPPED)
    room.herald.tell(question())
    room.post(routes=False).deliver(60)

    assert len(room.messages) == 1
    assert room.deliver().sent == 1
    assert len(room.messages) == 2
