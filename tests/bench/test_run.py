"""What `make bench` makes of what was measured: the verdict, and the README's table."""

from __future__ import annotations

import pytest
from bench.headlines import BEGIN, END, SHOWN, with_headlines
from bench.run import verdict
from goals import Goal, Result

MET = Goal("calls", "<= 30", "12", True)
MISSED = Goal("wall", "< 2 s", "3 s", False)


def test_a_run_that_meets_all_its_goals_ends_well() -> None:
    assert verdict({"sweep_bench": Result("Sweep", goals=[MET])})[1] == 0


def test_each_goal_that_is_missed_is_named_whatever_else_breaks() -> None:
    ended = {
        "sweep_bench": Result("Sweep", goals=[MET, MISSED]),
        "load_bench": RuntimeError("no answer"),
        "custodian_bench": Result("Custodian", notes=["skipped: not installed"]),
    }

    lines, code = verdict(ended)

    assert code == 1
    assert lines[:3] == [
        "MISSED sweep_bench: wall: 3 s (goal: < 2 s)",
        "BROKE load_bench: RuntimeError: no answer",
        "NOT MEASURED custodian_bench: skipped: not installed",
    ]


def test_goals_that_could_not_be_measured_are_no_success() -> None:
    assert verdict({"custodian_bench": Result("Custodian", notes=["skipped: not installed"])})[1] == 2


def test_the_readme_says_what_was_missed_and_what_was_never_measured() -> None:
    part = {
        "headline": "10 calls",
        "measured": "on 2026-11-21 at abc, 2 cores",
        "goals": [{"name": "calls", "met": True}, {"name": "wall", "met": False}],
    }

    readme = with_headlines(f"before\n{BEGIN}\nold\n{END}\nafter", {SHOWN[0]: part})

    assert readme.startswith("before\n") and readme.endswith("\nafter")
    assert "old" not in readme
    assert f"| 10 calls; **missed: wall** | 2026-11-21 at abc | `{SHOWN[0]}` |" in readme
    assert readme.count("not measured yet") == len(SHOWN) - 1


def test_a_readme_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        with_headlines("nothing", {})
