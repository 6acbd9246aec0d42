"""A person's word through the API: checked, written down, carried out at once by the controller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from chalicelib.controller.asking import Answer, AnswerKind
from chalicelib.decide.facts import OverrideKind, ServiceFacts, ServiceId, Switches
from chalicelib.errors import Conflict, Forbidden, NotAllowed, NotFound, NotManageable, Unfit
from chalicelib.fleet.allowing import Speaker, may_start
from chalicelib.fleet.heard import Became, describe
from chalicelib.fleet.people import Caller, Role
from chalicelib.fleet.wishes import Wishes
from chalicelib.policy.model import Approval, PolicySet
from support.policies import policy
from support.stage import CLUSTER, Stage, id_of, staged
from support.strict_world import FakeService

ADA = Caller("sub-ada", "ada@example.com", Role.USER)
BEN = Caller("sub-ben", "ben@example.com", Role.USER)
ROOT = Caller("sub-root", "root@example.com", Role.ADMIN)
RITA = Caller("sub-rita", "rita@example.com", Role.READ_ONLY)

TOKYO = ZoneInfo("Asia/Tokyo")
OFFICE = """
lifecycle: v1
policies:
  office:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    mode: enforce
"""
ADAS = {"environment": "dev", "lifecycle:owner": "ada@example.com"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, OFFICE, at="2026-11-18T17:00+09:00") as made:
        yield made


def wishes_of(stage: Stage) -> Wishes:
    app = stage.app
    return Wishes(app.controller, app.inventory, app.policies_in_force, app.controls, app.history, stage.clock)


def adas_chat(stage: Stage, **more: object) -> FakeService:
    chat = stage.add("chat", tags=ADAS, requests=None, **more)  # type: ignore[arg-type]
    stage.sweep()
    return chat


def test_keep_holds_a_service_over_closing_time(stage: Stage) -> None:
    chat = adas_chat(stage)
    heard = wishes_of(stage).keep(id_of(chat), ADA, until=stage.at("22:00"), reason="demo")
    assert (heard.became, heard.said) == (Became.STANDS, "keep running until Wed 18 Nov 2026 22:00 JST: demo")

    stage.run_until("21:55")
    assert chat.desired == 1
    stage.run_until("22:10")
    assert chat.desired == 0


def test_stop_and_start_act_at_once_and_bear_the_caller_s_name(stage: Stage) -> None:
    chat = adas_chat(stage, desired=2)
    assert wishes_of(stage).stop(id_of(chat), ADA).became is Became.ACTED
    assert chat.desired == 0
    stage.run_until("17:30")

    assert wishes_of(stage).start(id_of(chat), ROOT, length=timedelta(hours=1)).became is Became.ACTED
    assert chat.desired == 2
    words = [(one.who, one.reason) for one in stage.history(chat) if one.kind.value == "override"]
    assert words == [
        ("ada@example.com", "stop when not in use, until a request comes or until Wed 18 Nov 2026 19:00 JST"),
        ("root@example.com", "keep running until Wed 18 Nov 2026 18:30 JST"),
    ]


@pytest.mark.parametrize(
    ("length", "says"),
    [
        (
            None,
            "stop at once and stay stopped (hours are closed, and no request opens them) until Wed 18 Nov 2026 23:30",
        ),
        (
            timedelta(hours=20),
            "stop at once, until a request comes after Thu 19 Nov 08:00 JST or until Thu 19 Nov 2026",
        ),
    ],
)
def test_a_stop_in_closed_hours_promises_no_wake_that_would_be_refused(
    stage: Stage, length: timedelta | None, says: str
) -> None:
    chat = adas_chat(stage, desired=1)
    wishes_of(stage).keep(id_of(chat), ADA, length=timedelta(hours=6))
    stage.run_until("21:30")
    heard = wishes_of(stage).stop(id_of(chat), ADA, force=True)
    assert heard.word is not None
    if length is not None:
        heard = replace(heard, said=describe(replace(heard.word, until=stage.clock.now() + length), TOKYO,
                                             closed_until=datetime(2026, 11, 19, 8, tzinfo=TOKYO)))  # fmt: skip
    assert heard.said.startswith(says), heard.said
    assert chat.desired == 0


def test_a_stop_waits_for_a_service_in_use_and_says_so(stage: Stage) -> None:
    chat = stage.add("chat", tags=ADAS, requests=3.0)
    stage.sweep()
    heard = wishes_of(stage).stop(id_of(chat), ADA)
    assert (heard.became, chat.desired) == (Became.STANDS, 1)
    assert heard.reason.startswith("in use: ")

    assert wishes_of(stage).stop(id_of(chat), ADA, force=True).became is Became.ACTED
    assert chat.desired == 0


@pytest.mark.parametrize("caller", [BEN, RITA])
def test_who_neither_owns_it_nor_is_admin_changes_nothing(stage: Stage, caller: Caller) -> None:
    chat = adas_chat(stage)
    wishes = wishes_of(stage)
    for say in (wishes.stop, wishes.start, wishes.keep, wishes.resume):
        with pytest.raises(Forbidden):
            say(id_of(chat), caller)
    assert chat.desired == 1
    assert stage.app.controls.read(stage.clock.now()).overrides == ()


def test_resume_ends_what_was_said(stage: Stage) -> None:
    chat = adas_chat(stage)
    wishes = wishes_of(stage)
    wishes.keep(id_of(chat), ADA, until=stage.at("23:00"))
    stage.run_until("21:00")
    assert wishes.resume(id_of(chat), ADA).became is Became.ACTED
    assert chat.desired == 0
    assert wishes.resume(id_of(chat), ADA).became is Became.STANDS


def test_a_word_that_cannot_be_is_refused_before_anything_is_written(stage: Stage) -> None:
    chat, wishes = adas_chat(stage), wishes_of(stage)
    agent = stage.add("agent", tags=ADAS, scheduling="DAEMON")
    service, now = id_of(chat), stage.clock.now()
    with pytest.raises(Unfit) as wrong:
        wishes.keep(service, ADA, until=now)
    assert wrong.value.field == "until"
    with pytest.raises(Unfit):
        wishes.keep(service, ADA, until=now + timedelta(hours=1), length=timedelta(hours=1))
    with pytest.raises(NotAllowed, match="allows at most 1 d"):
        wishes.keep(service, ADA, length=timedelta(days=3))
    with pytest.raises(NotFound):
        wishes.stop(ServiceId(CLUSTER, "nothing"), ADA)
    with pytest.raises(NotManageable):
        wishes.stop(id_of(agent), ADA)
    assert stage.app.controls.read(now).overrides == ()


def test_a_later_word_of_somebody_else_stands(stage: Stage) -> None:
    chat, wishes = adas_chat(stage), wishes_of(stage)
    ahead = stage.clock.now() + timedelta(seconds=30)
    stage.says(chat, OverrideKind.KEEP, "22:00")
    stage.app.controls.add_override(
        stage.app.controls.read(stage.clock.now())
        .overrides[0]
        .__class__("o-later", id_of(chat), OverrideKind.KEEP, stage.at("22:00"), "ben", "", ahead)
    )
    with pytest.raises(Conflict):
        wishes.stop(id_of(chat), ADA)
    assert chat.desired == 1


def launched(name: str, tags: dict[str, str], stage: Stage) -> ServiceFacts:
    return ServiceFacts(
        ServiceId(CLUSTER, name), "", 1, 0, 0, stage.clock.now(), tags={"lifecycle:instance": "i"} | tags
    )


def test_a_launch_in_open_hours_needs_no_word_and_in_closed_ones_a_keep_that_ends(stage: Stage) -> None:
    stage.sweep()
    wishes = wishes_of(stage)
    new = launched("ollama-i", {"environment": "dev"}, stage)
    assert wishes.may_start(new, ADA).keep_until is None

    stage.set(stage.at("21:00"))
    permission = wishes.may_start(new, ADA)
    assert permission.keep_until == stage.clock.now() + timedelta(hours=2)
    wishes.note_start(permission, new.id, ADA)
    ollama = stage.add("ollama-i", tags={"environment": "dev", "lifecycle:instance": "i"})
    stage.sweep(full=True)
    assert ollama.desired == 1
    stage.run_until("23:10")
    assert ollama.desired == 0


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("overrides: {allow: [stop]}", "closed until Thu 19 Nov 08:00 JST.*overrides.allow has stop"),
        ("overrides: {by: [admin]}", "closed until Thu 19 Nov 08:00 JST.*admin"),
    ],
)
def test_a_launch_in_closed_hours_is_refused_with_the_next_opening(tmp_path: Path, keys: str, says: str) -> None:
    policy = OFFICE.replace("mode: enforce", f"{keys}\n    mode: enforce")
    with staged(tmp_path, policy, at="2026-11-18T21:00+09:00") as stage:
        stage.sweep()
        with pytest.raises((NotAllowed, Forbidden), match=says):
            wishes_of(stage).may_start(launched("ollama-i", {"environment": "dev"}, stage), ADA)


def test_a_launch_names_only_a_policy_that_would_rule_it(stage: Stage) -> None:
    stage.sweep()
    wishes = wishes_of(stage)
    dev, prod = ({"environment": word} for word in ("dev", "prod"))
    assert wishes.may_start(launched("ollama-i", dev, stage), ADA, schedule_policy="office").policy == "office"
    assert wishes.may_start(launched("ollama-i", prod, stage), ADA).policy == "launched"
    for tags, name, says in ((dev, "offfice", "There is no policy"), (prod, "office", "does not rule")):
        with pytest.raises(Unfit, match=says) as wrong:
            wishes.may_start(launched("ollama-i", tags, stage), ADA, schedule_policy=name)
        assert wrong.value.field == "schedule_policy"
    with pytest.raises(Forbidden):
        wishes.may_start(launched("ollama-i", dev, stage), RITA)


def test_nothing_is_launched_while_everything_is_frozen(stage: Stage) -> None:
    stage.sweep()
    stage.app.controls.freeze_all("root", "incident", stage.clock.now())
    with pytest.raises(NotAllowed, match="frozen by root: incident"):
        wishes_of(stage).may_start(launched("ollama-i", {"environment": "dev"}, stage), ADA)


def test_a_launch_in_closed_hours_waits_for_a_yes_and_is_allowed_after_it(tmp_path: Path) -> None:
    asks = 'approval: {for: [start-when-closed], ask: "#ops", approvers: [group:leads], answer-within: 30m}'
    with staged(tmp_path, OFFICE.replace("    mode:", f"    {asks}\n    mode:"), at="2026-11-18T21:00+09:00") as stage:
        stage.sweep()
        app = stage.app
        wishes = Wishes(
            app.controller, app.inventory, app.policies_in_force, app.controls, app.history, stage.clock,
            approvals=app.approvals,
        )  # fmt: skip
        facts = launched("ollama-i", {"environment": "dev"}, stage)
        for _ in range(2):
            with pytest.raises(NotAllowed, match=r"asked in #ops whether to start it.*send the same request again"):
                wishes.may_start(facts, ADA)
        (question,) = app.approvals.pending(stage.clock.now())
        assert (question.requester, question.launches) == ("ada@example.com", True)
        assert question.steps == ("let them launch it, and keep it running until then",)

        own = app.approvals.answer(question.id, 1, Answer(AnswerKind.APPROVE), ADA, stage.clock.now())
        assert own.became.value == "refused"
        leader = Caller("sub-lea", "lea@example.com", Role.USER, frozenset({"leads"}))
        app.approvals.answer(question.id, 1, Answer(AnswerKind.APPROVE), leader, stage.clock.now())

        assert wishes.may_start(facts, ADA).keep_until is None
        (word,) = app.controls.read(stage.clock.now()).overrides
        assert (word.service, word.by, word.until) == (facts.id, "ada@example.com", stage.at("23:00"))


def test_a_launch_needs_no_yes_while_hours_are_open(stage: Stage) -> None:
    plain = policy("hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}")
    asks = Approval.model_validate({"for": ["start-when-closed"], "ask": "#ops", "approvers": ["group:ops"]})
    policies = PolicySet(policies=(plain.model_copy(update={"approval": asks}),))
    speaker = Speaker("ada", is_admin=False, owns=True)
    facts = launched("ollama-i", {}, stage)
    assert may_start(policies, facts, speaker, stage.at("21:00"), switches=Switches()).needs_yes
    assert not may_start(policies, facts, speaker, stage.clock.now(), switches=Switches()).needs_yes
