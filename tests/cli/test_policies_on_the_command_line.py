"""validate, test, show: every problem with its place, every value with its origin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from support.cli import SIMPLE, CommandLine

TESTED = (
    SIMPLE
    + """\
    tests:
      - {at: 2026-11-20T10:00, expect: running}
      - {at: 2026-11-23T10:00, expect: running}
"""
)
WRONG = """\
lifecycle: v1
policies:
  bad-hours:
    match: {names: [a]}
    hours: {timezone: Asia/Tokyo, open: [Mon-Fri 8:00-20:00]}
  bad-key:
    match: {names: [b]}
    uptime: x
"""
DEFAULTS = """\
lifecycle: v1
defaults:
  hours: {timezone: Asia/Tokyo, holidays: {country: JP, extra: [2026-12-29..2027-01-03]}}
policies:
  vision:
    description: The vision team.
    owner: vision@example.com
    priority: 10
    match: {names: ["ollama-*"], tags: {team.name: vision}}
    exclude:
      - {names: [ollama-demo], until: 2026-12-18, reason: demo}
      - {names: [ollama-x], until: never, reason: paid}
    hours: {open: [mon-fri 08:00-20:00]}
"""


def test_a_good_policy_is_said_to_be_good(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, {"dev.yaml": SIMPLE}).run("validate")
    assert result.exit_code == Exit.DONE
    assert result.stdout.splitlines()[0].startswith("1 policy in 1 file: 0 errors")
    assert result.stdout.splitlines()[-1] == "Nothing was changed."


def test_all_problems_of_all_files_are_shown_at_once_with_place_caret_and_code(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE, "wrong.yaml": WRONG})
    result = line.run("validate")
    assert result.exit_code == Exit.ERROR
    assert f"{line.policies}/wrong.yaml:5:42 policies.bad-hours.hours.open[0]" in result.stderr
    assert "mon-fri 08:00-20:00" in result.stderr
    assert "hours.open" in result.stderr.partition("uptime")[2]
    assert "^" in result.stderr
    assert "3 policies in 2 files: 2 errors" in result.stdout


def test_a_failing_test_of_a_policy_fails_validate_and_test_alike(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": TESTED})
    for words in (["validate"], ["test"], ["test", "dev.yaml"], ["test", "dev-nights-off"]):
        result = line.run(*words)
        assert result.exit_code == Exit.ERROR
        assert "dev.yaml:15 at Mon 23 Nov 2026 10:00 JST: expected running, got stopped (holiday" in result.stderr
        assert "[LC070]" in result.stderr
        assert "1 of 2 tests failed" in result.stdout


def test_validate_judges_single_files_with_the_defaults_of_their_folder(tmp_path: Path) -> None:
    above = "lifecycle: v1\ndefaults: {hours: {timezone: Asia/Tokyo}}\n"
    nights = "lifecycle: v1\npolicies: {nights: {match: {names: [n]}, hours: {open: [mon-fri 08:00-20:00]}}}\n"
    line = CommandLine(tmp_path, {"above.yaml": above, "nights.yaml": nights, "wrong.yaml": WRONG})
    for name in ("nights.yaml", f"{line.policies}/nights.yaml"):
        good = line.run("validate", name)
        assert (good.exit_code, good.stderr) == (Exit.DONE, "")
        assert "1 policy in 1 file: 0 errors" in good.stdout

    bad = line.run("validate", f"{line.policies}/wrong.yaml", f"{line.policies}/nights.yaml")
    assert bad.exit_code == Exit.ERROR
    assert f"{line.policies}/wrong.yaml:5:42" in bad.stderr
    assert "3 policies in 2 files: 2 errors" in bad.stdout


def test_validate_takes_folders_and_says_which_path_is_not_there(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE})
    assert "1 policy in 1 file" in line.run("validate", str(line.policies)).stdout

    missing = line.run("validate", "gone.yaml")
    assert missing.exit_code == Exit.ERROR
    assert "There is no file or folder gone.yaml." in missing.stderr


def test_a_good_file_that_another_file_holds_back_is_not_called_good(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE, "above.yaml": "lifecycle: v1\nnever-tuch: []\n"})
    result = line.run("validate", "dev.yaml")
    assert result.exit_code == Exit.ERROR
    assert "Errors in other files" in result.stderr


def test_problems_and_tests_come_as_json_with_stable_fields(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, {"dev.yaml": TESTED, "wrong.yaml": WRONG}).run("validate", "--output", "json")
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert {"code", "file", "line", "column", "path", "value", "message"} <= document["problems"][0].keys()
    assert [one["passed"] for one in document["tests"]] == [True, False]
    assert result.stderr == "Nothing was changed.\n"


def test_record_proposes_rows_that_pass_when_they_are_pasted_back(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE})
    proposed = line.run("test", "dev-nights-off", "--record")
    assert proposed.exit_code == Exit.DONE
    assert "# Labor Thanksgiving Day" in proposed.stdout
    rows = "".join(f"{row}\n" for row in proposed.stdout.splitlines() if not row.startswith("#"))
    line.write("dev.yaml", SIMPLE + rows)
    again = line.run("test")
    assert again.exit_code == Exit.DONE, again.stderr
    assert "passed." in again.stdout


def test_a_file_or_policy_that_is_not_there_gets_one_sentence(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE})
    assert "There is no file nope.yaml" in line.run("test", "nope.yaml").stderr
    unknown = line.run("show", "dev-nigths-off")
    assert unknown.exit_code == Exit.ERROR
    assert "Did you mean dev-nights-off?" in unknown.stderr


def test_no_folder_and_an_empty_folder_each_get_a_sentence_and_the_way_on(tmp_path: Path) -> None:
    line = CommandLine(tmp_path)
    missing = line.run("validate")
    assert missing.exit_code == Exit.ERROR
    assert "There is no folder" in missing.stderr
    assert "lifecycle init" in missing.stderr
    line.policies.mkdir()
    assert "No policy stands in" in line.run("validate").stderr


def test_show_tells_where_each_value_comes_from(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, {"vision.yaml": DEFAULTS}).run("show", "vision")
    lines = [line.strip() for line in result.stdout.splitlines()]
    found = {line.partition("#")[0].strip(): line.partition("# ")[2] for line in lines if "# " in line}
    assert found["priority: 10"].endswith("vision.yaml:8")
    assert found["timezone: Asia/Tokyo"].startswith("default ")
    assert found["closed: stop"] == "built-in"
    assert found["team.name: vision"].endswith("vision.yaml:9")
    assert result.stdout.splitlines()[-1] == "# Nothing was changed."


def test_what_show_prints_is_a_policy_that_reads_back_the_same(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"vision.yaml": DEFAULTS})
    shown = line.run("show", "vision").stdout
    version = json.loads(line.run("show", "vision", "--output", "json").stdout)["version"]
    body = "".join(f"  {row}\n" for row in shown.splitlines() if not row.startswith("#"))
    line.write("vision.yaml", f"lifecycle: v1\npolicies:\n{body}")
    assert json.loads(line.run("show", "vision", "--output", "json").stdout)["version"] == version


def test_show_without_a_name_lists_every_policy_and_names_the_broken_ones(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, {"dev.yaml": SIMPLE, "wrong.yaml": WRONG}).run("show")
    assert "dev-nights-off  dry-run" in result.stdout
    assert "With errors: bad-hours, bad-key" in result.stdout


@pytest.mark.parametrize("place", [0, 1])
def test_global_options_may_stand_before_or_after_the_command(
    tmp_path: Path, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.cli.main import lifecycle
    from click.testing import CliRunner

    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE})
    monkeypatch.setenv("LIFECYCLE_POLICIES", str(tmp_path / "elsewhere"))
    words = ["validate"]
    words[place:place] = ["--policies", str(line.policies)]
    assert CliRunner().invoke(lifecycle, words).exit_code == Exit.DONE


def test_policies_may_stand_in_s3(tmp_path: Path) -> None:
    from support.cli_account import account

    with account(tmp_path, {"dev.yaml": SIMPLE}) as made:
        assert made.line.clients is not None
        made.line.clients.s3.create_bucket(
            Bucket="gpu-policies", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        made.line.clients.s3.put_object(Bucket="gpu-policies", Key="team/dev.yaml", Body=TESTED.encode())
        result = made.line.run("validate", "--policies", "s3://gpu-policies/team")
        assert "s3://gpu-policies/team/dev.yaml:15 at Mon 23 Nov" in result.stderr
        refused = made.line.run("init", "--policies", "s3://gpu-policies/team")
        assert refused.exit_code == Exit.USAGE
        assert "needs a local folder" in refused.stderr


def test_completion_offers_the_names_of_the_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.cli.main import lifecycle
    from click.testing import CliRunner

    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE, "vision.yaml": DEFAULTS})
    monkeypatch.chdir(line.root)
    asked = {"COMP_WORDS": "lifecycle show ", "COMP_CWORD": "2", "_LIFECYCLE_COMPLETE": "bash_complete"}
    offered = CliRunner().invoke(lifecycle, [], env=asked, prog_name="lifecycle").stdout
    assert offered.splitlines() == ["plain,dev-nights-off", "plain,vision"]
