"""Policies that would hold every sweep up: found by tests/fuzz, and bounded here."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest
from chalicelib.policy.loader import load
from chalicelib.policy.timetable import Timetable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HEAD = "lifecycle: v1\npolicies:\n  a:\n    match: {everything: true}\n    hours:\n      timezone: Europe/Berlin\n"
CPU_SECONDS = 3.0


def hours(*windows: str, rest: str = "") -> str:
    return HEAD + "      open:\n" + "".join(f"        - {window}\n" for window in windows) + rest


def test_windows_that_together_never_close_are_soon_worked_out() -> None:
    """Nothing regular bounds the look back: there is a date among them."""
    windows = [f"daily {hour:02}:00-{hour + 3:02}:00" for hour in range(0, 20, 2)]
    [policy] = load(
        {"a.yaml": hours("2199-01-01 all-day", "daily 20:00-24:00", *windows)}, today=date(2026, 11, 21)
    ).policies.policies
    assert policy.hours is not None
    began = time.process_time()

    phase = Timetable.of(policy.hours).phase(NOW)

    assert (phase.open, phase.until) == (True, None)
    assert time.process_time() - began < CPU_SECONDS


def test_hundreds_of_windows_that_overlap_are_soon_read_and_a_few_pairs_told() -> None:
    windows = [f"daily {n % 24:02}:{n % 60:02}-{(n + 1) % 24:02}:{n % 60:02}" for n in range(1, 400)]
    began = time.process_time()

    loaded = load({"a.yaml": hours(*windows)}, today=date(2026, 11, 21))

    assert time.process_time() - began < CPU_SECONDS
    assert 0 < len(loaded.warnings) < 30


def test_a_holiday_ends_what_else_never_closes() -> None:
    rest = "      holidays: {extra: [2027-02-03]}\n"
    [policy] = load(
        {"a.yaml": hours("daily 00:00-12:00", "daily 12:00-24:00", rest=rest)}, today=date(2026, 11, 21)
    ).policies.policies
    assert policy.hours is not None

    phase = Timetable.of(policy.hours).phase(NOW)

    assert phase.until == datetime(2027, 2, 2, 23, 0, tzinfo=UTC)
    assert Timetable.of(policy.hours).phase(phase.until + timedelta(days=1)).since == phase.until + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (hours(*(f"day {n % 28 + 1} {n % 24:02}:00-{n % 24:02}:30" for n in range(401))), "hours.open"),
        (
            HEAD + f"      cron: {{start: [{', '.join(['0 8 * * *'] * 401)}], stop: ['0 9 * * *']}}\n",
            "hours.cron.start",
        ),
    ],
)
def test_hours_of_more_than_four_hundred_windows_are_refused(text: str, place: str) -> None:
    [problem] = load({"a.yaml": text}, today=date(2026, 11, 21)).errors

    assert problem.path == f"policies.a.{place}"
    assert problem.sentence == "hours have at most 400 of these; join those that touch"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (f"idle: {{stop-after: {'1' * 5_000}d}}", "LC029"),
        (f"idle: {{stop-after: {'1' * 5_000}.5h}}", "LC030"),
        (f"idle: {{stop-after: P{'1' * 5_000}D}}", "LC030"),
        (f"idle: {{stop-after: adaptive, cold-start-value: {'9' * 400}.00 USD}}", "LC035"),
        (f"idle: {{stop-after: 30m, signals: {{network-out: {{busy-above: {'9' * 400} KiB/s}}}}}}", "LC033"),
    ],
)
def test_a_number_of_any_length_is_refused_in_one_sentence_of_ours(keys: str, code: str) -> None:
    text = f"lifecycle: v1\npolicies: {{a: {{match: {{everything: true}}, {keys}}}}}\n"

    [problem] = load({"a.yaml": text}, today=date(2026, 11, 21)).errors

    assert problem.code == code
    assert len(problem.sentence) < 300
    assert "Value error" not in problem.sentence
