"""The gap simulator: it agrees with one that walks through every second, and its optima are what they claim to be."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
from chalicelib.simulate.gaps import (
    Adaptive,
    Fixed,
    GapResult,
    Machine,
    PrewarmingOptimum,
    Randomised,
    Terms,
    break_even,
    optimum,
    simulate,
    simulate_all,
)
from chalicelib.simulate.runs import runs
from chalicelib.simulate.trace import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from support.seconds import walk

HORIZON = 6 * 3600
A_DOLLAR = Terms(usd_per_hour=1.006, boot_seconds=240, wait_usd=1.0)

traces = st.lists(st.tuples(st.integers(0, HORIZON - 1), st.integers(1, 400)), max_size=40).map(sorted)


def run(requests: Sequence[tuple[float, float]], machine: Machine | PrewarmingOptimum, boot: float = 240) -> GapResult:
    machine_ = machine
    for one in runs(iter(requests), boot):
        machine_.feed(one)
    return machine_.finish(HORIZON)


@settings(max_examples=150, deadline=None)
@given(traces, st.sampled_from([60, 61, 300, 900, 3600]), st.sampled_from([0, 1, 60, 240, 1000]))
def test_walking_through_every_second_gives_the_same(requests: list[tuple[int, int]], timeout: int, boot: int) -> None:
    found = simulate(runs(iter(requests), boot), Fixed(timeout), boot, HORIZON)
    walked = walk(requests, timeout, boot, HORIZON)
    assert found.cold_starts == walked.cold_starts
    assert found.waited == walked.waited
    assert found.on_seconds == pytest.approx(walked.on_seconds, rel=0.005, abs=1)


@given(traces)
def test_nobody_beats_the_optimum_and_break_even_costs_at_most_twice_of_it(requests: list[tuple[int, int]]) -> None:
    best = run(requests, optimum(A_DOLLAR)).usd(A_DOLLAR)
    slack = A_DOLLAR.break_even_seconds * A_DOLLAR.usd_per_hour / 3600
    for minutes in (1, 5, 30, 240):
        assert run(requests, Machine(Fixed(60.0 * minutes), 240)).usd(A_DOLLAR) >= best - 1e-9
    assert run(requests, Machine(break_even(A_DOLLAR), 240)).usd(A_DOLLAR) <= 2 * best + slack
    assert run(requests, PrewarmingOptimum(240)).usd(A_DOLLAR) <= best + 1e-9


@given(traces)
def test_the_adaptive_rule_stays_within_five_times_the_optimum(requests: list[tuple[int, int]]) -> None:
    best = run(requests, optimum(A_DOLLAR)).usd(A_DOLLAR)
    slack = 1.5 * A_DOLLAR.break_even_seconds * A_DOLLAR.usd_per_hour / 3600
    assert run(requests, Machine(Adaptive(A_DOLLAR), 240)).usd(A_DOLLAR) <= 5 * best + slack


def test_a_gap_just_as_long_as_the_timeout_does_not_stop_it() -> None:
    found = simulate(runs(iter([(0.0, 10.0), (550.0, 10.0)]), 240), Fixed(300), 240, 10_000)
    assert (found.cold_starts, found.on_seconds) == (1, 560 + 300)


def test_requests_that_come_during_the_boot_wait_too_and_the_longest_wait_is_the_first_ones() -> None:
    found = simulate(runs(iter([(0.0, 10.0), (100.0, 10.0), (239.0, 1.0), (240.0, 1.0)]), 240), Fixed(60), 240, 10_000)
    assert (found.waited, found.cold_starts, found.longest_wait_seconds) == (3, 1, 240)


def test_a_service_that_nobody_asks_costs_nothing() -> None:
    assert simulate(runs(iter(()), 240), Fixed(300), 240, 1000) == GapResult(0.0, 0, 0, 0.0, 0)


def test_the_randomised_rule_costs_e_over_e_minus_one_on_long_gaps() -> None:
    terms = Terms(1.0, 0.0, 1.0)
    requests = [(float(n) * 40_000, 1.0) for n in range(3000)]
    found = simulate(runs(iter(requests), 0), Randomised(terms, random.Random(1)), 0, 3000 * 40_000.0)
    assert found.usd(terms) / 3000 == pytest.approx(1.582, rel=0.03)


def test_several_rules_over_one_reading_find_what_each_finds_alone() -> None:
    requests = [(float(n * n % 50_000), 5.0) for n in range(300)]
    requests.sort()
    alone = [simulate(runs(iter(requests), 240), Fixed(m * 60.0), 240, 60_000) for m in (5, 30)]
    both = simulate_all(runs(iter(requests), 240), [Machine(Fixed(m * 60.0), 240) for m in (5, 30)], 60_000)
    assert list(both) == alone


def test_memory_does_not_grow_with_the_trace() -> None:
    assert peak(200_000) < 1.5 * peak(20_000) + 100_000


def peak(count: int) -> int:
    def requests() -> Iterator[Request]:
        chance, at = random.Random(1), 0.0
        for _ in range(count):
            at += chance.expovariate(1 / 60)
            yield at, 10.0

    tracemalloc.start()
    simulate(runs(requests(), 240), Adaptive(A_DOLLAR), 240, 60.0 * count)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest
