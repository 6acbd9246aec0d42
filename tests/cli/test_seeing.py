"""status, why, schedule of a service and history: everything says why, nothing is changed."""

from __future__ import annotations

import json

import pytest
from chalicelib.cli.exits import Exit
from support.cli_account import Account
from support.cli_evening import ENFORCED, rows


@pytest.mark.parametrize("breaks", [("open: [mon-fri 08:00-20:00]", "open: [mon-fri 8am]"), ("match:", "match: [")])
def test_status_and_why_say_that_a_last_good_version_rules_in_the_deployment(
    evening: Account, breaks: tuple[str, str]
) -> None:
    said = "dev-nights-off is ruled by its last good version, of Fri 20 Nov 2026 21:00 JST"
    assert said not in evening.line.run("status").stdout
    evening.line.write("dev.yaml", ENFORCED.replace(*breaks))
    evening.go_to("2026-11-20T22:00+09:00")
    evening.take_policies_into_force()
    for words in (["status"], ["why", "gpu-dev/chat"]):
        result = evening.line.run(*words)
        assert result.exit_code == Exit.DONE
        assert said in result.stdout
    assert said not in evening.line.run("why", "gpu-prod/chat").stdout

    evening.line.write("dev.yaml", ENFORCED)
    evening.take_policies_into_force()
    assert said not in evening.line.run("status").stdout


def test_status_lists_every_service_with_its_state_and_who_governs_it(evening: Account) -> None:
    result = evening.line.run("status")
    shown = rows(result.stdout)
    assert shown["gpu-dev/chat"][1] == "running 2 → stopped"
    assert shown["gpu-prod/chat"][-1] == "-"
    assert result.stdout.splitlines()[-1] == "Nothing was changed."
    assert "gpu-prod/chat" not in rows(evening.line.run("status", "--governed").stdout)
    assert json.loads(evening.line.run("status", "--output", "json").stdout)["services"] == 3


def test_why_prints_the_rules_in_their_order_with_a_mark_at_the_winner(evening: Account) -> None:
    result = evening.line.run("why", "gpu-dev/chat")
    assert result.exit_code == Exit.DONE, result.stderr
    rules = [line for line in result.stdout.splitlines() if line[:2] in ("▶ ", "  ") and line[2:3].isalpha()]
    assert [line[2:17].strip() for line in rules][:9] == [
        "freeze --all", "never-touch", "freezes", "exclusion", "a person's word", "hours closed", "opening", "idle",
        "none of these",
    ]  # fmt: skip
    assert {line[17:19].count(" ") for line in rules[:9]} == {2}, "two blanks behind the longest name"
    assert {line[19:20].strip() != "" for line in rules[:9]} == {True}
    assert [line for line in rules if line.startswith("▶")] == [rules[5]]
    assert "next: opens Tue 24 Nov 2026 08:00 JST" in result.stdout


def test_why_tells_the_evidence_that_keeps_a_service_running(evening: Account) -> None:
    text = evening.line.run("why", "stream").stdout
    assert "evidence" in text
    assert "  requests: " in text
    assert " requests  " not in text.partition("evidence")[2]


def test_why_says_of_a_weaker_rule_that_its_signals_were_not_asked(evening: Account) -> None:
    text = evening.line.run("why", "stream").stdout
    (idle,) = [line for line in text.splitlines() if line.startswith("  idle ")]
    assert idle.endswith("not asked (not needed to decide)")
    assert "cannot tell" not in text


def test_why_for_a_service_that_nobody_governs_names_the_nearest_policy(evening: Account) -> None:
    text = evening.line.run("why", "gpu-prod/chat").stdout
    assert "No policy matches: nearest policy dev-nights-off" in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("chat", "gpu-dev/chat or gpu-prod/chat"),
        ("steam", "Did you mean gpu-dev/stream?"),
        ("gpu-x/chat", "no service"),
    ],
)
def test_a_name_that_is_none_or_several_is_put_right(evening: Account, name: str, says: str) -> None:
    result = evening.line.run("why", name)
    assert result.exit_code == Exit.ERROR
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_schedule_of_a_name_that_is_nearly_a_policy_s_says_so(evening: Account) -> None:
    result = evening.line.run("schedule", "dev-nihgts-off")
    assert (result.exit_code, "Did you mean dev-nights-off?" in result.stderr) == (Exit.ERROR, True)


def test_schedule_of_a_service_is_that_of_the_policy_that_governs_it(evening: Account) -> None:
    assert "dev-nights-off  Asia/Tokyo" in evening.line.run("schedule", "gpu-dev/stream").stdout
    refused = evening.line.run("schedule", "gpu-prod/chat")
    assert "No policy" in refused.stderr


def test_history_tells_what_was_done_by_whom_and_why(evening: Account) -> None:
    empty = evening.line.run("history")
    assert "The record holds nothing from the last 7 d" in empty.stdout
    evening.line.run("apply", "--yes")
    result = evening.line.run("history", "gpu-dev/chat")
    assert "Fri 20 Nov 2026 21:00 JST  acted  gpu-dev/chat  stop begun: closed" in result.stdout
    assert "Fri 20 Nov 2026 12:00 UTC  acted" in evening.line.run("history", "--zone", "UTC").stdout
    assert evening.line.run("history", "--kind", "failed").stdout.startswith("The record holds nothing of kind failed")
    assert json.loads(evening.line.run("history", "--output", "json").stdout)[0]["kind"] == "acted"
