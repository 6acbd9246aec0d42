"""plan against an account: what would be done and why, and what must be known before believing it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.controller.book import PolicyBook
from chalicelib.observe.policy_source import FolderSource
from chalicelib.record.policies import PoliciesInForce
from support.cli import SIMPLE
from support.cli_account import Account, account
from support.cli_evening import ENFORCED, EVENING, rows


def test_plan_shows_what_is_wanted_and_why_and_changes_nothing(evening: Account) -> None:
    result = evening.line.run("plan", "--region", "ap-northeast-1")
    assert result.exit_code == Exit.DONE, result.stderr
    chat = rows(result.stdout)["gpu-dev/chat"]
    assert chat[1] == "running 2 → stopped"
    assert chat[2].startswith("closed")
    assert chat[3] == "$242.19 until Tue 08:00 JST"  # 2 tasks x 83 h x $1.459
    assert chat[4] == "dev-nights-off (enforce)"
    assert "gpu-prod/chat" not in rows(result.stdout)
    assert "3 services: 1 to stop, 1 waiting, 1 without a policy." in result.stdout
    assert result.stdout.splitlines()[-1] == "MODE dry-run: nothing was changed"
    assert evening.aws.world.service("gpu-dev", "chat").desired == 2
    assert evening.history() == []


def test_plan_names_in_one_line_the_policies_that_name_no_signal_in_flight(evening: Account) -> None:
    text = evening.line.run("plan").stdout
    assert text.count("sees a request in flight") == 1
    assert "dev-nights-off: no signal that sees a request in flight is named" in text
    assert json.loads(evening.line.run("plan", "--output", "json").stdout)["blind_policies"] == ["dev-nights-off"]


def test_plan_is_silent_about_long_streams_once_a_signal_in_flight_is_named(evening: Account) -> None:
    named = SIMPLE.replace("stop-after: 30m", "stop-after: 30m\n      signals: {task-protection: {}}")
    evening.line.write("dev.yaml", named)
    assert "sees a request in flight" not in evening.line.run("plan").stdout


def test_plan_is_silent_about_long_streams_where_the_deployment_asks_ollama(evening: Account) -> None:
    asked = frozenset({"task-protection", "ollama-ps"})
    source, store = FolderSource(evening.line.policies), PoliciesInForce(evening.table)
    PolicyBook(source, store, frozenset({"task-protection"})).open(evening.line.clock.now())
    assert "sees a request in flight" in evening.line.run("plan").stdout, "few services set their task protection"

    PolicyBook(source, store, asked).open(evening.line.clock.now())
    assert "sees a request in flight" not in evening.line.run("plan").stdout

    ignored = "stop-after: 30m\n      signals: {ollama-ps: {ignore: true}}"
    evening.line.write("dev.yaml", SIMPLE.replace("stop-after: 30m", ignored))
    assert "sees a request in flight" in evening.line.run("plan").stdout


def test_plan_says_in_one_line_that_the_deployment_does_not_ask_what_a_policy_counts_on(evening: Account) -> None:
    evening.line.write("dev.yaml", SIMPLE.replace("stop-after: 30m", "stop-after: 30m\n      signals: {ollama-ps: {}}"))
    assert "does not ask it" not in evening.line.run("plan").stdout, "no sweep has told yet what it asks"

    evening.app().controller.sweep(evening.line.clock.now())

    text = evening.line.run("plan").stdout
    assert text.count("dev-nights-off: ollama-ps is named under idle.signals, but this deployment does not ask it") == 1
    (said,) = json.loads(evening.line.run("plan", "--output", "json").stdout)["unheard_signals"]
    assert "LIFECYCLE_PROBE_OLLAMA" in said


def test_a_stop_that_waits_for_use_to_end_stands_in_the_plan_with_what_it_waits_for(evening: Account) -> None:
    evening.aws.world.service("gpu-dev", "chat").set_desired(0)
    result = evening.line.run("plan")
    assert "in use: " in rows(result.stdout)["gpu-dev/stream"][2]
    assert "stops once quiet for 5 min" in rows(result.stdout)["gpu-dev/stream"][2]
    assert "every service is as its policy wants it" not in result.stdout
    assert "1 waiting" in result.stdout


def test_plan_all_also_shows_who_stays_and_why(evening: Account) -> None:
    shown = rows(evening.line.run("plan", "--all").stdout)
    assert "in use" in shown["gpu-dev/stream"][2]
    assert "no policy matches" in shown["gpu-prod/chat"][2]


def test_exit_code_two_means_something_to_do_only_when_it_is_asked_for(evening: Account) -> None:
    assert evening.line.run("plan").exit_code == Exit.DONE
    assert evening.line.run("plan", "--detailed-exitcode").exit_code == Exit.CHANGES
    evening.line.write("dev.yaml", SIMPLE)
    assert evening.line.run("plan", "--detailed-exitcode").exit_code == Exit.DONE


def test_a_dry_run_policy_shows_its_wish_and_gives_nothing_to_apply(evening: Account) -> None:
    evening.line.write("dev.yaml", SIMPLE)
    result = evening.line.run("plan")
    assert rows(result.stdout)["gpu-dev/chat"][-1] == "dev-nights-off (dry-run)"
    assert "1 would be stopped (dry-run)" in result.stdout
    applied = evening.line.run("apply", "--yes")
    assert applied.stdout.splitlines()[-1] == "Nothing was changed."
    assert evening.aws.world.service("gpu-dev", "chat").desired == 2


def test_a_plan_that_is_empty_says_what_came_nearest(evening: Account) -> None:
    evening.line.write("dev.yaml", ENFORCED.replace("environment: dev", "environment: Dev"))
    result = evening.line.run("plan")
    assert "dev-nights-off: 0 of 3 services match: nearest is gpu-dev/chat: environment=dev" in result.stdout
    assert "tags are case-sensitive" in result.stdout
    assert "Nothing to do" in result.stdout


def test_plan_is_about_the_files_here_status_and_why_are_about_what_is_in_force(evening: Account) -> None:
    for words in (["plan"], ["status"], ["why", "stream"]):
        assert "not what is in force" not in evening.line.run(*words).stdout
    in_force = evening.line.run("why", "stream").stdout

    evening.line.write("dev.yaml", ENFORCED.replace("08:00-20:00", "08:00-23:59"))

    assert "which is not what is in force" in evening.line.run("plan").stdout
    assert evening.line.run("why", "stream").stdout == in_force


@pytest.mark.parametrize("breaks", [("open: [mon-fri 08:00-20:00]", "open: [mon-fri 8am]"), ("match:", "match: [")])
def test_a_plan_by_the_last_good_version_says_so_loudly_and_exits_with_an_error(
    evening: Account, breaks: tuple[str, str]
) -> None:
    evening.line.write("dev.yaml", ENFORCED.replace(*breaks))
    for words in (["plan"], ["plan", "--detailed-exitcode"]):
        result = evening.line.run(*words)
        assert result.exit_code == Exit.ERROR
        assert "dev-nights-off is ruled by its last good version, of Fri 20 Nov 2026 21:00 JST" in result.stdout
        assert rows(result.stdout)["gpu-dev/chat"][1] == "running 2 → stopped"
        assert "The policy files have errors" in result.stderr
    document = evening.line.run("plan", "--output", "json")
    assert document.exit_code == Exit.ERROR
    assert json.loads(document.stdout)["last_good"] == [
        {"policy": "dev-nights-off", "version_of": "2026-11-20T12:00:00Z"}
    ]


def test_a_broken_policy_without_an_earlier_version_is_an_error_of_the_plan(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": ENFORCED.replace("08:00-20:00", "8am")}, at=EVENING, deployed=False) as made:
        made.service("gpu-dev/chat")
        result = made.line.run("plan")
        assert result.exit_code == Exit.ERROR
        assert "this policy is not in force" in result.stderr


def test_no_local_policies_is_one_sentence_and_people_can_still_say_keep(evening: Account) -> None:
    (evening.line.policies / "dev.yaml").unlink()
    evening.line.policies.rmdir()
    result = evening.line.run("plan")
    assert result.exit_code == Exit.ERROR
    assert "--policies s3://BUCKET/policies" in result.stderr
    assert evening.line.run("keep", "stream", "--yes").exit_code == Exit.DONE


def test_plan_works_without_a_table_and_says_that_no_record_was_found(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": ENFORCED}, at=EVENING, deployed=False) as made:
        made.service("gpu-dev/chat")
        result = made.line.run("plan")
        assert result.exit_code == Exit.DONE, result.stderr
        assert "No record was found" in result.stdout
        assert rows(result.stdout)["gpu-dev/chat"][1] == "running 1 → stopped"
        refused = made.line.run("apply", "--yes")
        assert refused.exit_code == Exit.ERROR
        assert refused.stderr.rstrip().endswith("Nothing was changed.")
        assert made.aws.world.service("gpu-dev", "chat").desired == 1


def test_plan_as_json_holds_rows_with_evidence_and_steps(evening: Account) -> None:
    result = evening.line.run("plan", "--output", "json")
    document = json.loads(result.stdout)
    assert document["to_do"] == 1
    row = next(one for one in document["rows"] if one["service"] == "gpu-dev/chat")
    assert (row["action"], row["wanted"], row["because"], row["acts"]) == ("stop", "stopped", "hours", True)
    assert row["steps"][0].startswith("mark it draining")
    assert result.stderr.endswith("MODE dry-run: nothing was changed\n")


def test_an_empty_fleet_is_said_once(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": ENFORCED}, at=EVENING) as made:
        for command in ("plan", "status"):
            text = made.line.run(command).stdout
            assert text.count("No ECS service was found") == 1
            assert "0 of 0" not in text
            assert "0 services" not in text


@pytest.mark.parametrize(
    ("operation", "code", "says"),
    [
        ("ecs.ListClusters", "ExpiredTokenException", "sign in again"),
        ("ecs.ListClusters", "AccessDeniedException", "ListClusters"),
    ],
)
def test_aws_that_refuses_is_one_sentence(evening: Account, operation: str, code: str, says: str) -> None:
    evening.aws.fail(operation, code)
    result = evening.line.run("plan")
    assert result.exit_code == Exit.ERROR
    assert result.stderr.splitlines()[1:] == ["Nothing was changed."]
