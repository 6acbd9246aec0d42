"""The demo's weekly report is made when a deployment's is: once the week's last day is on the bill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from chalicelib.local import bill, weekly
from chalicelib.local.scenario import week as demo_week

from reports.values import Week


@pytest.mark.parametrize(("days", "made"), [(7, "2026-11-30T09:00+09:00"), (2, "2026-11-24T23:59+09:00")])
def test_a_whole_week_is_told_on_monday_at_nine_and_a_part_of_it_at_once(days: int, made: str) -> None:
    scenario = demo_week(days=days)
    now = scenario.end - timedelta(minutes=1)
    world: Any = SimpleNamespace(scenario=scenario, clock=SimpleNamespace(now=lambda: now))
    ends = Week.of(scenario.start, scenario.zone).until
    assert weekly._made_at(world, ends) == datetime.fromisoformat(made)


def test_the_last_day_on_the_bill_is_whole() -> None:
    midnight = datetime(2026, 11, 30, tzinfo=UTC)
    assert [bill._day_ends(midnight - timedelta(hours=hours)) for hours in (0, 9, 24)] == [
        midnight,
        midnight,
        midnight - timedelta(days=1),
    ]
