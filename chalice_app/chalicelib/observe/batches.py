"""Packs metric queries into GetMetricData calls and reads the answers back. Knows CloudWatch, knows no signals.

A call holds 500 metrics and 100,800 points, has one window for all its metrics, and may answer in pages of which
the last result of one goes on in the next. Each metric asked for costs money, so a chunk's window is the union of
its queries' windows (points are free) and a query is never asked twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.decide.facts import Point
from chalicelib.observe.calls import Failed, together
from chalicelib.observe.metrics import Metric

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef, MetricDataResultTypeDef

METRICS_PER_CALL = 500
POINTS_PER_CALL = 100_800

LONG_WINDOW = timedelta(hours=5)
SHORT_PERIOD, LONG_PERIOD = timedelta(seconds=60), timedelta(seconds=300)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Query:
    """One metric with its exact dimensions over whole periods: ``[start, end)``."""

    metric: Metric
    dimensions: tuple[tuple[str, str], ...]
    start: datetime
    end: datetime
    period: timedelta

    @classmethod
    def over(cls, metric: Metric, dimensions: tuple[tuple[str, str], ...], start: datetime, end: datetime) -> Query:
        """The window widened outwards to whole periods: a point too many can only show more use, never hide any."""
        period = LONG_PERIOD if end - start > LONG_WINDOW else SHORT_PERIOD
        return cls(metric, dimensions, _floor(start, period), _ceil(end, SHORT_PERIOD), period)


@dataclass(frozen=True, slots=True)
class Answer:
    """Points in order of time, or why there are none that can be trusted."""

    points: tuple[Point, ...] = ()
    failed: str | None = None


@dataclass(slots=True)
class _Gathered:
    times: list[datetime] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    status: str = "InternalError"
    message: str = ""


def pack(queries: Iterable[Query]) -> list[list[Query]]:
    """Chunks that fit into one call each; queries with like windows share one."""
    chunks: list[list[Query]] = []
    start = end = _EPOCH
    for query in sorted(queries, key=lambda one: (one.period, one.start, one.end)):
        chunk = chunks[-1] if chunks else None
        if chunk is not None and chunk[0].period == query.period:
            wider = min(start, query.start), max(end, query.end)
            points = (len(chunk) + 1) * -(-(wider[1] - wider[0]) // query.period)
            if len(chunk) < METRICS_PER_CALL and points <= POINTS_PER_CALL:
                chunk.append(query)
                start, end = wider
                continue
        chunks.append([query])
        start, end = query.start, query.end
    return chunks


def ask(cloudwatch: CloudWatchClient, queries: Iterable[Query]) -> dict[Query, Answer]:
    """Every query's answer. A call that failed gives each of its queries the reason.

    Raises AwsUnreachable when credentials are missing or refused.
    """
    chunks = pack(dict.fromkeys(queries))
    answers: dict[Query, Answer] = {}
    results = together([partial(_call, cloudwatch, chunk) for chunk in chunks])
    for chunk, result in zip(chunks, results, strict=True):
        if isinstance(result, Failed):
            answers.update(dict.fromkeys(chunk, Answer(failed=f"could not be read: {result.reason}")))
        else:
            answers.update(zip(chunk, result, strict=True))
    return answers


def _call(cloudwatch: CloudWatchClient, chunk: Sequence[Query]) -> list[Answer]:
    """One chunk, all its pages. botocore's errors pass through."""
    queries: list[MetricDataQueryTypeDef] = [
        {
            "Id": f"q{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": query.metric.namespace,
                    "MetricName": query.metric.name,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions],
                },
                "Period": int(query.period.total_seconds()),
                "Stat": query.metric.statistic,
            },
        }
        for index, query in enumerate(chunk)
    ]
    gathered = [_Gathered() for _ in chunk]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=min(query.start for query in chunk),
        EndTime=max(query.end for query in chunk),
        ScanBy="TimestampAscending",
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            _gather(gathered[int(result["Id"][1:])], result)
    same: dict[datetime, datetime] = {}
    return [_answer(query, one, same) for query, one in zip(chunk, gathered, strict=True)]


def _gather(into: _Gathered, result: MetricDataResultTypeDef) -> None:
    """A result that goes on over a page says PartialData until its last part."""
    into.times += result.get("Timestamps", [])
    into.values += result.get("Values", [])
    into.status = result.get("StatusCode", "Complete")
    into.message = "; ".join(one.get("Value", "") for one in result.get("Messages", []))


def _answer(query: Query, one: _Gathered, same: dict[datetime, datetime]) -> Answer:
    """``same`` lets the many points of one minute share one datetime."""
    points = []
    for time, value in zip(one.times, one.values, strict=True):
        at = same.get(time)
        if at is None:
            at = same[time] = time.astimezone(UTC)
        if query.start <= at < query.end:
            points.append(Point(at, value))
    if one.status != "Complete":
        why = {
            "Forbidden": "CloudWatch forbids reading it",
            "PartialData": "CloudWatch gave only a part of it",
        }.get(one.status, f"CloudWatch answered {one.status}")
        return Answer(tuple(points), f"could not be read: {why}" + (f" ({one.message})" if one.message else ""))
    return Answer(tuple(points))


def _floor(moment: datetime, period: timedelta) -> datetime:
    return _EPOCH + (moment - _EPOCH) // period * period


def _ceil(moment: datetime, period: timedelta) -> datetime:
    return _EPOCH - (_EPOCH - moment) // period * period
