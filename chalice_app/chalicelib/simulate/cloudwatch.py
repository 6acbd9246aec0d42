"""The past of one service from CloudWatch: how many requests each minute, and when it was really up.

Points of a minute are kept for 15 days, of five minutes for 63, of an hour for 455: the window is cut there, and each
part is asked for at the finest grain that is left. Requests of one point are spread evenly over it. It was up while
the load balancer reported a healthy host.
All of it is held in memory: retention bounds it to some 46,000 points.
Retention: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.decide.facts import Point, ServiceFacts
from chalicelib.errors import ObservationError, TraceError
from chalicelib.observe.batches import Query, ask
from chalicelib.observe.metrics import HEALTHY_HOSTS, REQUESTS, Metric
from chalicelib.simulate.trace import SERVICE_SECONDS, Request, Trace

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient

GRAINS = (
    (timedelta(days=15), timedelta(minutes=1)),
    (timedelta(days=63), timedelta(minutes=5)),
    (timedelta(days=455), timedelta(hours=1)),
)
"""How long points of each length are kept."""


@dataclass(frozen=True, slots=True)
class Past:
    """``up_seconds``: for how long it was up in truth, as far as its load balancer tells."""

    trace: Trace
    up_seconds: float


def parts(since: datetime, until: datetime, now: datetime) -> list[tuple[datetime, datetime, timedelta]]:
    """The window cut by retention, oldest first. Raises TraceError for one that lies before all that is kept."""
    found: list[tuple[datetime, datetime, timedelta]] = []
    end = until
    for kept, grain in GRAINS:
        oldest = now - kept + grain
        begin = max(since, oldest)
        if begin < end:
            found.insert(0, (begin, end, grain))
            end = begin
    if not found:
        raise TraceError("CloudWatch keeps nothing for longer than 455 days: take a later --from")
    return found


def read_past(
    cloudwatch: CloudWatchClient, facts: ServiceFacts, since: datetime, until: datetime, now: datetime
) -> Past:
    """Raises TraceError for a service without an application load balancer, ObservationError when it cannot be read."""
    groups = [group for group in facts.target_groups if group.load_balancer and group.load_balancer.startswith("app/")]
    if not groups:
        raise TraceError(f"{facts.id} has no application load balancer, so CloudWatch knows nothing of its requests")
    cut = parts(since, until, now)
    dimensions = [
        (("LoadBalancer", group.load_balancer or ""), ("TargetGroup", group.target_group)) for group in groups
    ]
    asked = [
        (metric, Query(metric, one, begin, end, grain))
        for begin, end, grain in cut
        for one in dimensions
        for metric in (REQUESTS, HEALTHY_HOSTS)
    ]
    answers = ask(cloudwatch, [query for _, query in asked])
    counts: list[tuple[Point, timedelta]] = []
    up: dict[datetime, timedelta] = {}
    told: dict[datetime, timedelta] = {}
    for metric, query in asked:
        answer = answers[query]
        if answer.failed:
            raise ObservationError(f"{facts.id}: {metric.name} could not be read: {answer.failed}")
        told.update((point.at, query.period) for point in answer.points)
        _sort(metric, answer.points, query.period, counts, up)
    grain = cut[0][2]
    silent = max(0.0, (until - cut[0][0] - sum(told.values(), timedelta())) / timedelta(minutes=1))
    notes = [
        f"a request takes {SERVICE_SECONDS:g} s: CloudWatch does not say",
        f"the {silent:,.0f} minutes of which its load balancer reported nothing are taken as without requests",
    ]
    if cut[0][0] > since:
        notes.append(f"CloudWatch keeps nothing from before {cut[0][0]:%Y-%m-%dT%H:%MZ}")
    if grain > timedelta(minutes=1):
        notes.append(f"the oldest requests are known by the {int(grain.total_seconds() // 60)} minutes only")
    ordered = sorted(counts, key=lambda one: one[0].at)
    trace = Trace(str(facts.id), lambda: _spread(ordered), tuple(notes))
    return Past(trace, sum(length.total_seconds() for length in up.values()))


def _sort(
    metric: Metric,
    points: Sequence[Point],
    period: timedelta,
    counts: list[tuple[Point, timedelta]],
    up: dict[datetime, timedelta],
) -> None:
    for point in points:
        if point.value <= 0:
            continue
        if metric is REQUESTS:
            counts.append((point, period))
        else:
            up[point.at] = period


def _spread(counts: Sequence[tuple[Point, timedelta]]) -> Iterator[Request]:
    last = 0.0
    for point, period in counts:
        number, begin, length = round(point.value), point.at.timestamp(), period.total_seconds()
        for index in range(number):
            last = max(last, begin + length * (index + 0.5) / number)
            yield last, SERVICE_SECONDS
