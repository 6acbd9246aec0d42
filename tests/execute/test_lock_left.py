"""What the lock of a run says and when it is given back, whoever died before; and which refusals are told again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from chalicelib.decide.decision import Decision, Wanted
from chalicelib.decide.facts import ServiceId
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.record.history import EntryKind
from chalicelib.record.table import Table
from support.acting import DEV, START, Stage, decision


def locked_after_the_read(stage: Stage, owner: str) -> None:
    """Once a run has read the row, ``owner`` locks it, and dies."""
    read = stage.executor._states.get

    def late(service: ServiceId) -> Any:
        row = read(service)
        stage.executor._states.get = read  # type: ignore[method-assign]
        stage.states.lock(DEV, owner, stage.now - timedelta(minutes=11), 600)
        return row

    stage.executor._states.get = late  # type: ignore[method-assign]


def test_a_lock_bears_the_kind_and_the_id_of_the_action_while_it_is_held(table: Table) -> None:
    stage, held = Stage(table), list[str | None]()

    def look_again() -> Decision:
        held.append(stage.states.get(DEV).lock_owner)
        return decision(Wanted.STOPPED)

    stage.act(Wanted.STOPPED, look_again=look_again)

    assert held == ["stop:action-1"]


def test_who_found_the_lock_changed_since_it_was_read_goes_by_what_the_lock_says(table: Table) -> None:
    """A run that died in between had begun the same stop: ours goes on with it under its id."""
    stage = Stage(table)
    made = stage.plan(Wanted.STOPPED)
    assert made is not None
    locked_after_the_read(stage, "stop:died")
    stage.executor.run(made, "controller")

    assert stage.memory.pending is not None
    assert stage.memory.pending.action_id == "died"
    assert [one.action_id for one in stage.entries() if one.kind is EntryKind.ACTED] == ["died"]


def test_whose_lock_changed_for_another_kind_of_action_acts_under_an_id_of_its_own(table: Table) -> None:
    stage = Stage(table)
    stage.states.lock(DEV, "stop:died", stage.now - timedelta(minutes=30), 600)
    made = stage.plan(Wanted.STOPPED)
    assert made is not None
    locked_after_the_read(stage, "move:other")
    stage.executor.run(made, "controller")

    assert stage.memory.pending is not None
    assert stage.memory.pending.action_id == "action-1"


@pytest.mark.parametrize(("then", "kept"), [(Wanted.RUNNING, False), (Wanted.STOPPED, True)])
def test_the_lock_of_a_start_that_died_is_given_back_once_a_run_has_done_its_work(
    table: Table, then: Wanted, kept: bool
) -> None:
    """Until something else says that the start was ours, its lock does: a run that is refused leaves it."""
    stage = Stage(table)
    stage.stop_completely()
    stage.later(5)
    assert stage.die_after(2, Wanted.RUNNING)
    stage.later(11)

    stage.act(Wanted.RUNNING, look_again=lambda: decision(then, reason="ada said so"))

    assert (stage.states.get(DEV).lock_owner is not None) is kept


def test_a_run_that_goes_on_with_a_dead_one_holds_the_lock_under_the_id_of_that_one(table: Table) -> None:
    """Should it die as well, the next one still finds the same id."""
    stage, held = Stage(table), list[str | None]()
    stage.states.lock(DEV, "stop:died", stage.now - timedelta(minutes=11), 600)

    def look_again() -> Decision:
        held.append(stage.states.get(DEV).lock_owner)
        return decision(Wanted.STOPPED)

    stage.act(Wanted.STOPPED, look_again=look_again)

    assert held == ["stop:died"]
    assert [one.action_id for one in stage.entries()] == ["died"]


def test_a_run_whose_lock_ends_leaves_even_its_own_record_as_it_is(table: Table) -> None:
    """Somebody else may act by now: what is left is for whoever looks next."""
    stage = Stage(table)

    def look_again() -> Decision:
        stage.later(9.5)
        return decision(Wanted.STOPPED)

    outcome = stage.act(Wanted.STOPPED, look_again=look_again)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.REFUSED
    assert stage.memory.draining_since == START


def test_a_refusal_for_another_cause_is_told_and_the_same_one_only_once(table: Table) -> None:
    stage = Stage(table)
    made = stage.plan(Wanted.STOPPED)
    assert made is not None

    def refused() -> bool:
        stage.later(5)
        return stage.executor.run(made, "controller").news

    stage.service.desired = 2
    told = [refused(), refused()]
    stage.service.unmanageable = "it is a DAEMON service"
    told += [refused(), refused()]

    assert told == [True, False, True, False]


def test_a_start_that_failed_is_made_again_once_its_wait_is_over(table: Table) -> None:
    stage = Stage(table)
    stage.stop_completely()
    stage.cloud.refuse["update_service"] = "ServerException"
    stage.act(Wanted.RUNNING)
    stage.cloud.refuse.clear()
    stage.later(5)

    outcome = stage.act(Wanted.RUNNING)

    assert outcome is not None
    assert (outcome.status, stage.service.desired) == (OutcomeStatus.DONE, 3)


def test_what_was_taken_back_wholly_needs_no_word_of_it(table: Table) -> None:
    stage = Stage(table)

    outcome = stage.act(Wanted.STOPPED, look_again=lambda: decision(Wanted.LEAVE, reason="somebody asks it"))

    assert outcome is not None
    assert outcome.reason == "gpu-dev/ollama-vision: not stopped after all: somebody asks it"
    assert stage.memory.draining_since is None
