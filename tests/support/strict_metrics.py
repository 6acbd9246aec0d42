"""CloudWatch's GetMetricData with its limits: 500 metrics and 100,800 points a call, periods by age.

A minute is visible only `World.metrics_late` after it ended, as CloudWatch's own figures come late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from support.strict_ecs import AwsError
from support.strict_world import FakeMetric, World

Params = Mapping[str, Any]

MINUTE = timedelta(minutes=1)
MOST_METRICS = 500
MOST_POINTS = 100_800

_ID = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": lambda values: float(len(values)),
}


def get_metric_data(world: World, params: Params) -> dict[str, Any]:
    queries = params["MetricDataQueries"]
    start, end = params["StartTime"].astimezone(UTC), params["EndTime"].astimezone(UTC)
    _refuse_what_aws_refuses(world, queries, start, end)
    ascending = params.get("ScanBy", "TimestampDescending") == "TimestampAscending"
    times: dict[int, list[datetime]] = {}
    results = []
    for query in queries:
        period = query["MetricStat"]["Period"]
        if period not in times:
            times[period] = _buckets(start, end, period)
        results.append(_result(world, query, times[period], ascending))
    return _paged(results, params, world.metric_results_per_page)


def _refuse_what_aws_refuses(world: World, queries: list[Params], start: datetime, end: datetime) -> None:
    def refuse(message: str) -> None:
        raise AwsError("ValidationError", message)

    if len(queries) > MOST_METRICS:
        refuse(f"The collection MetricDataQueries must not have a size greater than {MOST_METRICS}.")
    if start >= end:
        refuse("The parameter StartTime must be less than the parameter EndTime.")
    ids = [query["Id"] for query in queries]
    if len(set(ids)) != len(ids) or not all(_ID.fullmatch(one) for one in ids):
        refuse("The values of Id must be unique and begin with a lower-case letter.")
    points = 0
    age = world.now - start
    for query in queries:
        period = query.get("MetricStat", {}).get("Period")
        if period is None or (period % 60 and period not in (1, 5, 10, 20, 30)):
            refuse(f"Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {period}.")
        if age > timedelta(days=63) and period % 3600:
            refuse("Data older than 63 days needs a period of a multiple of 3600 seconds.")
        if age > timedelta(days=15) and period % 300:
            refuse("Data older than 15 days needs a period of a multiple of 300 seconds.")
        points += -(-int((end - start).total_seconds()) // period)
    if points > MOST_POINTS:
        refuse(f"{points} points were asked for; at most {MOST_POINTS} fit into one call.")


def _buckets(start: datetime, end: datetime, period: int) -> list[datetime]:
    first = datetime.fromtimestamp(start.timestamp() // period * period, UTC)
    step = timedelta(seconds=period)
    return [first + step * index for index in range(-(-int((end - first).total_seconds()) // period))]


def _result(world: World, query: Params, buckets: list[datetime], ascending: bool) -> dict[str, Any]:
    asked = query["MetricStat"]
    metric = asked["Metric"]
    dimensions = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
    held = world.metrics.get((metric["Namespace"], metric["MetricName"], dimensions))
    status = held.status if held else "Complete"
    times, values = ([], []) if held is None or status != "Complete" else _points(world, held, asked, buckets)
    if not ascending:
        times, values = times[::-1], values[::-1]
    return {
        "Id": query["Id"],
        "Label": metric["MetricName"],
        "Timestamps": times,
        "Values": values,
        "StatusCode": status,
    }


def _points(
    world: World, held: FakeMetric, asked: Params, buckets: list[datetime]
) -> tuple[list[datetime], list[float]]:
    statistic = STATISTICS[asked["Stat"]]
    minutes = max(asked["Period"] // 60, 1)
    newest = world.now - world.metrics_late - MINUTE
    times, values = [], []
    for bucket in buckets:
        inside = [
            value
            for at in ([bucket] if minutes == 1 else [bucket + MINUTE * index for index in range(minutes)])
            if at <= newest and (value := held.series(at)) is not None
        ]
        if inside:
            times.append(bucket)
            values.append(statistic(inside))
    return times, values


def _paged(results: list[dict[str, Any]], params: Params, size: int | None) -> dict[str, Any]:
    if size is None:
        return {"MetricDataResults": results, "Messages": []}
    start = int(params.get("NextToken", "0"))
    shown, more = results[start : start + size], start + size < len(results)
    if start:
        # The page before ended in the middle of a result: its second half comes now.
        shown = [_half(results[start - 1], first=False), *shown]
    if more:
        shown[-1] = {**_half(shown[-1], first=True), "StatusCode": "PartialData"}
    return {"MetricDataResults": shown, "Messages": [], **({"NextToken": str(start + size)} if more else {})}


def _half(result: dict[str, Any], *, first: bool) -> dict[str, Any]:
    middle = len(result["Values"]) // 2
    half = slice(None, middle) if first else slice(middle, None)
    return {**result, "Timestamps": result["Timestamps"][half], "Values": result["Values"][half]}


OPERATIONS: dict[str, Callable[[World, Params], dict[str, Any]]] = {"cloudwatch.GetMetricData": get_metric_data}
