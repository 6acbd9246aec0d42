"""What is wrong on this machine is said before AWS is asked anything."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.runtime.clients import Clients
from support.cli import SIMPLE, CommandLine


class NoAws:
    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"AWS was asked for {name}")


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    (tmp_path / "notaplan").write_text("this is a note")
    return CommandLine(tmp_path, {"dev.yaml": SIMPLE}, clients=cast(Clients, NoAws()))


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_folder_of_policies_that_is_not_there(line: CommandLine, command: str) -> None:
    result = line.run("--policies", "/nonexistent", command)
    assert result.exit_code == Exit.ERROR
    assert "There is no folder /nonexistent" in result.stderr


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [("notaplan", Exit.ERROR, "is not JSON"), ("missing", Exit.USAGE, "does not exist: `lifecycle plan --out")],
)
def test_a_plan_file_that_is_none(line: CommandLine, name: str, code: Exit, says: str) -> None:
    result = line.run("apply", str(line.root / name), "--yes")
    assert result.exit_code == code
    assert says in result.stderr


def test_a_plan_to_be_kept_in_a_folder_that_is_not_there(line: CommandLine) -> None:
    result = line.run("plan", "--out", str(line.root / "nowhere" / "p.json"))
    assert result.exit_code == Exit.ERROR
    assert "There is no folder" in result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["exclude", "chat", "--until", "yesterday", "--reason", "x"], '--until "yesterday" is no time: write 18:00'),
        (["exclude", "chat", "--until", "2026-11-18", "--reason", "x"], "--until 2026-11-18 is over"),
        (["keep", "chat", "--until", "6pm"], '--until "6pm" is no time'),
        (["stop", "chat", "--until", "never"], '--until "never" is no time'),
        (["schedule", "gpu-dev/chat", "--from", "tomorrow"], '--from "tomorrow" is no date: write 2026-12-24.'),
    ],
)
def test_a_time_that_is_none_or_over_everywhere(line: CommandLine, words: list[str], says: str) -> None:
    result = line.run(*words)
    assert result.exit_code == Exit.USAGE
    assert says in result.stderr
