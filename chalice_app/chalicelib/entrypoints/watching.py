"""The metrics by which the deployment is watched: what alarms stand on, beside what `told` says of every run.

Each is published in the namespace of `middleware`, with the deployment's name as its only dimension; the alarms and
widgets are in cfn/monitoring/. A metric that tells of a backlog is published when it is 0 too, so that an alarm can
tell "nothing waits" from "nobody counts".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib.entrypoints.middleware import metrics

if TYPE_CHECKING:
    from chalicelib.controller.standing import Standing
    from chalicelib.notify.backlog import Backlog
    from chalicelib.notify.notice import Notice


def sweep_done(standing: Standing) -> None:
    """After everything a sweep does: a sweep that fails half-way is none."""
    metrics.add_metric(name="SweepsDone", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="UnknownServices", unit=MetricUnit.Count, value=standing.unknown)
    metrics.add_metric(name="PoliciesHeld", unit=MetricUnit.Count, value=standing.held)
    metrics.add_metric(name="QuestionsOpen", unit=MetricUnit.Count, value=standing.questions_open)
    metrics.add_metric(name="OldestQuestion", unit=MetricUnit.Seconds, value=standing.oldest_question_seconds)


def starts_failed(notices: Iterable[Notice]) -> None:
    """Of services and of launched models alike."""
    from chalicelib.notify.notice import NoticeKind

    failed = sum(one.kind is NoticeKind.START_FAILED for one in notices)
    metrics.add_metric(name="StartsFailed", unit=MetricUnit.Count, value=failed)


def outbox(backlog: Backlog) -> None:
    metrics.add_metric(name="OutboxWaiting", unit=MetricUnit.Count, value=backlog.waiting)
    metrics.add_metric(name="OutboxOldest", unit=MetricUnit.Seconds, value=backlog.oldest_seconds)


def report_overdue(overdue: bool, not_reached: int = 0) -> None:
    """``overdue``: it is due, and this run could not send it. ``not_reached``: people who got none of a sent one."""
    metrics.add_metric(name="ReportOverdue", unit=MetricUnit.Count, value=int(overdue))
    metrics.add_metric(name="ReportNotReached", unit=MetricUnit.Count, value=not_reached)
