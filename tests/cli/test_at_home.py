"""doctor, demo, --local, and AWS that cannot be reached."""

from __future__ import annotations

from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.cli.main import lifecycle
from click.testing import CliRunner
from support.cli import SIMPLE, CommandLine
from support.cli_account import account


def test_a_healthy_account_passes_every_check(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": SIMPLE}) as made:
        made.service("gpu-dev/chat")
        result = made.line.run("doctor")
        assert result.exit_code == Exit.DONE, result.stdout
        marks = {line[:16].split()[1]: line[:4].strip() for line in result.stdout.splitlines()[:-1] if line[0] != " "}
        assert {"FAIL", "warn"}.isdisjoint(marks.values())
        assert [name for name, mark in marks.items() if mark == "ok"] == [
            "policies", "account", "services", "record", "in", "spot", "held", "unmatched", "claims", "spelling",
            "figures",
        ]  # fmt: skip
        assert "1 ECS service in 1 cluster" in result.stdout
        assert result.stdout.splitlines()[-1] == "Nothing was changed."


def test_each_failing_check_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    with account(tmp_path, {}, deployed=False) as made:
        made.service("gpu-dev/chat")
        result = made.line.run("doctor")
        assert result.exit_code == Exit.ERROR
        found = {line.split()[1]: line for line in result.stdout.splitlines() if line[:4] in ("ok  ", "FAIL")}
        assert "lifecycle init" in found["policies"]
        assert found["account"].startswith("ok")
        assert "There is no table" in found["record"]


def test_what_is_wrong_with_an_account_comes_with_what_to_do(tmp_path: Path) -> None:
    with account(tmp_path, {"dev.yaml": SIMPLE}) as made:
        made.service("gpu-dev/chat", tags={"Environment": "Dev"})
        result = made.line.run("doctor")
        assert "gpu-dev/chat misses policy dev-nights-off by its spelling" in result.stdout
        assert "exactly as the policy has it" in result.stdout
        assert result.exit_code == Exit.DONE, "what only costs money is no failure"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A machine without credentials and without a region."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    return CommandLine(tmp_path, {"dev.yaml": SIMPLE})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan", "--region", "eu-west-1"], "No AWS credentials were found"),
        (["plan", "--profile", "nobody"], "list-profiles"),
        (["status", "--local"], "No local fleet runs here"),
        (["freeze", "--all", "--reason", "x", "--yes", "--region", "eu-west-1"], "No AWS credentials were found"),
    ],
)
def test_without_credentials_profile_or_fleet_there_is_one_sentence(
    outside: CommandLine, arguments: list[str], says: str
) -> None:
    result = outside.run(*arguments)
    assert result.exit_code == Exit.ERROR
    assert says in result.stderr
    assert result.stderr.splitlines()[1:] == ["Nothing was changed."]
    assert "Traceback" not in result.stderr


def test_a_missing_region_is_one_sentence(outside: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    result = outside.run("history")
    assert result.exit_code == Exit.ERROR
    assert "add --region" in result.stderr


def test_an_address_that_does_not_answer_is_one_sentence(outside: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = outside.run("plan", "--region", "eu-west-1")
    assert result.exit_code == Exit.ERROR
    assert "AWS cannot be reached" in result.stderr


@pytest.mark.parametrize("name", sorted(lifecycle.list_commands(None)))  # type: ignore[arg-type]
def test_every_command_teaches_with_examples(name: str) -> None:
    result = CliRunner().invoke(lifecycle, [name, "--help"])
    assert result.exit_code == Exit.DONE
    assert "Examples:" in result.stdout
    assert f"lifecycle {name}" in result.stdout
