"""Tables, JSON, times and sizes as they are printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from chalicelib.cli.render import Column, Paper, dollars, plain, short_moment, without_name
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import OverrideKind
from chalicelib.decide.words import listed

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def test_off_a_terminal_each_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Paper(color=False).table([Column("SERVICE"), Column("WHY", fold=True)], [["a", "word " * 40], ["[b]", ":smile:"]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].split() == ["[b]", ":smile:"]


def test_our_values_become_plain_json() -> None:
    seen = Evidence("requests", "0", "requests", since=NOW)
    document = json.loads(json.dumps(plain({"kind": OverrideKind.KEEP, "seen": (seen,), "usd": Decimal("1.20")})))
    assert document == {
        "kind": "keep",
        "seen": [
            {"name": "requests", "value": "0", "unit": "requests", "since": "2026-11-20T08:00:00Z", "until": None}
        ],
        "usd": "1.20",
    }


def test_times_are_as_short_as_they_can_be_without_doubt() -> None:
    assert short_moment(NOW + timedelta(hours=3), NOW, TOKYO) == "20:00 JST"
    assert short_moment(NOW + timedelta(days=3), NOW, TOKYO) == "Mon 17:00 JST"
    assert short_moment(NOW + timedelta(days=20), NOW, TOKYO) == "10 Dec 17:00 JST"
    assert short_moment(NOW + timedelta(days=60), NOW, TOKYO) == "19 Jan 2027 17:00 JST"


def test_a_line_that_names_its_service_does_not_name_it_twice() -> None:
    assert without_name("gpu-dev/chat: its desired count is 3 now", "gpu-dev/chat") == "its desired count is 3 now"
    assert without_name("gpu-dev/chat stopped", "gpu-dev/chat") == "stopped"
    assert without_name("idle", None) == "idle"


def test_sizes_read_like_speech() -> None:
    assert dollars(Decimal("1234.5")) == "$1,234.50"
    assert dollars(None) == "?"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh"), "or") == "a, b, c, d, e, f or 2 more"
