"""What a run leaves, in the service, the record, the lock and its words, when something after the act goes wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from chalicelib.decide.capacity import CapacityProviderUse, Market
from chalicelib.decide.decision import Because, Placing, RuleName, Wanted
from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceId
from chalicelib.errors import ConditionFailed, ObservationError, RecordUnavailable
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.record.table import Table
from support.acting import DEV, PEOPLES, Stage, decision
from support.toy_cloud import Mortality

LOST = [
    RecordUnavailable("the table did not answer"),
    ConditionFailed("holds-the-lock", "the lock was lost"),
]


def fails(stage: Stage, write: str, error: Exception) -> None:
    """That write to the record does not happen any more."""

    def lost(*_: object, **__: object) -> None:
        raise error

    setattr(stage.executor._states, write, lost)


def stopped(table: Table) -> Stage:
    stage = Stage(table)
    stage.stop_completely()
    stage.later(5)
    return stage


@pytest.mark.parametrize("lost", LOST)
def test_a_stop_that_went_out_unrecorded_keeps_its_lock_and_is_recorded_under_its_own_id(
    table: Table, lost: Exception
) -> None:
    stage = Stage(table)
    fails(stage, "mark_pending", lost)

    outcome = stage.act(Wanted.STOPPED)

    assert outcome is not None
    assert (outcome.status, outcome.reason) == (OutcomeStatus.FAILED, str(lost))
    assert stage.service.desired == 0
    assert stage.states.get(DEV).lock_owner == "stop:action-1"
    stage.executor = stage.process(Mortality())
    stage.later(11)
    stage.act(Wanted.STOPPED)
    assert stage.memory.pending is not None
    assert stage.memory.pending.action_id == "action-1"


def test_a_stop_that_aws_refused_has_given_its_lock_back(table: Table) -> None:
    stage = Stage(table)
    stage.cloud.refuse["update_service"] = "AccessDeniedException"

    stage.act(Wanted.STOPPED)

    assert stage.states.get(DEV).lock_owner is None


@pytest.mark.parametrize("lost", LOST)
def test_a_start_that_went_out_unrecorded_keeps_its_lock_and_says_so(table: Table, lost: Exception) -> None:
    stage = stopped(table)
    fails(stage, "mark_pending", lost)

    outcome = stage.act(Wanted.RUNNING)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.DONE
    assert f"not all was done: {lost} And it could not be recorded yet: {lost}" in outcome.reason
    assert stage.service.desired == 3
    assert stage.states.get(DEV).lock_owner == "start:action-2"


def test_a_start_whose_lock_ran_out_after_it_went_out_is_awaited_with_the_reason(table: Table) -> None:
    """The size has been asked for; giving autoscaling back finds that the lock is about to end."""
    stage = stopped(table)
    update = stage.cloud.update_service

    def slow(**arguments: Any) -> dict[str, Any]:
        answer = update(**arguments)
        stage.later(9.5)
        return answer

    stage.cloud.update_service = slow  # type: ignore[method-assign]
    outcome = stage.act(Wanted.RUNNING)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.DONE
    assert "not all was done: gpu-dev/ollama-vision: this run took so long that its lock ended" in outcome.reason
    assert stage.memory.pending is not None
    assert stage.memory.pending.kind is ActionKind.START


@pytest.mark.parametrize("lost", LOST)
def test_a_refused_start_that_cannot_be_remembered_says_both(table: Table, lost: Exception) -> None:
    stage = stopped(table)
    stage.cloud.refuse["update_service"] = "ServerException"
    fails(stage, "start_not_begun", lost)

    outcome = stage.act(Wanted.RUNNING)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.FAILED
    assert "ecs:UpdateService was refused" in outcome.reason
    assert outcome.reason.endswith(f" And it could not be recorded: {lost}")
    assert stage.states.get(DEV).lock_owner is None


def test_a_start_that_may_or_may_not_have_happened_and_cannot_be_seen_says_both_and_of_what(table: Table) -> None:
    stage = stopped(table)
    stage.cloud.silent.add("update_service")
    made, looks = stage.plan(Wanted.RUNNING), iter([stage.facts()])
    assert made is not None

    def look(service: ServiceId, now: datetime) -> ServiceFacts:
        for facts in looks:
            return facts
        raise ObservationError("ECS did not answer")

    priced: list[ServiceFacts] = []
    stage.executor = stage.process(Mortality(), price=priced.append)
    stage.executor._look = look
    outcome = stage.executor.run(made, "controller")

    assert "may or may not have happened" in outcome.reason
    assert outcome.reason.endswith(" And it could not be seen: ECS did not answer")
    assert [one.id for one in priced] == [DEV], "the line of history bears the price of what was last seen"


def test_what_a_refused_stop_could_not_take_back_is_said_and_the_next_look_mends_it(table: Table) -> None:
    stage = Stage(table)
    stage.cloud.refuse["update_service"] = "ServerException"
    fails(stage, "undrain", RecordUnavailable("the table did not answer"))

    outcome = stage.act(Wanted.STOPPED)

    assert outcome is not None
    assert outcome.reason.endswith(" It could not be taken back yet: the table did not answer")
    stage.cloud.refuse.clear()
    stage.executor = stage.process(Mortality())
    stage.later(11)
    stage.act(Wanted.LEAVE)
    assert (stage.service.desired, stage.service.scaling) == (3, PEOPLES)
    assert stage.memory.draining_since is None


def test_under_a_freeze_a_stop_is_taken_back_in_our_record_only_and_its_size_stays_known(table: Table) -> None:
    """Draining ends at once, so that requests are served; a size that was saved may still be needed afterwards."""
    stage = stopped(table)
    stage.service.desired = 1
    stage.tasks_follow(30)
    saved = stage.memory.saved_size
    assert saved is not None
    frozen = decision(Wanted.LEAVE, rule=RuleName.FREEZE_ALL, because=Because.FREEZE, reason="frozen by ada")

    outcome = stage.act(Wanted.STOPPED, look_again=lambda: frozen)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.REFUSED
    assert stage.memory.saved_size == saved
    assert stage.memory.draining_since is None


def test_a_move_that_aws_refuses_is_remembered_with_aws_own_words(table: Table) -> None:
    stage = Stage(table)
    stage.cloud.refuse["update_service"] = "ServerException"
    there = (CapacityProviderUse("gpu-spot", 0, 1),)

    outcome = stage.act(Wanted.LEAVE, placing=Placing(Market.SPOT, "because", to=there))

    assert outcome is not None
    assert outcome.status is OutcomeStatus.FAILED
    failure = stage.memory.start_failure
    assert failure is not None
    assert (failure.count, failure.reason) == (1, outcome.reason)
    assert stage.states.get(DEV).lock_owner is None
