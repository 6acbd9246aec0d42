"""Who may answer a question, and how: each refusal in its own words. Pure, without a fleet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from chalicelib.controller.answering import check
from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.errors import Forbidden, NotAllowed, Unfit
from chalicelib.fleet.people import Caller, Role
from chalicelib.policy.model import PolicySet
from chalicelib.record.approval import Answer, AnswerKind, Question, Stakes
from support.policies import policy_set
from support.questions import NOON, question

VISION = """
policies:
  vision:
    match: {everything: true}
    owner: olga@example.com
    approval: {for: [idle-stop], ask: '#vision', approvers: ['group:leads', 'user:Cleo@example.com']%s}
    overrides: {longest: 3h%s}
    mode: enforce
"""
LATER = NOON + timedelta(hours=2)
LEA = Caller("sub-lea", "lea@example.com", Role.USER, frozenset({"leads"}))
CLEO = Caller("sub-cleo", "cleo@example.com", Role.USER)
BEN = Caller("sub-ben", "ben@example.com", Role.USER, frozenset({"others"}))
ROOT = Caller("sub-root", "root@example.com", Role.ADMIN)
RITA = Caller("sub-rita", "rita@example.com", Role.READ_ONLY, frozenset({"leads"}))
OLGA = Caller("sub-olga", "olga@example.com", Role.USER)
OWNER = Caller("sub-owner", "owner@example.com", Role.USER)
NAMELESS = Caller("sub-x", "", Role.USER)
TO_LISTED = "the policy vision leaves this to leads, Cleo@example.com (approval.approvers)."


def policies(approval: str = "", overrides: str = "") -> PolicySet:
    return policy_set(VISION % (approval, overrides))


def answer(
    kind: AnswerKind,
    caller: Caller,
    about: Question | None = None,
    *,
    until: datetime | None = None,
    rules: PolicySet | None = None,
) -> datetime | None:
    """The end of the answer as it counts; raises what `check` raises."""
    given = check(about or question(), Answer(kind, until, "why"), caller, rules or policies(), NOON)
    assert (given.answer.kind, given.answer.reason) == (kind, "why")
    assert (given.by, given.at, given.role, given.sub) == (str(caller), NOON, caller.role.value, caller.sub)
    return given.answer.until


def refused(
    kind: type[Exception], word: AnswerKind, caller: Caller, about: Question | None = None, **more: object
) -> str:
    with pytest.raises(kind) as found:
        answer(word, caller, about, **more)  # type: ignore[arg-type]
    return str(found.value)


def test_those_whom_the_policy_names_and_admins_approve() -> None:
    for caller in (LEA, CLEO, ROOT):
        assert answer(AnswerKind.APPROVE, caller) is None
    for caller in (BEN, OLGA, OWNER):
        assert refused(Forbidden, AnswerKind.APPROVE, caller) == f"You are {caller}: {TO_LISTED}"
    assert refused(Forbidden, AnswerKind.APPROVE, NAMELESS) == f"You are sub-x: {TO_LISTED}"


def test_who_may_only_read_answers_nothing() -> None:
    for word in AnswerKind:
        assert refused(Forbidden, word, RITA, until=LATER) == "ReadOnly may look, and answer nothing."


@pytest.mark.parametrize(
    "mine",
    [{"requester": "lea@example.com"}, {"requester": "lea", "requester_sub": "sub-lea"}, {"requester": "sub-lea"}],
)
def test_nobody_approves_their_own_wish_unless_the_policy_lets_them(mine: dict[str, str]) -> None:
    own = question(**mine)

    assert refused(Forbidden, AnswerKind.APPROVE, LEA, own) == (
        "You asked for this yourself: somebody else has to approve it (approval.self)."
    )
    assert answer(AnswerKind.APPROVE, LEA, own, rules=policies(", self: true")) is None
    assert answer(AnswerKind.APPROVE, CLEO, own) is None
    assert refused(Forbidden, AnswerKind.APPROVE, BEN, own, rules=policies(", self: true")).endswith(TO_LISTED)


def test_a_question_of_the_policys_own_has_no_requester() -> None:
    assert answer(AnswerKind.APPROVE, LEA, question(requester="", requester_sub="sub-lea")) is None


def test_a_no_takes_an_approver_the_owner_or_who_asked() -> None:
    asked = question(requester="ben@example.com")

    for caller in (LEA, CLEO, ROOT, OLGA, OWNER):
        assert answer(AnswerKind.DENY, caller) is None
    assert answer(AnswerKind.DENY, BEN, asked) is None
    assert refused(Forbidden, AnswerKind.DENY, BEN) == f"You are ben@example.com: {TO_LISTED}"
    assert refused(Forbidden, AnswerKind.DENY, NAMELESS, question(stakes=Stakes(owner=""))).startswith("You are sub-x")


def test_an_instance_is_owned_by_the_id_of_its_person_too() -> None:
    assert answer(AnswerKind.DENY, NAMELESS, question(stakes=Stakes(owner="sub-x"))) is None


def test_a_snooze_is_two_hours_or_as_long_as_the_policy_lets() -> None:
    short = policy_set(VISION.replace("longest: 3h", "longest: 1h") % ("", ""))

    assert answer(AnswerKind.SNOOZE, LEA) == NOON + timedelta(hours=2)
    assert answer(AnswerKind.SNOOZE, LEA, rules=short) == NOON + timedelta(hours=1)
    assert answer(AnswerKind.SNOOZE, LEA, until=NOON + timedelta(hours=3)) == NOON + timedelta(hours=3)


def test_to_keep_it_running_takes_an_approver_or_whom_the_policy_hears_anyway() -> None:
    for caller in (LEA, CLEO, ROOT, OLGA, OWNER):
        assert answer(AnswerKind.KEEP, caller, until=LATER) == LATER
    assert refused(Forbidden, AnswerKind.KEEP, BEN, until=LATER).endswith(
        "leaves this to owner and admin (overrides.by)."
    )
    assert answer(AnswerKind.KEEP, BEN, until=LATER, rules=policies("", ", by: [anyone]")) == LATER
    admins = policies("", ", by: [admin]")
    assert refused(Forbidden, AnswerKind.KEEP, OLGA, until=LATER, rules=admins).startswith("You are olga@example.com")
    assert answer(AnswerKind.KEEP, LEA, until=LATER, rules=admins) == LATER


@pytest.mark.parametrize("word", [AnswerKind.SNOOZE, AnswerKind.KEEP, AnswerKind.EXCLUDE])
def test_only_a_stop_is_put_off(word: AnswerKind) -> None:
    for action in ApprovalAction:
        about = question(action=action)
        if action in (ApprovalAction.IDLE_STOP, ApprovalAction.CLOSED_STOP):
            assert answer(word, ROOT, about, until=LATER) == LATER
        else:
            said = refused(NotAllowed, word, ROOT, about, until=LATER)
            assert said == "This only makes sense for a stop: approve it or say no."


@pytest.mark.parametrize("word", [AnswerKind.KEEP, AnswerKind.EXCLUDE])
def test_an_answer_that_lasts_needs_an_end_that_is_still_to_come(word: AnswerKind) -> None:
    for until, said in (
        (None, "Until when? An answer like this needs an end."),
        (NOON, "That time is over since 0 s; choose a later one."),
        (NOON - timedelta(minutes=5), "That time is over since 5 min; choose a later one."),
    ):
        with pytest.raises(Unfit) as found:
            answer(word, ROOT, until=until)
        assert (str(found.value), found.value.field) == (said, "until")


def test_nothing_is_kept_for_longer_than_the_policy_lets() -> None:
    said = refused(NotAllowed, AnswerKind.KEEP, LEA, until=NOON + timedelta(hours=4))

    assert said.startswith("4 h is too long: the policy vision (")
    assert "does not allow this: overrides.allow has stop, `keep` needs keep" in refused(
        NotAllowed, AnswerKind.KEEP, LEA, until=LATER, rules=policies("", ", allow: [stop]")
    )


def test_only_an_admin_excludes() -> None:
    assert answer(AnswerKind.EXCLUDE, ROOT, until=LATER) == LATER
    assert refused(Forbidden, AnswerKind.EXCLUDE, LEA, until=LATER) == (
        "You are lea@example.com: only an Admin excludes a service."
    )


def test_a_policy_that_no_longer_asks_takes_no_answer() -> None:
    gone = policy_set(VISION.replace("vision:", "other:", 1) % ("", ""))
    silent = policies()
    silent = silent.model_copy(
        update={"policies": tuple(one.model_copy(update={"approval": None}) for one in silent.policies)}
    )

    for rules in (gone, silent):
        said = refused(NotAllowed, AnswerKind.APPROVE, ROOT, rules=rules)
        assert said == "The policy vision in force does not ask for this any more."


def test_an_address_is_read_without_regard_to_case_and_an_empty_one_is_nobodys() -> None:
    assert answer(AnswerKind.APPROVE, replace(CLEO, email="CLEO@Example.com")) is None
    empty = policy_set((VISION % ("", "")).replace("'user:Cleo@example.com'", "'group:user'"))
    assert "You are sub-x" in refused(Forbidden, AnswerKind.APPROVE, NAMELESS, rules=empty)
