"""How each service was used in every hour of a week, by the same signals and the same rules that stop it when idle.

An hour counts as idle only where the policy's own rule of idleness would have proven it so. An hour of which a signal
is missing, or of a service that has no signal of requests, is not idle: nobody can say so. Metrics do not show all use
(a long stream is one request in its first minute, and only a probe sees it run), so of a service that a policy in force
stops when idle, only the quiet hours before it stopped count: had it been idle in others, it would have been stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain

from chalicelib.decide.facts import Availability, Point, ServiceFacts, ServiceId, SignalName, SignalReading
from chalicelib.decide.idle import Idle, Rules, judge
from chalicelib.decide.spans import Span
from chalicelib.observe.batches import Answer, Query
from chalicelib.observe.cloudwatch import ALB
from chalicelib.observe.metrics import HEALTHY_HOSTS, METRICS, REQUESTS, Metric

from reports.making.use import Use

HOUR = timedelta(hours=1)
Ask = Callable[[Iterable[Query]], Mapping[Query, Answer]]
"""As `chalicelib.observe.batches.ask` with its client."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A service and its policy's own rules of signals; without any, those of the language.

    ``is_stopped_when_idle``: a policy in force watches it, with probes besides.
    """

    facts: ServiceFacts
    rules: Rules = field(default_factory=dict)
    is_stopped_when_idle: bool = False


def measure(watched: Sequence[Watched], since: datetime, until: datetime, ask: Ask) -> tuple[Use, int]:
    """The use of whole hours of UTC in ``[since, until)``, and how many metrics were asked for ($0.01 a thousand).

    Raises AwsUnreachable when credentials are missing or refused.
    """
    first = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [first + HOUR * n for n in range(-(-(until - first) // HOUR))]
    asked = {one.facts.id: _queries(one.facts, first, hours[-1] + HOUR) for one in watched}
    answers = ask(list(chain.from_iterable(queries for of in asked.values() for queries in of.values())))
    requests: dict[ServiceId, Mapping[datetime, int]] = {}
    idle: dict[ServiceId, frozenset[datetime]] = {}
    for one in watched:
        series = {metric: _together(answers[query] for query in found) for metric, found in asked[one.facts.id].items()}
        if REQUESTS not in series or series[REQUESTS] is None:
            continue
        counted = series[REQUESTS] or {}
        requests[one.facts.id] = {at: round(value) for at, value in counted.items()}
        quiet = frozenset(hour for hour in hours if _is_idle(hour, series, one.rules))
        held = frozenset(series.get(HEALTHY_HOSTS) or ())
        idle[one.facts.id] = _before_stops(quiet, held, hours[-1]) if one.is_stopped_when_idle else quiet
    return Use(requests, idle), len(answers)


def _queries(facts: ServiceFacts, since: datetime, until: datetime) -> dict[Metric, list[Query]]:
    """None of requests where no application load balancer counts them."""
    groups = [one for one in facts.target_groups if one.load_balancer is not None and one.load_balancer.startswith(ALB)]
    found: dict[Metric, list[Query]] = {}
    for metric in (*METRICS, HEALTHY_HOSTS):
        if metric.per == "service":
            dimensions = [(("ClusterName", facts.id.cluster), ("ServiceName", facts.id.name))]
        else:
            dimensions = [
                (("LoadBalancer", one.load_balancer or ""), ("TargetGroup", one.target_group)) for one in groups
            ]
        if dimensions:
            found[metric] = [Query(metric, one, since, until, HOUR) for one in dimensions]
    return found


def _together(answers: Iterable[Answer]) -> dict[datetime, float] | None:
    """Of several load balancers the sum; None when any could not be read."""
    found: dict[datetime, float] = {}
    for answer in answers:
        if answer.failed:
            return None
        for point in answer.points:
            found[point.at] = found.get(point.at, 0.0) + point.value
    return found


def _is_idle(hour: datetime, series: Mapping[Metric, dict[datetime, float] | None], rules: Rules) -> bool:
    health = series.get(HEALTHY_HOSTS) or {}
    readings: dict[SignalName, SignalReading] = {}
    for metric in METRICS:
        if metric in series:
            readings[metric.signal] = _reading(metric, series[metric], hour, is_healthy=hour in health)
    use = judge(readings, Span(hour, hour + HOUR), rules, UTC, proof_needed=True)
    return isinstance(use, Idle)


def _before_stops(quiet: frozenset[datetime], held: frozenset[datetime], last: datetime) -> frozenset[datetime]:
    """Those hours from which on it was quiet until no host was there any more; ``last`` has none after it."""
    found: set[datetime] = set()
    for hour in sorted(quiet, reverse=True):
        after = hour + HOUR
        if after in found or (after not in held and hour != last):
            found.add(hour)
    return frozenset(found)


def _reading(
    metric: Metric, points: dict[datetime, float] | None, hour: datetime, *, is_healthy: bool
) -> SignalReading:
    value = None if points is None else points.get(hour)
    if points is None:
        availability = Availability.MISSING
    elif not points and metric is not REQUESTS:
        availability = Availability.ABSENT
    elif value is None and metric is not REQUESTS:
        availability = Availability.MISSING
    else:
        availability = Availability.READ
    return SignalReading(
        metric.signal,
        availability,
        hour,
        hour + HOUR,
        () if value is None else (Point(hour, value),),
        int(HOUR.total_seconds()),
        metric.unit,
        is_healthy if metric is REQUESTS else None,
    )
