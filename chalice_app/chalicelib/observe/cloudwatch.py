"""The signals that CloudWatch holds: requests at the load balancer, and GPU, CPU and network as vetoes.

Decides what a silence means. No RequestCount is zero requests only while HealthyHostCount reports; that is asked
in a second round, only where RequestCount said nothing. A veto that reported within 24 hours and is silent now is
missing; one that never reported is absent: a look that must be sure asks for those 24 hours, others rely on what is
remembered. Whatever could not be read is missing and says why: a throttled call never looks like an idle service.

Refuses to judge use: thresholds belong to policies, and the newest two minutes are cut off by whoever says over
which window to look (`decide.needs`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from chalicelib.decide.constants import CLOSED_QUIET
from chalicelib.decide.facts import Availability, Point, ServiceId, SignalName, SignalReading, TargetGroup
from chalicelib.decide.words import length
from chalicelib.observe.batches import Answer, Query, ask
from chalicelib.observe.metrics import HEALTHY_HOSTS, METRICS, REQUESTS, Metric
from chalicelib.observe.signals import REMEMBERED, Readings, Want, silent

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient

ALB = "app/"
"""Only application load balancers count requests; the names of others begin with ``net/`` or ``gwy/``."""

HEALTH_IS_FRESH = timedelta(minutes=10)
"""The load balancer must have reported healthy hosts this close to the window's end: one that was taken away half
an hour ago has seen no request since, whoever may be using the service now."""


class CloudWatchSignals:
    """``metrics_asked`` counts the metrics asked for so far: CloudWatch charges for each ($0.01 per 1,000)."""

    def __init__(self, cloudwatch: CloudWatchClient, metrics: Sequence[Metric] = METRICS) -> None:
        self._cloudwatch = cloudwatch
        self._metrics = {metric.signal: metric for metric in metrics}
        self.metrics_asked = 0
        self._counting = Lock()

    @property
    def names(self) -> frozenset[SignalName]:
        return frozenset(self._metrics)

    def read(self, wants: Sequence[Want]) -> Mapping[ServiceId, Readings]:
        """Every signal wanted. Raises AwsUnreachable when credentials are missing or refused."""
        asked = [
            (want, metric, self._queries(want, metric))
            for want in wants
            for name, metric in self._metrics.items()
            if name in want.need.names
        ]
        answers = self._ask([query for _, _, queries in asked for query in queries])
        readings: dict[ServiceId, dict[SignalName, SignalReading]] = {want.facts.id: {} for want in wants}
        unsure: list[Want] = []
        silent_ones: list[tuple[Want, Metric, SignalReading]] = []
        for want, metric, queries in asked:
            reading = _reading(want, metric, queries, [answers[query] for query in queries])
            readings[want.facts.id][metric.signal] = reading
            if metric.name == REQUESTS.name and reading.availability is Availability.READ and not reading.points:
                unsure.append(want)
            short = want.need.window_to - want.need.window_from < REMEMBERED
            if want.sure and queries and short and reading.availability is Availability.ABSENT:
                silent_ones.append((want, metric, reading))
        for want, health in self._health(unsure):
            reading = readings[want.facts.id][SignalName.REQUESTS]
            readings[want.facts.id][SignalName.REQUESTS] = _with_health(reading, health)
        for want, reading in self._since_yesterday(silent_ones):
            readings[want.facts.id][reading.name] = reading
        return readings

    def _ask(self, queries: Sequence[Query]) -> dict[Query, Answer]:
        answers = ask(self._cloudwatch, queries)
        with self._counting:
            self.metrics_asked += len(answers)
        return answers

    def _queries(self, want: Want, metric: Metric, *, since: datetime | None = None) -> list[Query]:
        if metric.signal in want.skip and not want.sure:
            return []
        dimensions: list[tuple[tuple[str, str], ...]]
        match metric.per:
            case "target-group":
                dimensions = [
                    (("LoadBalancer", group.load_balancer or ""), ("TargetGroup", group.target_group))
                    for group in _counted(want.facts.target_groups)
                ]
            case "service":
                dimensions = [(("ClusterName", want.facts.id.cluster), ("ServiceName", want.facts.id.name))]
        need = want.need
        return [Query.over(metric, one, since or need.window_from, need.window_to) for one in dimensions]

    def _health(self, wants: Sequence[Want]) -> list[tuple[Want, Answer]]:
        """The second round: whether the load balancers of the silent services report at all."""
        queries = {want.facts.id: self._queries(want, HEALTHY_HOSTS) for want in wants}
        answers = self._ask([query for some in queries.values() for query in some])
        return [(want, _together([answers[query] for query in queries[want.facts.id]])) for want in wants]

    def _since_yesterday(
        self, silent_ones: Sequence[tuple[Want, Metric, SignalReading]]
    ) -> list[tuple[Want, SignalReading]]:
        """Absent signals asked for the whole day that `silent` remembers: one that reported in it is missing."""
        queries = {
            (want.facts.id, metric.signal): self._queries(want, metric, since=want.need.window_to - REMEMBERED)
            for want, metric, _ in silent_ones
        }
        answers = self._ask([query for some in queries.values() for query in some])
        return [
            (want, _of_a_day(want, reading, [answers[query] for query in queries[want.facts.id, metric.signal]]))
            for want, metric, reading in silent_ones
        ]


def _of_a_day(want: Want, reading: SignalReading, answers: Sequence[Answer]) -> SignalReading:
    answer = _together(answers)
    if answer.failed:
        return replace(reading, availability=Availability.MISSING, note=answer.failed)
    if not answer.points:
        return reading
    remembering = replace(want, last_reported={reading.name: answer.points[-1].at})
    return silent(remembering, reading.name, reading.covers_from, reading.unit, "no datapoint")


def _counted(groups: Sequence[TargetGroup]) -> list[TargetGroup]:
    return [group for group in groups if group.load_balancer is not None and group.load_balancer.startswith(ALB)]


def _uncounted(groups: Sequence[TargetGroup]) -> list[str]:
    """The groups behind another kind of load balancer, or behind none that we can see."""
    counted = _counted(groups)
    return [group.load_balancer or group.target_group for group in groups if group not in counted]


def _together(answers: Sequence[Answer]) -> Answer:
    """Several series as one: values of the same minute added up. One that failed makes the whole doubtful."""
    failed = next((answer.failed for answer in answers if answer.failed), None)
    if len(answers) == 1:
        return answers[0]
    total: dict[datetime, float] = defaultdict(float)
    for answer in answers:
        for point in answer.points:
            total[point.at] += point.value
    return Answer(tuple(Point(at, total[at]) for at in sorted(total)), failed)


def _reading(want: Want, metric: Metric, queries: Sequence[Query], answers: Sequence[Answer]) -> SignalReading:
    name, need = metric.signal, want.need
    if not queries:
        return _unasked(want, metric)
    answer = _together(answers)
    read = SignalReading(
        name=name,
        availability=Availability.READ,
        covers_from=min(need.window_from, queries[0].start),
        covers_to=need.window_to,
        points=answer.points,
        period_seconds=int(queries[0].period.total_seconds()),
        unit=metric.unit,
    )
    if answer.failed:
        return replace(read, availability=Availability.MISSING, note=answer.failed)
    if name is SignalName.REQUESTS:
        if uncounted := _uncounted(want.facts.target_groups):
            # The newest minutes' requests show use over every stretch that may be judged. Older ones do not, and
            # silence shows nothing: requests may come past what counts them.
            since = need.window_to - CLOSED_QUIET - queries[0].period
            lately = bool(answer.points) and answer.points[-1].at > since
            quiet = Availability.READ if lately else Availability.MISSING
            note = f"cannot prove it idle: nobody counts the requests through {' and '.join(uncounted)}"
            return replace(read, availability=quiet, healthy=False, note=note)
        # A load balancer that counted requests is there; whether silence means none is asked in the second round.
        return replace(read, healthy=True) if answer.points else read
    if answer.points:
        return read
    return silent(want, name, read.covers_from, metric.unit, "no datapoint")


def _unasked(want: Want, metric: Metric) -> SignalReading:
    """Why nothing was asked: it was found absent lately, or there is nothing to ask about."""
    name, need = metric.signal, want.need
    if name in want.skip and not want.sure:
        return silent(want, name, need.window_from, metric.unit, "not reported when last asked")
    detached = [group.target_group for group in want.facts.target_groups if group.load_balancer is None]
    if detached and len(detached) == len(want.facts.target_groups):
        note = f"unknown: {' and '.join(detached)} is attached to no load balancer"
        return SignalReading(name, Availability.MISSING, need.window_from, need.window_to, unit=metric.unit, note=note)
    return silent(want, name, need.window_from, metric.unit, "no application load balancer in front of it")


def _with_health(reading: SignalReading, health: Answer) -> SignalReading:
    if health.failed:
        return replace(reading, availability=Availability.MISSING, note=f"none, and HealthyHostCount {health.failed}")
    newest = health.points[-1].at if health.points else None
    if newest is None:
        return replace(reading, healthy=False, note="missing, and its load balancer reports no HealthyHostCount")
    if newest + HEALTH_IS_FRESH < reading.covers_to:
        note = f"missing, and its load balancer reported no HealthyHostCount for {length(reading.covers_to - newest)}"
        return replace(reading, healthy=False, note=note)
    return replace(reading, healthy=True)
