"""What AWS tells of Spot, turned into the services to look at: their losses are noted, their hosts drained.

The warning comes two minutes before the end, so nothing waits here: the host takes no new task from now on, and the
look that follows starts the replacement where there is capacity. An event told twice, late or out of order is one
setback at its own time. A host that is in none of our clusters is nobody's concern here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from chalicelib.entrypoints.spot_triggers import HostAtRisk, HostInterrupted, LaunchFailed, SpotTrigger, TaskInterrupted

if TYPE_CHECKING:
    from chalicelib.decide.facts import ServiceId
    from chalicelib.runtime.compose import App


def struck(trigger: SpotTrigger, app: App) -> frozenset[ServiceId]:
    """The services to look at now. Raises LifecycleError; the event then comes again."""
    strikes, now = app.interruptions, app.clock.now()
    match trigger:
        case HostInterrupted(instance=instance, at=at):
            return strikes.host_taken(instance, at, now)
        case HostAtRisk(instance=instance, at=at):
            return strikes.host_at_risk(instance, at, now)
        case TaskInterrupted(service=service, task=task, at=at):
            return strikes.task_taken(service, task, at, now)
        case LaunchFailed():
            return strikes.who_waits()
        case other:
            assert_never(other)
