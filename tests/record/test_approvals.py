"""Rows of questions to people: read back whole, one open question a service, each step taken by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import Override, OverrideKind, ServiceId
from chalicelib.errors import ConditionFailed
from chalicelib.record.approval import Answer, AnswerKind, Given, Question, Stakes, State, new_id
from chalicelib.record.approvals import ApprovalRows, standing
from chalicelib.record.controls import Controls
from chalicelib.record.table import Table
from support.moto_record import race, serialised

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "ollama-chat")


def question(service: ServiceId = CHAT) -> Question:
    return Question(
        id=new_id(),
        service=service,
        action=ApprovalAction.IDLE_STOP,
        policy="vision",
        policy_version="v1",
        asked_at=NOW,
        reason="idle: not used for 45 min",
        evidence=(Evidence("requests", "0", "requests", NOW - timedelta(hours=1), NOW),),
        steps=("set desired count 2 -> 0",),
        plan="{}",
        stakes=Stakes(
            Decimal("3.00"), "a list", Decimal("24.00"), NOW + timedelta(hours=8), 2, "ada", 240, ("ben",), NOW
        ),
        approvers=("group:leads", "user:ada@example.com"),
        no_answer="escalate",
        escalate_to="#leads",
        zone="Asia/Tokyo",
        requester="ben",
        requester_sub="sub-ben",
        keep_until=NOW + timedelta(hours=2),
        instance="inst-1",
        channel="#vision",
        answer_by=NOW + timedelta(minutes=30),
    )


def approved(one: Question, by: str = "ada") -> Question:
    said = Given(Answer(AnswerKind.APPROVE, NOW + timedelta(hours=1), "why not"), by, NOW, "User", f"sub-{by}")
    return one.became(State.APPROVED, given=said)


def test_a_question_is_read_back_as_it_was_at_every_step(table: Table) -> None:
    rows, asked = ApprovalRows(table), question()
    assert rows.open(asked, None).ours
    assert rows.of_service(CHAT) == asked

    taken = rows.step(asked, approved(asked))
    assert rows.all() == (taken,)
    carried = rows.step(taken, taken.became(State.EXECUTING, carrying_until=NOW))
    closed = rows.step(carried, carried.became(State.DONE, closed_at=NOW, outcome="stopped", rest_until=NOW))
    assert Controls(table).read(NOW).questions == (closed,)
    again = rows.open(question(), closed)
    assert [(one.id, one.state, one.by) for one in again.question.earlier] == [(asked.id, State.DONE, "ada")]
    assert rows.of_service(CHAT) == again.question


def test_people_s_words_and_the_freeze_are_read_beside_questions_with_one_query(table: Table) -> None:
    controls = Controls(table)
    word = Override("o-1", CHAT, OverrideKind.KEEP, NOW + timedelta(hours=1), "ada", "", NOW)
    controls.add_override(word)
    controls.freeze_all("ada", "incident", NOW)
    ApprovalRows(table).open(question(), None)

    said = controls.read(NOW)

    assert (said.overrides, said.switches.frozen_by) == ((word,), "ada")
    assert said.question(CHAT) is not None
    assert said.question(ServiceId("gpu-dev", "other")) is None


def test_a_second_question_about_a_service_finds_the_first(table: Table) -> None:
    rows, first = ApprovalRows(table), question()
    rows.open(first, None)
    second = rows.open(question(), None)
    assert (second.ours, second.question) == (False, first)

    closed = rows.step(first, first.became(State.WITHDRAWN, closed_at=NOW))
    third = rows.open(question(), closed)
    assert third.ours
    late = rows.open(question(), closed)
    assert (late.ours, late.question.id) == (False, third.question.id)


def test_of_twenty_that_answer_at_once_one_writes_and_others_see_who(dynamodb: DynamoDBClient, table: Table) -> None:
    rows, asked = ApprovalRows(Table(serialised(dynamodb), table.name)), question()
    rows.open(asked, None)

    results = race(20, lambda number: rows.step(asked, approved(asked, f"p{number}")))

    (winner,) = [one for one in results if isinstance(one, Question)]
    lost = [one for one in results if isinstance(one, ConditionFailed)]
    assert len(lost) == 19
    assert {one.condition for one in lost} == {"still-asked"}
    assert all(standing(one) == winner for one in lost)


def test_a_step_from_a_version_that_is_over_is_lost(table: Table) -> None:
    rows, asked = ApprovalRows(table), question()
    rows.open(asked, None)
    taken = rows.step(asked, approved(asked))
    rows.step(taken, taken.became(State.EXECUTING))

    with pytest.raises(ConditionFailed) as lost:
        rows.step(taken, taken.became(State.EXECUTING))
    assert lost.value.condition == "same-step"


def test_what_was_told_is_noted_only_for_the_version_that_stands(table: Table) -> None:
    rows, asked = ApprovalRows(table), question()
    rows.open(asked, None)
    assert rows.told(asked).told_version == 1
    rows.step(asked, approved(asked))
    assert rows.told(asked) == asked


def test_a_closed_question_is_forgotten_and_one_that_took_its_place_stays(table: Table) -> None:
    rows, asked = ApprovalRows(table), question()
    rows.open(asked, None)
    closed = rows.step(asked, asked.became(State.WITHDRAWN, closed_at=NOW))
    new = rows.open(question(), closed).question
    rows.forget(closed)
    assert rows.all() == (new,)
    rows.forget(new)
    assert rows.all() == ()


def test_a_closed_row_expires_a_day_after_its_rest(table: Table) -> None:
    rows, asked = ApprovalRows(table), question()
    rows.open(asked, None)
    rows.step(asked, asked.became(State.EXPIRED, closed_at=NOW, rest_until=NOW + timedelta(hours=4)))
    row = table.get("CONTROL", f"APPROVAL#{CHAT}")
    assert row is not None
    assert row["expires_at_epoch"] == int((NOW + timedelta(hours=28)).timestamp())


@pytest.mark.parametrize(
    ("state", "no_answer", "closed", "granted"),
    [
        (State.PENDING, "do-it", False, False),
        (State.APPROVED, "stay-as-is", False, True),
        (State.EXECUTING, "stay-as-is", False, True),
        (State.EXPIRED, "do-it", False, True),
        (State.EXPIRED, "stay-as-is", False, False),
        (State.APPROVED, "do-it", True, False),
    ],
)
def test_what_is_still_to_be_carried_out(state: State, no_answer: str, closed: bool, granted: bool) -> None:
    one = replace(question(), state=state, no_answer=no_answer, closed_at=NOW if closed else None)  # type: ignore[arg-type]
    assert one.is_granted is granted
