"""The sweep: every five minutes each service whose time has come is looked at again.

It is what makes every other trigger optional: whatever an event missed, the next sweep finds.
"""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.entrypoints.deadline import seconds_left
from chalicelib.entrypoints.tending import tend, time_to_look
from chalicelib.entrypoints.told import told
from chalicelib.entrypoints.watching import sweep_done

schedules = Blueprint("app")


@schedules.schedule(Rate(5, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """The time is the clock's, never the event's: a sweep that comes late must not act on an old hour."""
    from chalicelib.runtime import compose

    app = compose.current()
    report = app.controller.sweep(app.clock.now(), seconds=time_to_look(app, seconds_left(event)))
    numbers = told(report)
    tend(app, sweep=True)
    sweep_done(report.standing)
    return numbers
