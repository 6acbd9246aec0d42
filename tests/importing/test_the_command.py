"""lifecycle import: the text on stdout (or in a file), what was not translated beside it, and its endings."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from support.cli import CommandLine

UPTIME = "Mon-Fri 09:00-17:00 Asia/Tokyo"


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def written(line: CommandLine, name: str, text: str) -> str:
    path = line.root / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_policies_go_to_stdout_and_the_proof_to_stderr(line: CommandLine) -> None:
    result = line.run("import", "kube-downscaler", written(line, "k.txt", UPTIME))
    assert result.exit_code == Exit.DONE
    assert "- mon-fri 09:00-17:00" in result.stdout
    assert "527,040 minutes from 2026-11-20 on compared, all alike." in result.stderr
    assert result.stderr.splitlines()[-1] == "Nothing was changed."


def test_the_year_of_the_proof_can_begin_on_another_day(line: CommandLine) -> None:
    result = line.run("import", "kube-downscaler", written(line, "k.txt", UPTIME), "--from", "2030-02-01")
    assert "from 2030-02-01 on compared" in result.stderr


def test_what_was_written_is_valid_and_nothing_is_overwritten_unasked(line: CommandLine) -> None:
    out, source = str(line.policies / "imported.yaml"), written(line, "k.txt", UPTIME)
    assert line.run("import", "kube-downscaler", source, "--out", out).exit_code == Exit.DONE
    assert line.run("validate").exit_code == Exit.DONE
    again = line.run("import", "kube-downscaler", source, "--out", out)
    assert (again.exit_code, "is already there" in again.stderr) == (Exit.ERROR, True)


def test_what_could_not_be_translated_is_told_and_the_run_fails_when_nothing_could(line: CommandLine) -> None:
    result = line.run("import", "kube-downscaler", written(line, "k.txt", "never"))
    assert result.exit_code == Exit.ERROR
    assert 'NOT TRANSLATED "never": it is never up' in result.stderr
    assert result.stdout == ""


def test_json_holds_text_proof_and_reasons(line: CommandLine) -> None:
    text = json.dumps({"policies": [{"name": "n", "filters": [{"type": "offhour", "default_tz": "et"}, "x"]}]})
    result = line.run("import", "custodian", written(line, "c.json", text), "--output", "json")
    document = json.loads(result.stdout)
    [policy] = document["policies"]
    assert (policy["name"], policy["proven"], policy["minutes"], policy["differences"]) == ("n", True, 527040, [])
    assert "lifecycle: v1" in document["text"]


def test_a_packed_export_is_read_and_other_bytes_are_refused(line: CommandLine) -> None:
    scan = {
        "Items": [{"type": "period", "name": "p", "weekdays": "mon"}, {"type": "schedule", "name": "s", "periods": "p"}]
    }
    packed = line.root / "export.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(scan).encode()))
    assert "- mon all-day" in line.run("import", "instance-scheduler", str(packed)).stdout
    hurt = bytearray(packed.read_bytes())
    hurt[12:16] = b"\xff\xff\xff\xff"
    for wrong in (b"\x1f\x8bno gzip", bytes(hurt)):
        packed.write_bytes(wrong)
        refused = line.run("import", "instance-scheduler", str(packed))
        assert (refused.exit_code, "not a text in UTF-8" in refused.stderr) == (Exit.ERROR, True)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("import", "keda", "x"), Exit.USAGE, "write custodian, instance-scheduler or kube-downscaler"),
        (("import", "custodian"), Exit.USAGE, "FILE"),
        (("import", "custodian", "nowhere.yml"), Exit.ERROR, "nowhere.yml: no such file or directory."),
        (("import", "custodian", "x", "--timezone", "JST"), Exit.USAGE, "abbreviations are ambiguous"),
    ],
)
def test_wrong_usage_is_one_sentence(line: CommandLine, words: tuple[str, ...], code: Exit, sentence: str) -> None:
    result = line.run(*words)
    assert result.exit_code == code
    assert sentence in result.stderr
