"""After the controller has looked: what is said of launched instances is made true again (`fleet.keeping`)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib.entrypoints.middleware import logger, metrics
from chalicelib.entrypoints.watching import starts_failed
from chalicelib.errors import LifecycleError

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.fleet.catalog import Catalog
    from chalicelib.runtime.compose import App

ORPHANS_EVERY = timedelta(minutes=30)
SWEEPS_EVERY = timedelta(minutes=5)
RESERVED_SECONDS = 20.0
"""Of a handler's time, kept free for this."""


def time_to_look(app: App, seconds: float) -> float:
    """What the controller may use of the seconds that are left."""
    return seconds if app.fleet is None else max(0.0, seconds - RESERVED_SECONDS)


def tend(app: App, *, sweep: bool) -> None:
    """``sweep``: the sweep's role makes and removes parts, and twice an hour looks for orphans and whether the catalog
    was ever filled; others only watch.

    What the controller did before stands, so a failure here is told and is nobody's reason to do all of it again.
    """
    if app.fleet is None:
        return
    now = app.clock.now()
    since_the_hour = timedelta(minutes=now.minute)
    full = sweep and since_the_hour % ORPHANS_EVERY < SWEEPS_EVERY
    try:
        notices = app.fleet.keeper.tend(now, full=full, mend=sweep)
        if full:
            _plant(app.fleet.catalog, now)
    except LifecycleError as error:
        metrics.add_metric(name="Untended", unit=MetricUnit.Count, value=1)
        logger.warning(f"launched instances could not be tended; the next sweep tries again: {error}")
        return
    starts_failed(notices)
    app.notifier.tell(notices)


def _plant(catalog: Catalog, now: datetime) -> None:
    from chalicelib.fleet.seed_models import seed_models

    if added := catalog.plant(seed_models, now):
        logger.info("the catalog was filled", extra={"models": [model.id for model in added]})
