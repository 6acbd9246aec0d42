"""schedule: openings and closings with the holidays and clock changes between them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chalicelib.cli.exits import Exit
from support.cli import SIMPLE, CommandLine

NIGHTS = """\
lifecycle: v1
policies:
  nights:
    match: {names: [batch]}
    hours: {timezone: Europe/Berlin, open: [daily 22:00-06:00]}
  idle-only:
    match: {names: [chat]}
    idle: {stop-after: 30m}
"""


def calendar(result_text: str) -> list[str]:
    return [" ".join(line.split()) for line in result_text.splitlines()[4:-1]]


def test_a_holiday_stands_where_the_opening_would_have_been(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, {"dev.yaml": SIMPLE}).run("schedule", "dev-nights-off", "--days", "5")
    assert "Now (Fri 20 Nov 2026 17:00 JST) it is open until Fri 20 Nov 2026 20:00 JST." in result.stdout
    assert calendar(result.stdout) == [
        "Fri 20 Nov 2026 08:00 JST opens mon-fri 08:00-20:00",
        "Fri 20 Nov 2026 20:00 JST closes mon-fri 08:00-20:00",
        "Mon 23 Nov 2026 holiday Labor Thanksgiving Day",
        "Tue 24 Nov 2026 08:00 JST opens mon-fri 08:00-20:00",
        "Tue 24 Nov 2026 20:00 JST closes mon-fri 08:00-20:00",
    ]
    assert result.stdout.splitlines()[-1] == "Nothing was changed."


@pytest.mark.parametrize(
    ("start", "change"),
    [
        ("2026-03-29", "Sun 29 Mar 2026 03:00 CEST clocks forward 1 h: 02:00 becomes 03:00"),
        ("2026-10-25", "Sun 25 Oct 2026 02:00 CET clocks back 1 h: 03:00 becomes 02:00"),
    ],
)
def test_a_clock_change_is_marked_inside_the_night_it_lengthens_or_shortens(
    tmp_path: Path, start: str, change: str
) -> None:
    line = CommandLine(tmp_path, {"nights.yaml": NIGHTS})
    result = line.run("schedule", "nights", "--days", "1", "--from", start)
    closes, opens = calendar(result.stdout)[1:]
    assert calendar(result.stdout)[0] == change
    assert " 06:00 " in closes
    assert " 22:00 " in opens


FROZEN = (
    SIMPLE
    + """\
freezes:
  - {name: launch, from: 2026-11-20T12:00, to: 2026-11-24T12:00, hold: [stop], reason: launch day.}
  - {name: migration, from: 2026-11-01T00:00, to: 2026-12-01T00:00, hold: [start, stop], reason: new disks}
  - {name: later, from: 2027-01-01T00:00, to: 2027-01-02T00:00, reason: new year}
defaults:
  hours: {timezone: Asia/Tokyo}
"""
)


def test_freezes_are_marked_from_when_they_hold_until_they_are_over(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, {"dev.yaml": FROZEN}).run("schedule", "dev-nights-off", "--days", "5")
    marked = [line for line in calendar(result.stdout) if "freezes" in line or "thaws" in line]
    assert marked == [
        "Fri 20 Nov 2026 00:00 JST freezes migration holds every start and stop until Tue 1 Dec 2026 00:00 JST: "
        "new disks",
        "Fri 20 Nov 2026 12:00 JST freezes launch holds every stop until Tue 24 Nov 2026 12:00 JST: launch day",
        "Tue 24 Nov 2026 12:00 JST thaws launch is over",
    ]


def test_the_calendar_comes_as_json_in_utc(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"dev.yaml": SIMPLE})
    document = json.loads(line.run("schedule", "dev-nights-off", "--days", "1", "--output", "json").stdout)
    assert document["now"]["open"] is True
    assert document["events"] == [
        {"at": "2026-11-19T23:00:00Z", "what": "opens", "note": "mon-fri 08:00-20:00"},
        {"at": "2026-11-20T11:00:00Z", "what": "closes", "note": "mon-fri 08:00-20:00"},
    ]


def test_a_policy_without_hours_has_no_calendar_and_says_so(tmp_path: Path) -> None:
    result = CommandLine(tmp_path, {"nights.yaml": NIGHTS}).run("schedule", "idle-only")
    assert result.exit_code == Exit.ERROR
    assert "has no hours: only idleness stops its services" in result.stderr


@pytest.mark.parametrize("arguments", [["--days", "0"], ["--days", "400"], ["--from", "tomorrow"]])
def test_days_that_make_no_sense_are_wrong_usage(tmp_path: Path, arguments: list[str]) -> None:
    result = CommandLine(tmp_path, {"dev.yaml": SIMPLE}).run("schedule", "dev-nights-off", *arguments)
    assert result.exit_code == Exit.USAGE


def test_an_unknown_name_without_aws_is_an_unknown_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    result = CommandLine(tmp_path, {"dev.yaml": SIMPLE}).run("schedule", "dev-nihgts-off")
    assert result.exit_code == Exit.ERROR
    assert "Did you mean dev-nights-off?" in result.stderr
