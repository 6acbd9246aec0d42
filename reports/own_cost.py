"""What running this suite cost in a week, by its own metrics and AWS's list prices.

Its functions publish what each of their runs and questions cost; DynamoDB counts what the table took. Logs, buckets,
queues and the scheduler are cents beside them, and in no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.decide.facts import SignalName
from chalicelib.observe.batches import Answer, Query
from chalicelib.observe.metrics import Metric
from chalicelib.own_prices import METRIC_ASKED, READ_UNIT, WRITE_UNIT

from reports.measured import Ask
from reports.values import Money, Sentence

HOUR = timedelta(hours=1)


def _sum(namespace: str, name: str) -> Metric:
    """No signal of use: only what is asked of CloudWatch counts here."""
    return Metric(SignalName.REQUESTS, namespace, name, "Sum", "", "service")


RUNS = _sum("OllamaLifecycle", "OwnUsd")
"""As `chalicelib.entrypoints.middleware` publishes it, in US dollars."""
UNITS: Mapping[Metric, Decimal] = {
    _sum("AWS/DynamoDB", "ConsumedReadCapacityUnits"): READ_UNIT,
    _sum("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): WRITE_UNIT,
}

Line = tuple[Sentence, Money]


def own_cost(ask: Ask, deployment: str, table: str, since: datetime, until: datetime) -> tuple[tuple[Line, ...], int]:
    """A line for each part that is known, and how many metrics were asked for. ``since`` and ``until`` are whole hours.

    ``deployment`` as its metrics name it, and ``table``: empty where nobody knows. Raises AwsUnreachable.
    """
    runs = [Query(RUNS, (("service", deployment),), since, until, HOUR)] if deployment else []
    units = [Query(metric, (("TableName", table),), since, until, HOUR) for metric in UNITS] if table else []
    answers = ask([*runs, *units]) if runs or units else {}
    counted = {query: total for query, answer in answers.items() if (total := _total(answer)) is not None}
    lines: list[Line] = []
    if told := [query for query in runs if query in counted]:
        lines.append((Sentence("suite_runs"), _usd(counted[query] for query in told)))
    if told := [query for query in units if query in counted]:
        lines.append((Sentence("suite_table"), _usd(counted[query] * UNITS[query.metric] for query in told)))
    return tuple(lines), len(answers)


def asked_for(metrics: int) -> Line:
    """What the report itself asked of CloudWatch."""
    return Sentence("suite_metrics", {"n": metrics}), Money(metrics * METRIC_ASKED, "USD")


def _total(answer: Answer) -> Decimal | None:
    """None of what failed, and of what nobody published."""
    if answer.failed or not answer.points:
        return None
    return sum((Decimal(repr(point.value)) for point in answer.points), Decimal(0))


def _usd(amounts: Iterable[Decimal]) -> Money:
    return Money(sum(amounts, Decimal(0)), "USD")
