"""What happens between the plan and the act: time goes on, people speak, sizes change, answers get lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.errors import ObservationError, RecordUnavailable
from chalicelib.execute.executor import LEASE_SECONDS
from chalicelib.execute.guards import Again
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import mend
from chalicelib.record.history import Entry
from chalicelib.record.table import Table
from support.acting import ALL_OFF, DEV, PEOPLES, START, Stage, decision
from support.toy_cloud import Mortality

HANDLER = timedelta(seconds=270)


def after(stage: Stage, minutes: float, then: Decision) -> Callable[[], Decision]:
    def look() -> Decision:
        stage.later(minutes)
        return then

    return look


def begin(stage: Stage, wanted: Wanted) -> None:
    """Brings the service to where ``wanted`` calls for a plan that writes to AWS."""
    if wanted is not Wanted.STOPPED:
        stage.stop_completely()
    if wanted is Wanted.LEAVE:
        stage.service.desired = 2
    stage.tasks_follow(30)
    stage.cloud.calls.clear()


def test_the_lock_outlasts_every_handler() -> None:
    assert timedelta(seconds=LEASE_SECONDS) > 2 * HANDLER


def test_a_run_whose_lock_is_about_to_end_writes_nothing_more_to_aws(table: Table) -> None:
    stage = Stage(table)

    outcome = stage.act(Wanted.STOPPED, look_again=after(stage, 9.5, decision(Wanted.STOPPED)))

    assert outcome is not None
    assert outcome.status is OutcomeStatus.REFUSED
    assert "its lock ended (at Fri 20 Nov 20:10 UTC)" in outcome.reason
    assert (stage.cloud.writes(), stage.service.desired) == ([], 3)
    stage.later(1)
    stage.act(Wanted.LEAVE)
    assert stage.memory == ServiceMemory(), "what it left is put right by the next look"


def test_what_is_written_down_bears_the_time_of_the_act_not_that_of_the_beginning(table: Table) -> None:
    stage = Stage(table)

    stage.act(Wanted.STOPPED, look_again=after(stage, 3, decision(Wanted.STOPPED)))

    memory, then = stage.memory, START + timedelta(minutes=3)
    assert memory.draining_since == START
    assert memory.saved_size is not None
    assert memory.pending is not None
    assert (memory.saved_size.saved_at, memory.stopped_at, memory.pending.since) == (then, then, then)
    assert stage.entries()[0].at == then


@pytest.mark.parametrize("wanted", list(Wanted))
@pytest.mark.parametrize("rule", [RuleName.FREEZE_ALL, RuleName.NEVER_TOUCH, RuleName.FREEZE])
def test_a_freeze_at_the_last_moment_holds_back_plans_of_every_kind(
    table: Table, wanted: Wanted, rule: RuleName
) -> None:
    stage = Stage(table)
    begin(stage, wanted)
    before, memory = stage.facts(), stage.memory
    frozen = decision(Wanted.LEAVE, rule=rule, because=Because.FREEZE, reason="frozen by ada: incident 12")

    outcome = stage.act(wanted, look_again=lambda: frozen)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.REFUSED
    assert "after all: frozen by ada: incident 12" in outcome.reason
    assert stage.cloud.writes() == []
    assert (stage.facts(), stage.memory) == (before, memory)


@pytest.mark.parametrize("newest", [Wanted.STOPPED, Wanted.LEAVE])
def test_a_start_that_nobody_wants_any_more_is_not_made(table: Table, newest: Wanted) -> None:
    stage = Stage(table)
    begin(stage, Wanted.RUNNING)

    outcome = stage.act(Wanted.RUNNING, look_again=lambda: decision(newest, reason="ada said stop"))

    assert outcome is not None
    assert (outcome.status, outcome.reason) == (
        OutcomeStatus.REFUSED,
        "gpu-dev/ollama-vision: not started after all: ada said stop",
    )
    assert (stage.service.desired, stage.memory.start_failure) == (0, None)


def test_a_size_that_changes_while_it_drains_is_not_lost(table: Table) -> None:
    stage = Stage(table)

    def look_again() -> Decision:
        stage.service.desired = 5
        return decision(Wanted.STOPPED)

    outcome = stage.act(Wanted.STOPPED, look_again=look_again)

    assert outcome is not None
    assert "its desired count is 5 now; the plan was made for 3" in outcome.reason
    assert (stage.service.desired, stage.memory) == (5, ServiceMemory())
    stage.act(Wanted.STOPPED)
    assert stage.memory.saved_size is not None
    assert stage.memory.saved_size.desired_count == 5


def test_a_size_that_waits_is_not_forgotten_when_a_person_stops_the_service_while_it_drains(table: Table) -> None:
    stage = Stage(table)
    stage.stop_completely()
    stage.act(Wanted.RUNNING)
    stage.later(1)

    def look_again() -> Decision:
        stage.service.desired = 0
        return decision(Wanted.LEAVE, reason="it is stopped")

    stage.act(Wanted.STOPPED, look_again=look_again)

    assert stage.memory.saved_size is not None
    assert stage.memory.saved_size.desired_count == 3


def test_a_mend_of_a_service_without_a_policy_is_carried_out(table: Table) -> None:
    stage = Stage(table)
    begin(stage, Wanted.LEAVE)
    made = mend(stage.facts(), stage.memory, stage.now)
    assert made is not None

    outcome = stage.executor.run(
        made, "ada", look_again=lambda: Again(stage.facts(), made.decision), policy_version=None
    )

    assert outcome.status is OutcomeStatus.DONE
    assert (stage.service.scaling, stage.memory) == (PEOPLES, ServiceMemory())


# --- starts: what went out and what did not


def test_a_start_that_never_reached_aws_is_no_failed_start(table: Table) -> None:
    stage = Stage(table)
    begin(stage, Wanted.RUNNING)
    made = stage.plan(Wanted.RUNNING)
    assert made is not None

    def look(service: ServiceId, now: datetime) -> ServiceFacts:
        raise ObservationError("ECS throttled DescribeServices")

    stage.cloud.look = look  # type: ignore[method-assign]
    outcome = stage.process(Mortality()).run(made, "controller")

    assert outcome.status is OutcomeStatus.FAILED
    assert stage.memory.start_failure is None


def start_without_history(stage: Stage) -> Outcome | None:
    def append(entry: Entry) -> bool:
        raise RecordUnavailable("the history did not answer")

    stage.executor._scribe._history.append = append  # type: ignore[method-assign]
    return stage.act(Wanted.RUNNING)


def test_a_start_whose_history_cannot_be_written_is_awaited_like_any_other(table: Table) -> None:
    stage = Stage(table)
    begin(stage, Wanted.RUNNING)

    outcome = start_without_history(stage)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.DONE
    assert stage.memory.pending is not None
    assert stage.memory.pending.kind is ActionKind.START
    assert (stage.memory.stopped_at, stage.memory.start_failure) == (None, None)


def test_a_start_whose_answer_was_lost_but_which_happened_is_awaited(table: Table) -> None:
    stage = Stage(table)
    begin(stage, Wanted.RUNNING)
    stage.cloud.silent.add("update_service")

    outcome = stage.act(Wanted.RUNNING)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.DONE
    assert "may or may not have happened" in outcome.reason
    assert stage.memory.start_failure is None
    assert stage.memory.pending is not None
    stage.tasks_follow()
    stage.verify()
    stage.act(Wanted.LEAVE)
    assert (stage.service.scaling, stage.memory) == (PEOPLES, ServiceMemory()), "its autoscaling came back as well"


def test_a_start_of_which_nobody_can_tell_whether_it_happened_keeps_its_lock(table: Table) -> None:
    stage = Stage(table)
    begin(stage, Wanted.RUNNING)
    made = stage.plan(Wanted.RUNNING)
    assert made is not None
    stage.cloud.silent.add("update_service")
    looks = iter([stage.facts(), None])

    def look(service: ServiceId, now: datetime) -> ServiceFacts:
        if facts := next(looks):
            return facts
        raise ObservationError("no answer")

    stage.executor._look = look

    outcome = stage.executor.run(made, "controller")

    assert outcome.status is OutcomeStatus.FAILED
    assert stage.states.get(DEV).lock_owner is not None
    assert not stage.states.note_hand_start(DEV, stage.now + timedelta(minutes=15)), "it is not taken for a hand"
    assert stage.memory.start_failure is None


def test_the_start_of_a_run_that_died_is_nobodys_hand_even_if_the_next_run_sees_nothing(table: Table) -> None:
    stage = Stage(table)
    begin(stage, Wanted.RUNNING)
    assert stage.die_after(2, Wanted.RUNNING)
    assert stage.service.desired == 3
    stage.later(11)
    made, describe = stage.plan(Wanted.RUNNING), stage.cloud.look
    assert made is not None

    def look(service: ServiceId, now: datetime) -> ServiceFacts:
        raise ObservationError("no answer")

    stage.cloud.look = look  # type: ignore[method-assign]
    assert stage.process(Mortality()).run(made, "controller").status is OutcomeStatus.FAILED

    assert not stage.states.note_hand_start(DEV, stage.now + timedelta(minutes=15))
    stage.cloud.look = describe  # type: ignore[method-assign]
    stage.executor = stage.process(Mortality())
    stage.later(11)
    stage.act(Wanted.RUNNING)
    assert stage.memory.pending is not None


def test_autoscaling_that_could_not_be_given_back_at_the_start_is_given_back_once_it_is_ready(table: Table) -> None:
    stage = Stage(table)
    begin(stage, Wanted.RUNNING)
    stage.cloud.refuse["register_scalable_target"] = "ThrottlingException"

    outcome = stage.act(Wanted.RUNNING)
    assert outcome is not None
    assert outcome.status is OutcomeStatus.DONE
    stage.cloud.refuse.clear()
    stage.tasks_follow()
    ready = stage.verify()

    assert ready is not None
    assert ready.status is OutcomeStatus.DONE
    assert stage.service.scaling == ALL_OFF
    stage.act(Wanted.LEAVE)
    assert (stage.service.desired, stage.service.scaling, stage.memory) == (3, PEOPLES, ServiceMemory())


def test_an_answer_that_botocore_cannot_read_is_a_failed_outcome_with_its_name(table: Table) -> None:
    from botocore.parsers import ResponseParserError

    stage = Stage(table)

    def update_service(**arguments: Any) -> dict[str, Any]:
        raise ResponseParserError("html instead of json")

    stage.cloud.update_service = update_service  # type: ignore[method-assign]
    outcome = stage.act(Wanted.STOPPED)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.FAILED
    assert "cannot be read (ResponseParserError), so it may or may not have happened" in outcome.reason
    assert stage.memory.saved_size is not None
