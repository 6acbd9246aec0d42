"""The words of a wake, of a resume and of a refusal, exactly, without AWS: the controller's own work is not played."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from chalicelib.decide.facts import Override, OverrideKind, ServiceFacts, ServiceId, Switches
from chalicelib.errors import Forbidden, NotAllowed
from chalicelib.fleet.heard import Became
from chalicelib.fleet.people import Caller, Role
from chalicelib.fleet.wishes import Wishes
from chalicelib.policy.model import PolicySet
from chalicelib.record.history import Entry
from support.policies import policy

NOW = datetime(2026, 11, 18, 8, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "chat")
ADA = Caller("sub-ada", "ada@example.com", Role.USER)
BEN = Caller("sub-ben", "ben@example.com", Role.USER)
EVE = Caller("sub-eve", "eve@example.com", Role.USER)
OPEN = "owner: ben@example.com\nhours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}"
STOP = Override("o-1", CHAT, OverrideKind.STOP, NOW + timedelta(hours=2), "ada@example.com", "quota", NOW)


@dataclass
class Around:
    """What wishes reach for: one service of ada's, one policy of ben's, and what people said."""

    overrides: tuple[Override, ...] = ()
    switches: Switches = field(default_factory=Switches)
    now: datetime = NOW
    lines: list[Entry] = field(default_factory=list)
    ended_by: list[str] = field(default_factory=list)

    def wishes(self) -> Wishes:
        facts = ServiceFacts(CHAT, "", 0, 0, 0, self.now, tags={"lifecycle:owner": "ada@example.com"})
        report = SimpleNamespace(outcomes=(), decided=())
        parts: Any = [
            SimpleNamespace(look_at=lambda *_, **__: report),
            SimpleNamespace(refresh=lambda ids, now: {CHAT: facts} if list(ids) == [CHAT] else {}),
            None,
            SimpleNamespace(read=lambda now: self, end_override=self._end, add_override=self._add),
            SimpleNamespace(append=self.lines.append),
            SimpleNamespace(now=lambda: self.now),
        ]
        made = Wishes(*parts)
        made.policies = lambda: PolicySet(policies=(policy(OPEN),))  # type: ignore[method-assign]
        return made

    def _end(self, service: ServiceId, who: str, now: datetime) -> tuple[Override, ...]:
        ended, self.overrides = self.overrides, ()
        self.ended_by.append(who)
        return ended

    def _add(self, word: Override) -> bool:
        self.overrides = (word,)
        return True


def test_a_wake_is_refused_in_the_zone_of_the_policy_and_with_the_name_of_who_said_stop() -> None:
    with pytest.raises(NotAllowed) as refused:
        Around((STOP,)).wishes().wake(CHAT, ADA)

    assert str(refused.value) == (
        "It was told to stop when not in use and stay stopped until Wed 18 Nov 2026 19:00 JST: quota, "
        "by ada@example.com."
    )


def test_a_wake_says_keep_for_half_an_hour_and_is_no_opening() -> None:
    around = Around()
    word = around.wishes().wake(CHAT, ADA).word

    assert word is not None
    assert (word.kind, word.by, word.reason, word.until) == (
        OverrideKind.KEEP, "ada@example.com", "a request woke it", NOW + timedelta(minutes=30),
    )  # fmt: skip
    night = Around(now=NOW + timedelta(hours=5))
    with pytest.raises(NotAllowed, match="closed until Thu 19 Nov 08:00 JST"):
        night.wishes().wake(CHAT, ADA)
    assert night.lines == []


def test_a_start_is_refused_under_a_freeze() -> None:
    frozen = Around(switches=Switches("root", "incident", NOW))
    for say in (frozen.wishes().start, frozen.wishes().wake):
        with pytest.raises(NotAllowed, match="frozen by root: incident"):
            say(CHAT, ADA)
    assert frozen.lines == []


def test_a_resume_writes_down_who_ended_what_and_why() -> None:
    around = Around((STOP,))
    heard = around.wishes().resume(CHAT, ADA, reason="the quota is back")

    assert (heard.service, heard.word, heard.said) == (CHAT, None, "its policy rules again")
    assert around.ended_by == ["ada@example.com"]
    (line,) = around.lines
    assert (line.at, line.who, line.service) == (NOW, "ada@example.com", CHAT)
    assert line.reason == (
        "ended: stop when not in use and stay stopped until Wed 18 Nov 2026 19:00 JST: quota (the quota is back)"
    )


def test_a_resume_of_what_nobody_said_writes_nothing() -> None:
    around = Around()
    heard = around.wishes().resume(CHAT, ADA)

    assert (heard.service, heard.word, heard.said, heard.became) == (CHAT, None, "", Became.STANDS)
    assert heard.reason == "nobody had said anything: its policy rules already"
    assert around.lines == []


def test_its_own_owner_and_that_of_its_policy_may_speak_and_who_may_not_is_named() -> None:
    for owner in (ADA, BEN):
        assert Around().wishes().stop(CHAT, owner).word is not None
    with pytest.raises(Forbidden, match=r"^You are eve@example\.com: "):
        Around().wishes().stop(CHAT, EVE)
    reader = Caller("sub-rita", "rita@example.com", Role.READ_ONLY)
    with pytest.raises(Forbidden, match=r"^ReadOnly may look, and change nothing\.$"):
        Around().wishes().resume(CHAT, reader)
