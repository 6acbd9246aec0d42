"""Whoever dies between two calls to AWS, on whatever path: the world comes to rest, nothing is lost or done twice."""

from __future__ import annotations

import pytest
from faults.deaths import PATHS, Deaths, small_town

A_SAMPLE = 14
"""Every so many calls; tests/bench/faults_bench.py dies before each of them."""
ELSEWHERE = frozenset(PATHS) - {"launch", "remove"}
"""Paths that tests/execute and tests/controller die on too: here they are left to `make e2e`."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in ELSEWHERE else []) for name in PATHS]
)
def test_a_death_between_any_two_calls_loses_nothing(name: str) -> None:
    with small_town() as here:
        died = Deaths(here, PATHS[name], first=2 + len(name) % A_SAMPLE, every=A_SAMPLE).play()

        assert died > 0
        assert here.verdicts.violations == []


def test_a_death_between_a_move_and_its_record_still_makes_one_record() -> None:
    with small_town() as here:
        died = Deaths(here, PATHS["move to Spot"], first=38).play()

        assert died > 2
        assert here.verdicts.violations == []
