"""What a month of the suite costs, computed from what was measured: the formula, and nothing measured here.

A month has 30 days, 22 of them working days. Everything is at list price in us-east-1, without free tiers
(`chalicelib.own_prices`); data transfer, the models' own hosts, load balancers and a NAT gateway are not the suite's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from chalicelib import own_prices as price
from chalicelib.entrypoints.middleware import NAMESPACE
from support.chalice_package import ROOT
from support.monitoring import alarms, widgets

from reports.sources.ce_calls import CALLS_PER_REPORT

HOURS, OPEN_HOURS = 30 * 24, 22 * 12
WEEKS = HOURS / (7 * 24)
MINUTES = HOURS * 60
VCPU_MB = 1769
"""Lambda gives a function with so much memory one vCPU, and others their part of it:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
CALL_SECONDS = 0.03
"""Of a call to AWS from within its region; calls made side by side are counted as if they were made one by one."""
POLLERS, POLL_SECONDS, QUEUES = 5, 20, 2
"""Lambda asks each queue with five pollers that wait 20 seconds each, whether anything comes or not:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
EVENTS_AN_ACTION = 6
"""Of ECS for a start or a stop: tasks that begin and end, the service that is steady, a deployment. Up to 50 make one
run, but here each makes one."""
ACTIONS_A_DAY = 2
"""A start and a stop of each service on a working day."""
REPORT_SECONDS = 60.0
DELIVER_SECONDS = 0.1
LOG_BYTES_A_RUN = 400
"""START, END and REPORT, which Lambda itself writes."""
DAYS_OPEN = 22


@dataclass(frozen=True)
class Hour:
    """What the sweeps of one hour took. ``units`` of DynamoDB; ``seconds`` of CPU; ``metrics`` asked of CloudWatch."""

    sweeps: int
    calls: int
    metrics: int
    read_units: float
    write_units: float
    bucket_reads: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """``open_hour``: everything runs and is in use. ``closed_hour``: everything is stopped by its hours. ``log_bytes``
    of our own lines a run; ``published``: names of our metrics."""

    services: int
    open_hour: Hour
    closed_hour: Hour
    log_bytes: float
    published: int


def month(found: Measured) -> dict[str, float]:
    """US dollars by what is paid for."""
    runs = _runs(found)
    sweeping = _sum(found, lambda hour: hour.seconds) * VCPU_MB / memory("sweep")
    waiting = _sum(found, lambda hour: hour.calls) * CALL_SECONDS
    reads, writes = _sum(found, lambda hour: hour.read_units), _sum(found, lambda hour: hour.write_units)
    events = found.services * ACTIONS_A_DAY * DAYS_OPEN * EVENTS_AN_ACTION
    each = (sweeping + waiting) / max(runs["sweep"], 1)
    seconds = {
        "sweep": sweeping + waiting,
        "aws_events": events * each / max(found.services, 1) + events * 10 * CALL_SECONDS,
        "deliver": MINUTES * DELIVER_SECONDS,
        "weekly_report": WEEKS * REPORT_SECONDS,
    }
    runs |= {"aws_events": events, "deliver": MINUTES, "weekly_report": WEEKS * 72}
    lambdas = sum(
        float(price.LAMBDA_GB_SECOND) * seconds[name] * memory(name) / 1024 + float(price.LAMBDA_REQUEST) * runs[name]
        for name in seconds
    )
    gigabytes = sum(runs.values()) * (found.log_bytes + LOG_BYTES_A_RUN) / 1e9
    polls = QUEUES * POLLERS * HOURS * 3600 / POLL_SECONDS + events * 2
    alarmed = sum(len(alarm.metrics) for alarm in alarms())
    return {
        "Lambda": lambdas,
        "questions to CloudWatch": float(price.METRIC_ASKED) * _sum(found, lambda hour: hour.metrics),
        "own metrics": float(price.METRIC_KEPT) * found.published,
        "alarms and dashboard": float(price.ALARMED_METRIC) * alarmed + float(price.DASHBOARD),
        "DynamoDB": float(price.READ_UNIT) * (reads + MINUTES) + float(price.WRITE_UNIT) * (writes + events),
        "SQS": float(price.QUEUE_REQUEST) * polls,
        "logs": float(price.LOG_GB_TAKEN + price.LOG_GB_KEPT) * gigabytes,
        "S3": float(price.BUCKET_READ) * _sum(found, lambda hour: hour.bucket_reads),
        "EventBridge Scheduler": float(price.SCHEDULE_CALL) * DAYS_OPEN * ACTIONS_A_DAY * 2,
        "a secret": float(price.SECRET_KEPT),
        "Cost Explorer, at most": float(price.COST_EXPLORER_REQUEST) * CALLS_PER_REPORT * WEEKS,
    }


FORMULA = (
    f"month = {OPEN_HOURS} open hours and {HOURS - OPEN_HOURS} closed hours of sweeps",
    f"Lambda = sum over functions of runs x $0.20/M + seconds x GB x ${price.LAMBDA_GB_SECOND}; seconds = CPU "
    f"seconds x {VCPU_MB} MB / memory + calls x {CALL_SECONDS} s",
    "CloudWatch = metrics asked x $0.01/1,000 + names of our metrics x $0.30 + metrics of alarms x $0.10 + $3",
    f"SQS = {QUEUES} queues x {POLLERS} pollers x one request in {POLL_SECONDS} s x $0.40/M",
    "DynamoDB = reads x $0.125/M + writes x $0.625/M",
)


def watched() -> frozenset[str]:
    """Names of our metrics that an alarm or the page looks at: fewer than are published."""
    every = [metric for alarm in alarms() for metric in alarm.metrics]
    every += [metric for metrics in widgets().values() for metric in metrics]
    return frozenset(metric.name for metric in every if metric.namespace == NAMESPACE)


def memory(function: str) -> int:
    """Megabytes, in the stage dev."""
    config = json.loads((ROOT / "chalice_app" / ".chalice" / "config.json").read_text())
    found: int = config["stages"]["dev"]["lambda_functions"][function]["lambda_memory_size"]
    return found


def _runs(found: Measured) -> dict[str, float]:
    return {"sweep": _sum(found, lambda hour: hour.sweeps)}


def _sum(found: Measured, part: object) -> float:
    assert callable(part)
    return float(OPEN_HOURS * part(found.open_hour) + (HOURS - OPEN_HOURS) * part(found.closed_hour))
