"""What must hold just before an act: without AWS and without a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import (
    ActionKind,
    Pending,
    ScalingBounds,
    ServiceFacts,
    ServiceMemory,
    StartFailure,
)
from chalicelib.errors import (
    NoLongerWanted,
    NotManageable,
    ObservationError,
    WorldChanged,
)
from chalicelib.execute.guards import Again, same_world, still_wanted
from chalicelib.execute.plan import Plan, PlanKind, mend
from support.acting import DEV, START, decision
from support.planned import ASLEEP, BEGIN, DOWN, MOVE, NEVER, NOW, OTHER, SPOT, STOP, UP, made, to

# --- the world is the one of the plan


def test_the_world_of_the_plan_is_let_pass() -> None:
    same_world(STOP, UP, NEVER, NOW, "v1")
    same_world(STOP, UP, NEVER, NOW, None)
    same_world(BEGIN, DOWN, ASLEEP, NOW, "v1")
    same_world(MOVE, UP, NEVER, NOW, "v1")


@pytest.mark.parametrize(
    ("facts", "memory", "version", "said"),
    [
        (
            replace(UP, desired_count=2),
            NEVER,
            "v1",
            f"{DEV}: its desired count is 2 now; the plan was made for 3.",
        ),
        (
            replace(UP, task_definition="ollama:2"),
            NEVER,
            "v1",
            f"{DEV}: it runs another task definition (ollama:2) than was planned for.",
        ),
        (
            UP,
            NEVER,
            "v2",
            f"{DEV}: policy vision-dev in force is not the one the plan was made with; plan again.",
        ),
        (
            replace(UP, scaling=ScalingBounds(1, 9)),
            NEVER,
            "v1",
            f"{DEV}: its saved size, autoscaling or pending action changed since the plan was made; plan again.",
        ),
        (
            UP,
            ServiceMemory(pending=Pending(ActionKind.STOP, START, NOW, "a")),
            None,
            f"{DEV}: its saved size, autoscaling or pending action changed since the plan was made; plan again.",
        ),
    ],
)
def test_another_world_is_refused_with_what_is_different(
    facts: ServiceFacts, memory: ServiceMemory, version: str | None, said: str
) -> None:
    with pytest.raises(WorldChanged) as refused:
        same_world(STOP, facts, memory, NOW, version)

    assert str(refused.value) == said


def test_what_cannot_be_managed_is_refused_before_all_else() -> None:
    with pytest.raises(NotManageable) as refused:
        same_world(STOP, replace(UP, unmanageable="it is a DAEMON service", desired_count=9), NEVER, NOW, "v1")

    assert str(refused.value) == f"{DEV} cannot be managed: it is a DAEMON service"


def test_a_mend_of_a_service_without_a_policy_is_held_to_its_world_too() -> None:
    left = ServiceMemory(draining_since=START)
    mending = mend(UP, left, NOW)
    assert mending is not None

    same_world(mending, UP, left, NOW, "")
    with pytest.raises(WorldChanged):
        same_world(mending, UP, NEVER, NOW, "")


def test_a_start_is_held_to_its_wait_as_it_is_now() -> None:
    """A plan made when its wait was over is refused at a time when it is not: the clock is part of the world."""
    failed = replace(ASLEEP, start_failure=StartFailure(1, NOW - timedelta(minutes=5), "no"))
    retry = made(Wanted.RUNNING, DOWN, failed)

    same_world(retry, DOWN, failed, NOW, None)
    with pytest.raises(WorldChanged):
        same_world(retry, DOWN, failed, NOW - timedelta(seconds=1), None)


# --- it is still wanted


def looking(found: Decision, facts: ServiceFacts = UP) -> Callable[[], Again]:
    return lambda: Again(facts, found)


def refusal(plan_: Plan, now: Decision) -> NoLongerWanted | None:
    try:
        again = still_wanted(looking(now), plan_)
    except NoLongerWanted as refused:
        return refused
    assert again is not None
    assert again.decision == now
    return None


@pytest.mark.parametrize(
    ("plan_", "wanted", "rule", "goes_on"),
    [
        (STOP, Wanted.STOPPED, RuleName.IDLE, True),
        (STOP, Wanted.STOPPED, RuleName.OVERRIDE, True),
        (STOP, Wanted.LEAVE, RuleName.IDLE, False),
        (STOP, Wanted.RUNNING, RuleName.OVERRIDE, False),
        (STOP, Wanted.STOPPED, RuleName.FREEZE_ALL, False),
        (STOP, Wanted.STOPPED, RuleName.NEVER_TOUCH, False),
        (STOP, Wanted.STOPPED, RuleName.FREEZE, False),
        (BEGIN, Wanted.RUNNING, RuleName.OPENING, True),
        (BEGIN, Wanted.LEAVE, RuleName.DEFAULT, False),
        (BEGIN, Wanted.STOPPED, RuleName.CLOSED, False),
        (BEGIN, Wanted.RUNNING, RuleName.FREEZE, False),
    ],
)
def test_an_act_goes_on_only_while_it_is_wanted(plan_: Plan, wanted: Wanted, rule: RuleName, goes_on: bool) -> None:
    now = decision(wanted, rule=rule)

    refused = refusal(plan_, now)

    assert (refused is None) is goes_on
    if refused is not None:
        assert (refused.decision, refused.facts) == (now, UP)


def test_a_failed_start_of_ours_is_tried_again_unless_people_took_the_service_from_us() -> None:
    again = replace(BEGIN, decision=decision(Wanted.LEAVE))

    assert refusal(again, decision(Wanted.LEAVE)) is None
    assert refusal(again, decision(Wanted.STOPPED)) is not None
    assert refusal(again, decision(Wanted.LEAVE, rule=RuleName.EXCLUSION)) is not None
    assert refusal(again, decision(Wanted.LEAVE, rule=RuleName.FREEZE)) is not None


def test_a_move_goes_on_while_it_goes_to_the_same_place_even_under_a_freeze_of_stops() -> None:
    assert refusal(MOVE, decision(Wanted.LEAVE, **to(SPOT))) is None
    assert refusal(MOVE, decision(Wanted.LEAVE, rule=RuleName.FREEZE, **to(SPOT))) is None
    assert refusal(MOVE, decision(Wanted.LEAVE, **to(OTHER))) is not None
    assert refusal(MOVE, decision(Wanted.LEAVE, **to(()))) is not None
    assert refusal(MOVE, decision(Wanted.LEAVE)) is not None
    nowhere = replace(MOVE, decision=decision(Wanted.LEAVE, **to(())))
    assert refusal(nowhere, decision(Wanted.LEAVE, **to(()))) is not None
    assert refusal(replace(MOVE, decision=decision(Wanted.LEAVE)), decision(Wanted.LEAVE, **to(SPOT))) is not None


def test_a_mend_goes_on_whatever_is_wanted_but_for_a_freeze() -> None:
    mending = replace(STOP, kind=PlanKind.MEND)

    for wanted in Wanted:
        assert refusal(mending, decision(wanted)) is None
    assert refusal(mending, decision(Wanted.LEAVE, rule=RuleName.FREEZE_ALL)) is not None


def test_who_cannot_look_again_does_not_act_and_says_that_it_is_not_known() -> None:
    def blind() -> Again:
        raise ObservationError("no answer")

    with pytest.raises(NoLongerWanted) as refused:
        still_wanted(blind, STOP)

    told = refused.value.decision
    assert (told.wanted, told.because) == (Wanted.LEAVE, Because.UNKNOWN)
    assert told.reason == "could not look again just before acting: no answer"
    assert refused.value.facts is None
    assert still_wanted(None, STOP) is None
