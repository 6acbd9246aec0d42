"""What people type after `/lifecycle`, and what it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from chalicelib.entrypoints.slack.help import HELP
from chalicelib.entrypoints.slack.words import Said, Verb, read
from chalicelib.errors import Unfit
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("status", Said(Verb.STATUS)),
        ("STATUS gpu-dev/chat", Said(Verb.STATUS, "gpu-dev/chat")),
        ("why chat", Said(Verb.WHY, "chat")),
        ("keep chat", Said(Verb.KEEP, "chat")),
        ("keep chat 2h load test", Said(Verb.KEEP, "chat", timedelta(hours=2), reason="load test")),
        ("keep chat for 1h30m", Said(Verb.KEEP, "chat", timedelta(minutes=90))),
        ("keep chat until 18:00 because demo", Said(Verb.KEEP, "chat", until="18:00", reason="demo")),
        ("start chat", Said(Verb.START, "chat")),
        ("snooze chat 2 of us are in a call", Said(Verb.SNOOZE, "chat", reason="2 of us are in a call")),
        ("snooze chat 4h in a call", Said(Verb.SNOOZE, "chat", timedelta(hours=4), reason="in a call")),
        ("snooze chat for 30m", Said(Verb.SNOOZE, "chat", timedelta(minutes=30))),
        ("snooze chat for a demo", Said(Verb.SNOOZE, "chat", reason="for a demo")),
        ("snooze chat until 18:00", Said(Verb.SNOOZE, "chat", until="18:00")),
        ("stop chat now", Said(Verb.STOP, "chat", force=True)),
        ("stop chat now until 2026-12-31 away", Said(Verb.STOP, "chat", until="2026-12-31", force=True, reason="away")),
        ("keep chat now or never", Said(Verb.KEEP, "chat", reason="now or never")),
    ],
)
def test_words_are_read(words: str, said: Said) -> None:
    assert read(words) == said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("launch chat", 'There is no "launch"'),
        ("why", "Which service?"),
        ("keep", "Which service?"),
        ("status chat vision", "Name one service"),
        ("keep chat until", "Until when?"),
        ("keep chat for", "For how long?"),
        ("keep chat 2hours", '"2hours"'),
        ("keep chat 2", "write 2h or 2m"),
        ("snooze chat until", "Until when?"),
        ("stop chat 0m", "no time at all"),
    ],
)
def test_what_is_not_understood_is_said_in_one_sentence(words: str, says: str) -> None:
    with pytest.raises(Unfit, match=says.replace("?", r"\?")):
        read(words)


def test_a_time_is_meant_in_the_readers_own_zone() -> None:
    now = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)

    assert read("keep chat until 18:00").end(now, ZoneInfo("Asia/Tokyo")) == datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
    with pytest.raises(Unfit, match="is over"):
        read("keep chat until 2026-11-01").end(now, ZoneInfo("UTC"))


def test_the_help_names_every_verb() -> None:
    assert all(verb.value in HELP for verb in Verb)


@given(st.text())
def test_whatever_is_typed_is_read_or_refused(words: str) -> None:
    try:
        read(words)
    except Unfit as unfit:
        assert str(unfit)
