"""What the lock of another run says: which action it had begun, under which id, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from chalicelib.decide.decision import Wanted
from chalicelib.decide.facts import (
    ActionKind,
    Pending,
    SavedSize,
    ServiceMemory,
)
from chalicelib.errors import (
    Locked,
)
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind
from chalicelib.execute.resuming import acting_now, asks_for_tasks, claim, interrupted_start, went_down
from support.acting import DEV, PEOPLES, START
from support.planned import BEGIN, DOWN, MOVE, NEVER, NOW, STOP, UP, lease, made


@pytest.mark.parametrize(
    ("plan_", "holder", "word", "resumes", "settles"),
    [
        (STOP, None, "stop", None, None),
        (STOP, "", "stop", None, None),
        (STOP, "stop", "stop", None, None),
        (STOP, "stop:a-1", "stop", "a-1", None),
        (STOP, "start:a-1", "stop", None, None),
        (BEGIN, "start:a:1", "start", "a:1", None),
        (MOVE, "move:a-1", "move", "a-1", None),
    ],
)
def test_a_run_goes_on_with_what_a_dead_one_of_its_kind_began(
    plan_: Plan, holder: str | None, word: str, resumes: str | None, settles: object
) -> None:
    found = claim(plan_, holder)

    assert (found.word, found.resumes, found.settles) == (word, resumes, settles)
    assert found.owner("b-2") == f"{word}:b-2"


def test_a_start_that_is_found_done_is_written_down_under_its_own_id() -> None:
    settling = made(Wanted.LEAVE, memory=ServiceMemory(saved_size=SavedSize(3, PEOPLES, START)))

    found = claim(settling, "start:a-1")

    assert [step.step for step in settling.steps] == ["settle-running"]
    assert (found.word, found.resumes, found.settles) == ("start", "a-1", ActionKind.START)
    assert claim(settling, "stop:a-1").settles is None
    assert claim(settling, None).word == "mend"


@pytest.mark.parametrize(
    ("holder", "doing"),
    [
        ("start:a-1", "is starting it"),
        ("stop:a-1", "is stopping it"),
        ("move:a-1", "is moving it"),
        ("mend:a-1", "is acting on it"),
        ("", "is acting on it"),
    ],
)
def test_who_finds_the_lock_taken_says_what_the_other_does_and_for_how_long(holder: str, doing: str) -> None:
    for until, longest in ((NOW + timedelta(minutes=4), ", for 4 min at the longest"), (None, "")):
        held = Locked("taken", holder=holder, until=until)
        found = acting_now(STOP, held, NOW)
        said = f"{DEV}: another run {doing} right now{longest}"
        assert found == Outcome(DEV, PlanKind.STOP, OutcomeStatus.REFUSED, said, news=False, overtaken=True)


def test_what_a_dead_run_left_is_told_by_its_lock_and_by_the_service() -> None:
    assert interrupted_start(lease(interrupted="start:a-1"))
    assert not interrupted_start(lease(interrupted="stop:a-1"))
    assert not interrupted_start(lease())
    pending = replace(NEVER, pending=Pending(ActionKind.START, START, NOW, "a-1"))
    assert not interrupted_start(lease(interrupted="start:a-1", memory=pending))
    assert went_down(STOP, DOWN)
    assert not went_down(STOP, UP)
    assert not went_down(STOP, None)
    assert not went_down(BEGIN, DOWN)
    assert (asks_for_tasks(BEGIN), asks_for_tasks(MOVE)) == (3, 0)
