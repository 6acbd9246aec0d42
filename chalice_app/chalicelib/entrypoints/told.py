"""Says what a run found and did: as metrics, as one log line, and as the handler's answer, in the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib.entrypoints.middleware import OWN_COST, logger, metrics
from chalicelib.entrypoints.watching import starts_failed
from chalicelib.own_prices import metrics_usd

if TYPE_CHECKING:
    from chalicelib.controller.report import Report
    from chalicelib.execute.outcome import Outcome


def told(report: Report) -> dict[str, int]:
    """``metrics_asked`` is what CloudWatch bills for; done, refused, failed and left count actions."""
    from chalicelib.execute.outcome import OutcomeStatus

    statuses = [outcome.status for outcome in report.outcomes]
    numbers = {
        "looked": report.looked,
        "due": report.due,
        "metrics_asked": report.metrics_asked,
        **{status.value: statuses.count(status) for status in OutcomeStatus},
        "left": report.left,
    }
    for name, value in numbers.items():
        metrics.add_metric(name=_metric_name(name), unit=MetricUnit.Count, value=value)
    metrics.add_metric(name=OWN_COST, unit=MetricUnit.NoUnit, value=metrics_usd(report.metrics_asked))
    starts_failed(report.notices)
    if report.unbooked:
        metrics.add_metric(name="Unbooked", unit=MetricUnit.Count, value=1)
        logger.warning("wake-ups could not be booked", extra={"problem": report.unbooked})
    for outcome in report.outcomes:
        logger.info(outcome.reason, extra=_line_of(outcome))
    logger.info("looked at the fleet", extra={**numbers, "why": report.why})
    return numbers


def _line_of(outcome: Outcome) -> dict[str, object]:
    """By ``action_id`` it is the line of the history; what set it off stands in the line's ``caused_by``."""
    return {
        "about": str(outcome.service),
        "action": outcome.kind.value,
        "status": outcome.status.value,
        "action_id": outcome.action_id,
        "verified": outcome.verified,
    }


def _metric_name(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("_"))
