"""Work that waits for AWS, done for several services at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

WORKERS = 8
"""Services worked on side by side: below the connections a client keeps open."""

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Sequence[T], workers: int = WORKERS) -> list[R]:
    """``work`` done for every item, in their order; the first error of one is raised when all have ended."""
    if len(items) < 2 or workers < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(workers, len(items)), thread_name_prefix="abreast") as pool:
        return list(pool.map(work, items))
