"""What a request, a person who takes a word back, and who speaks leave written down; and what each is refused with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chalicelib.decide.facts import INSTANCE_TAG, OverrideKind
from chalicelib.errors import Forbidden, NotAllowed
from chalicelib.fleet.heard import Became
from chalicelib.fleet.people import Caller, Role
from chalicelib.fleet.wishes import Wishes
from support.stage import Stage, id_of, staged
from support.strict_world import FakeService

ADA = Caller("sub-ada", "ada@example.com", Role.USER)
BEN = Caller("sub-ben", "ben@example.com", Role.USER)
RITA = Caller("sub-rita", "rita@example.com", Role.READ_ONLY)

OFFICE = """
lifecycle: v1
policies:
  office:
    owner: ben@example.com
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    mode: enforce
"""
ADAS = {"environment": "dev", "lifecycle:owner": "ada@example.com"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, OFFICE, at="2026-11-18T17:00+09:00") as made:
        yield made


def wishes_of(stage: Stage, **more: Any) -> Wishes:
    app = stage.app
    return Wishes(app.controller, app.inventory, app.policies_in_force, app.controls, app.history, stage.clock, **more)


def chat_of(stage: Stage, **tags: str) -> FakeService:
    chat = stage.add("chat", tags={**ADAS, **tags}, requests=None)
    stage.sweep()
    return chat


def said(stage: Stage, service: FakeService) -> list[tuple[str, str]]:
    return [(one.who, one.reason) for one in stage.history(service) if one.kind.value == "override"]


def test_a_request_starts_what_sleeps_for_half_an_hour_in_the_callers_name(stage: Stage) -> None:
    chat, wishes = chat_of(stage), wishes_of(stage)
    wishes.stop(id_of(chat), ADA)
    stage.run_until("17:30")

    heard = wishes.wake(id_of(chat), ADA)

    assert (heard.became, chat.desired) == (Became.ACTED, 1)
    word = heard.word
    assert word is not None
    assert (word.service, word.kind, word.by, word.reason) == (
        id_of(chat), OverrideKind.KEEP, "ada@example.com", "a request woke it",
    )  # fmt: skip
    assert word.until == stage.clock.now() + timedelta(minutes=30)
    assert said(stage, chat)[-1] == (
        "ada@example.com", "keep running until Wed 18 Nov 2026 18:00 JST: a request woke it",
    )  # fmt: skip


def test_a_request_wakes_nothing_that_a_person_wants_stopped_until_a_time(stage: Stage) -> None:
    chat, wishes = chat_of(stage), wishes_of(stage)
    other = stage.add("other", tags=ADAS, requests=None)
    stage.sweep()
    wishes.stop(id_of(chat), ADA, until=stage.at("19:00"), reason="quota")
    wishes.stop(id_of(other), ADA)
    stage.run_until("17:30")

    with pytest.raises(NotAllowed) as refused:
        wishes.wake(id_of(chat), ADA)
    assert str(refused.value) == (
        "It was told to stop when not in use and stay stopped until Wed 18 Nov 2026 19:00 JST: quota, "
        "by ada@example.com."
    )
    assert wishes.wake(id_of(other), ADA).became is Became.ACTED, "the word for the one holds no other"
    assert (chat.desired, other.desired) == (0, 1)


def test_no_request_opens_closed_hours_but_a_person_may(stage: Stage) -> None:
    chat, wishes = chat_of(stage), wishes_of(stage)
    stage.run_until("21:00")
    assert chat.desired == 0

    with pytest.raises(NotAllowed, match="closed until Thu 19 Nov 08:00 JST"):
        wishes.wake(id_of(chat), ADA)
    assert chat.desired == 0
    assert wishes.start(id_of(chat), ADA).became is Became.ACTED


def test_nobody_starts_under_a_freeze_though_they_may_say_to_keep(stage: Stage) -> None:
    chat, wishes = chat_of(stage), wishes_of(stage)
    wishes.stop(id_of(chat), ADA)
    stage.run_until("17:30")
    stage.app.controls.freeze_all("root", "incident", stage.clock.now())

    with pytest.raises(NotAllowed, match="frozen by root: incident"):
        wishes.start(id_of(chat), ADA)
    assert [one.kind for one in stage.app.controls.read(stage.clock.now()).overrides] == [OverrideKind.STOP]


@dataclass
class Shelf:
    """One instance of ada's."""

    row: Any

    def get(self, instance_id: str) -> Any:
        assert instance_id == self.row.id
        return self.row

    def change(self, instance_id: str, change: Callable[[Any], Any]) -> None:
        self.row = change(self.get(instance_id))


@dataclass(frozen=True)
class Row:
    id: str
    owner_sub: str
    expires_at: datetime | None


def test_a_request_wakes_no_instance_whose_time_is_over_and_extends_none(stage: Stage) -> None:
    chat = chat_of(stage, **{INSTANCE_TAG: "inst-1"})
    now = stage.clock.now()
    shelf: Any = Shelf(Row("inst-1", "sub-ada", now + timedelta(minutes=10)))
    wishes = wishes_of(stage, instances=shelf)
    wishes.stop(id_of(chat), ADA)

    wishes.wake(id_of(chat), ADA)
    assert shelf.row.expires_at == now + timedelta(minutes=10), "only a word with an end of its own extends it"
    wishes.keep(id_of(chat), ADA, length=timedelta(hours=1))
    assert shelf.row.expires_at == now + timedelta(hours=1)

    shelf.row = replace(shelf.row, expires_at=now)
    with pytest.raises(NotAllowed, match="The time to live of inst-1 is over"):
        wishes.wake(id_of(chat), ADA)


def test_taking_a_word_back_is_written_down_with_who_what_and_why(stage: Stage) -> None:
    chat, wishes = chat_of(stage), wishes_of(stage)
    wishes.keep(id_of(chat), ADA, until=stage.at("23:00"))
    stage.run_until("21:00")

    heard = wishes.resume(id_of(chat), BEN, reason="the demo is over")

    assert (heard.service, heard.word, heard.said) == (id_of(chat), None, "its policy rules again")
    assert said(stage, chat)[-1] == (
        "ben@example.com",
        "ended: keep running until Wed 18 Nov 2026 23:00 JST (the demo is over)",
    )
    again = wishes.resume(id_of(chat), ADA)
    assert (again.service, again.word, again.said, again.became) == (id_of(chat), None, "", Became.STANDS)
    assert again.reason == "nobody had said anything: its policy rules already"


def test_whoever_ends_a_word_stands_in_the_record_of_it(stage: Stage) -> None:
    chat, wishes = chat_of(stage), wishes_of(stage)
    wishes.keep(id_of(chat), ADA, until=stage.at("23:00"))
    ended: list[tuple[object, ...]] = []
    end = stage.app.controls.end_override

    def noted(service: Any, who: str, now: datetime) -> Any:
        ended.append((service, who, now))
        return end(service, who, now)

    stage.app.controls.end_override = noted  # type: ignore[method-assign]
    wishes.resume(id_of(chat), ADA)

    assert ended == [(id_of(chat), "ada@example.com", stage.clock.now())]


def test_a_stop_bears_the_name_of_who_said_it(stage: Stage) -> None:
    chat = chat_of(stage)
    heard = wishes_of(stage).stop(id_of(chat), ADA)
    assert heard.word is not None
    assert heard.word.by == "ada@example.com"


def test_who_may_only_look_is_told_so(stage: Stage) -> None:
    chat, wishes = chat_of(stage), wishes_of(stage)
    with pytest.raises(Forbidden, match=r"^ReadOnly may look, and change nothing\.$"):
        wishes.stop(id_of(chat), RITA)
    facts = SimpleNamespace()
    with pytest.raises(Forbidden, match=r"^ReadOnly may look, and start nothing\.$"):
        wishes.may_start(facts, RITA)  # type: ignore[arg-type]


def test_the_owner_of_the_policy_may_speak_for_what_it_rules(stage: Stage) -> None:
    chat = chat_of(stage)
    assert wishes_of(stage).stop(id_of(chat), BEN).became is Became.ACTED
