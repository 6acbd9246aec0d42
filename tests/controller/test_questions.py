"""A policy that wants a yes: people are asked, and what they say, or do not say, is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from chalicelib.controller.asking import Answer, Answered, AnswerKind, Became
from chalicelib.controller.framing import plan_of, stakes_of
from chalicelib.decide.facts import ActionKind, OverrideKind
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.fleet.people import Caller, Role
from chalicelib.prices import Price
from chalicelib.record.approval import Question, State
from chalicelib.record.history import Entry, EntryKind
from support.stage import Stage, id_of, staged
from support.strict_world import FakeService

ADA = Caller("sub-ada", "ada@example.com", Role.USER, frozenset({"User", "leads"}))
BEN = Caller("sub-ben", "ben@example.com", Role.USER, frozenset({"User"}))
ROOT = Caller("sub-root", "root@example.com", Role.ADMIN, frozenset({"Admin"}))
RITA = Caller("sub-rita", "rita@example.com", Role.READ_ONLY, frozenset({"ReadOnly", "leads"}))

POLICY = """
lifecycle: v1
policies:
  vision:
    owner: owner@example.com
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    idle: {stop-after: 30m}
    approval:
      for: [FOR]
      ask: "#vision"
      approvers: [group:leads, "user:Cleo@example.com"]
      answer-within: 30m
      MORE
    mode: enforce
"""


def policy(asks_for: str = "idle-stop", more: str = "no-answer: stay-as-is", below: str = "") -> str:
    text = POLICY.replace("[FOR]", f"[{asks_for}]").replace("MORE", more)
    return text.replace("    mode: enforce", f"{below}    mode: enforce")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, policy(), at="2026-11-18T12:00+09:00") as made:  # a Wednesday
        yield made


def asked(stage: Stage, **more: object) -> tuple[FakeService, Question]:
    """A service that has been idle for long enough, and the question about it."""
    chat = stage.add("chat", **more)  # type: ignore[arg-type]
    stage.sweep()
    (question,) = stage.app.approvals.pending(stage.clock.now())
    return chat, question


def answer(stage: Stage, question: Question, kind: AnswerKind, caller: Caller = ADA, **more: object) -> Answered:
    said = Answer(kind, **more)  # type: ignore[arg-type]
    return stage.app.approvals.answer(question.id, question.version, said, caller, stage.clock.now())


def last(stage: Stage, question: Question) -> Question:
    found = stage.app.approvals.find(question.id, stage.clock.now())
    assert found is not None
    return found


def lines(stage: Stage, chat: FakeService) -> list[tuple[str, str]]:
    return [(one.who, one.outcome) for one in stage.history(chat)]


# --- asking


def test_an_idle_stop_is_asked_for_once_and_not_done(stage: Stage) -> None:
    chat, question = asked(stage)
    stage.set(stage.clock.now() + timedelta(minutes=5))
    report = stage.sweep()

    assert chat.desired == 1
    assert stage.app.approvals.pending(stage.clock.now()) == (last(stage, question),)
    assert [one.outcome for one in stage.history(chat)] == ["asked"]
    assert all(one.awaits_yes for one in report.decided)
    assert stage.told(chat) == []


def test_a_question_holds_what_people_need_to_answer(stage: Stage) -> None:
    _, question = asked(stage, tags={"environment": "dev", "instance-type": "g5.xlarge"}, desired=2)

    assert (question.policy, question.channel, question.no_answer) == ("vision", "#vision", "stay-as-is")
    assert question.answer_by == stage.clock.now() + timedelta(minutes=30)
    assert question.reason and question.evidence
    assert any("desired count 2 -> 0" in step for step in question.steps)
    assert question.stakes.owner == "owner@example.com"
    assert question.stakes.desired_count == 2
    assert question.stakes.saves_until == stage.at("20:00")
    assert question.stakes.last_used is not None
    plan = plan_of(question)
    assert plan is not None
    assert (plan.describe(), plan.decision.reason) == (question.steps, question.reason)


def test_what_it_costs_and_saves_is_said_where_the_price_is_known(stage: Stage) -> None:
    asked(stage, desired=2)
    seen = stage.app.controller.survey(stage.clock.now()).decided[0]
    price = Price(Decimal("1.50"), "a list", date(2026, 11, 1))
    policy = seen.policy
    assert policy is not None

    stakes = stakes_of(seen, policy, (), lambda facts: price, stage.clock.now())

    assert (stakes.usd_per_hour, stakes.saves_usd) == (Decimal("3.00"), Decimal("24.00"))


def test_the_last_start_counts_for_a_fortnight_and_people_for_a_day(stage: Stage) -> None:
    asked(stage)
    seen, now = stage.app.controller.survey(stage.clock.now()).decided[0], stage.clock.now()
    assert seen.policy is not None

    def line(ago: timedelta, kind: EntryKind, who: str = "controller", outcome: str = "") -> Entry:
        action = ActionKind.START if kind is EntryKind.ACTED else None
        return Entry(now - ago, kind, who, "a test", seen.facts.id, action=action, outcome=outcome, action_id="a-1")

    begun = timedelta(days=3)
    past = [
        line(timedelta(hours=20), EntryKind.OVERRIDE, "ada@example.com"),
        line(timedelta(days=2), EntryKind.OVERRIDE, "ben@example.com"),
        line(begun - timedelta(seconds=245), EntryKind.ACTED, outcome="done"),
        line(begun, EntryKind.ACTED, outcome="begun"),
    ]
    learned = replace(seen, seen=replace(seen.seen, learned=replace(seen.seen.learned, boot_seconds=300.4)))

    stakes = stakes_of(learned, seen.policy, past, lambda facts: None, now)
    assert (stakes.cold_start_seconds, stakes.used_by) == (245, ("ada@example.com",))
    assert stakes_of(learned, seen.policy, (), lambda facts: None, now).cold_start_seconds == 300
    assert stakes_of(seen, seen.policy, (), lambda facts: None, now).cold_start_seconds is None


# --- answers


def test_a_yes_stops_it_and_the_history_says_who_and_why(stage: Stage) -> None:
    chat, question = asked(stage)
    stage.set(stage.clock.now() + timedelta(seconds=1))  # lines of one instant and one kind have no order

    said = answer(stage, question, AnswerKind.APPROVE, reason="nobody needs it")

    assert (said.became, chat.desired) == (Became.COUNTED, 0)
    assert said.question is not None
    assert (said.question.state, said.question.is_open) == (State.DONE, False)
    assert lines(stage, chat) == [
        ("controller", "asked"),
        ("ada@example.com", "approve"),
        ("ada@example.com", "begun"),
    ]
    assert "nobody needs it" in stage.history(chat)[1].reason


def test_the_second_answer_hears_who_was_first_and_does_nothing(stage: Stage) -> None:
    chat, question = asked(stage)
    answer(stage, question, AnswerKind.KEEP, until=stage.at("15:00"))

    late = answer(stage, question, AnswerKind.APPROVE, ROOT)

    assert (late.became, chat.desired) == (Became.LATE, 1)
    assert late.text == "ada@example.com, Wed 18 Nov 12:00 JST: keep it running until Wed 18 Nov 15:00 JST"


def test_keep_until_and_snooze_are_words_that_hold_until_their_end(stage: Stage) -> None:
    chat, question = asked(stage)
    answer(stage, question, AnswerKind.SNOOZE, reason="still testing")

    (word,) = stage.app.controls.read(stage.clock.now()).overrides
    assert (word.kind, word.by, word.until) == (OverrideKind.KEEP, "ada@example.com", stage.at("14:00"))
    stage.run_until("13:55")
    assert stage.app.approvals.pending(stage.clock.now()) == ()
    stage.run_until("14:10")
    assert chat.desired == 1
    (again,) = stage.app.approvals.pending(stage.clock.now())
    assert again.id != question.id
    earlier = answer(stage, question, AnswerKind.APPROVE)
    assert earlier.became is Became.LATE
    assert "ada@example.com" in earlier.text


def test_an_exclusion_is_an_admin_s_and_ends(stage: Stage) -> None:
    chat, question = asked(stage)
    until = stage.at("2026-11-25T12:00+09:00")
    assert answer(stage, question, AnswerKind.EXCLUDE, ADA, until=until).became is Became.REFUSED
    assert answer(stage, question, AnswerKind.EXCLUDE, ROOT).became is Became.REFUSED

    assert answer(stage, question, AnswerKind.EXCLUDE, ROOT, until=until).became is Became.COUNTED

    (word,) = stage.app.controls.read(stage.clock.now()).overrides
    assert (word.kind, word.until) == (OverrideKind.EXCLUDE, until)
    stage.run_until("13:00")
    assert (chat.desired, stage.app.approvals.pending(stage.clock.now())) == (1, ())


def test_a_no_holds_for_half_a_day(stage: Stage) -> None:
    chat, question = asked(stage)
    assert answer(stage, question, AnswerKind.DENY).became is Became.COUNTED
    assert last(stage, question).state is State.DENIED

    stage.run_until("19:30")

    assert (chat.desired, stage.app.approvals.pending(stage.clock.now())) == (1, ())
    assert "not asked again yet" in stage.reports[-1].decided[0].held


# --- who may


@pytest.mark.parametrize(
    ("caller", "kind", "says"),
    [
        (BEN, AnswerKind.APPROVE, "leaves this to leads, Cleo@example.com"),
        (BEN, AnswerKind.DENY, "leaves this to leads"),
        (BEN, AnswerKind.SNOOZE, "overrides.by"),
        (RITA, AnswerKind.APPROVE, "ReadOnly may look"),
        (RITA, AnswerKind.KEEP, "ReadOnly may look"),
    ],
)
def test_who_may_not_answer_hears_why_and_the_question_stands(
    stage: Stage, caller: Caller, kind: AnswerKind, says: str
) -> None:
    chat, question = asked(stage)

    refused = answer(stage, question, kind, caller, until=stage.at("13:00"))

    assert (refused.became, chat.desired) == (Became.REFUSED, 1)
    assert says in refused.text
    assert last(stage, question).is_pending


@pytest.mark.parametrize(
    "caller",
    [ROOT, Caller("sub-cleo", "cleo@Example.com", Role.USER), Caller("s", "x@example.com", Role.USER, ADA.groups)],
)
def test_admins_named_people_and_members_of_named_groups_may_say_yes(stage: Stage, caller: Caller) -> None:
    chat, question = asked(stage)
    assert answer(stage, question, AnswerKind.APPROVE, caller).became is Became.COUNTED
    assert chat.desired == 0


def test_an_owner_who_is_no_approver_may_keep_it_or_say_no(stage: Stage) -> None:
    owner = Caller("sub-o", "owner@example.com", Role.USER)
    _, question = asked(stage)
    assert answer(stage, question, AnswerKind.APPROVE, owner).became is Became.REFUSED
    assert answer(stage, question, AnswerKind.SNOOZE, owner).became is Became.COUNTED


def test_a_keep_is_no_longer_than_the_policy_allows_and_not_in_the_past(stage: Stage) -> None:
    _, question = asked(stage)
    week, past = stage.at("2026-11-25T12:00+09:00"), stage.at("2026-11-18T11:00+09:00")
    assert "overrides.longest" in answer(stage, question, AnswerKind.KEEP, until=week).text
    assert answer(stage, question, AnswerKind.KEEP, until=past).became is Became.REFUSED
    assert answer(stage, question, AnswerKind.KEEP).became is Became.REFUSED


def test_the_role_counts_as_it_is_when_the_answer_comes(stage: Stage) -> None:
    _, question = asked(stage)
    stage.write(policy().replace("group:leads", "group:others"))
    stage.set(stage.clock.now() + timedelta(minutes=5))
    stage.sweep()

    assert answer(stage, question, AnswerKind.APPROVE).became in (Became.REFUSED, Became.LATE, Became.UNKNOWN)


# --- the world moves


def test_a_yes_to_what_is_in_use_again_stops_nothing_and_says_why(stage: Stage) -> None:
    chat, question = asked(stage)
    stage.set(stage.clock.now() + timedelta(minutes=20))
    chat.sends("requests", lambda at: 5.0)

    said = answer(stage, question, AnswerKind.APPROVE)

    assert (said.became, chat.desired) == (Became.COUNTED, 1)
    assert last(stage, question).state is State.FAILED
    assert said.text.startswith("Not done after all: ")


def test_a_question_is_taken_back_when_nobody_wants_the_act_any_more(stage: Stage) -> None:
    chat, question = asked(stage)
    chat.sends("requests", lambda at: 5.0)
    stage.run_until("12:15")
    stage.look_at(chat)

    assert last(stage, question).state is State.WITHDRAWN
    late = answer(stage, question, AnswerKind.APPROVE)
    assert (late.became, chat.desired) == (Became.LATE, 1)
    assert "taken back" in late.text


def test_a_service_that_was_resized_is_asked_about_anew(stage: Stage) -> None:
    chat, question = asked(stage)
    chat.desired = 3
    stage.look_at(chat)

    (again,) = stage.app.approvals.pending(stage.clock.now())
    assert (again.id != question.id, again.stakes.desired_count) == (True, 3)
    assert answer(stage, question, AnswerKind.APPROVE).became is Became.LATE
    assert chat.desired == 3


def test_a_yes_that_no_sweep_saw_before_a_resize_is_for_the_old_size_only(stage: Stage) -> None:
    chat, question = asked(stage)
    chat.desired = 3

    answer(stage, question, AnswerKind.APPROVE)

    assert chat.desired == 3
    (again,) = stage.app.approvals.pending(stage.clock.now())
    assert again.id != question.id


def test_a_service_that_is_gone_is_not_asked_about_any_more(stage: Stage) -> None:
    chat, question = asked(stage)
    del stage.aws.world.clusters[chat.cluster][chat.name]

    said = answer(stage, question, AnswerKind.APPROVE)

    assert "does not exist any more" in said.text


# --- silence


def test_silence_leaves_it_as_it_is_and_the_same_is_not_asked_again_at_once(stage: Stage) -> None:
    chat, question = asked(stage)
    stage.run_until("12:40")

    ended = last(stage, question)
    assert (ended.state, ended.is_open, chat.desired) == (State.EXPIRED, False, 1)
    stage.run_until("16:20")
    assert stage.app.approvals.pending(stage.clock.now()) == ()
    stage.run_until("16:45")
    assert len(stage.app.approvals.pending(stage.clock.now())) == 1


def test_an_answer_after_the_deadline_hears_so_though_no_sweep_has_come_by(stage: Stage) -> None:
    chat, question = asked(stage)
    stage.set(stage.clock.now() + timedelta(minutes=30))

    late = answer(stage, question, AnswerKind.APPROVE)

    assert (late.became, chat.desired) == (Became.LATE, 1)
    assert late.text == "Nobody answered by Wed 18 Nov 12:30 JST: it stays as it is"


def test_silence_can_mean_do_it(tmp_path: Path) -> None:
    with staged(tmp_path, policy(more="no-answer: do-it"), at="2026-11-18T12:00+09:00") as stage:
        chat, question = asked(stage)
        stage.run_until("12:25")
        assert chat.desired == 1
        stage.run_until("12:35")

        assert (chat.desired, last(stage, question).state) == (0, State.DONE)
        assert ("policy vision (nobody answered)", "begun") in lines(stage, chat)


def test_silence_can_mean_to_ask_somebody_else_once(tmp_path: Path) -> None:
    escalates = 'no-answer: escalate\n      escalate-to: "#leads"'
    with staged(tmp_path, policy(more=escalates), at="2026-11-18T12:00+09:00") as stage:
        chat, question = asked(stage)
        stage.run_until("12:35")

        (moved,) = stage.app.approvals.pending(stage.clock.now())
        assert (moved.id, moved.channel, moved.version) == (question.id, "#leads", question.version + 1)
        assert answer(stage, question, AnswerKind.APPROVE).became is Became.STALE
        stage.run_until("13:10")
        assert (last(stage, question).state, chat.desired) == (State.EXPIRED, 1)


def test_nothing_is_asked_in_quiet_time_which_does_not_count_as_time_to_answer(tmp_path: Path) -> None:
    quiet = "    notify: {quiet: [daily 12:10-14:00]}\n"
    with staged(tmp_path, policy(below=quiet), at="2026-11-18T12:00+09:00") as stage:
        _, question = asked(stage)
        assert question.answer_by == stage.at("14:20")
        two = stage.add("two", requests=lambda at: 1.0 if at < stage.at("2026-11-18T11:50+09:00") else None)
        stage.run_until("13:55")
        assert [one.service for one in stage.app.approvals.pending(stage.clock.now())] == [question.service]
        assert "quiet time" in next(
            one.held for report in stage.reports for one in report.decided if one.facts.id == id_of(two) and one.held
        )
        stage.run_until("14:05")
        assert len(stage.app.approvals.pending(stage.clock.now())) == 2


# --- the other acts


def test_a_stop_at_closing_can_need_a_yes_too(tmp_path: Path) -> None:
    with staged(tmp_path, policy("closed-stop"), at="2026-11-18T19:50+09:00") as stage:
        chat = stage.add("chat", requests=lambda at: 1.0 if at < stage.at("2026-11-18T19:55+09:00") else None)
        stage.run_until("20:10")
        (question,) = stage.app.approvals.pending(stage.clock.now())
        assert (question.action.value, chat.desired) == ("closed-stop", 1)
        answer(stage, question, AnswerKind.APPROVE)
        assert chat.desired == 0


def test_what_a_policy_does_not_list_is_done_without_asking(tmp_path: Path) -> None:
    with staged(tmp_path, policy("closed-stop"), at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat")
        stage.sweep()
        assert (chat.desired, stage.app.approvals.pending(stage.clock.now())) == (0, ())


def started_at_night(stage: Stage) -> tuple[FakeService, Question]:
    chat = stage.add("chat", desired=2)
    stage.run_until("20:20")
    assert chat.desired == 0
    stage.run_until("20:40")
    stage.says(chat, OverrideKind.KEEP, "23:00")
    stage.look_at(chat)
    (question,) = stage.app.approvals.pending(stage.clock.now())
    return chat, question


def test_a_start_while_closed_waits_for_a_yes_and_then_runs_until_its_end(tmp_path: Path) -> None:
    with staged(tmp_path, policy("start-when-closed"), at="2026-11-18T19:00+09:00") as stage:
        chat, question = started_at_night(stage)
        assert (chat.desired, question.requester, question.action.value) == (0, "owner", "start-when-closed")

        answer(stage, question, AnswerKind.APPROVE)

        assert (chat.desired, last(stage, question).state) == (2, State.DONE)
        stage.run_until("22:55")
        assert chat.desired == 2
        stage.run_until("23:15")
        assert chat.desired == 0


def test_a_start_that_nobody_approves_does_not_happen_and_the_wish_ends(tmp_path: Path) -> None:
    with staged(tmp_path, policy("start-when-closed"), at="2026-11-18T19:00+09:00") as stage:
        chat, question = started_at_night(stage)
        answer(stage, question, AnswerKind.DENY)
        stage.run_until("22:00")
        assert chat.desired == 0
        assert stage.app.controls.read(stage.clock.now()).overrides == ()


@pytest.mark.parametrize(("may", "became"), [("false", Became.REFUSED), ("true", Became.COUNTED)])
def test_whether_who_asked_may_say_yes_is_the_policy_s(tmp_path: Path, may: str, became: Became) -> None:
    with staged(tmp_path, policy("start-when-closed", f"self: {may}"), at="2026-11-18T19:00+09:00") as stage:
        _, question = started_at_night(stage)
        wisher = Caller("sub-owner", "owner", Role.ADMIN)
        assert answer(stage, question, AnswerKind.APPROVE, wisher).became is became


# --- what people see elsewhere


def test_a_plan_file_is_no_way_around_a_yes_and_a_survey_shows_that_people_would_be_asked(stage: Stage) -> None:
    chat = stage.add("chat")
    stage.app.controller.sweep(stage.clock.now() - timedelta(days=1))
    (seen,) = stage.app.controller.survey(stage.clock.now()).decided
    assert seen.plan is not None
    assert seen.held == "#vision would be asked whether to stop it because it is idle"

    (outcome,) = stage.app.controller.apply([seen.plan], stage.clock.now(), who="somebody").outcomes

    assert (outcome.status, chat.desired) == (OutcomeStatus.REFUSED, 1)


def test_two_services_are_asked_about_side_by_side(tmp_path: Path) -> None:
    with staged(tmp_path, policy(), at="2026-11-18T12:00+09:00", workers=4) as stage:
        for name in ("a", "b", "c"):
            stage.add(name)
        stage.sweep()
        assert len({one.service for one in stage.app.approvals.pending(stage.clock.now())}) == 3


def test_what_came_of_a_yes_says_that_it_was_done(stage: Stage) -> None:
    _, question = asked(stage)
    answer(stage, question, AnswerKind.APPROVE)

    assert last(stage, question).outcome.startswith("stopped (idle: not used for ")
