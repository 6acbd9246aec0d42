"""Answers that must not tell by their time what they do not tell by their words.

An address that Cognito knows takes it longer to refuse than one it does not. Such an answer therefore lasts a whole
number of steps, each longer than that difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STEP_SECONDS = 0.5


class Pace:
    def __init__(
        self,
        *,
        step_seconds: float = STEP_SECONDS,
        stopwatch: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._step = step_seconds
        self._stopwatch = stopwatch
        self._pause = pause

    @contextmanager
    def always(self) -> Iterator[None]:
        """For answers that say the same whether the address is known or not."""
        began = self._stopwatch()
        try:
            yield
        finally:
            self._fill(began)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """For answers of which only the refusals must all look alike."""
        began = self._stopwatch()
        try:
            yield
        except BaseException:
            self._fill(began)
            raise

    def _fill(self, began: float) -> None:
        self._pause(-(self._stopwatch() - began) % self._step)
