"""Time as Lambda's functions would take it: calls to AWS wait, side by side where ours go side by side; CPU costs more.

Nothing sleeps. A `Course` is one invocation: it began at an instant (seconds since the load began), has waited for AWS,
and has used so much CPU of this thread. A function of 512 MB has less than a third of a core (AWS: one vCPU at
1,769 MB, in proportion), so its CPU seconds count by that much more. What the fake AWS itself uses is not ours and is
left out. All threads of the application are played one after the other (`Lanes`), so that CPU adds up as on a share of
one core, while their waits overlap as they do when deployed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from unittest.mock import patch

T = TypeVar("T")

POOLS = ("abreast", "observe.calls", "observe.parts", "observe.inventory", "ledger.reading")
"""The rooms of the application that use a pool of threads."""
MEGABYTES_A_CORE = 1_769
"""Lambda developer guide, "Configure Lambda function memory": at 1,769 MB a function has one vCPU."""


@dataclass(slots=True)
class Course:
    """``began``: seconds since the load began; ``waited`` and ``cpu``: seconds of this invocation alone."""

    began: float
    waited: float = 0.0
    cpu: float = 0.0


@dataclass
class VirtualTime:
    """``start``: when the load begins. ``slower``: seconds that one CPU second of this machine takes over there; 0
    leaves CPU out, so that the same load is the same to the microsecond."""

    start: datetime
    slower: float
    courses: list[Course] = field(default_factory=list)
    idle_at: float = 0.0
    """Where time stands while nothing of ours runs."""
    _counted: float = 0.0

    def seconds(self) -> float:
        """Since the load began, as the running invocation has it."""
        self._count()
        if not self.courses:
            return self.idle_at
        course = self.courses[-1]
        return course.began + course.waited + course.cpu * self.slower

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds())

    def sleep(self, seconds: float) -> None:
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        if self.courses:
            self.courses[-1].waited += seconds

    @contextmanager
    def course(self, began: float) -> Iterator[Course]:
        """One invocation, perhaps within a call of another."""
        self._count()
        one = Course(began)
        self.courses.append(one)
        try:
            yield one
        finally:
            self._count()
            self.courses.pop()

    @contextmanager
    def not_ours(self) -> Iterator[None]:
        """What runs inside is the fake's work."""
        self._count()
        try:
            yield
        finally:
            self._counted = time.thread_time()

    def _count(self) -> None:
        now = time.thread_time()
        if self.courses:
            self.courses[-1].cpu += now - self._counted
        self._counted = now


class Lanes:
    """A pool of threads as the running invocation feels it: work is done at once, and its waits overlap in lanes."""

    def __init__(self, clock: VirtualTime, max_workers: int = 8, **_: object) -> None:
        self._clock = clock
        self._course = clock.courses[-1] if clock.courses else Course(0.0)
        self._lanes = [self._course.waited] * max(1, max_workers)

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *_: object) -> None:
        self._course.waited = max(self._course.waited, *self._lanes)

    def submit(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        before = self._course.waited
        lane = min(range(len(self._lanes)), key=self._lanes.__getitem__)
        self._course.waited = max(before, self._lanes[lane])
        done: Future[T] = Future()
        try:
            done.set_result(work(*arguments))
        except Exception as error:  # noqa: BLE001  it is raised where the result is asked for
            done.set_exception(error)
        self._lanes[lane] = self._course.waited
        self._course.waited = before
        return done

    def map(self, work: Callable[..., T], *items: Any) -> Iterator[T]:
        futures = [self.submit(work, *one) for one in zip(*items, strict=False)]
        self.__exit__()
        return (one.result() for one in futures)


@contextmanager
def in_lanes(clock: VirtualTime) -> Iterator[None]:
    """Every pool of the application is played in lanes."""
    made: list[Any] = [patch(f"chalicelib.{room}.ThreadPoolExecutor", partial(Lanes, clock)) for room in POOLS]
    for one in made:
        one.start()
    try:
        yield
    finally:
        for one in made:
            one.stop()


def slowness(megabytes: int) -> float:
    """Seconds that a CPU second takes in a function of so much memory: never less than one, our code has one thread."""
    return max(1.0, MEGABYTES_A_CORE / megabytes)
