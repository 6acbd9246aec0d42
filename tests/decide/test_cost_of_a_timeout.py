"""What a timeout is expected to cost, bin by bin, and that a policy's least timeout is a floor and not the answer."""

from __future__ import annotations

import pytest
from chalicelib.decide.adaptive import (
    BINS,
    EDGES_SECONDS,
    PRIOR_WEIGHT,
    Bounds,
    Clause,
    Costs,
    GapLaw,
    _Expected,
    choose_timeout,
)
from chalicelib.decide.adaptive_prior import PRIOR

G5 = Costs(price_usd_per_hour=1.006, boot_seconds=240.0, wait_usd=1.0)
MINUTE, HOUR = 60.0, 3600.0
LAST = EDGES_SECONDS[-1]


def by_hand(seconds: float, own: GapLaw) -> float:
    """The same cost, gap by gap: of each bin those that end before the timeout, and those that outlast it."""
    price, all_gaps, usd = G5.price_usd_per_second, 0.0, 0.0
    for k in range(BINS):
        lower = EDGES_SECONDS[k]
        upper = EDGES_SECONDS[k + 1] if k + 1 < BINS else 2 * lower
        count = own.counts[k] + PRIOR_WEIGHT * PRIOR.shares[k]
        total = own.sums[k] + PRIOR_WEIGHT * PRIOR.shares[k] * PRIOR.mean_seconds[k]
        if upper <= seconds and k + 1 < BINS:
            ended, stays_on = count, total
        else:
            share = min(1.0, max(0.0, (seconds - lower) / (upper - lower)))
            ended = share * count
            stays_on = share * (total + count * lower) / 2
        usd += price * stays_on + (count - ended) * (price * seconds + G5.stop_usd)
        all_gaps += count
    return usd / all_gaps


@pytest.mark.parametrize(
    "seconds", [61.0, EDGES_SECONDS[1], 90.0, 20 * MINUTE, HOUR, 5 * HOUR, 1.5 * LAST, 2 * LAST, 2.5 * LAST]
)
@pytest.mark.parametrize("gaps", [(), (14 * HOUR,) * 5, (50 * MINUTE, 70.0, 3 * HOUR)])
def test_a_timeout_costs_what_its_gaps_cost(seconds: float, gaps: tuple[float, ...]) -> None:
    own = GapLaw().with_gaps(gaps)

    assert _Expected.of(own, G5).usd(seconds) == pytest.approx(by_hand(seconds, own))


def test_a_gap_in_the_first_bin_counts() -> None:
    own = GapLaw().with_gaps([MINUTE + 1])

    assert (own.seen, own.counts[0], own.sums[0]) == (1, pytest.approx(1), pytest.approx(MINUTE + 1))


def test_above_a_policys_least_timeout_it_is_still_learned() -> None:
    comes_back = GapLaw().with_gaps([50 * MINUTE] * 200)

    found = choose_timeout(comes_back, G5, Bounds(30 * MINUTE, 4 * HOUR))

    assert found.clause is Clause.LEARNED
    assert found.seconds >= HOUR
