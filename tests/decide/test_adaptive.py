"""The learned timeout: which clause applies, what it costs, and the bound that no history can break."""

from __future__ import annotations

from itertools import pairwise

import pytest
from chalicelib.decide.adaptive import (
    BINS,
    DECAY,
    EDGES_SECONDS,
    Bounds,
    Clause,
    Costs,
    GapLaw,
    GapLearner,
    Held,
    choose_timeout,
    worst_case,
)
from chalicelib.decide.adaptive_prior import PRIOR
from hypothesis import given
from hypothesis import strategies as st

G5 = Costs(price_usd_per_hour=1.006, boot_seconds=240.0, wait_usd=1.0)
MINUTE, HOUR = 60.0, 3600.0

gaps_seconds = st.lists(st.floats(0, 30 * 86400), max_size=60)
prices = st.builds(Costs, st.floats(0.05, 100), st.floats(0, 3600), st.floats(0, 50))


def law(*gaps: float) -> GapLaw:
    return GapLaw().with_gaps(gaps)


def test_a_service_without_gaps_of_its_own_gets_the_break_even_timeout() -> None:
    found = choose_timeout(GapLaw(), G5)

    assert found.clause is Clause.TOO_FEW_GAPS
    assert found.seconds == pytest.approx(240 + 3600 / 1.006)
    assert found.worst_case == pytest.approx(2)


def test_the_third_gap_is_enough_to_learn_from() -> None:
    assert choose_timeout(law(HOUR, HOUR), G5).clause is Clause.TOO_FEW_GAPS
    assert choose_timeout(law(HOUR, HOUR, HOUR), G5).clause is Clause.LEARNED


def test_gaps_of_a_minute_and_less_teach_nothing() -> None:
    assert law(59.9, 10, 0) == GapLaw()


def test_a_service_that_sleeps_all_night_between_bursts_is_stopped_early() -> None:
    found = choose_timeout(law(*[14 * HOUR] * 60), G5)

    assert found.clause is Clause.LEARNED
    assert found.seconds < 0.5 * G5.break_even_seconds


def test_a_service_that_always_comes_back_within_the_hour_is_kept_for_that_hour() -> None:
    found = choose_timeout(law(*[50 * MINUTE] * 200), G5)

    assert HOUR <= found.seconds <= 1.5 * G5.break_even_seconds


def test_what_was_long_ago_counts_less_than_what_was_of_late() -> None:
    long_then_short = law(*[14 * HOUR] * 300, *[50 * MINUTE] * 300)
    short_then_long = law(*[50 * MINUTE] * 300, *[14 * HOUR] * 300)

    assert choose_timeout(long_then_short, G5).seconds > choose_timeout(short_then_long, G5).seconds


@given(gaps_seconds, prices)
def test_no_history_brings_the_timeout_outside_the_bound(gaps: list[float], costs: Costs) -> None:
    even = costs.break_even_seconds
    found = choose_timeout(law(*gaps), costs)

    if even >= 4 * MINUTE:
        assert 0.25 * even - 1e-6 <= found.seconds <= 1.5 * even + 1e-6
        assert found.worst_case is not None and found.worst_case <= 5 + 1e-6


@given(gaps_seconds, prices, st.floats(1, 400 * MINUTE))
def test_the_worst_case_is_never_exceeded_on_any_gap(gaps: list[float], costs: Costs, gap: float) -> None:
    found = choose_timeout(law(*gaps), costs)
    if costs.break_even_seconds == 0:
        return
    price = costs.price_usd_per_second
    paid = price * gap if gap <= found.seconds else price * found.seconds + costs.stop_usd
    optimum = min(price * gap, costs.stop_usd)

    # A timeout below a minute is never chosen, so a stop that costs less than that is not bounded by it.
    if costs.break_even_seconds >= MINUTE:
        assert found.worst_case is not None
        assert paid <= found.worst_case * optimum * (1 + 1e-9)


@given(gaps_seconds, prices, st.floats(300, 7200), st.floats(7200, 6 * 3600))
def test_the_policys_own_bounds_hold_whatever_was_learned(
    gaps: list[float], costs: Costs, least: float, longest: float
) -> None:
    found = choose_timeout(law(*gaps), costs, Bounds(least, longest))

    assert least <= found.seconds <= longest


def test_the_bound_that_held_the_timeout_is_named() -> None:
    nights, hours = law(*[14 * HOUR] * 300), law(*[50 * MINUTE] * 300)

    assert choose_timeout(nights, G5, Bounds(30 * MINUTE, 4 * HOUR)).held is Held.POLICY_MIN
    assert choose_timeout(hours, G5, Bounds(5 * MINUTE, 55 * MINUTE)).held is Held.POLICY_MAX
    assert choose_timeout(GapLaw(), G5, Bounds(5 * MINUTE, 20 * MINUTE)).held is Held.POLICY_MAX
    assert choose_timeout(GapLaw(), G5).held is None


def test_without_a_price_the_policys_longest_timeout_holds() -> None:
    found = choose_timeout(law(HOUR, HOUR, HOUR), Costs(0.0, 240.0, 1.0), Bounds(300, 4 * HOUR))

    assert (found.clause, found.seconds, found.worst_case) == (Clause.NO_PRICE, 4 * HOUR, None)


@given(gaps_seconds)
def test_learning_all_at_once_and_one_by_one_end_the_same(gaps: list[float]) -> None:
    at_once, one_by_one = GapLaw().with_gaps(gaps), GapLaw()
    for gap in gaps:
        one_by_one = one_by_one.with_gaps([gap])

    assert at_once.seen == one_by_one.seen
    assert at_once.counts == pytest.approx(one_by_one.counts)
    assert at_once.sums == pytest.approx(one_by_one.sums)


def test_a_year_of_gaps_neither_overflows_nor_forgets_the_decay() -> None:
    learner = GapLearner()
    for _ in range(20_000):
        learner.add(HOUR)

    found = learner.law()
    assert found.seen == 20_000
    assert sum(found.counts) == pytest.approx(1 / (1 - DECAY))
    assert sum(found.sums) == pytest.approx(HOUR / (1 - DECAY))


def test_the_prior_is_one_law_over_the_bins() -> None:
    assert len(PRIOR.shares) == len(PRIOR.mean_seconds) == BINS
    assert sum(PRIOR.shares) == pytest.approx(1, abs=1e-5)
    for (low, high), mean in zip(pairwise((*EDGES_SECONDS, float("inf"))), PRIOR.mean_seconds, strict=True):
        assert low <= mean < high


@pytest.mark.parametrize(("share", "times"), [(0.25, 5), (1, 2), (1.5, 2.5)])
def test_the_worst_case_is_what_the_theory_says(share: float, times: float) -> None:
    assert worst_case(share * G5.break_even_seconds, G5) == pytest.approx(times)
