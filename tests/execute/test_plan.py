from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from chalicelib.decide.decision import RuleName, Wanted
from chalicelib.decide.facts import (
    ActionKind,
    Pending,
    SavedSize,
    ScalingBounds,
    ServiceFacts,
    ServiceMemory,
    StartFailure,
)
from chalicelib.execute.plan import Plan, PlanKind, mend, plan, retry_at
from chalicelib.execute.sizes import scaling_to_restore, size_to_save
from support.acting import ALL_OFF, DEV, PEOPLES, START, decision

RUNNING = ServiceFacts(DEV, "arn", 3, 3, 0, START, scaling=PEOPLES, ready_since=START, task_definition="ollama:1")
ASLEEP = replace(RUNNING, desired_count=0, running_count=0, ready_since=None, scaling=ALL_OFF)
BOOTING = replace(RUNNING, running_count=0, pending_count=3, ready_since=None)
SAVED = SavedSize(3, PEOPLES, START)
STOPPED = ServiceMemory(saved_size=SAVED, stopped_at=START)
STOPPING = replace(STOPPED, pending=Pending(ActionKind.STOP, START, START, "a1"), draining_since=START)
STARTING = ServiceMemory(saved_size=SAVED, pending=Pending(ActionKind.START, START, START, "a1"))
FAILED = ServiceMemory(saved_size=SAVED, start_failure=StartFailure(1, START, "no capacity"))
NEVER = ServiceMemory()


def made(wanted: Wanted, facts: ServiceFacts, memory: ServiceMemory, minutes: float = 0) -> Plan | None:
    return plan(decision(wanted), facts, memory, START + timedelta(minutes=minutes), policy_version="v1")


def steps(wanted: Wanted, facts: ServiceFacts, memory: ServiceMemory, minutes: float = 0) -> list[str]:
    one = made(wanted, facts, memory, minutes)
    return [step.step for step in one.steps] if one else []


STOP = ["mark-draining", "look-again", "save-size", "suspend-scaling", "set-desired-count", "mark-pending"]
START_ = ["set-desired-count", "restore-scaling", "mark-pending"]


@pytest.mark.parametrize(
    ("wanted", "facts", "memory", "expected"),
    [
        (Wanted.STOPPED, RUNNING, NEVER, STOP),
        (Wanted.STOPPED, replace(RUNNING, scaling=None), NEVER, [step for step in STOP if step != "suspend-scaling"]),
        (
            Wanted.STOPPED,
            replace(RUNNING, scaling=ALL_OFF),
            NEVER,
            [step for step in STOP if step != "suspend-scaling"],
        ),
        (Wanted.STOPPED, RUNNING, STARTING, STOP),
        (Wanted.STOPPED, RUNNING, STOPPING, []),
        (Wanted.STOPPED, ASLEEP, STOPPED, []),
        (Wanted.STOPPED, ASLEEP, NEVER, []),
        (Wanted.STOPPED, ASLEEP, ServiceMemory(draining_since=START, saved_size=SAVED), ["mark-pending"]),
        (Wanted.RUNNING, ASLEEP, STOPPED, START_),
        (Wanted.RUNNING, ASLEEP, STOPPING, START_),
        (Wanted.RUNNING, ASLEEP, STARTING, []),
        (Wanted.RUNNING, BOOTING, STARTING, []),
        (Wanted.RUNNING, RUNNING, NEVER, []),
        (Wanted.RUNNING, replace(BOOTING, scaling=ALL_OFF), STOPPED, ["restore-scaling", "mark-pending"]),
        (Wanted.RUNNING, replace(BOOTING, desired_count=1), STOPPED, []),
        (Wanted.RUNNING, RUNNING, ServiceMemory(draining_since=START), ["take-back"]),
        (Wanted.LEAVE, RUNNING, NEVER, []),
        (Wanted.LEAVE, ASLEEP, STOPPED, []),
        (Wanted.LEAVE, RUNNING, STARTING, []),
        (Wanted.LEAVE, RUNNING, ServiceMemory(draining_since=START, saved_size=SAVED), ["take-back"]),
        (
            Wanted.LEAVE,
            replace(RUNNING, scaling=ALL_OFF),
            ServiceMemory(draining_since=START, saved_size=SAVED),
            ["restore-scaling", "take-back"],
        ),
        (Wanted.LEAVE, ASLEEP, ServiceMemory(draining_since=START, saved_size=SAVED), ["mark-pending"]),
        (Wanted.LEAVE, replace(RUNNING, scaling=ALL_OFF), STOPPED, ["restore-scaling", "settle-running"]),
        (Wanted.LEAVE, RUNNING, FAILED, ["settle-running"]),
        (Wanted.RUNNING, RUNNING, FAILED, ["settle-running"]),
        (Wanted.LEAVE, BOOTING, FAILED, []),
    ],
)
def test_a_wish_becomes_just_the_steps_that_are_missing(
    wanted: Wanted, facts: ServiceFacts, memory: ServiceMemory, expected: list[str]
) -> None:
    assert steps(wanted, facts, memory) == expected


@pytest.mark.parametrize("rule", [RuleName.FREEZE_ALL, RuleName.FREEZE, RuleName.NEVER_TOUCH])
def test_under_a_freeze_not_even_an_interrupted_stop_is_mended(rule: RuleName) -> None:
    interrupted = ServiceMemory(draining_since=START, saved_size=SAVED)

    assert plan(decision(Wanted.LEAVE, rule=rule), RUNNING, interrupted, START) is None


def test_a_service_whose_size_was_never_saved_is_not_started_with_an_invented_one() -> None:
    one = made(Wanted.RUNNING, ASLEEP, NEVER)

    assert one is not None
    assert one.steps == ()
    assert "never invent" in one.refusal


def test_a_daemon_is_refused_with_the_reason() -> None:
    one = made(Wanted.STOPPED, replace(RUNNING, unmanageable="it is a DAEMON service"), NEVER)

    assert one is not None
    assert (one.steps, one.refusal) == ((), "gpu-dev/ollama-vision cannot be managed: it is a DAEMON service")


def test_facts_from_before_our_own_act_call_for_nothing() -> None:
    stale = replace(RUNNING, described_at=START - timedelta(minutes=10))

    for wanted in Wanted:
        assert made(wanted, stale, STOPPED) is None


def test_a_failed_start_waits_five_minutes_then_twice_as_long_up_to_an_hour() -> None:
    waits = [retry_at(StartFailure(count, START, "")) for count in (1, 2, 3, 4, 5, 50)]

    assert [(one - START).total_seconds() / 60 for one in waits if one] == [5, 10, 20, 40, 60, 60]
    assert retry_at(None) is None
    assert steps(Wanted.RUNNING, BOOTING, FAILED, minutes=4.9) == []
    assert steps(Wanted.RUNNING, BOOTING, FAILED, minutes=5) == ["set-desired-count", "mark-pending"]


def test_a_failed_start_is_tried_again_while_its_tasks_are_still_wanted_unless_it_was_excluded() -> None:
    later = START + timedelta(minutes=5)

    assert steps(Wanted.LEAVE, BOOTING, FAILED, minutes=5) == ["set-desired-count", "mark-pending"]
    assert plan(decision(Wanted.LEAVE, rule=RuleName.EXCLUSION), BOOTING, FAILED, later) is None


def test_a_service_that_lost_its_policy_in_the_middle_of_a_stop_is_still_mended() -> None:
    draining = ServiceMemory(draining_since=START, saved_size=SAVED)

    mended = mend(replace(RUNNING, scaling=ALL_OFF), draining, START)

    assert mended is not None
    assert [step.step for step in mended.steps] == ["restore-scaling", "take-back"]
    assert mend(RUNNING, NEVER, START) is None


def test_a_size_waiting_to_be_given_back_is_saved_again_rather_than_a_smaller_one_seen() -> None:
    one_by_hand = replace(RUNNING, desired_count=1, scaling=ALL_OFF)

    assert size_to_save(one_by_hand, SAVED) == (3, PEOPLES), "switches that we suspended are not a person's"
    assert size_to_save(replace(RUNNING, desired_count=5), SAVED) == (5, PEOPLES)
    assert size_to_save(replace(RUNNING, scaling=None), None) == (3, None)


@pytest.mark.parametrize(
    ("saved", "seen", "expected"),
    [
        (PEOPLES, ALL_OFF, PEOPLES),
        (PEOPLES, PEOPLES, None),
        (None, ALL_OFF, None),
        (PEOPLES, None, None),
        (PEOPLES, ScalingBounds(2, 9, True, True, True), ScalingBounds(2, 9, scheduled_suspended=True)),
        (PEOPLES, ScalingBounds(0, 0, True, True, True), PEOPLES),
        (ALL_OFF, ALL_OFF, None),
        (PEOPLES, ScalingBounds(1, 4, True), None),
    ],
)
def test_autoscaling_is_given_back_as_a_person_had_it(
    saved: ScalingBounds | None, seen: ScalingBounds | None, expected: ScalingBounds | None
) -> None:
    assert scaling_to_restore(saved, seen) == expected


def test_every_step_says_what_it_does() -> None:
    stop = made(Wanted.STOPPED, RUNNING, NEVER)

    assert stop is not None
    assert stop.kind is PlanKind.STOP
    assert stop.describe() == (
        "mark it draining, so that a gateway sends no new request",
        "look again with fresh signals, and go on only if it may still stop",
        "save desired count 3, autoscaling 1..4 (scheduled suspended)",
        "suspend autoscaling (bounds 1..4 stay)",
        "set desired count 3 -> 0",
        "verify within 15 min that its tasks have ended",
    )


def test_the_size_of_an_earlier_service_of_the_same_name_is_not_given_to_a_new_one() -> None:
    created_since = replace(ASLEEP, created_at=SAVED.saved_at + timedelta(hours=1))

    made = plan(decision(Wanted.RUNNING), created_since, ServiceMemory(saved_size=SAVED), START)

    assert made is not None
    assert (made.steps, "no size was saved" in made.refusal) == ((), True)
