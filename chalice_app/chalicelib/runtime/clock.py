"""Where the time comes from: the machine's clock when deployed, a clock that is stepped everywhere else."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Waits so long on this clock."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SteppedClock:
    """Stands still until told otherwise; never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        """Nobody steps this clock while its handler waits: there is nothing to wait for."""

    def set(self, to: datetime) -> None:
        """Raises ValueError when ``to`` lies before the present."""
        if to < self._now:
            raise ValueError(f"the clock stands at {self._now.isoformat()} and cannot go back to {to.isoformat()}")
        self._now = to.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self.set(self._now + by)
