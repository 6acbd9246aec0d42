"""A stage on which EventBridge Scheduler fires: entries some seconds into their minute, sweeps at their own times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.execute.bookings import BookingSettings
from support import strict_scheduler
from support.stage import Stage

SETTINGS = BookingSettings(
    group=strict_scheduler.GROUP,
    target=strict_scheduler.TARGET,
    role="arn:aws:iam::123456789012:role/lifecycle-WakeUpRole",
    dead_letters="arn:aws:sqs:eu-central-1:123456789012:lifecycle-DeadLetters",
)


@dataclass
class Firing:
    """``late`` says how long after its instant an entry has called our function and the function has begun."""

    stage: Stage
    sweep_every: timedelta = timedelta(minutes=15)
    late: Callable[[], timedelta] = lambda: timedelta(seconds=30)
    seconds: float | None = None
    """What a function that the Scheduler calls has for its run."""
    fires: bool = True
    _next_sweep: datetime | None = None
    _lateness: dict[datetime, timedelta] = field(default_factory=dict)

    @property
    def booked(self) -> list[datetime]:
        return sorted(one["at"] for one in self.stage.aws.world.schedules.values())

    def run_until(self, end: datetime) -> None:
        """Sweeps and wake-ups in the order in which they come, up to and with ``end``."""
        while (moment := min(self._sweep_at(), self._fire_at() or end + timedelta(days=1))) <= end:
            self._go_to(moment)
            if strict_scheduler.due(self.stage.aws.world, moment - self._late_of(moment)):
                self.wake()
            else:
                self.sweep()
        self._go_to(end)

    def wake(self) -> None:
        """What the function does that the Scheduler calls."""
        stage = self.stage
        stage.reports.append(stage.app.controller.sweep(stage.clock.now(), full=False, seconds=self.seconds))

    def sweep(self) -> None:
        self._next_sweep = self.stage.clock.now() + self.sweep_every
        self.stage.sweep()

    def _go_to(self, moment: datetime) -> None:
        self.stage.set(max(moment, self.stage.clock.now()))

    def _sweep_at(self) -> datetime:
        return self._next_sweep or self.stage.clock.now()

    def _fire_at(self) -> datetime | None:
        at = strict_scheduler.next_due(self.stage.aws.world) if self.fires else None
        return None if at is None else at + self._lateness.setdefault(at, self.late())

    def _late_of(self, moment: datetime) -> timedelta:
        """Of the entry that fires at ``moment``; a sweep of that moment finds nothing due."""
        at = strict_scheduler.next_due(self.stage.aws.world) if self.fires else None
        late = self._lateness.get(at, timedelta()) if at else timedelta()
        return late if at and at + late == moment else timedelta(days=36_500)
