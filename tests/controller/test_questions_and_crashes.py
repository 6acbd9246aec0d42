"""The process dies before each of its writes in turn, people click at once: one question, one answer, one act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from chalicelib.controller.asking import Answer, AnswerKind, Became
from chalicelib.decide.facts import OverrideKind, ServiceId
from chalicelib.errors import RecordUnavailable
from chalicelib.fleet.people import Caller, Role
from chalicelib.record.approval import Question, State
from chalicelib.runtime.compose import App
from support.moto_record import race
from support.stage import CLUSTER, Stage, id_of, staged
from support.strict_world import FakeService
from support.toy_cloud import Killed

pytestmark = pytest.mark.slow

ADA = Caller("sub-ada", "ada@example.com", Role.USER, frozenset({"leads"}))
POLICY = """
lifecycle: v1
policies:
  vision:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    idle: {stop-after: 30m}
    approval:
      for: [idle-stop, start-when-closed]
      ask: "#vision"
      approvers: [group:leads]
      answer-within: 2h
      no-answer: stay-as-is
    mode: enforce
"""
DO_IT = POLICY.replace("stay-as-is", "do-it")
ESCALATES = POLICY.replace("stay-as-is", 'escalate\n      escalate-to: "#leads"')

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "UpdateService", "RegisterScalableTarget", "Tell")
MOST = 40
"""More writes than any of these runs makes."""


class Wall:
    """Where people see questions: by question, the versions put up; ``fails`` so many times first."""

    def __init__(self, before: Callable[[str], None] = lambda operation: None, fails: int = 0) -> None:
        self.shown: dict[str, list[tuple[int, State]]] = {}
        self.before = before
        self.fails = fails

    def tell(self, question: Question) -> None:
        self.before("herald.Tell")
        if self.fails:
            self.fails -= 1
            raise RecordUnavailable("no outbox")
        self.shown.setdefault(question.id, []).append((question.version, question.state))


@contextmanager
def dying(stage: Stage, wall: Wall, after: int) -> Iterator[list[str]]:
    """Inside, the process dies instead of the write after the first ``after``; then it does nothing any more."""
    written: list[str] = []

    def before(operation: str) -> None:
        if operation.rpartition(".")[2] in WRITES:
            if len(written) >= after:
                raise Killed
            written.append(operation)

    stage.before_call = wall.before = before
    try:
        yield written
    except Killed:
        pass
    finally:
        stage.before_call, wall.before = None, lambda operation: None


def go_on(stage: Stage, app: App) -> None:
    """Sweeps, the last of them after every lock and claim has ended."""
    for _ in range(4):
        stage.set(stage.clock.now() + timedelta(minutes=6))
        app.controller.sweep(stage.clock.now())


def question_of(app: App, stage: Stage) -> Question:
    (question,) = app.controls.read(stage.clock.now()).questions
    return question


def outcomes(stage: Stage, chat: FakeService) -> Counter[str]:
    return Counter(one.outcome for one in stage.history(chat))


def each_death(
    tmp_path: Path, policy: str, prepare: Callable[[Stage, App], FakeService], act: Callable[[Stage, App], object]
) -> Iterator[tuple[Stage, App, FakeService, Wall]]:
    """The world after the act was killed before each of its writes, once with none left, and then went on."""
    for number in range(MOST):
        folder = tmp_path / str(number)
        folder.mkdir()
        with staged(folder, policy, at="2026-11-18T12:00+09:00") as stage:
            wall = Wall()
            chat = prepare(stage, stage.another(herald=wall))
            with dying(stage, wall, number) as written:
                act(stage, stage.another(herald=wall))
            survivor = stage.another(herald=wall)
            go_on(stage, survivor)
            yield stage, survivor, chat, wall
            if len(written) < number:
                assert number > 3, "nothing was killed"
                return
    raise AssertionError(f"more than {MOST} writes")


def idle(stage: Stage, app: App) -> FakeService:
    chat = stage.add("chat")
    app.controller.sweep(stage.clock.now() - timedelta(minutes=0))
    return chat


def fresh(stage: Stage, app: App) -> FakeService:
    """Policies are in force, and nothing was asked yet."""
    app.controller.sweep(stage.clock.now())
    return stage.add("chat")


def click(kind: AnswerKind, until: str = "") -> Callable[[Stage, App], object]:
    def act(stage: Stage, app: App) -> object:
        said = Answer(kind, stage.at(until) if until else None, "because")
        question = question_of(app, stage)
        return app.approvals.answer(question.id, question.version, said, ADA, stage.clock.now())

    return act


def test_asking_that_dies_between_any_two_steps_asks_once(tmp_path: Path) -> None:
    def sweep(stage: Stage, app: App) -> object:
        return app.controller.look_at([ServiceId(CLUSTER, "chat")], stage.clock.now(), why="a test")

    for stage, app, chat, wall in each_death(tmp_path, POLICY, fresh, sweep):
        question = question_of(app, stage)
        assert (question.is_pending, chat.desired) == (True, 1)
        assert set(wall.shown) == {question.id}
        assert outcomes(stage, chat) == {"asked": 1}


def test_a_yes_that_dies_between_any_two_steps_is_carried_out_once_by_the_sweep(tmp_path: Path) -> None:
    for stage, app, chat, wall in each_death(tmp_path, POLICY, idle, click(AnswerKind.APPROVE)):
        question = question_of(app, stage)
        if question.given is None:
            assert (question.is_pending, chat.desired) == (True, 1)
            continue
        assert (chat.desired, question.state, question.is_open) == (0, State.DONE, False)
        assert stage.aws.calls["ecs.UpdateService"] == 1
        assert wall.shown[question.id][-1] == (question.version, State.DONE)
        counted = outcomes(stage, chat)
        assert (counted["asked"], counted["approve"], counted["failed"]) == (1, 1, 0)
        assert len({one.action_id for one in stage.history(chat) if one.outcome == "begun"}) == 1


def test_a_keep_that_dies_between_any_two_steps_keeps_it_running(tmp_path: Path) -> None:
    for stage, app, chat, wall in each_death(tmp_path, POLICY, idle, click(AnswerKind.KEEP, "18:00")):
        question = question_of(app, stage)
        if question.given is None:
            continue
        assert (chat.desired, question.state, question.is_open) == (1, State.KEPT, False)
        (word,) = app.controls.read(stage.clock.now()).overrides
        assert (word.kind, word.by, word.until) == (OverrideKind.KEEP, "ada@example.com", stage.at("18:00"))
        assert wall.shown[question.id][-1] == (question.version, State.KEPT)
        assert outcomes(stage, chat)["keep"] == 1


def test_a_no_that_dies_between_any_two_steps_is_a_no(tmp_path: Path) -> None:
    for stage, app, chat, _ in each_death(tmp_path, POLICY, idle, click(AnswerKind.DENY)):
        question = question_of(app, stage)
        assert chat.desired == 1
        assert question.is_pending or (question.state is State.DENIED and not question.is_open)


def silent_for_two_hours(stage: Stage, app: App) -> object:
    stage.set(stage.clock.now() + timedelta(hours=2))
    return app.controller.sweep(stage.clock.now(), full=False)


def test_silence_that_means_do_it_survives_a_death_between_any_two_steps(tmp_path: Path) -> None:
    for stage, app, chat, _ in each_death(tmp_path, DO_IT, idle, silent_for_two_hours):
        question = question_of(app, stage)
        assert (chat.desired, question.state) == (0, State.DONE)
        assert stage.aws.calls["ecs.UpdateService"] == 1


def test_an_escalation_that_dies_between_any_two_steps_moves_once(tmp_path: Path) -> None:
    for stage, app, chat, wall in each_death(tmp_path, ESCALATES, idle, silent_for_two_hours):
        question = question_of(app, stage)
        assert (question.channel, question.version, question.is_pending, chat.desired) == ("#leads", 2, True, 1)
        assert wall.shown[question.id][-1] == (2, State.PENDING)


def wished_at_night(stage: Stage, app: App) -> FakeService:
    chat = idle(stage, app)
    click(AnswerKind.APPROVE)(stage, app)
    assert chat.desired == 0
    stage.set(stage.at("20:30"))
    app.controller.sweep(stage.clock.now())
    stage.says(chat, OverrideKind.KEEP, "23:30")
    app.controller.look_at([id_of(chat)], stage.clock.now(), why="a test")
    assert question_of(app, stage).action.value == "start-when-closed"
    return chat


def test_a_yes_to_a_start_that_dies_between_any_two_steps_starts_it_once(tmp_path: Path) -> None:
    for stage, app, chat, _ in each_death(tmp_path, POLICY, wished_at_night, click(AnswerKind.APPROVE)):
        question = question_of(app, stage)
        if question.given is None:
            assert (question.is_pending, chat.desired) == (True, 0)
            continue
        assert (chat.desired, question.state) == (1, State.DONE)
        assert stage.aws.calls["ecs.UpdateService"] == 2, "one stop by day, one start"


def test_twenty_clicks_at_once_are_one_act_and_the_others_hear_who_was_first(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        chat = idle(stage, stage.app)
        question = question_of(stage.app, stage)
        people = [Caller(f"sub-{n}", f"p{n}@example.com", Role.USER, ADA.groups) for n in range(20)]
        apps = [stage.another() for _ in people]

        def one_click(number: int) -> object:
            yes = Answer(AnswerKind.APPROVE)
            return apps[number].approvals.answer(question.id, 1, yes, people[number], stage.clock.now())

        answers = race(20, one_click)

        assert Counter(one.became for one in answers) == {Became.COUNTED: 1, Became.LATE: 19}
        (winner,) = [str(people[n]) for n, one in enumerate(answers) if one.became is Became.COUNTED]
        assert all(winner in one.text for one in answers if one.became is Became.LATE)
        assert stage.aws.calls["ecs.UpdateService"] == 1
        assert chat.desired == 0


def test_clicks_that_say_different_things_while_a_sweep_runs_count_once(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        chat = idle(stage, stage.app)
        question = question_of(stage.app, stage)
        kinds = [AnswerKind.APPROVE, AnswerKind.SNOOZE, AnswerKind.DENY, AnswerKind.KEEP]
        apps = [stage.another() for _ in range(6)]
        until = stage.at("18:00")

        def contender(number: int) -> object:
            if number >= len(kinds):
                return apps[number].controller.sweep(stage.clock.now())
            said = Answer(kinds[number], until if kinds[number] is AnswerKind.KEEP else None)
            return apps[number].approvals.answer(question.id, 1, said, ADA, stage.clock.now())

        results = race(6, contender)
        go_on(stage, stage.app)

        counted = [kinds[n] for n, one in enumerate(results[:4]) if one.became is Became.COUNTED]
        assert len(counted) == 1
        assert chat.desired == (0 if counted == [AnswerKind.APPROVE] else 1)
        assert stage.aws.calls["ecs.UpdateService"] == (1 if counted == [AnswerKind.APPROVE] else 0)


def test_sweeps_that_ask_at_once_ask_one_question(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        stage.app.controller.sweep(stage.clock.now())
        stage.add("chat")
        wall = Wall()
        apps = [stage.another(herald=wall) for _ in range(4)]
        race(4, lambda number: apps[number].controller.sweep(stage.clock.now(), full=True))
        assert set(wall.shown) == {question_of(stage.app, stage).id}


def test_people_are_told_later_when_they_cannot_be_told_now_and_nothing_waits_for_it(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        wall = Wall(fails=3)
        app = stage.another(herald=wall)
        chat = idle(stage, app)
        assert wall.shown == {}
        click(AnswerKind.APPROVE)(stage, app)
        assert chat.desired == 0

        go_on(stage, app)

        question = question_of(app, stage)
        assert wall.shown[question.id][-1] == (question.version, State.DONE)
