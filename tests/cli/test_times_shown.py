"""One rule for times: in the policy's zone, with its name; in JSON in UTC, marked so."""

from __future__ import annotations

import json

from support.cli_account import Account


def test_times_in_questions_and_in_the_history_are_those_of_the_policy_s_zone(evening: Account) -> None:
    evening.line.run("keep", "gpu-dev/chat", "--until", "23:00", "--yes")
    asked = evening.line.run("resume", "gpu-dev/chat", answer="n\n").stderr
    assert "keep running until Fri 20 Nov 2026 23:00 JST" in asked
    evening.line.run("freeze", "--all", "--reason", "incident", "--yes")
    evening.go_to("2026-11-20T21:10+09:00")
    again = evening.line.run("freeze", "--all", "--reason", "again", "--yes").stdout
    assert "since Fri 20 Nov 2026 21:00 JST" in again
    assert "since Fri 20 Nov 2026 21:00 JST" in evening.line.run("status").stdout
    assert "since Fri 20 Nov 2026 21:00 JST" in evening.line.run("unfreeze", answer="n\n").stderr
    past = evening.line.run("history").stdout
    assert "UTC" not in past
    assert "Fri 20 Nov 2026 21:00 JST  freeze" in past


def test_json_has_iso_times_that_carry_their_offset(evening: Account) -> None:
    evening.line.run("apply", "--yes")
    (entry,) = json.loads(evening.line.run("history", "--output", "json").stdout)
    assert entry["at"] == "2026-11-20T12:00:00Z"
    assert json.loads(evening.line.run("plan", "--output", "json").stdout)["at"] == "2026-11-20T12:00:00Z"
