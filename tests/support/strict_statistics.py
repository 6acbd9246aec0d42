"""CloudWatch's GetMetricStatistics, one metric a call, with its limit of 1,440 points. We never call it; peers do.

A bucket is computed from at most an hour's worth of evenly spaced minutes, so that a caller who asks for a day pays
little for the fake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from support.strict_ecs import AwsError
from support.strict_metrics import MINUTE, STATISTICS
from support.strict_world import World

Params = Mapping[str, Any]
MOST_POINTS = 1_440
_MOST_MINUTES = 60


def get_metric_statistics(world: World, params: Params) -> dict[str, Any]:
    start, end = _aware(params["StartTime"]), _aware(params["EndTime"])
    period = params["Period"]
    count = -(-int((end - start).total_seconds()) // period)
    if period % 60 or count > MOST_POINTS:
        raise AwsError("InvalidParameterCombination", f"{count} points of {period} s; at most {MOST_POINTS} fit")
    dimensions = frozenset((one["Name"], one["Value"]) for one in params.get("Dimensions", ()))
    held = world.metrics.get((params["Namespace"], params["MetricName"], dimensions))
    points = []
    for number in range(count) if held is not None else ():
        at = start + timedelta(seconds=period * number)
        values = [
            value for minute in _minutes(at, period, world) if held and (value := held.series(minute)) is not None
        ]
        if values:
            points.append({"Timestamp": at, **{name: STATISTICS[name](values) for name in params["Statistics"]}})
    return {"Label": params["MetricName"], "Datapoints": points}


def _minutes(at: datetime, period: int, world: World) -> list[datetime]:
    minutes = period // 60
    step = max(minutes // _MOST_MINUTES, 1)
    newest = world.now - world.metrics_late - MINUTE
    return [one for n in range(0, minutes, step) if (one := at + n * MINUTE) <= newest]


def _aware(at: datetime) -> datetime:
    """botocore takes naive moments for UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


OPERATIONS: dict[str, Callable[[World, Params], dict[str, Any]]] = {
    "cloudwatch.GetMetricStatistics": get_metric_statistics
}
