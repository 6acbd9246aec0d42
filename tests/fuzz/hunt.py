"""A border, what comes in at it, and how it is hunted: examples for a time, each within a bound; crashes by place.

A border's `room` gives a function that takes one input in and raises when something is not as it should be: an
exception that is none of ours, a refusal that says nothing, an effect of what was refused. What it raises at one place
of the code is one crash, shown by its smallest input.
"""

from __future__ import annotations

import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 5.0
"""Of CPU for one input: what takes longer holds a handler, or a person, up."""
A_ROUND = 200
"""Examples between two looks at the clock; every round has a seed of its own."""

Take = Callable[[Any], None]


class TookTooLong(AssertionError):
    """One input took more CPU than any may."""


@dataclass(frozen=True)
class Border:
    """``inputs`` are drawn for ``room()``'s function."""

    name: str
    inputs: st.SearchStrategy[Any]
    room: Callable[[], AbstractContextManager[Take]]


@dataclass(frozen=True)
class Crash:
    """One place at which inputs fail. ``example`` is the shortest of them."""

    place: str
    error: str
    example: str
    trace: str


@dataclass
class Hunted:
    """``slowest_seconds`` is CPU of one input, ``grown_mib`` what the process's memory peak rose by."""

    border: str
    examples: int = 0
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    grown_mib: float = 0.0
    crashes: dict[str, Crash] = field(default_factory=dict)

    def note(self, error: BaseException, example: object) -> None:
        place, shown = _place_of(error), repr(example)
        known = self.crashes.get(place)
        if known is None or len(shown) < len(known.example):
            said = f"{type(error).__name__}: {error}"
            self.crashes[place] = Crash(place, said, shown, "".join(traceback.format_exception(error)))


def hunt(border: Border, seconds: float, start: int) -> Hunted:
    """Inputs of rounds ``start``, ``start + 1``, … until that many seconds have passed."""
    found = Hunted(border.name)
    began, peak = time.perf_counter(), _peak_mib()
    with border.room() as take:
        while time.perf_counter() - began < seconds:
            _round(border, take, start, A_ROUND, found, began + seconds)
            start += 1
    found.seconds = time.perf_counter() - began
    found.grown_mib = _peak_mib() - peak
    return found


def try_out(border: Border, examples: int) -> None:
    """The same few inputs at every run; the first that fails is shown as Hypothesis shows it."""
    with border.room() as take:

        @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
                  phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(border.inputs)
        def each(example: Any) -> None:
            with within(LONGEST_SECONDS):
                take(example)

        each()


def _round(border: Border, take: Take, number: int, examples: int, found: Hunted, until: float) -> None:
    @seed(number)
    @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(border.inputs)
    def each(example: Any) -> None:
        if time.perf_counter() > until:
            return
        began = time.process_time()
        try:
            with within(LONGEST_SECONDS):
                take(example)
        except Exception as error:  # noqa: BLE001 - to find it is what this is for
            found.note(error, example)
        found.examples += 1
        found.slowest_seconds = max(found.slowest_seconds, time.process_time() - began)

    each()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TookTooLong in the middle of what takes more CPU, so that a loop without end is found too; and at its end,
    where somebody on the way took that for an error of their own."""
    said = f"more than {seconds:g} s of CPU for one input"
    began = time.process_time()

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TookTooLong(said)

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    if time.process_time() - began > seconds:
        raise TookTooLong(said)


def _place_of(error: BaseException) -> str:
    """The innermost line of this project: of the product where the error came through it."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(str(ROOT)) and "/.venv/" not in frame.filename
    ]
    ours = [frame for frame in frames if "/tests/" not in frame.filename] or frames
    if ours and isinstance(error, TookTooLong):  # it may ring anywhere below
        ours = ours[:1]
    inner = ours[-1] if ours else traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {inner.filename.removeprefix(f'{ROOT}/')}:{inner.lineno}"


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
