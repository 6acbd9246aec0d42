"""What a question looks like in Slack, asked and answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import ServiceId
from chalicelib.notify.slack.blocks import as_typed_here
from chalicelib.notify.slack.client import Message
from chalicelib.notify.slack.messages import details_message, keep_button, moved_message, question_message
from chalicelib.notify.slack.modals import exclude_view, keep_view
from chalicelib.record.approval import AnswerKind, Question, State
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from support.golden import assert_golden
from support.questions import NOON, given, question

GOLDEN = Path(__file__).parent / "golden"


def as_json(message: Message) -> Any:
    return {"text": message.text, "blocks": [dict(block) for block in message.blocks]}


def texts(message: Message) -> str:
    return json.dumps(as_json(message), ensure_ascii=False)


def buttons(message: Message) -> dict[str, Mapping[str, Any]]:
    return {
        one["action_id"]: one for block in message.blocks for one in block.get("elements", ()) if "action_id" in one
    }


def answered(state: State, kind: AnswerKind = AnswerKind.APPROVE, outcome: str = "", **more: Any) -> Question:
    closed = NOON + timedelta(minutes=8) if outcome else None
    return question(state=state, version=3, given=given(kind, **more), outcome=outcome, closed_at=closed)


MESSAGES = {
    "asked": lambda: question_message(question()),
    "asked-wish": lambda: question_message(
        question(
            action=ApprovalAction.START_WHEN_CLOSED,
            reason="ben@example.com keeps it running until 22:00",
            requester="ben@example.com",
            keep_until=NOON + timedelta(hours=10),
            no_answer="escalate",
            escalate_to="#leads",
        )
    ),
    "approved": lambda: question_message(answered(State.EXECUTING, reason="nobody needs it")),
    "done": lambda: question_message(answered(State.DONE, outcome="desired count 2 -> 0")),
    "failed": lambda: question_message(answered(State.FAILED, outcome="ECS did not answer")),
    "kept": lambda: question_message(
        answered(State.KEPT, AnswerKind.KEEP, until=NOON + timedelta(hours=5), reason="load test")
    ),
    "denied": lambda: question_message(answered(State.DENIED, AnswerKind.DENY)),
    "expired": lambda: question_message(
        question(state=State.EXPIRED, closed_at=NOON, outcome="Nobody answered by Wed 18 Nov 12:30 JST")
    ),
    "withdrawn": lambda: question_message(question(state=State.WITHDRAWN, closed_at=NOON, outcome="in use again")),
    "moved": lambda: moved_message(question(channel="#leads", escalated=True, version=2)),
    "details": lambda: details_message(question()),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_a_question_is_shown_as_ever_at_each_of_its_steps(name: str) -> None:
    assert_golden(GOLDEN / f"{name}.json", as_json(MESSAGES[name]()))


@pytest.mark.parametrize("name", MESSAGES)
def test_slacks_own_models_take_every_block(name: str) -> None:
    for block in MESSAGES[name]().blocks:
        parsed = Block.parse(dict(block))
        assert parsed is not None and parsed.to_dict() == block


@pytest.mark.parametrize("view", [keep_view("apr-1:2", NOON), exclude_view("apr-1:2", NOON)])
def test_slacks_own_models_take_the_dialogs(view: Mapping[str, Any]) -> None:
    parsed = View(**view).to_dict()

    assert parsed["private_metadata"] == "apr-1:2"
    assert [block["block_id"] for block in parsed["blocks"]] == ["until", "reason"]


def test_the_time_proposed_is_a_quarter_of_an_hour_and_not_over() -> None:
    view = keep_view("", NOON + timedelta(minutes=1))

    proposed = view["blocks"][0]["element"]["initial_date_time"]
    assert proposed == (NOON + timedelta(hours=2, minutes=15)).timestamp()


def test_a_button_holds_an_id_and_a_version_and_nothing_else() -> None:
    asked = buttons(question_message(question(version=4)))

    assert list(asked) == ["approve", "deny", "snooze", "keep", "exclude", "details"]
    assert {one["value"] for one in asked.values()} == {"apr-0123456789abcdef:4"}
    assert [name for name, one in asked.items() if "confirm" in one] == ["approve"]


def test_commands_are_named_as_one_types_them_in_slack_where_they_exist_there() -> None:
    said = "waits (`lifecycle stop --now` does not wait); `lifecycle keep` keeps it, `lifecycle history` has it"

    assert as_typed_here(said) == (
        "waits (`/lifecycle stop SERVICE now` does not wait); `/lifecycle keep` keeps it, `lifecycle history` has it"
    )


def test_a_notification_says_once_that_it_is_idle() -> None:
    message = question_message(question(reason="idle: not used for 30 min until 11:58"))

    assert message.text == "Stop gpu-dev/chat? It is idle: not used for 30 min until 11:58"


def test_an_answered_question_has_no_buttons() -> None:
    assert not buttons(question_message(answered(State.DONE, outcome="done")))


def test_keeping_makes_sense_for_stops_alone() -> None:
    asked = buttons(question_message(question(action=ApprovalAction.REMOVE)))

    assert list(asked) == ["approve", "deny", "details"]


def test_nothing_is_said_to_be_done_before_it_is() -> None:
    shown = texts(question_message(answered(State.APPROVED)))

    assert "being carried out" in shown
    assert "white_check_mark" not in shown


def test_the_deadline_stands_in_the_readers_own_zone_with_what_silence_means() -> None:
    shown = texts(question_message(question(no_answer="do-it")))

    assert f"<!date^{int((NOON + timedelta(minutes=30)).timestamp())}^" in shown
    assert "Without an answer: stop it because it is idle." in shown


HOSTILE = "<!channel> & <https://evil.example|a *nice* link> <@U1>"


def test_what_comes_from_outside_mentions_nobody_and_hides_no_address() -> None:
    shown = [
        question_message(question(reason=HOSTILE, requester=HOSTILE, approvers=(f"group:{HOSTILE}",))),
        question_message(answered(State.KEPT, AnswerKind.KEEP, until=NOON, reason=HOSTILE, outcome=HOSTILE)),
        details_message(question(evidence=(Evidence(HOSTILE, HOSTILE),), steps=(HOSTILE,))),
    ]

    for message in shown:
        for text in _mrkdwn(as_json(message)):
            assert "<!channel" not in text
            assert "<https" not in text
            assert "<@" not in text


def _mrkdwn(shown: Any) -> Iterator[str]:
    """Every text that Slack reads marks in; headers and buttons are plain."""
    if isinstance(shown, list):
        for one in shown:
            yield from _mrkdwn(one)
    elif isinstance(shown, dict):
        if shown.get("type") == "mrkdwn" or "blocks" in shown:
            yield shown["text"]
        for value in shown.values():
            yield from _mrkdwn(value)


def test_texts_too_long_for_slack_are_cut_and_still_sent() -> None:
    long = "&" * 5000
    message = question_message(
        question(
            reason=long,
            service=ServiceId("c" * 200, "s" * 200),
            requester=long,
            steps=tuple(f"step {n} {long}" for n in range(40)),
            evidence=tuple(Evidence(f"signal-{n}", long) for n in range(40)),
        )
    )

    for text in _mrkdwn(as_json(message)["blocks"]):
        assert len(text) <= 3000
        assert not text.removesuffix("…").endswith(("&", "&a", "&am", "&amp"))
    assert "and 32 more" in texts(question_message(question(steps=tuple(f"step {n}" for n in range(40)))))


def test_the_keep_button_of_a_notice_names_its_service_and_the_closing() -> None:
    shown = keep_button(ServiceId("gpu-dev", "chat"), datetime.fromtimestamp(1_795_000_000, UTC)).to_dict()

    assert (shown["action_id"], shown["value"]) == ("keep_service", "gpu-dev/chat:1795000000")
