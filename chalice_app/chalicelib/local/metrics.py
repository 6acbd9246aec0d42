"""Puts the measured traffic where moto's CloudWatch can answer for it.

moto keeps all datapoints of all metrics in one list and walks through it once for every period of every query; a
week of minutes would make each query take seconds. So the points stay here, in order and by metric, and moto is
shown only those of the metric and window that a query asks for. How they are added up is still moto's doing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib.decide.facts import Point
from chalicelib.local.aws import EmbeddedAws
from chalicelib.observe.batches import Answer, Query

Dimensions = Mapping[str, str]
_Key = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class _Series:
    """Datapoints of one metric, in order of time."""

    times: list[datetime] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


class MetricStore:
    """Answers GetMetricData of the embedded AWS; what PutMetricData brought is answered as before."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._cloudwatch = aws.backend("cloudwatch")
        self._series: dict[_Key, _Series] = {}
        self._answer = self._cloudwatch.get_metric_data
        self._cloudwatch.get_metric_data = self._get_metric_data

    def add(self, namespace: str, name: str, dimensions: Dimensions, at: datetime, value: float) -> None:
        """``at`` is the begin of the minute; each metric's points come in order of time."""
        series = self._series.setdefault((namespace, name, frozenset(dimensions.items())), _Series())
        series.times.append(at.replace(tzinfo=None))  # moto compares naive datetimes in UTC
        series.values.append(value)

    def answer(self, query: Query) -> Answer:
        """As CloudWatch would, for a reader of whole weeks: moto walks through all of a metric for every period."""
        series = self._series.get((query.metric.namespace, query.metric.name, frozenset(query.dimensions)), _Series())
        first = bisect_left(series.times, query.start.replace(tzinfo=None))
        last = bisect_left(series.times, query.end.replace(tzinfo=None))
        found: dict[datetime, float] = {}
        for at, value in zip(series.times[first:last], series.values[first:last], strict=True):
            begin = query.start + (at.replace(tzinfo=UTC) - query.start) // query.period * query.period
            before = found.get(begin, 0.0)
            found[begin] = before + value if query.metric.statistic == "Sum" else max(before, value)
        return Answer(tuple(Point(at, value) for at, value in found.items()))

    def _get_metric_data(
        self,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[dict[str, Any]]:
        put_by_api = self._cloudwatch.metric_data
        results: list[dict[str, Any]] = []
        with self._aws.lock:
            try:
                for query in queries:
                    self._cloudwatch.metric_data = [*put_by_api, *self._points(query, start_time, end_time)]
                    results.extend(self._answer([query], start_time, end_time, scan_by))
            finally:
                self._cloudwatch.metric_data = put_by_api
        return results

    def _points(self, query: Mapping[str, Any], start: datetime, end: datetime) -> list[Any]:
        from moto.cloudwatch.models import MetricDatum

        metric = query.get("MetricStat", {}).get("Metric")
        if metric is None:
            return []
        namespace, name, dimensions = metric["Namespace"], metric["MetricName"], metric.get("Dimensions", [])
        key = (namespace, name, frozenset((one["Name"], one["Value"]) for one in dimensions))
        series = self._series.get(key)
        if series is None:
            return []
        first = bisect_left(series.times, start.replace(tzinfo=None))
        last = bisect_left(series.times, end.replace(tzinfo=None))
        window = zip(series.times[first:last], series.values[first:last], strict=True)
        return [MetricDatum(namespace, name, value, dimensions, at) for at, value in window]
