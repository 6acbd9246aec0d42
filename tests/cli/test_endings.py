"""How runs end: codes, one sentence on stderr, no traceback."""

from __future__ import annotations

import sys

import pytest
from botocore import exceptions as aws
from chalicelib.cli.exits import Exit, Fruitless, Stop, ending, explain
from chalicelib.cli.main import lifecycle
from chalicelib.errors import RecordUnavailable, UnknownService
from click.testing import CliRunner
from support.cli_account import Account


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["paln"], 'There is no command "paln". Did you mean `lifecycle plan`?'),
        (["--nonsense"], "`lifecycle` has no option --nonsense. Try `lifecycle --help`."),
        (["plan", "--al"], "`lifecycle plan` has no option --al. Did you mean --all? Try `lifecycle plan --help`."),
        (["completion", "csh"], 'SHELL "csh": write bash, zsh or fish. Try'),
        (["completion"], "`lifecycle completion` needs SHELL. Usage: lifecycle completion [OPTIONS] {bash|zsh|fish}."),
        (["completion", "bash", "extra"], '`lifecycle completion` cannot take "extra" as well.'),
        (["schedule", "x", "--days", "0"], '--days "0": write a whole number from 1 to 366.'),
        (["schedule", "x", "--days", "soon"], '--days "soon": write a whole number from 1 to 366.'),
        (["schedule", "x", "--days"], "--days needs a value."),
        (["plan", "--all=3"], "--all takes no value."),
        (["init", "--timezone", "JST"], "write the IANA name of a place, as Asia/Tokyo, or UTC."),
        (["up", "--speed", "0"], '--speed "0": write a number from 1 to 3600.'),
        (["keep", "chat", "--for", "30"], '--for "30": 30 what? write 30m or 30s.'),
        (["exclude", "chat", "--until", "never"], "`lifecycle exclude` needs --reason TEXT."),
        (["status", "--output", "yaml"], '--output "yaml": write table or json.'),
        (["--local", "--profile", "team", "status"], "leave out --profile and --region, or --local."),
        (["status", "--region", "eu-west-1", "--local"], "leave out --profile and --region, or --local."),
    ],
)
def test_wrong_usage_ends_with_64_and_one_sentence(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(lifecycle, arguments)
    assert result.exit_code == Exit.USAGE
    assert says in result.stderr
    assert result.stdout == ""
    assert result.stderr.splitlines()[1:] == ["Nothing was changed."]
    assert "Traceback" not in result.stderr


def test_no_command_at_all_teaches_and_ends_with_64() -> None:
    result = CliRunner().invoke(lifecycle, [])
    assert result.exit_code == Exit.USAGE
    assert "Nothing is stopped until a policy says" in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["completion", "--help"], ["--version"]])
def test_asking_for_help_is_no_error(arguments: list[str]) -> None:
    assert CliRunner().invoke(lifecycle, arguments).exit_code == Exit.DONE


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str) -> None:
    result = CliRunner().invoke(lifecycle, ["completion", shell])
    assert result.exit_code == Exit.DONE
    assert "_LIFECYCLE_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (aws.NoCredentialsError(), "No AWS credentials were found"),
        (aws.ProfileNotFound(profile="x"), "list-profiles"),
        (aws.NoRegionError(), "add --region"),
        (aws.EndpointConnectionError(endpoint_url="https://ecs.example/"), "AWS cannot be reached"),
        (aws.ConnectTimeoutError(endpoint_url="https://ecs.example/"), "AWS cannot be reached"),
        (
            aws.ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "old"}}, "ListClusters"),
            "sign in again",
        ),
        (
            aws.ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListClusters"),
            "AWS forbids ListClusters",
        ),
        (
            aws.ClientError({"Error": {"Code": "Other", "Message": "odd"}}, "ListClusters"),
            "AWS refused ListClusters: odd.",
        ),
        (UnknownService("there is none"), "There is none."),
        (FileNotFoundError(2, "No such file or directory", "p.json"), "p.json: no such file or directory."),
        (OSError(36, "File name too long", "p.json"), "p.json: file name too long."),
        (OSError(28, "No space left on device", "p.json"), "p.json: no space left on device."),
        (Fruitless("it cannot be"), "It cannot be."),
    ],
)
def test_what_can_go_wrong_outside_is_one_sentence(error: Exception, says: str) -> None:
    told = explain(error)
    assert told is not None
    code, sentence = told
    assert code == Exit.ERROR
    assert says in sentence


def test_a_stop_carries_its_own_code() -> None:
    assert explain(Stop("no", Exit.USAGE)) == (Exit.USAGE, "No.")


@pytest.mark.parametrize("error", [Stop("no"), UnknownService("no"), aws.NoRegionError(), KeyError("p")])
def test_an_error_before_the_first_write_ends_by_saying_that_nothing_was_changed(error: Exception) -> None:
    before, after = (ending(error, may_have_written=written) for written in (False, True))
    if isinstance(error, KeyError):
        assert before is after is None
        return
    assert before is not None and after is not None
    assert before[1] == f"{after[1]}\nNothing was changed."
    assert "Nothing was changed" not in after[1]


def test_what_failed_after_the_question_and_yet_wrote_nothing_says_so() -> None:
    assert ending(Fruitless("no"), may_have_written=True) == (Exit.ERROR, "No.\nNothing was changed.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["why", "nosuch"],
        ["schedule", "nothere"],
        ["promote", "nothing"],
        ["explain", "LC999"],
        ["show", "nothing"],
        ["plan", "--out", "no/such/folder/p.json"],
        ["apply", "nofile.json"],
        ["keep", "nosuch", "--yes"],
        ["tune", "nosuch", "--trace", "nofile.csv"],
        ["--policies", "nowhere", "plan"],
        ["--policies", "nowhere", "validate"],
    ],
)
def test_every_command_that_fails_before_it_wrote_anything_says_so_in_its_last_line(
    evening: Account, arguments: list[str]
) -> None:
    result = evening.line.run(*arguments)
    assert result.exit_code in (Exit.ERROR, Exit.USAGE)
    assert result.stderr.splitlines()[-1] == "Nothing was changed."
    assert result.stderr.count("Nothing was changed.") == 1


def test_a_write_that_fails_half_way_does_not_say_that_nothing_was_changed(
    evening: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise RecordUnavailable("the table is gone")

    monkeypatch.setattr("chalicelib.record.history.History.append", lost)
    result = evening.line.run("keep", "stream", "--yes")
    assert result.exit_code == Exit.ERROR
    assert "Nothing was changed" not in result.output
    assert len(evening.controls.read(evening.line.clock.now()).overrides) == 1


def test_a_fault_of_our_own_is_said_to_be_one_and_shows_its_traceback_only_with_debug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "chalicelib.cli.completing", None)
    quiet = CliRunner().invoke(lifecycle, ["completion", "bash"])
    loud = CliRunner().invoke(lifecycle, ["--debug", "completion", "bash"])
    assert quiet.exit_code == loud.exit_code == Exit.ERROR
    assert "a fault of its own" in quiet.stderr
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
