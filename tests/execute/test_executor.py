from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from chalicelib.decide.decision import Because, Decision, Wanted
from chalicelib.decide.facts import ActionKind, ScalingBounds, ServiceMemory
from chalicelib.errors import LifecycleError, ObservationError, UnknownService
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.record.history import EntryKind
from chalicelib.record.table import Table
from support.acting import ALL_OFF, DEV, PEOPLES, START, Stage, decision
from support.toy_cloud import Mortality, ToyService


def test_a_stop_saves_the_size_then_suspends_autoscaling_then_takes_the_tasks_away(table: Table) -> None:
    stage = Stage(table)

    outcome = stage.act(Wanted.STOPPED)

    assert outcome is not None
    assert (outcome.status, outcome.verified) == (OutcomeStatus.DONE, False)
    assert stage.cloud.writes() == ["register_scalable_target", "update_service"]
    assert (stage.service.desired, stage.service.scaling) == (0, ALL_OFF)
    assert stage.memory.saved_size is not None
    assert (stage.memory.saved_size.desired_count, stage.memory.saved_size.scaling) == (3, PEOPLES)
    assert stage.memory.pending is not None
    assert stage.memory.pending.kind is ActionKind.STOP
    assert stage.states.get(DEV).lock_owner is None
    (entry,) = stage.entries()
    assert (entry.kind, entry.outcome, entry.action_id, entry.desired_count) == (
        EntryKind.ACTED,
        "begun",
        "action-1",
        3,
    )
    assert entry.evidence == decision(Wanted.STOPPED).evidence
    assert "set desired count 3 -> 0" in entry.steps


def test_suspending_names_no_bounds_so_that_they_stay(table: Table) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)

    ((_, arguments),) = [call for call in stage.cloud.calls if call[0] == "register_scalable_target"]

    assert not {"MinCapacity", "MaxCapacity"} & set(arguments)


def test_a_start_gives_back_exactly_what_the_stop_found(table: Table) -> None:
    stage = Stage(table)
    stage.stop_completely()

    stage.later(60)
    stage.act(Wanted.RUNNING)
    assert (stage.service.desired, stage.service.scaling) == (3, PEOPLES), "what a person suspended stays suspended"
    stage.tasks_follow(8)
    outcome = stage.verify()

    assert outcome is not None
    assert (outcome.status, outcome.verified) == (OutcomeStatus.DONE, True)
    assert stage.memory == ServiceMemory()
    assert [(one.action, one.outcome, one.action_id) for one in stage.entries()] == [
        (ActionKind.STOP, "begun", "action-1"),
        (ActionKind.STOP, "done", "action-1"),
        (ActionKind.START, "begun", "action-2"),
        (ActionKind.START, "done", "action-2"),
    ]
    assert {one.desired_count for one in stage.entries()} == {3}


def test_stopping_twice_keeps_the_size_of_the_first_stop(table: Table) -> None:
    stage = Stage(table)
    first = stage.plan(Wanted.STOPPED)
    assert first is not None
    stage.executor.run(first, "controller")

    again = stage.executor.run(first, "alarm")

    assert again.status is OutcomeStatus.REFUSED
    assert "its desired count is 0 now; the plan was made for 3" in again.reason
    assert stage.memory.saved_size is not None
    assert stage.memory.saved_size.desired_count == 3


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"desired": 2}, "its desired count is 2 now"),
        ({"task_definition": "ollama:2"}, "another task definition (ollama:2)"),
        ({"scaling": ScalingBounds(1, 9)}, "its saved size, autoscaling or pending action changed"),
        ({"unmanageable": "it is a DAEMON service"}, "it is a DAEMON service"),
    ],
)
def test_a_plan_for_another_world_is_refused_and_nothing_is_touched(
    table: Table, change: dict[str, object], word: str
) -> None:
    stage = Stage(table)
    made = stage.plan(Wanted.STOPPED)
    assert made is not None
    for name, value in change.items():
        setattr(stage.service, name, value)

    outcome = stage.executor.run(made, "controller")

    assert outcome.status is OutcomeStatus.REFUSED
    assert word in outcome.reason
    assert stage.cloud.writes() == []
    assert stage.memory == ServiceMemory()
    assert [one.kind for one in stage.entries()] == [EntryKind.REFUSED]


def test_a_plan_made_under_another_version_of_the_policy_is_refused(table: Table) -> None:
    stage = Stage(table)
    made = stage.plan(Wanted.STOPPED)
    assert made is not None

    outcome = stage.executor.run(made, "ada", policy_version="v2")

    assert "policy vision-dev in force is not the one the plan was made with" in outcome.reason
    assert stage.cloud.writes() == []


def test_a_request_that_arrives_after_draining_takes_the_stop_back(table: Table) -> None:
    stage = Stage(table)
    drained: list[datetime | None] = []

    def look_again() -> Decision:
        drained.append(stage.memory.draining_since)
        return decision(Wanted.LEAVE, because=Because.IN_USE, reason="1 request in flight since 19:59")

    outcome = stage.act(Wanted.STOPPED, look_again=look_again)

    assert drained == [START], "looked again only after draining"
    assert outcome is not None
    assert outcome.status is OutcomeStatus.REFUSED
    assert "not stopped after all: 1 request in flight since 19:59" in outcome.reason
    assert outcome.entry is not None
    assert outcome.entry.because is Because.IN_USE
    assert stage.memory == ServiceMemory()
    assert stage.cloud.writes() == []


@pytest.mark.parametrize("trouble", [ObservationError("CloudWatch did not answer"), UnknownService("it is gone")])
def test_a_look_that_cannot_tell_stops_nothing(table: Table, trouble: LifecycleError) -> None:
    stage = Stage(table)

    def look_again() -> Decision:
        raise trouble

    outcome = stage.act(Wanted.STOPPED, look_again=look_again)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.REFUSED
    assert outcome.entry is not None
    assert outcome.entry.because is Because.UNKNOWN
    assert (stage.service.desired, stage.memory) == (3, ServiceMemory())


def test_a_look_that_still_says_stop_gives_the_freshest_reason(table: Table) -> None:
    stage = Stage(table)

    stage.act(Wanted.STOPPED, look_again=lambda: decision(Wanted.STOPPED, reason="idle, and nobody in flight"))

    assert stage.entries()[0].reason == "idle, and nobody in flight"


def test_the_same_refusal_is_told_once_and_another_one_again(table: Table) -> None:
    stage = Stage(table)

    def refuse(because: Because) -> bool:
        outcome = stage.act(Wanted.STOPPED, look_again=lambda: decision(Wanted.LEAVE, because=because))
        assert outcome is not None
        return outcome.news

    told = []
    for because in (Because.IN_USE, Because.IN_USE, Because.UNKNOWN):
        told.append(refuse(because))
        stage.later(5)

    assert told == [True, False, True]
    assert len(stage.entries()) == 2


def test_while_another_acts_nothing_is_done_and_history_is_not_filled(table: Table) -> None:
    stage = Stage(table)
    stage.states.lock(DEV, "stop:other", stage.now, 60)

    outcome = stage.act(Wanted.STOPPED)

    assert outcome is not None
    assert (outcome.status, outcome.news, outcome.overtaken) == (OutcomeStatus.REFUSED, False, True)
    assert outcome.reason == f"{DEV}: another run is stopping it right now, for 1 min at the longest"
    assert (stage.cloud.writes(), stage.entries()) == ([], [])


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "may not call ecs:UpdateService on it; has it the tag lifecycle:managed=true?"),
        ("ServiceNotFoundException", "there is no such service in cluster gpu-dev"),
        ("ClusterNotFoundException", "there is no cluster gpu-dev"),
        ("ServiceNotActiveException", "is being deleted"),
        ("ThrottlingException", "throttled ecs:UpdateService"),
        ("ServerException", "ecs:UpdateService was refused: no"),
    ],
)
def test_a_stop_that_aws_refuses_is_a_clear_sentence_and_wholly_taken_back(
    table: Table, code: str, sentence: str
) -> None:
    stage = Stage(table)
    stage.cloud.refuse["update_service"] = code

    outcome = stage.act(Wanted.STOPPED)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.FAILED
    assert sentence in outcome.reason
    assert (stage.service.desired, stage.service.scaling) == (3, PEOPLES)
    assert stage.memory == ServiceMemory()
    assert [(one.kind, one.outcome) for one in stage.entries()] == [(EntryKind.FAILED, "failed")]


def test_a_stop_whose_answer_was_lost_is_finished_by_the_next_look(table: Table) -> None:
    stage = Stage(table)
    stage.cloud.silent.add("update_service")
    outcome = stage.act(Wanted.STOPPED)
    assert outcome is not None
    assert "may or may not have happened" in outcome.reason
    assert stage.memory.saved_size is not None

    stage.cloud.silent.clear()
    stage.later(5)
    finished = stage.act(Wanted.LEAVE)

    assert finished is not None
    assert finished.status is OutcomeStatus.DONE
    assert stage.memory.pending is not None
    assert stage.memory.saved_size.desired_count == 3


def test_a_start_that_aws_refuses_is_a_failed_start_that_waits(table: Table) -> None:
    stage = Stage(table)
    stage.stop_completely()
    stage.cloud.refuse["update_service"] = "AccessDeniedException"

    outcome = stage.act(Wanted.RUNNING)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.FAILED
    assert stage.memory.start_failure is not None
    assert stage.memory.saved_size is not None
    stage.later(4)
    assert stage.act(Wanted.RUNNING) is None, "the back-off is not over"
    stage.later(1)
    stage.cloud.refuse.clear()
    assert stage.act(Wanted.RUNNING) is not None
    assert stage.service.desired == 3


def test_a_service_that_is_gone_is_a_failed_outcome_not_an_exception(table: Table) -> None:
    stage = Stage(table)
    made = stage.plan(Wanted.STOPPED)
    assert made is not None
    del stage.cloud.services[DEV]

    outcome = stage.executor.run(made, "controller")

    assert outcome.status is OutcomeStatus.FAILED
    assert "There is no service gpu-dev/ollama-vision" in outcome.reason


def test_a_start_with_nothing_saved_is_refused_and_handles_its_opening(table: Table) -> None:
    stage = Stage(table, ToyService(0, 0))

    outcome = stage.act(Wanted.RUNNING, handles_opening=START)

    assert outcome is not None
    assert outcome.status is OutcomeStatus.REFUSED
    assert stage.memory.opening_handled == START
    assert (stage.service.desired, stage.cloud.writes()) == (0, [])


def test_a_start_at_an_opening_handles_it_with_the_start(table: Table) -> None:
    stage = Stage(table)
    stage.stop_completely()

    stage.act(Wanted.RUNNING, handles_opening=START)

    assert stage.memory.opening_handled == START


def test_a_hand_start_gets_its_autoscaling_back_and_its_size_becomes_the_one_to_remember(table: Table) -> None:
    stage = Stage(table)
    stage.stop_completely()
    stage.service.desired = 1
    stage.tasks_follow(8)

    mended = stage.act(Wanted.LEAVE)

    assert mended is not None
    assert (stage.service.desired, stage.service.scaling) == (1, PEOPLES)
    assert stage.memory == ServiceMemory()
    stage.later(180)
    stage.act(Wanted.STOPPED)
    assert stage.memory.saved_size is not None
    assert (stage.memory.saved_size.desired_count, stage.memory.saved_size.scaling) == (1, PEOPLES)


def test_waking_a_service_that_is_still_stopping_starts_it_again(table: Table) -> None:
    stage = Stage(table)
    stage.act(Wanted.STOPPED)
    stage.later(1)

    stage.act(Wanted.RUNNING)

    assert (stage.service.desired, stage.service.scaling) == (3, PEOPLES)
    assert stage.memory.draining_since is None
    assert stage.memory.pending is not None
    assert stage.memory.pending.kind is ActionKind.START


def test_stopping_a_service_that_is_still_starting_keeps_its_size(table: Table) -> None:
    stage = Stage(table)
    stage.stop_completely()
    stage.act(Wanted.RUNNING)
    stage.later(1)

    stage.act(Wanted.STOPPED)

    assert stage.service.desired == 0
    assert stage.memory.saved_size is not None
    assert (stage.memory.saved_size.desired_count, stage.memory.saved_size.scaling) == (3, PEOPLES)


@dataclass(frozen=True)
class Price:
    usd_per_hour: Decimal = Decimal("1.006")
    source: str = "list prices"
    as_of: date = date(2026, 11, 1)


def test_an_action_carries_the_price_that_was_known_then(table: Table) -> None:
    stage = Stage(table)
    stage.executor = stage.process(Mortality(), price=lambda facts: Price())

    stage.act(Wanted.STOPPED)

    (entry,) = stage.entries()
    assert (entry.price_usd_per_hour, entry.price_source) == (Decimal("1.006"), "list prices")


def test_a_mistake_of_ours_is_not_swallowed_and_frees_the_lock(table: Table) -> None:
    stage = Stage(table)

    def look_again() -> Decision:
        raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        stage.act(Wanted.STOPPED, look_again=look_again)

    assert stage.states.get(DEV).lock_owner is None
    stage.later(5)
    stage.act(Wanted.LEAVE)
    assert stage.memory == ServiceMemory()


def test_an_instant_of_another_zone_is_remembered_as_the_same_instant(table: Table) -> None:
    stage = Stage(table)
    stage.now = stage.now.astimezone(ZoneInfo("Asia/Tokyo"))

    stage.act(Wanted.STOPPED)

    assert stage.memory.stopped_at == START
