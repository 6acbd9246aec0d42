"""What must hold just before an act, and who may carry out a yes: without AWS and without a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from chalicelib.decide.capacity import CapacityProviderUse, Market, Setback, SetbackKind, Strategy
from chalicelib.decide.decision import Because, Decision, Placing, RuleName, Wanted
from chalicelib.decide.facts import (
    ActionKind,
    Pending,
    SavedSize,
    ScalingBounds,
    ServiceFacts,
    ServiceMemory,
)
from chalicelib.errors import (
    ConditionFailed,
    Locked,
    NoLongerWanted,
    NotManageable,
    ObservationError,
    RecordUnavailable,
    WorldChanged,
)
from chalicelib.execute.doing import A_CALL, Doer, Run
from chalicelib.execute.gate import Gate
from chalicelib.execute.guards import Again, same_world, still_wanted
from chalicelib.execute.moves import goes_to_spot, remember_refused
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, PlanKind, mend, plan
from chalicelib.execute.resuming import acting_now, asks_for_tasks, claim, interrupted_start, went_down
from chalicelib.execute.steps import MarkDraining, NoteSetback, SaveSize, SetDesiredCount, SuspendScaling, TakeBack
from chalicelib.record.states import Lease
from support.acting import ALL_OFF, DEV, PEOPLES, START, decision
from support.questions import given, question

UP = ServiceFacts(DEV, "arn", 3, 3, 0, START, scaling=PEOPLES, ready_since=START, task_definition="ollama:1")
DOWN = replace(UP, desired_count=0, running_count=0, ready_since=None, scaling=ALL_OFF)
NEVER = ServiceMemory()
ASLEEP = ServiceMemory(saved_size=SavedSize(3, PEOPLES, START), stopped_at=START)
SPOT: Strategy = (CapacityProviderUse("gpu-spot", 0, 1),)
OTHER: Strategy = (CapacityProviderUse("gpu-od", 0, 1),)
NOW = START + timedelta(minutes=30)


def made(wanted: Wanted, facts: ServiceFacts = UP, memory: ServiceMemory = NEVER, **changes: Any) -> Plan:
    found = plan(decision(wanted, **changes), facts, memory, NOW, policy_version="v1")
    assert found is not None
    return found


def to(there: Strategy, **more: Any) -> dict[str, Any]:
    return {"placing": Placing(Market.SPOT, "because", to=there, **more)}


STOP = made(Wanted.STOPPED)
BEGIN = made(Wanted.RUNNING, DOWN, ASLEEP)
MOVE = made(Wanted.LEAVE, **to(SPOT))


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


# --- one run carries a yes out


class Asked:
    """Remembers what became of the question."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.told: list[tuple[str, object, object]] = []
        self._fails = fails

    def claim(self, question: Any) -> Any:
        if self._fails:
            raise self._fails
        return replace(question, version=question.version + 1)

    def give_back(self, question: Any) -> None:
        self.told.append(("given back", question.version, None))

    def end_run(self, question: Any, *, done: bool, why: str) -> None:
        self.told.append((why, question.version, done))


class Executing:
    def __init__(self, status: OutcomeStatus, action_id: str = "a-1") -> None:
        self.ran: list[tuple[Plan, str, object]] = []
        self._outcome = Outcome(DEV, PlanKind.STOP, status, "it went so", action_id)

    def run(self, plan: Plan, who: str, *, look_again: object) -> Outcome:
        self.ran.append((plan, who, look_again))
        return self._outcome


ASK = replace(question(), given=given())


def through(executing: Executing, asked: Asked, plan_: Plan = STOP, about: object = ASK) -> Outcome | None:
    look = looking(decision(Wanted.STOPPED))
    found = Gate(executing, asked).run(plan_, about, look)  # type: ignore[arg-type]
    if executing.ran:
        assert executing.ran == [(plan_, "ada@example.com" if about else "controller", look)]
    return found


@pytest.mark.parametrize(
    ("plan_", "word"),
    [
        (STOP, "stopped"),
        (BEGIN, "started"),
        (MOVE, "moved"),
        (replace(STOP, kind=PlanKind.MEND), "mended"),
    ],
)
def test_a_yes_is_carried_out_in_the_name_of_who_gave_it_and_ended_with_what_came_of_it(plan_: Plan, word: str) -> None:
    asked, executing = Asked(), Executing(OutcomeStatus.DONE)

    outcome = through(executing, asked, plan_)

    assert outcome is not None
    assert outcome.reason == "it went so"
    assert asked.told == [(f"{word} (it went so)", ASK.version + 1, True)]


@pytest.mark.parametrize(
    ("status", "action_id", "plan_", "told"),
    [
        (OutcomeStatus.FAILED, "a-1", STOP, ("it went so", ASK.version + 1, False)),
        (OutcomeStatus.FAILED, "", STOP, ("it went so", ASK.version + 1, False)),
        (OutcomeStatus.REFUSED, "a-1", STOP, ("it went so", ASK.version + 1, False)),
        (OutcomeStatus.REFUSED, "", STOP, ("given back", ASK.version + 1, None)),
        (OutcomeStatus.REFUSED, "", replace(STOP, refusal="cannot"), ("it went so", ASK.version + 1, False)),
    ],
)
def test_a_run_that_could_not_begin_gives_the_yes_back_and_one_that_failed_ends_it(
    status: OutcomeStatus, action_id: str, plan_: Plan, told: object
) -> None:
    asked = Asked()

    assert through(Executing(status, action_id), asked, plan_) is not None
    assert asked.told == [told]


@pytest.mark.parametrize("lost", [ConditionFailed("claim", "lost"), RecordUnavailable("away")])
def test_who_does_not_get_the_claim_does_nothing(lost: Exception) -> None:
    asked, executing = Asked(lost), Executing(OutcomeStatus.DONE)

    assert through(executing, asked) is None
    assert (executing.ran, asked.told) == ([], [])


def test_without_a_question_the_controller_acts_in_its_own_name() -> None:
    asked, executing = Asked(), Executing(OutcomeStatus.DONE)

    assert through(executing, asked, about=None) is not None
    assert asked.told == []


# --- the lock of another run


def lease(owner: str = "stop:a-1", **more: Any) -> Lease:
    return Lease(**{"service": DEV, "owner": owner, "fence": 1, "until": NOW, "memory": NEVER, **more})


@pytest.mark.parametrize(
    ("plan_", "holder", "word", "resumes", "settles"),
    [
        (STOP, None, "stop", None, None),
        (STOP, "", "stop", None, None),
        (STOP, "stop", "stop", None, None),
        (STOP, "stop:a-1", "stop", "a-1", None),
        (STOP, "start:a-1", "stop", None, None),
        (BEGIN, "start:a:1", "start", "a:1", None),
        (MOVE, "move:a-1", "move", "a-1", None),
    ],
)
def test_a_run_goes_on_with_what_a_dead_one_of_its_kind_began(
    plan_: Plan, holder: str | None, word: str, resumes: str | None, settles: object
) -> None:
    found = claim(plan_, holder)

    assert (found.word, found.resumes, found.settles) == (word, resumes, settles)
    assert found.owner("b-2") == f"{word}:b-2"


def test_a_start_that_is_found_done_is_written_down_under_its_own_id() -> None:
    settling = made(Wanted.LEAVE, memory=ServiceMemory(saved_size=SavedSize(3, PEOPLES, START)))

    found = claim(settling, "start:a-1")

    assert [step.step for step in settling.steps] == ["settle-running"]
    assert (found.word, found.resumes, found.settles) == ("start", "a-1", ActionKind.START)
    assert claim(settling, "stop:a-1").settles is None
    assert claim(settling, None).word == "mend"


@pytest.mark.parametrize(
    ("holder", "doing"),
    [
        ("start:a-1", "is starting it"),
        ("stop:a-1", "is stopping it"),
        ("move:a-1", "is moving it"),
        ("mend:a-1", "is acting on it"),
        ("", "is acting on it"),
    ],
)
def test_who_finds_the_lock_taken_says_what_the_other_does_and_for_how_long(holder: str, doing: str) -> None:
    for until, longest in ((NOW + timedelta(minutes=4), ", for 4 min at the longest"), (None, "")):
        held = Locked("taken", holder=holder, until=until)
        found = acting_now(STOP, held, NOW)
        said = f"{DEV}: another run {doing} right now{longest}"
        assert found == Outcome(DEV, PlanKind.STOP, OutcomeStatus.REFUSED, said, news=False, overtaken=True)


def test_what_a_dead_run_left_is_told_by_its_lock_and_by_the_service() -> None:
    assert interrupted_start(lease(interrupted="start:a-1"))
    assert not interrupted_start(lease(interrupted="stop:a-1"))
    assert not interrupted_start(lease())
    pending = replace(NEVER, pending=Pending(ActionKind.START, START, NOW, "a-1"))
    assert not interrupted_start(lease(interrupted="start:a-1", memory=pending))
    assert went_down(STOP, DOWN)
    assert not went_down(STOP, UP)
    assert not went_down(STOP, None)
    assert not went_down(BEGIN, DOWN)
    assert (asks_for_tasks(BEGIN), asks_for_tasks(MOVE)) == (3, 0)


# --- what a refused move leaves behind, and the end of a lock


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
