"""Two days of the demo week, twice: through the deployed handlers on the embedded AWS, and through `simulate`.

What each starts and stops, when, why and in which words, must be the same. The whole week is `make bench`'s
(`agreement_bench`): it takes a minute and a half.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chalicelib.local.scenario import Blueprint, week
from support.agreement import Lived, live_through, simulated

THURSDAY_AND_FRIDAY = week(first_day=3, days=2)
"""With a lack of capacity, missing metrics, long streams, a person's start and one by hand in the console."""


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    yield live_through(THURSDAY_AND_FRIDAY)


def test_the_two_days_have_enough_in_them_to_compare(lived: Lived) -> None:
    assert lived.kinds == {("start", "hours"), ("stop", "hours"), ("stop", "idle"), ("start", "override")}
    assert sum(len(acts) for acts in lived.acts.values()) >= 30


@pytest.mark.parametrize("blueprint", THURSDAY_AND_FRIDAY.fleet, ids=lambda one: one.id.name)
def test_simulate_starts_and_stops_what_the_controller_did_at_the_same_instants(
    lived: Lived, blueprint: Blueprint
) -> None:
    assert simulated(lived, blueprint) == lived.acts.get(blueprint.id, [])
