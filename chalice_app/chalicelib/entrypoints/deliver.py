"""Every minute: what waits in the outbox is sent. A function of its own, so that nobody who acts waits for Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.entrypoints.deadline import seconds_left
from chalicelib.entrypoints.middleware import logger, metrics
from chalicelib.entrypoints.watching import outbox

if TYPE_CHECKING:
    from chalicelib.notify.delivering import Delivered

deliveries = Blueprint("app")


@deliveries.schedule(Rate(1, unit=Rate.MINUTES), name="deliver")
def deliver(event: CloudWatchEvent) -> dict[str, int]:
    """The numbers of `Delivered`; all 0 where this deployment tells nobody anything."""
    from chalicelib.notify.backlog import Backlog, backlog_of
    from chalicelib.notify.delivering import Delivered
    from chalicelib.record.outbox import OutboxRows
    from chalicelib.record.table import Table
    from chalicelib.runtime import compose

    app = compose.current()
    if app.post is None:
        outbox(Backlog(0, 0))
        return counted(Delivered())
    rows = OutboxRows(Table(app.clients.dynamodb, app.settings.table))
    outbox(backlog_of(rows.waiting().letters, app.clock.now()))
    return counted(app.post.deliver(seconds_left(event)))


def counted(done: Delivered) -> dict[str, int]:
    """As metrics (``NoticesSent``, ``NoticesDead`` …) and, when there was anything to do, as one log line."""
    numbers = done.numbers()
    for name, value in numbers.items():
        word = "".join(part.capitalize() for part in name.split("_"))
        unit = MetricUnit.Seconds if name.endswith("_seconds") else MetricUnit.Count
        metrics.add_metric(name=f"Notices{word}", unit=unit, value=value)
    if any(numbers.values()):
        told = logger.warning if done.dead else logger.info
        told("delivered what people are to hear", extra={**numbers, "given_up": done.given_up})
    return numbers
