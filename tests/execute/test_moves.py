"""Moves as data: what is planned for one, what a dead one left, what is begun anew, and what the hands do of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalicelib.decide.capacity import CapacityProviderUse, Market, Setback, SetbackKind, Strategy
from chalicelib.decide.decision import Because, Placing, RuleName, Wanted
from chalicelib.decide.facts import (
    ActionKind,
    Moving,
    Pending,
    SavedSize,
    ScalingBounds,
    ServiceFacts,
    ServiceMemory,
    StartFailure,
)
from chalicelib.execute.doing import Doer, Run
from chalicelib.execute.plan import START_WITHIN, STOP_WITHIN, Plan, PlanKind, mend, plan
from chalicelib.execute.sizes import scaling_to_restore, size_to_save, suspended
from chalicelib.execute.steps import (
    LookAgain,
    MarkPending,
    NoteSetback,
    RestoreScaling,
    SaveSize,
    SetDesiredCount,
    SetPlacement,
    SettleRunning,
    Step,
)
from chalicelib.record.states import Lease
from support.acting import ALL_OFF, DEV, PEOPLES, START, decision

SPOT: Strategy = (CapacityProviderUse("gpu-spot", 0, 1),)
HOME: Strategy = (CapacityProviderUse("gpu-od", 0, 1),)
UP = ServiceFacts(DEV, "arn", 3, 3, 0, START, ready_since=START, task_definition="ollama:1", capacity_providers=HOME)
NOTHING_RUNS = replace(UP, running_count=0, ready_since=None)
DOWN = replace(NOTHING_RUNS, desired_count=0)
NEVER = ServiceMemory()
NOW = START + timedelta(hours=1)
LOST = Setback(NOW, SetbackKind.NO_CAPACITY)
AWAITED = MarkPending(ActionKind.MOVE, int(START_WITHIN.total_seconds()), SPOT, True)
BEGUN = MarkPending(ActionKind.START, int(START_WITHIN.total_seconds()))
MOVED = ServiceMemory(moving=Moving(SPOT, True))
LATELY = ServiceMemory(start_failure=StartFailure(1, NOW - timedelta(minutes=4), "no"))
LONG_AGO = ServiceMemory(start_failure=StartFailure(1, NOW - timedelta(minutes=5), "no"))


def made(
    facts: ServiceFacts = UP,
    memory: ServiceMemory = NEVER,
    wanted: Wanted = Wanted.LEAVE,
    *,
    to: Strategy = SPOT,
    setback: Setback | None = None,
    market: Market = Market.SPOT,
    **more: Any,
) -> Plan | None:
    placing = Placing(market, "because", to=to, setback=setback)
    return plan(decision(wanted, placing=placing, **more), facts, memory, NOW, policy_version="v1")


def steps(*arguments: Any, **more: Any) -> tuple[Step, ...]:
    found = made(*arguments, **more)
    return found.steps if found else ()


def test_a_move_sets_the_placement_and_is_awaited() -> None:
    found = made()

    assert found is not None
    assert (found.kind, found.refusal, found.seen.policy_version) == (PlanKind.MOVE, "", "v1")
    assert found.steps == (SetPlacement(SPOT, was=HOME), AWAITED)
    assert found.describe()[0] == "place its tasks on gpu-spot (was gpu-od), by a forced deployment"


def test_a_setback_of_spot_is_remembered_before_anything_moves() -> None:
    back = MarkPending(ActionKind.MOVE, int(START_WITHIN.total_seconds()), HOME, False)
    away = replace(UP, capacity_providers=SPOT)

    assert steps(away, to=HOME, setback=LOST, market=Market.ON_DEMAND) == (
        NoteSetback(LOST),
        SetPlacement(HOME, was=SPOT),
        back,
    )


def test_a_start_goes_where_it_is_wanted() -> None:
    asleep = ServiceMemory(saved_size=SavedSize(3, None, START))

    assert steps(DOWN, asleep, Wanted.RUNNING) == (SetPlacement(SPOT, was=HOME), SetDesiredCount(3, was=0), BEGUN)
    assert steps(DOWN, asleep, Wanted.RUNNING, to=()) == (SetDesiredCount(3, was=0), BEGUN)


@pytest.mark.parametrize(
    ("facts", "memory", "more"),
    [
        (DOWN, NEVER, {}),
        (UP, NEVER, {"to": ()}),
        (UP, ServiceMemory(pending=Pending(ActionKind.STOP, START, NOW, "a")), {}),
        (NOTHING_RUNS, LATELY, {}),
    ],
)
def test_nothing_is_moved_that_is_stopped_stopping_or_failed_a_moment_ago(
    facts: ServiceFacts, memory: ServiceMemory, more: dict[str, Any]
) -> None:
    found = made(facts, memory, **more)

    assert found is None or found.kind is not PlanKind.MOVE


def test_news_of_spot_ends_the_wait_after_a_failure() -> None:
    assert SetPlacement(SPOT, was=HOME) in steps(NOTHING_RUNS, LATELY, setback=LOST)
    assert SetPlacement(SPOT, was=HOME) in steps(NOTHING_RUNS, LONG_AGO)


# --- what a dead move left


def test_a_move_whose_process_died_is_written_down_and_awaited() -> None:
    there = replace(UP, capacity_providers=SPOT)

    for found in (made(there, MOVED, to=()), mend(there, MOVED, NOW)):
        assert found is not None
        assert (found.kind, found.steps, found.refusal) == (PlanKind.MOVE, (AWAITED,), "")
        assert (found.service, found.decision.wanted) == (DEV, Wanted.LEAVE)
        assert found.seen.policy_version in ("v1", "")
    assert mend(there, replace(MOVED, moving=Moving(SPOT, False)), NOW).steps[0].to_spot is False  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("facts", "memory"),
    [
        (UP, MOVED),
        (replace(DOWN, capacity_providers=SPOT), MOVED),
        (replace(UP, capacity_providers=SPOT), NEVER),
        (
            replace(UP, capacity_providers=SPOT),
            replace(MOVED, pending=Pending(ActionKind.MOVE, START, NOW, "a", SPOT, True)),
        ),
    ],
)
def test_a_move_that_never_went_out_or_is_awaited_already_is_not_written_again(
    facts: ServiceFacts, memory: ServiceMemory
) -> None:
    assert mend(facts, memory, NOW) is None


def test_under_a_freeze_nothing_is_written_down_either() -> None:
    there = replace(UP, capacity_providers=SPOT)

    assert made(there, MOVED, rule=RuleName.FREEZE, to=()) is None


def test_a_mend_without_a_policy_says_why() -> None:
    found = mend(UP, ServiceMemory(draining_since=START), NOW)

    assert found is not None
    assert found.decision.reason == "no policy governs it any more, and what was begun there is put right"
    assert (found.decision.wanted, found.decision.rule, found.decision.because) == (
        Wanted.LEAVE,
        RuleName.DEFAULT,
        Because.HOURS,
    )
    assert (found.decision.service, found.decision.look_again_at, found.seen.policy_version) == (DEV, NOW, "")


# --- what is begun anew


def test_a_service_whose_move_failed_and_of_which_nothing_runs_is_begun_anew() -> None:
    found = made(NOTHING_RUNS, LONG_AGO, to=())

    assert found is not None
    assert (found.kind, found.steps) == (PlanKind.START, (SetDesiredCount(3, was=3, again=True), BEGUN))


@pytest.mark.parametrize(
    ("facts", "memory", "wanted", "rule"),
    [
        (NOTHING_RUNS, LATELY, Wanted.LEAVE, RuleName.DEFAULT),
        (NOTHING_RUNS, NEVER, Wanted.LEAVE, RuleName.DEFAULT),
        (replace(UP, ready_since=None), LONG_AGO, Wanted.LEAVE, RuleName.DEFAULT),
        (DOWN, LONG_AGO, Wanted.LEAVE, RuleName.DEFAULT),
        (NOTHING_RUNS, LONG_AGO, Wanted.LEAVE, RuleName.EXCLUSION),
        (NOTHING_RUNS, LONG_AGO, Wanted.LEAVE, RuleName.FREEZE),
        (
            NOTHING_RUNS,
            replace(LONG_AGO, pending=Pending(ActionKind.MOVE, START, NOW, "a")),
            Wanted.LEAVE,
            RuleName.DEFAULT,
        ),
    ],
)
def test_nothing_else_is_begun_anew(facts: ServiceFacts, memory: ServiceMemory, wanted: Wanted, rule: RuleName) -> None:
    assert all(
        not (isinstance(one, SetDesiredCount) and one.again) for one in steps(facts, memory, wanted, to=(), rule=rule)
    )


def test_a_start_that_nobody_ever_sized_is_refused_with_what_to_do() -> None:
    found = plan(decision(Wanted.RUNNING), DOWN, NEVER, NOW)

    assert found is not None
    assert found.refusal == (
        f"{DEV} cannot be started: no size was saved for it, and we never invent one. "
        "Set its desired count once by hand; from the next stop on it is remembered."
    )
    assert found.steps == ()


def test_a_stop_keeps_the_larger_size_and_waits_for_its_tasks() -> None:
    waiting = ServiceMemory(saved_size=SavedSize(5, PEOPLES, START))
    found = plan(decision(Wanted.STOPPED), replace(UP, scaling=ALL_OFF), waiting, NOW)

    assert found is not None
    assert found.steps[2] == SaveSize(5, PEOPLES)
    assert found.steps[-2:] == (
        SetDesiredCount(0, was=3),
        MarkPending(ActionKind.STOP, int(STOP_WITHIN.total_seconds())),
    )


def test_a_service_that_people_already_started_by_other_means_is_only_put_right() -> None:
    for memory in (
        ServiceMemory(pending=Pending(ActionKind.START, START, NOW, "a"), saved_size=SavedSize(3, None, START)),
        ServiceMemory(draining_since=START, saved_size=SavedSize(3, None, START)),
    ):
        found = plan(decision(Wanted.RUNNING), NOTHING_RUNS, memory, NOW)
        assert found is None or found.kind is PlanKind.MEND


def test_facts_from_before_our_last_act_call_for_nothing() -> None:
    pending = ServiceMemory(pending=Pending(ActionKind.START, START + timedelta(seconds=1), NOW, "a"))
    stopped = ServiceMemory(stopped_at=START + timedelta(seconds=1))

    for memory in (pending, stopped):
        assert plan(decision(Wanted.STOPPED), UP, memory, NOW) is None
    assert plan(decision(Wanted.STOPPED), UP, replace(stopped, stopped_at=START), NOW) is not None


def test_every_switch_is_suspended_and_a_persons_later_word_stays() -> None:
    open_all, shut = ScalingBounds(1, 4), ScalingBounds(0, 0)

    assert suspended(open_all) == ALL_OFF
    assert size_to_save(replace(UP, scaling=ALL_OFF), SavedSize(2, PEOPLES, START)) == (3, PEOPLES)
    assert scaling_to_restore(PEOPLES, ALL_OFF) == PEOPLES
    assert scaling_to_restore(PEOPLES, open_all) is None
    assert scaling_to_restore(PEOPLES, shut) == PEOPLES
    assert scaling_to_restore(PEOPLES, replace(ALL_OFF, max_capacity=9)) == replace(PEOPLES, max_capacity=9)


# --- what the hands do of it


class Log:
    """Clients and the state row in one: every call by name, in order."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self._answer = answer or {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.calls.append((name, given, named))
            return self._answer

        return call

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.calls]


class Standing:
    def now(self) -> Any:
        return NOW


def doing(
    step: Step, run: Run, *, answer: dict[str, Any] | None = None, facts: ServiceFacts = UP
) -> tuple[ServiceFacts, Log]:
    log = Log(answer)
    hands: Any = log
    doer = Doer(hands, hands, hands, Standing(), lambda run, facts: log.begun(run.action_id, facts))
    return doer.do(step, run, facts), log


def run_of(plan_: Plan | None, **more: Any) -> Run:
    assert plan_ is not None
    lease = Lease(DEV, "move:a-1", 1, NOW + timedelta(hours=1), NEVER)
    return Run(plan_, plan_.decision, "controller", lease, "a-1", **more)


def test_a_move_is_noted_before_it_goes_out() -> None:
    run = run_of(made())

    after, log = doing(SetPlacement(SPOT, was=HOME), run)

    assert after == replace(UP, capacity_providers=SPOT)
    assert log.names == ["mark_moving", "update_service"]
    assert log.calls[0][1] == (run.lease, Moving(SPOT, True))
    asked = log.calls[1][2]
    assert asked["capacityProviderStrategy"] == [{"capacityProvider": "gpu-spot", "base": 0, "weight": 1}]
    assert asked["forceNewDeployment"] is True


def test_what_is_awaited_is_written_into_the_history_first() -> None:
    run = run_of(made())

    _, log = doing(AWAITED, run)

    assert log.names == ["begun", "mark_pending"]
    deadline = NOW + START_WITHIN
    assert log.calls[1][1] == (run.lease, Pending(ActionKind.MOVE, NOW, deadline, "a-1", SPOT, True), UP.hosts)


@pytest.mark.parametrize(("wanted", "told"), [(Wanted.RUNNING, True), (Wanted.STOPPED, False)])
def test_only_a_start_deals_with_an_opening(wanted: Wanted, told: bool) -> None:
    asleep = ServiceMemory(saved_size=SavedSize(3, None, START))
    facts = DOWN if wanted is Wanted.RUNNING else UP
    found = plan(decision(wanted, handles_opening=START), facts, asleep if told else NEVER, NOW)

    _, log = doing(BEGUN, run_of(found))

    assert log.names == ["begun", "mark_pending", *(["handle_opening"] if told else [])]
    if told:
        assert log.calls[-1][1] == (DEV, START, NOW)


def test_a_start_found_done_is_written_down_once_before_it_is_settled() -> None:
    run = run_of(made())

    assert doing(SettleRunning(), run)[1].names == ["settle_running"]
    settled = doing(SettleRunning(), replace(run, settles=ActionKind.START))[1]
    assert settled.names == ["begun", "settle_running"]
    assert settled.calls[0][1] == ("a-1", UP)


def test_autoscaling_is_given_back_as_it_shall_be() -> None:
    after, log = doing(RestoreScaling(PEOPLES), run_of(made()), facts=replace(UP, scaling=ALL_OFF))

    assert after.scaling == PEOPLES
    assert log.names == ["register_scalable_target"]


@pytest.mark.parametrize(("state", "anew"), [("FAILED", True), ("IN_PROGRESS", False)])
def test_a_deployment_that_ecs_gave_up_is_begun_anew_and_no_other(state: str, anew: bool) -> None:
    answer = {"services": [{"deployments": [{"status": "PRIMARY", "rolloutState": state}]}]}

    after, log = doing(SetDesiredCount(3, was=3, again=True), run_of(made()), answer=answer)

    assert after == UP
    assert log.names == ["describe_services", *(["update_service"] if anew else [])]
    if anew:
        assert log.calls[-1][2]["forceNewDeployment"] is True


def test_looking_again_is_not_for_the_hands() -> None:
    with pytest.raises(AssertionError, match="looking again is the executor's own step"):
        doing(LookAgain(), run_of(made()))
