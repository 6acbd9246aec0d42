"""Sorting requests that do not fit into memory."""

from __future__ import annotations

import random
import tracemalloc

from chalicelib.simulate.spool import Spool
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(0, 1e5)), max_size=40), st.integers(1, 7))
def test_whatever_comes_in_any_order_is_given_back_in_order_as_often_as_asked(
    requests: list[tuple[float, float]], chunk: int
) -> None:
    spool = Spool(chunk)
    for request in requests:
        spool.add(request)
    assert spool.is_empty is not bool(requests)
    assert list(spool) == list(spool) == sorted(requests)


def test_two_readers_at_once_do_not_disturb_each_other() -> None:
    spool = Spool(3)
    for number in range(10):
        spool.add((float(number), 1.0))
    assert [one == other for one, other in zip(spool, spool, strict=True)] == [True] * 10


def test_memory_does_not_grow_with_the_number_of_requests() -> None:
    assert peak(160_000) < 1.5 * peak(16_000)


def peak(count: int) -> int:
    chance, spool = random.Random(1), Spool(8_000)
    tracemalloc.start()
    for _ in range(count):
        spool.add((chance.random(), 1.0))
    assert sum(1 for _ in spool) == count
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest
