"""A law of gaps rebuilt from stops alone: below each timeout the prior's shape, above it what was seen."""

from __future__ import annotations

import pytest
from chalicelib.decide.adaptive import BINS
from chalicelib.decide.adaptive_prior import PRIOR
from chalicelib.decide.learned import law_of_stops


def test_every_bin_below_the_timeout_has_the_priors_share_and_its_mean() -> None:
    gap, timeout = 8 * 3600.0, 1800.0
    below = [k for k in range(BINS) if PRIOR.mean_seconds[k] < timeout]
    above = 1 - sum(PRIOR.shares[k] for k in below)

    law = law_of_stops([(gap, timeout)])

    assert [law.counts[k] for k in below] == pytest.approx([PRIOR.shares[k] / above for k in below])
    assert sum(law.counts[len(below) :]) == pytest.approx(1), "the gap that was seen, and no other"
    assert sum(law.sums[len(below) :]) == pytest.approx(gap)
    for stops in (1, 10):
        law = law_of_stops([(gap, timeout)] * stops)
        assert [law.sums[k] for k in below] == pytest.approx([law.counts[k] * PRIOR.mean_seconds[k] for k in below])
        assert law.seen == stops


def test_a_gap_that_ended_before_its_timeout_adds_nothing_above_itself() -> None:
    law = law_of_stops([(600.0, 1800.0)])

    assert [count for k, count in enumerate(law.counts) if PRIOR.mean_seconds[k] > 1800.0] == [0.0] * sum(
        mean > 1800.0 for mean in PRIOR.mean_seconds
    )
