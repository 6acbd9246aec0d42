"""Figures that should come and do not: of services, without which nothing idle is stopped, and our own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.decide.words import clock
from chalicelib.doctor.finding import Finding, skipped, warning, well, wrong

if TYPE_CHECKING:
    from chalicelib.doctor.patient import Patient

NAMESPACE, DONE = "OllamaLifecycle", "SweepsDone"
"""As `entrypoints.middleware` and `entrypoints.watching` publish them."""
SWEEPS_WITHIN = timedelta(minutes=20)
LASTS = timedelta(hours=2)
"""A doubt that is younger passes by itself more often than not."""


def of_services(patient: Patient) -> Iterator[Finding]:
    from chalicelib.record.states import States

    doubtful = {
        id: since
        for id, memory in States(patient.table).all().items()
        if (since := memory.unknown_since) is not None and patient.now - since >= LASTS and memory.gone_since is None
    }
    for id, since in sorted(doubtful.items()):
        yield warning(
            f"since {clock(since)} nobody can tell whether {id} is used, so it runs on",
            f"`lifecycle why {id}` names the figure that is missing; runbooks/metrics-are-missing.md",
        )
    if not doubtful:
        yield well("every service that may be stopped for idleness can be judged")


def of_ours(patient: Patient) -> Iterator[Finding]:
    if patient.deployment is None:
        yield skipped("this is no stack's table: nobody publishes figures here")
        return
    answer = patient.clients.cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE, MetricName=DONE, Dimensions=[{"Name": "service", "Value": patient.deployment.stack}],
        StartTime=patient.now - SWEEPS_WITHIN, EndTime=patient.now, Period=300, Statistics=["Sum"],
    )  # fmt: skip
    if done := int(sum(point["Sum"] for point in answer["Datapoints"])):
        yield well(f"{done} sweeps in the last 20 minutes")
        return
    yield wrong("no sweep has succeeded for 20 minutes", "runbooks/alarm-sweep-late.md")
