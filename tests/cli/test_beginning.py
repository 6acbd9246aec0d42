"""init and explain: from nothing to a policy that validates, and from a code to what to write instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from chalicelib.policy.codes.catalogue import CATALOGUE
from support.cli import CommandLine


def test_init_writes_an_eleven_line_policy_that_validates(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    result = line.run("init")
    assert result.exit_code == Exit.DONE
    text = line.read("dev-nights-off.yaml")
    assert len(text.splitlines()) == 11
    assert text.startswith("# yaml-language-server: $schema=./schema.json\n")
    assert "mode: dry-run" in text
    checked = line.run("validate")
    assert (checked.exit_code, checked.stderr) == (Exit.DONE, ""), "what we write ourselves is not warned of"
    assert "lifecycle plan" in result.stdout


def test_init_points_editors_to_the_schema(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    line.run("init")
    settings = json.loads((tmp_path / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    assert settings["yaml.schemas"]["./policies/schema.json"] == [
        "policies/*.yaml",
        "policies/*.yml",
        "*.lifecycle.yaml",
    ]
    assert json.loads(line.read("schema.json"))["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_init_never_overwrites_a_policy_unless_forced(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev-nights-off.yaml": "mine\n"})
    refused = line.run("init")
    assert refused.exit_code == Exit.ERROR
    assert "--force" in refused.stderr
    assert refused.stderr.rstrip().endswith("Nothing was changed.")
    assert line.read("dev-nights-off.yaml") == "mine\n"
    assert line.run("init", "--force").exit_code == Exit.DONE
    assert line.read("dev-nights-off.yaml") != "mine\n"


def test_init_leaves_other_peoples_editor_settings_and_prints_what_to_add(tmp_path: Path) -> None:
    settings = tmp_path / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"editor.rulers": [120]}', encoding="utf-8")
    result = CommandLine(tmp_path).run("init", "--force")
    assert settings.read_text(encoding="utf-8") == '{"editor.rulers": [120]}'
    assert '"yaml.schemas": {"./policies/schema.json"' in result.stdout


def test_a_second_policy_keeps_the_schema_that_is_there(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    line.run("init")
    result = line.run("init", "--name", "vision-dev", "--timezone", "Europe/Berlin")
    assert result.exit_code == Exit.DONE
    assert "kept" in result.stdout
    assert "timezone: Europe/Berlin" in line.read("vision-dev.yaml")
    assert line.run("validate").exit_code == Exit.DONE


@pytest.mark.parametrize(
    ("arguments", "says"), [(["--timezone", "JST"], "Asia/Tokyo"), (["--name", "Dev Nights"], "Dev Nights")]
)
def test_a_wrong_zone_or_name_is_found_before_anything_is_written(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    line = CommandLine(tmp_path)
    result = line.run("init", *arguments)
    assert result.exit_code == Exit.USAGE
    assert says in result.stderr
    assert not line.policies.exists()


@pytest.mark.parametrize("code", ["LC014", "lc014"])
def test_a_code_is_explained_with_a_wrong_and_a_right_example(tmp_path: Path, code: str) -> None:
    result = CommandLine(tmp_path).run("explain", code)
    assert result.exit_code == Exit.DONE
    assert CATALOGUE["LC014"].title in result.stdout
    assert "wrong" in result.stdout
    assert "right" in result.stdout


def test_an_unknown_code_gets_the_nearest_one(tmp_path: Path) -> None:
    result = CommandLine(tmp_path).run("explain", "LC14")
    assert result.exit_code == Exit.ERROR
    assert "Did you mean LC0" in result.stderr


def test_explain_alone_lists_every_code(tmp_path: Path) -> None:
    *lines, last = CommandLine(tmp_path).run("explain").stdout.splitlines()
    assert len(lines) == len(CATALOGUE)
    assert last == "Nothing was changed."
