"""Who may carry out a yes, in whose name, and what becomes of the question: without AWS and without a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from chalicelib.decide.decision import Wanted
from chalicelib.errors import (
    ConditionFailed,
    RecordUnavailable,
)
from chalicelib.execute.gate import Gate
from chalicelib.execute.guards import Again
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind
from support.acting import DEV, decision
from support.planned import BEGIN, MOVE, STOP, UP
from support.questions import given, question


class Asked:
    """Remembers what became of the question."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.told: list[tuple[str, object, object]] = []
        self._fails = fails

    def claim(self, question: Any) -> Any:
        if self._fails:
            raise self._fails
        return replace(question, version=question.version + 1)

    def give_back(self, question: Any) -> None:
        self.told.append(("given back", question.version, None))

    def end_run(self, question: Any, *, done: bool, why: str) -> None:
        self.told.append((why, question.version, done))


class Executing:
    def __init__(self, status: OutcomeStatus, action_id: str = "a-1") -> None:
        self.ran: list[tuple[Plan, str, object]] = []
        self._outcome = Outcome(DEV, PlanKind.STOP, status, "it went so", action_id)

    def run(self, plan: Plan, who: str, *, look_again: object) -> Outcome:
        self.ran.append((plan, who, look_again))
        return self._outcome


ASK = replace(question(), given=given())


def through(executing: Executing, asked: Asked, plan_: Plan = STOP, about: object = ASK) -> Outcome | None:
    def look() -> Again:
        return Again(UP, decision(Wanted.STOPPED))

    found = Gate(executing, asked).run(plan_, about, look)  # type: ignore[arg-type]
    if executing.ran:
        assert executing.ran == [(plan_, "ada@example.com" if about else "controller", look)]
    return found


@pytest.mark.parametrize(
    ("plan_", "word"),
    [
        (STOP, "stopped"),
        (BEGIN, "started"),
        (MOVE, "moved"),
        (replace(STOP, kind=PlanKind.MEND), "mended"),
    ],
)
def test_a_yes_is_carried_out_in_the_name_of_who_gave_it_and_ended_with_what_came_of_it(plan_: Plan, word: str) -> None:
    asked, executing = Asked(), Executing(OutcomeStatus.DONE)

    outcome = through(executing, asked, plan_)

    assert outcome is not None
    assert outcome.reason == "it went so"
    assert asked.told == [(f"{word} (it went so)", ASK.version + 1, True)]


@pytest.mark.parametrize(
    ("status", "action_id", "plan_", "told"),
    [
        (OutcomeStatus.FAILED, "a-1", STOP, ("it went so", ASK.version + 1, False)),
        (OutcomeStatus.FAILED, "", STOP, ("it went so", ASK.version + 1, False)),
        (OutcomeStatus.REFUSED, "a-1", STOP, ("it went so", ASK.version + 1, False)),
        (OutcomeStatus.REFUSED, "", STOP, ("given back", ASK.version + 1, None)),
        (OutcomeStatus.REFUSED, "", replace(STOP, refusal="cannot"), ("it went so", ASK.version + 1, False)),
    ],
)
def test_a_run_that_could_not_begin_gives_the_yes_back_and_one_that_failed_ends_it(
    status: OutcomeStatus, action_id: str, plan_: Plan, told: object
) -> None:
    asked = Asked()

    assert through(Executing(status, action_id), asked, plan_) is not None
    assert asked.told == [told]


@pytest.mark.parametrize("lost", [ConditionFailed("claim", "lost"), RecordUnavailable("away")])
def test_who_does_not_get_the_claim_does_nothing(lost: Exception) -> None:
    asked, executing = Asked(lost), Executing(OutcomeStatus.DONE)

    assert through(executing, asked) is None
    assert (executing.ran, asked.told) == ([], [])


def test_without_a_question_the_controller_acts_in_its_own_name() -> None:
    asked, executing = Asked(), Executing(OutcomeStatus.DONE)

    assert through(executing, asked, about=None) is not None
    assert asked.told == []
