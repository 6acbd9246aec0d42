"""A controller that only writes down what it was asked, for tests of what stands before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from chalicelib.controller.report import Report
from chalicelib.decide.facts import ServiceId
from chalicelib.runtime import compose
from chalicelib.runtime.clock import SteppedClock

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


@dataclass
class StubController:
    """``behind`` says which service stands behind a target group; ``fails`` is raised by every look."""

    behind: dict[str, ServiceId] = field(default_factory=dict)
    fails: Exception | None = None
    unbooked: str = ""
    sweeps: list[datetime] = field(default_factory=list)
    looks: list[tuple[tuple[ServiceId, ...], datetime, str]] = field(default_factory=list)
    forced: list[bool] = field(default_factory=list)
    """For each look, whether it was one at services that are not due either."""
    seconds: list[float | None] = field(default_factory=list)
    """How long each sweep and look was given."""

    def sweep(self, now: datetime, *, full: bool | None = None, seconds: float | None = None) -> Report:
        self.sweeps.append(now)
        self.seconds.append(seconds)
        return self._report(now, looked=14)

    def look_at(
        self, ids: Iterable[ServiceId], now: datetime, *, why: str, force: bool = True, seconds: float | None = None
    ) -> Report:
        self.looks.append((tuple(ids), now, why))
        self.forced.append(force)
        self.seconds.append(seconds)
        return self._report(now, looked=len(self.looks[-1][0]))

    def services_behind(self, target_groups: Iterable[str]) -> frozenset[ServiceId]:
        return frozenset(self.behind[one] for one in target_groups if one in self.behind)

    def _report(self, now: datetime, looked: int) -> Report:
        if self.fails:
            raise self.fails
        return Report(at=now, looked=looked, due=2, metrics_asked=4, unbooked=self.unbooked)


@dataclass(frozen=True)
class _StubApp:
    controller: StubController
    clock: SteppedClock
    fleet: Any = None
    notifier: Any = None


@contextmanager
def installed(controller: StubController, *, fleet: Any = None, notifier: Any = None) -> Iterator[StubController]:
    """The handlers find this controller, and a clock that stands at NOW."""
    compose.install(cast(Any, _StubApp(controller, SteppedClock(NOW), fleet, notifier)))
    try:
        yield controller
    finally:
        compose.install(None)
