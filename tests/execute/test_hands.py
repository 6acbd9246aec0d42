"""What the hands do up to the end of the lock, and what a move that AWS refuses leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from chalicelib.decide.capacity import Market, Setback, SetbackKind
from chalicelib.decide.decision import Placing, Wanted
from chalicelib.decide.facts import (
    SavedSize,
)
from chalicelib.errors import (
    ConditionFailed,
    Locked,
    RecordUnavailable,
)
from chalicelib.execute.doing import A_CALL, Doer, Run
from chalicelib.execute.moves import goes_to_spot, remember_refused
from chalicelib.execute.plan import Plan, plan
from chalicelib.execute.steps import MarkDraining, NoteSetback, SaveSize, SetDesiredCount, SuspendScaling, TakeBack
from support.acting import ALL_OFF, DEV, PEOPLES, decision
from support.planned import MOVE, NEVER, NOW, OTHER, STOP, UP, lease


class Rows:
    """The state row's writes, in order; ``fails`` is what the next one raises."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.written: list[tuple[object, ...]] = []
        self._fails = fails

    def _note(self, *what: object) -> None:
        if self._fails:
            raise self._fails
        self.written.append(what)

    def note_setback(self, service: object, setback: object) -> None:
        self._note("setback", service, setback)

    def start_not_begun(self, lease: object, reason: str, now: datetime) -> None:
        self._note("not begun", reason, now)

    def mark_draining(self, lease: object, now: datetime) -> None:
        self._note("draining", now)

    def save_size(self, lease: object, size: object) -> None:
        self._note("size", size)

    def undrain(self, lease: object, *, forget_size: bool) -> None:
        self._note("undrained", forget_size)


class Standing:
    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def run_of(plan_: Plan, **more: Any) -> Run:
    return Run(plan_, plan_.decision, "controller", lease(**more), "a-1")


def test_a_move_that_aws_refuses_is_remembered_so_that_it_is_not_asked_for_at_every_look() -> None:
    to_od = replace(decision(Wanted.LEAVE), placing=Placing(Market.ON_DEMAND, "because", to=OTHER))
    back = plan(to_od, UP, NEVER, NOW, policy_version="v1")
    assert back is not None
    spot, other, stop = Rows(), Rows(), Rows()

    assert remember_refused(spot, run_of(MOVE), "no", Standing()) == ""  # type: ignore[arg-type]
    assert remember_refused(other, run_of(back), "no", Standing()) == ""  # type: ignore[arg-type]
    assert remember_refused(stop, run_of(STOP), "no", Standing()) == ""  # type: ignore[arg-type]

    assert spot.written == [
        ("setback", DEV, Setback(NOW, SetbackKind.FAILED, "a-1")),
        ("not begun", "no", NOW),
    ]
    assert other.written == [("not begun", "no", NOW)]
    assert stop.written == []
    assert (goes_to_spot(run_of(MOVE)), goes_to_spot(run_of(back)), goes_to_spot(run_of(STOP))) == (True, False, False)


@pytest.mark.parametrize("lost", [ConditionFailed("lock", "lost"), RecordUnavailable("away")])
def test_what_could_not_be_remembered_is_said(lost: Exception) -> None:
    said = remember_refused(Rows(lost), run_of(MOVE), "no", Standing())  # type: ignore[arg-type]

    assert said == f" And it could not be recorded: {lost}"


class Aws:
    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        def call(**arguments: Any) -> dict[str, Any]:
            self.calls.append((name, arguments))
            return {}

        return call


def hands(aws: Aws, rows: Rows, now: datetime = NOW) -> Doer:
    return Doer(aws, aws, rows, Standing(now), lambda run, facts: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("left", "may"), [(A_CALL, False), (A_CALL + timedelta(seconds=1), True)])
def test_nothing_is_sent_to_aws_that_could_arrive_after_the_locks_end(left: timedelta, may: bool) -> None:
    aws, rows = Aws(), Rows()
    run = run_of(STOP, until=NOW + left)

    if may:
        assert hands(aws, rows).do(SetDesiredCount(0, was=3), run, UP).desired_count == 0
        assert [name for name, _ in aws.calls] == ["update_service"]
    else:
        with pytest.raises(Locked) as refused:
            hands(aws, rows).do(SetDesiredCount(0, was=3), run, UP)
        assert str(refused.value) == (
            f"{DEV}: this run took so long that its lock ended (at Fri 20 Nov 20:31 UTC); "
            "somebody else may act on it by now, so nothing more is done."
        )
        assert aws.calls == []


def test_our_own_record_may_be_written_until_the_lock_itself_says_no() -> None:
    aws, rows = Aws(), Rows()
    doer, run = hands(aws, rows), run_of(STOP, until=NOW)

    assert doer.do(MarkDraining(), run, UP) == UP
    assert doer.do(SaveSize(3, PEOPLES), run, UP) == UP
    assert doer.do(NoteSetback(Setback(NOW, SetbackKind.LOST)), run, UP) == UP
    assert doer.do(TakeBack(forget_size=True), run, UP) == UP

    assert rows.written == [
        ("draining", NOW),
        ("size", SavedSize(3, PEOPLES, NOW)),
        ("setback", DEV, Setback(NOW, SetbackKind.LOST)),
        ("undrained", True),
    ]
    assert aws.calls == []


def test_a_count_that_stands_already_is_not_sent_again_and_every_step_tells_the_world_after_it() -> None:
    aws, rows = Aws(), Rows()
    doer, run = hands(aws, rows), run_of(STOP, until=NOW + timedelta(hours=1))

    assert doer.do(SetDesiredCount(3, was=3), run, UP) == UP
    assert aws.calls == []
    assert doer.do(SuspendScaling(PEOPLES), run, UP).scaling == ALL_OFF
    assert [name for name, _ in aws.calls] == ["register_scalable_target"]
