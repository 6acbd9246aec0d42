"""Whatever dies or fails between an act and its record, however often: one act at AWS, one action in the history."""

from __future__ import annotations

import pytest
from chalicelib.decide.decision import Wanted
from chalicelib.record.table import Table
from faults.cloud import WholeAws
from faults.injection import Fault
from support.acting import START, Stage

LOCK_ENDS = 11


@pytest.fixture
def aws() -> WholeAws:
    return WholeAws(START)


@pytest.fixture
def stage(aws: WholeAws) -> Stage:
    return Stage(Table(aws.client("dynamodb"), "t"))


def actions(stage: Stage) -> set[str]:
    return {one.action_id for one in stage.entries() if one.outcome in ("begun", "done")}


def go_on(stage: Stage, wanted: Wanted) -> None:
    for _ in range(5):
        stage.tasks_follow(5)
        if stage.memory.pending:
            stage.verify()
        stage.act(wanted)


@pytest.mark.parametrize("first", range(5, 8))
@pytest.mark.parametrize("second", range(1, 5))
def test_a_stop_killed_twice_on_its_way_to_the_record_is_one_action(stage: Stage, first: int, second: int) -> None:
    assert stage.die_after(first, Wanted.STOPPED)
    stage.tasks_follow(LOCK_ENDS)
    stage.die_after(second, Wanted.STOPPED)
    stage.later(LOCK_ENDS)

    go_on(stage, Wanted.STOPPED)

    assert (stage.service.desired, stage.memory.pending) == (0, None)
    assert len(actions(stage)) == 1


@pytest.mark.parametrize("first", range(2, 6))
@pytest.mark.parametrize("second", range(1, 5))
def test_a_start_killed_twice_on_its_way_to_the_record_is_one_action(stage: Stage, first: int, second: int) -> None:
    stage.stop_completely()
    stopped = actions(stage)
    stage.later(30)
    assert stage.die_after(first, Wanted.RUNNING)
    stage.later(LOCK_ENDS)
    stage.die_after(second, Wanted.RUNNING)
    stage.later(LOCK_ENDS)

    go_on(stage, Wanted.RUNNING)

    assert (stage.service.desired, stage.memory.saved_size) == (3, None)
    assert len(actions(stage) - stopped) == 1


def test_a_stop_that_went_out_and_could_not_be_recorded_yet_is_one_action(aws: WholeAws, stage: Stage) -> None:
    done = 0

    def after_the_act(operation: str) -> Fault | None:
        nonlocal done
        done += operation == "dynamodb.UpdateItem" and stage.service.desired == 0
        return Fault.TIMEOUT_BEFORE if done == 1 else None

    aws.trouble.decide = after_the_act
    stage.act(Wanted.STOPPED)
    aws.trouble.heal()
    assert stage.service.desired == 0

    go_on(stage, Wanted.STOPPED)

    assert stage.memory.pending is None
    assert len(actions(stage)) == 1
