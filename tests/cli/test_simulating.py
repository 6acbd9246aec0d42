"""simulate and tune: the table, JSON, Markdown, charts and diffs, and one sentence for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from chalicelib.cli.assuming import Really
from chalicelib.cli.exits import Exit
from chalicelib.cli.simulated import in_truth
from click.testing import Result
from support.cli import SIMPLE, CommandLine

BEGIN = 1794873600.0
"""2026-11-17T00:00:00Z."""


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    found = CommandLine(tmp_path, {"dev.yaml": SIMPLE})
    chance, at = Random(3), BEGIN
    rows = ["time,seconds"]
    while at < BEGIN + 8 * 86_400:
        at += chance.expovariate(1 / 700 if 1 < at / 3600 % 24 < 10 else 1 / 9000)
        rows.append(f"{at:.1f},5")
    (tmp_path / "requests.csv").write_text("\n".join(rows) + "\n")
    return found


def simulate(line: CommandLine, *more: str, trace: str = "requests.csv") -> Result:
    return line.run("simulate", "--policy", str(line.policies / "dev.yaml"), "--trace", str(line.root / trace), *more)


def test_the_table_has_the_policy_its_alternatives_always_on_and_both_optima(line: CommandLine) -> None:
    found = simulate(line, "--price", "1", "--compare", "idle=15m,60m,break-even,adaptive,schedule")
    assert found.exit_code == Exit.DONE
    for name in ("dev-nights-off", "idle 15m", "idle 60m", "break-even (64 min)", "adaptive", "schedule", "always on"):
        assert f"\n{name} " in found.output
    assert "optimum, knowing every gap" in found.output
    assert "one wait for a boot is worth $1.00" in found.output
    assert found.output.rstrip().endswith("MODE simulated: nothing was changed")


def test_json_tells_every_outcome_and_every_action_with_its_reason(line: CommandLine) -> None:
    found = json.loads(simulate(line, "--price", "1", "--output", "json").stdout)
    mine, *_, best = found["outcomes"]
    assert mine["label"] == "dev-nights-off"
    assert best["cost_usd"] < mine["cost_usd"]
    assert found["really"] is None
    assert len(found["actions"]) >= mine["stops"] > 0
    assert found["actions"][0]["kind"] in ("start", "stop")
    assert all(one["reason"] for one in found["actions"])


def test_without_a_price_hours_are_told_and_no_dollars_are_invented(line: CommandLine) -> None:
    found = json.loads(simulate(line, "--output", "json").stdout)
    assert [one["usd"] for one in found["outcomes"]] == [None, None]


def test_a_list_price_is_found_by_the_instance_type(line: CommandLine) -> None:
    assert "one task costs $1.006 an hour" in simulate(line, "--instance-type", "g5.xlarge").output


def test_a_diff_for_a_review_says_in_one_line_what_the_change_does(line: CommandLine) -> None:
    new = line.write("new.yaml", SIMPLE.replace("30m", "2h"))
    old = str(line.policies / "dev.yaml")
    found = line.run(
        "simulate", "--diff", old, str(new), "--trace", str(line.root / "requests.csv"), "--price", "1", "--format",
        "markdown",
    )  # fmt: skip
    first, _, *rest = found.stdout.splitlines()
    assert first.startswith("**This change: +$")
    assert "cold starts a week" in first
    assert any(row.startswith("| dev-nights-off (new) |") for row in rest)


def test_charts_are_written_as_png_and_as_one_page(line: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    simulate(line, "--price", "1", "--charts", str(tmp_path / "out"))
    for name in ("frontier.png", "calendar.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("data:", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--compare", "idle=3m"], 'compare "3m": the newest 2 minutes of metrics are not trusted: 5m or more'),
        (["--compare", "idle=soon"], 'compare "soon": write a duration or break-even, adaptive, schedule'),
        (["--compare", "break-even"], "break-even needs a price: add --price USD"),
        (["--compare", ","], "names nothing"),
        (["--from", "yesterday"], '--from: "yesterday" is no time'),
        (["--from", "2026-11-20T00:00:00"], "has no offset"),
        (["--from", "2026-12-20T00:00:00Z"], "is not before --to"),
        (["--instance-type", "z9.huge"], "The price of z9.huge in us-east-1 is not known: add --price USD."),
        (["--price", "free"], '--price "free": write a number'),
        (["--from", "2027-01-01T00:00:00Z", "--to", "2027-01-02T00:00:00Z"], "has no request from 2027-01-01T00:00Z"),
        (["--from", "2026-11-20"], "write 2026-11-20T00:00Z or"),
    ],
)
def test_whatever_is_wrong_is_one_sentence(line: CommandLine, words: list[str], says: str) -> None:
    found = simulate(line, *words)
    assert found.exit_code in (Exit.ERROR, Exit.USAGE)
    assert says in found.stderr
    assert "Traceback" not in found.output


def test_wrong_files_are_named(line: CommandLine) -> None:
    assert "none.csv: there is no such file" in simulate(line, trace="none.csv").stderr
    missing = line.run("simulate", "--policy", "none.yaml", "--trace", "x.csv")
    assert (missing.exit_code, "there is no such policy file" in missing.stderr) == (Exit.USAGE, True)
    both = line.run("simulate", "--trace", "x.csv")
    assert "either --policy FILE or --diff OLD NEW" in both.stderr


def test_tune_proposes_a_change_of_the_file_and_writes_nothing(line: CommandLine) -> None:
    path = line.policies / "dev.yaml"
    before = path.read_text()
    found = line.run(
        "tune", "chat", "--trace", str(line.root / "requests.csv"), "--policy", str(path), "--price", "1",
        "--wait-value", "4",
    )  # fmt: skip
    assert found.exit_code == Exit.DONE
    assert "-      stop-after: 30m" in found.output
    assert "+      stop-after: " in found.output
    assert "of the past (saved +" in found.output or "only one half agrees" in found.output
    assert path.read_text() == before


def test_tune_without_a_price_or_with_too_short_a_past_says_what_is_missing(line: CommandLine) -> None:
    words = ("tune", "chat", "--trace", str(line.root / "requests.csv"), "--policy", str(line.policies / "dev.yaml"))
    assert "without a price nothing can be weighed" in line.run(*words).stderr.lower()
    short = line.run(*words, "--price", "1", "--to", "2026-11-18T00:00:00Z")
    assert "days of past: 4 at least, better 14" in short.stderr


def test_what_is_missing_and_what_is_not_known_is_said(line: CommandLine) -> None:
    found = simulate(line).output
    assert "minutes that are missing in the trace are taken as without requests" in found
    assert "one task costs a price that is not known" in found


def test_what_really_happened_stands_beside_in_hours_and_dollars() -> None:
    assert in_truth(Really(120.5, 121.22)) == (
        "In truth it was up for 120.5 h and cost $121.22, as far as its load balancer tells."
    )
    assert "cost" not in in_truth(Really(1.0, None))


def test_a_trace_of_one_service_takes_the_name_and_one_of_several_must_know_it(line: CommandLine) -> None:
    assert simulate(line, "--service", "chat").output.startswith("chat: ")
    (line.root / "several.csv").write_text(f"time,service\n{BEGIN},a\n{BEGIN + 60},b\n")
    found = simulate(line, "--service", "other", trace="several.csv")
    assert 'there is no request of the service "other" in it' in found.stderr
