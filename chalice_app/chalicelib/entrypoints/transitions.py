"""The function that EventBridge Scheduler calls at an edge: a minute at which the clock changes what is wanted.

The event says which minute it was booked for, and nothing else is taken from it: the controller looks at every service
whose time has come by its own clock, as in a sweep. An event that is late, doubled or of a policy long changed finds
nothing to do, or what is to be done now. One that is a little early, because two clocks never agree, waits.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Blueprint

from chalicelib.entrypoints.deadline import Context, time_left
from chalicelib.entrypoints.middleware import logger, metrics
from chalicelib.entrypoints.tending import tend, time_to_look
from chalicelib.entrypoints.told import told
from chalicelib.errors import MalformedEvent

transitions = Blueprint("app")

MOST_EARLY = timedelta(seconds=30)
"""Clocks of AWS differ by far less; whoever is earlier than this has not been called by the Scheduler."""


@transitions.lambda_function(name="transition")
def transition(event: dict[str, Any], context: Context) -> dict[str, int]:
    from chalicelib.runtime import compose

    app = compose.current()
    instant = instant_of(event)
    wait = instant - app.clock.now()
    if timedelta() < wait <= MOST_EARLY:
        time.sleep(wait.total_seconds())
    late = max(0.0, -wait.total_seconds())
    metrics.add_metric(name="SecondsAfterTheEdge", unit=MetricUnit.Seconds, value=late)
    logger.info("woken for an edge of the clock", extra={"instant": instant.isoformat(), "seconds_late": late})
    seconds = time_to_look(app, time_left(context))
    numbers = told(app.controller.sweep(app.clock.now(), full=False, seconds=seconds))
    tend(app, sweep=False)
    return numbers


def instant_of(event: object) -> datetime:
    """Raises MalformedEvent."""
    from chalicelib.entrypoints import spot_triggers

    text = event.get("instant") if isinstance(event, dict) else None
    try:
        return spot_triggers.instant_of("instant", text)
    except MalformedEvent as refusal:
        raise MalformedEvent(f'{refusal}; EventBridge Scheduler sends "2026-11-20T20:00:00+00:00" there') from None
