"""The process is killed after each of its writes in turn, then others go on: nothing is lost, nothing half done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from chalicelib.decide.decision import Wanted
from chalicelib.decide.facts import ServiceMemory
from chalicelib.record.table import Table
from support.acting import DEV, PEOPLES, Stage
from support.toy_cloud import Killed, Mortality

WRITES_OF_A_STOP = 8
"""lock, draining, size, suspend, desired count, history, pending, release."""
WRITES_OF_A_START = 6
"""lock, desired count, autoscaling, history, pending, release."""


def go_on(stage: Stage, wanted: Wanted) -> None:
    """What the sweeps of the next twenty minutes do."""
    for _ in range(4):
        stage.tasks_follow(5)
        if stage.memory.pending:
            stage.verify()
        stage.act(wanted)


@pytest.mark.parametrize("writes", range(1, WRITES_OF_A_STOP + 1))
def test_a_stop_killed_after_any_write_is_finished_by_the_next_runs(table: Table, writes: int) -> None:
    stage = Stage(table)
    assert stage.die_after(writes, Wanted.STOPPED)

    go_on(stage, Wanted.STOPPED)

    memory = stage.memory
    assert (stage.service.desired, stage.service.running) == (0, 0)
    assert memory.saved_size is not None
    assert (memory.saved_size.desired_count, memory.saved_size.scaling) == (3, PEOPLES)
    assert (memory.pending, memory.draining_since) == (None, None)
    assert memory.stopped_at is not None
    assert {one.action_id for one in stage.entries() if one.outcome == "done"} == {
        one.action_id for one in stage.entries() if one.outcome == "begun"
    }, "one action, one id, across the crash"


@pytest.mark.parametrize("writes", range(1, WRITES_OF_A_STOP + 1))
@pytest.mark.parametrize("then", [Wanted.LEAVE, Wanted.RUNNING])
def test_a_stop_killed_after_any_write_and_no_longer_wanted_leaves_no_half_done_thing(
    table: Table, writes: int, then: Wanted
) -> None:
    stage = Stage(table)
    assert stage.die_after(writes, Wanted.STOPPED)

    go_on(stage, then)

    if stage.service.desired:
        assert (stage.service.desired, stage.service.scaling) == (3, PEOPLES)
        assert stage.memory == ServiceMemory()
    else:
        assert then is Wanted.LEAVE
        assert writes >= 5, "the tasks were taken away only if the call went out"
        assert stage.memory.saved_size is not None
        assert stage.memory.saved_size.desired_count == 3
        assert (stage.memory.pending, stage.memory.draining_since) == (None, None)


@pytest.mark.parametrize("writes", range(1, WRITES_OF_A_START + 1))
@pytest.mark.parametrize("then", [Wanted.RUNNING, Wanted.LEAVE])
def test_a_start_killed_after_any_write_comes_up_whole_or_not_at_all(table: Table, writes: int, then: Wanted) -> None:
    stage = Stage(table)
    stage.stop_completely()
    assert stage.die_after(writes, Wanted.RUNNING)

    go_on(stage, then)

    if stage.service.desired:
        assert (stage.service.desired, stage.service.scaling) == (3, PEOPLES)
        assert stage.memory == ServiceMemory()
    else:
        assert then is Wanted.LEAVE
        assert stage.memory.saved_size is not None
        assert (stage.memory.saved_size.desired_count, stage.memory.saved_size.scaling) == (3, PEOPLES)


@pytest.mark.parametrize("first", range(1, WRITES_OF_A_STOP + 1))
@pytest.mark.parametrize("second", [2, 4, 6])
def test_two_crashes_in_a_row_lose_nothing_either(table: Table, first: int, second: int) -> None:
    stage = Stage(table)
    stage.die_after(first, Wanted.STOPPED)
    stage.later(5)
    stage.die_after(second, Wanted.STOPPED)

    go_on(stage, Wanted.STOPPED)
    assert stage.service.desired == 0
    go_on(stage, Wanted.RUNNING)

    assert (stage.service.desired, stage.service.scaling) == (3, PEOPLES)
    assert stage.memory == ServiceMemory()


def test_no_write_is_left_out_of_these_tests(table: Table) -> None:
    stage = Stage(table)
    assert not stage.die_after(WRITES_OF_A_STOP + 1, Wanted.STOPPED)
    stage.tasks_follow()
    stage.verify()
    assert not stage.die_after(WRITES_OF_A_START + 1, Wanted.RUNNING)
    assert stage.service.desired == 3


WRITES_OF_A_SETTLING = 3
"""the state with the line it owes, history, the line is not owed any more."""


@pytest.mark.parametrize("writes", range(1, WRITES_OF_A_SETTLING + 1))
def test_a_verification_killed_after_any_write_leaves_its_one_line_in_the_history(table: Table, writes: int) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)
    stage.tasks_follow()
    facts, memory = stage.facts(), stage.memory
    with pytest.raises(Killed):
        stage.process(Mortality(writes)).verify(DEV, facts, memory, stage.now)

    stage.later(5)
    survivor = stage.process(Mortality())
    survivor.write_owed({DEV: stage.memory.owed_line} if stage.memory.owed_line else {})

    assert [(one.outcome, one.at) for one in stage.entries() if one.outcome == "done"] == [
        ("done", stage.now - timedelta(minutes=5))
    ]
    assert not stage.memory.owed_line


def test_two_that_settle_what_is_owed_write_one_line(table: Table) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)
    stage.tasks_follow()
    facts, memory = stage.facts(), stage.memory
    with pytest.raises(Killed):
        stage.process(Mortality(1)).verify(DEV, facts, memory, stage.now)
    owed = {DEV: stage.memory.owed_line}

    for _ in range(2):
        stage.process(Mortality()).write_owed(owed)

    assert len([one for one in stage.entries() if one.outcome == "done"]) == 1
