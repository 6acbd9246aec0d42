"""What the signals say of use and of silence, and what asking for them costs."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import Availability, Point, ServiceFacts, ServiceId, SignalName, SignalReading, TargetGroup
from chalicelib.decide.needs import SignalNeed
from chalicelib.errors import AwsUnreachable
from chalicelib.observe.batches import METRICS_PER_CALL, POINTS_PER_CALL, Query, pack
from chalicelib.observe.cloudwatch import CloudWatchSignals
from chalicelib.observe.inventory import Inventory
from chalicelib.observe.metrics import GPU
from chalicelib.observe.signals import Want
from support.strict_aws import StrictAws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
END = NOW - timedelta(minutes=2)
ALL = frozenset({SignalName.REQUESTS, SignalName.GPU, SignalName.CPU, SignalName.NETWORK_OUT})
CHAT = ServiceId("gpu-dev", "chat")


@pytest.fixture
def aws() -> StrictAws:
    return StrictAws(NOW)


def facts(aws: StrictAws) -> Mapping[ServiceId, ServiceFacts]:
    return (
        Inventory(aws.client("ecs"), aws.client("application-autoscaling"), aws.client("elbv2"))
        .refresh_all(NOW)
        .services
    )


def want(
    of: ServiceFacts,
    *names: SignalName,
    minutes: int = 30,
    last: Mapping[SignalName, datetime] | None = None,
    skip: frozenset[SignalName] = frozenset(),
    sure: bool = False,
) -> Want:
    need = SignalNeed(END - timedelta(minutes=minutes), END, frozenset(names))
    return Want(of, need, last or {}, skip, sure)


def read(aws: StrictAws, *names: SignalName, **how: object) -> Mapping[SignalName, SignalReading]:
    return CloudWatchSignals(aws.client("cloudwatch")).read([want(facts(aws)[CHAT], *names, **how)])[CHAT]  # type: ignore[arg-type]


def test_requests_are_read_minute_by_minute_up_to_the_window_s_end(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", lambda at: 2.0 if at.minute == 50 else None)

    reading = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]

    assert reading.points == (Point(NOW - timedelta(minutes=10), 2.0),)
    assert reading.availability is Availability.READ
    assert reading.healthy is True
    assert (reading.covers_from, reading.covers_to) == (END - timedelta(minutes=30), END)
    assert aws.calls["cloudwatch.GetMetricData"] == 1


def test_silence_at_a_load_balancer_that_reports_healthy_hosts_is_readable_as_zero(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", None)

    reading = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]

    assert (reading.availability, reading.points, reading.healthy) == (Availability.READ, (), True)
    assert aws.calls["cloudwatch.GetMetricData"] == 2


def test_silence_at_a_load_balancer_that_reports_nothing_is_not_zero(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("healthy-hosts", None)

    reading = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]

    assert reading.healthy is False
    assert "reports no HealthyHostCount" in reading.note


def test_a_load_balancer_taken_away_in_the_middle_of_the_window_is_not_healthy(aws: StrictAws) -> None:
    gone = NOW - timedelta(minutes=20)
    aws.world.add_service("gpu-dev", "chat").sends("healthy-hosts", lambda at: 1.0 if at < gone else None)

    reading = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]

    assert reading.healthy is False
    assert "no HealthyHostCount for 19 min" in reading.note


def test_figures_that_come_a_quarter_of_an_hour_late_are_not_read_as_zero(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", lambda at: 1.0 if at.minute >= 50 else None)
    aws.world.metrics_late = timedelta(minutes=15)

    reading = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]

    assert (reading.points, reading.healthy) == ((), False)


def test_healthy_hosts_are_asked_for_only_where_requests_were_silent(aws: StrictAws) -> None:
    for number in range(10):
        aws.world.add_service("gpu-dev", f"s-{number}").sends("requests", 1.0 if number < 7 else None)
    signals = CloudWatchSignals(aws.client("cloudwatch"))

    readings = signals.read([want(of, SignalName.REQUESTS) for of in facts(aws).values()])

    assert signals.metrics_asked == 13
    assert all(one[SignalName.REQUESTS].healthy for one in readings.values())


def test_requests_of_several_target_groups_are_added_up(aws: StrictAws) -> None:
    chat = aws.world.add_service("gpu-dev", "chat")
    green = aws.world.add_target_group("green", "app/shared/0123456789abcdef")
    chat.load_balancers.append({"targetGroupArn": green, "containerName": "ollama", "containerPort": 11434})
    chat.sends("requests", lambda at: 1.0 if at.minute >= 55 else None)
    balancer, group = "app/shared/0123456789abcdef", green.rpartition(":")[2]
    aws.world.metric(
        "AWS/ApplicationELB", "RequestCount", {"LoadBalancer": balancer, "TargetGroup": group}, lambda at: 2.0
    )

    points = read(aws, SignalName.REQUESTS, minutes=10)[SignalName.REQUESTS].points

    assert [point.value for point in points] == [2.0] * 7 + [3.0] * 3
    assert [point.at for point in points] == sorted(point.at for point in points)


def test_a_service_without_a_load_balancer_has_no_requests_signal(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", behind=None)

    assert read(aws, SignalName.REQUESTS)[SignalName.REQUESTS].availability is Availability.ABSENT
    assert aws.calls["cloudwatch.GetMetricData"] == 0


def test_a_service_behind_a_network_load_balancer_has_no_requests_signal(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", behind="net/shared/0123456789abcdef")

    assert read(aws, SignalName.REQUESTS)[SignalName.REQUESTS].availability is Availability.ABSENT


def test_a_target_group_attached_to_no_load_balancer_is_missing_not_zero(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", behind="")

    reading = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]

    assert reading.availability is Availability.MISSING
    assert "attached to no load balancer" in reading.note


def test_a_service_that_lost_its_load_balancer_today_is_missing_its_requests(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat", behind=None)

    last = {SignalName.REQUESTS: NOW - timedelta(hours=3)}
    reading = read(aws, SignalName.REQUESTS, last=last)[SignalName.REQUESTS]

    assert reading.availability is Availability.MISSING


def test_vetoes_are_maxima_in_their_own_units(aws: StrictAws) -> None:
    chat = aws.world.add_service("gpu-dev", "chat")
    chat.sends("gpu", lambda at: 97.0 if at.minute == 33 else 0.0).sends("cpu", 12.5).sends("network-out", 51200.0)

    readings = read(aws, *ALL, minutes=300)

    assert max(point.value for point in readings[SignalName.GPU].points) == 97.0
    assert {name: reading.unit for name, reading in readings.items()} == {
        SignalName.REQUESTS: "requests",
        SignalName.GPU: "%",
        SignalName.CPU: "%",
        SignalName.NETWORK_OUT: "B/s",
    }


def test_a_gpu_that_reported_today_and_is_silent_is_missing(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")

    lately = read(aws, SignalName.GPU, last={SignalName.GPU: NOW - timedelta(hours=2)})[SignalName.GPU]
    long_ago = read(aws, SignalName.GPU, last={SignalName.GPU: NOW - timedelta(hours=30)})[SignalName.GPU]
    never = read(aws, SignalName.GPU)[SignalName.GPU]

    assert lately.availability is Availability.MISSING
    assert lately.note == "silent for 1 h 58 min: no datapoint"
    assert long_ago.availability is never.availability is Availability.ABSENT


def test_a_signal_found_absent_lately_is_not_paid_for_again(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", 1.0)

    readings = read(aws, SignalName.REQUESTS, SignalName.GPU, skip=frozenset({SignalName.GPU}))

    assert readings[SignalName.GPU].availability is Availability.ABSENT
    assert readings[SignalName.REQUESTS].points


def test_a_sure_look_finds_without_memory_that_a_silent_gpu_reported_today(aws: StrictAws) -> None:
    agent_died = NOW - timedelta(hours=2)
    aws.world.add_service("gpu-dev", "chat").sends("gpu", lambda at: 70.0 if at < agent_died else None)

    sure = read(aws, SignalName.GPU, SignalName.CPU, sure=True, skip=frozenset({SignalName.GPU}))

    assert sure[SignalName.GPU].availability is Availability.MISSING
    assert sure[SignalName.GPU].note == "silent for 2 h 3 min: no datapoint"
    assert sure[SignalName.CPU].availability is Availability.ABSENT


def test_a_sure_look_pays_for_the_last_day_only_where_a_signal_was_silent(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", 1.0).sends("cpu", 1.0)
    signals = CloudWatchSignals(aws.client("cloudwatch"))

    signals.read([want(facts(aws)[CHAT], SignalName.REQUESTS, SignalName.CPU, SignalName.GPU, sure=True)])

    assert signals.metrics_asked == 4


def test_a_day_that_cannot_be_read_makes_a_silent_signal_missing(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    services = facts(aws)
    aws.fail(
        "cloudwatch.GetMetricData",
        "ThrottlingException",
        when=lambda params: params["MetricDataQueries"][0]["MetricStat"]["Period"] == 300,
    )

    reading = CloudWatchSignals(aws.client("cloudwatch")).read([want(services[CHAT], SignalName.GPU, sure=True)])[CHAT]

    assert reading[SignalName.GPU].availability is Availability.MISSING
    assert "ThrottlingException" in reading[SignalName.GPU].note


def test_a_throttled_call_makes_its_signals_missing_with_the_reason(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", 1.0).sends("gpu", 1.0)
    aws.fail("cloudwatch.GetMetricData", "ThrottlingException")

    readings = read(aws, SignalName.REQUESTS, SignalName.GPU)

    assert {reading.availability for reading in readings.values()} == {Availability.MISSING}
    assert all(
        reading.note == "could not be read: GetMetricData answered ThrottlingException: Rate exceeded"
        for reading in readings.values()
    )


def test_only_the_failed_chunk_is_missing(aws: StrictAws) -> None:
    for number in range(600):
        aws.world.add_service("gpu-dev", f"s-{number:03}").sends("requests", 1.0)
    services = facts(aws)
    aws.fail("cloudwatch.GetMetricData", "InternalServiceFault", times=1)

    readings = CloudWatchSignals(aws.client("cloudwatch")).read(
        [want(of, SignalName.REQUESTS) for of in services.values()]
    )

    missing = [id for id, one in readings.items() if one[SignalName.REQUESTS].availability is Availability.MISSING]
    assert len(readings) == 600
    assert len(missing) in (100, 500)


def test_a_failed_second_round_is_missing_not_zero(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    services = facts(aws)
    aws.fail(
        "cloudwatch.GetMetricData",
        "ThrottlingException",
        when=lambda params: params["MetricDataQueries"][0]["MetricStat"]["Metric"]["MetricName"] == "HealthyHostCount",
    )

    reading = CloudWatchSignals(aws.client("cloudwatch")).read([want(services[CHAT], SignalName.REQUESTS)])[CHAT]

    assert reading[SignalName.REQUESTS].availability is Availability.MISSING


@pytest.mark.parametrize(
    ("status", "words"),
    [("InternalError", "answered InternalError"), ("Forbidden", "forbids"), ("PartialData", "only a part")],
)
def test_a_metric_that_cloudwatch_does_not_answer_is_missing(aws: StrictAws, status: str, words: str) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("gpu", 50.0, status=status).sends("cpu", 1.0)

    readings = read(aws, SignalName.GPU, SignalName.CPU)

    assert readings[SignalName.GPU].availability is Availability.MISSING
    assert words in readings[SignalName.GPU].note
    assert readings[SignalName.CPU].availability is Availability.READ


def test_an_answer_in_pages_is_put_together(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("gpu", 1.0).sends("cpu", 2.0).sends("network-out", 3.0)
    whole = read(aws, *ALL)
    aws.world.metric_results_per_page = 1

    paged = read(aws, *ALL)

    assert paged == whole
    assert len(paged[SignalName.CPU].points) == 30
    assert aws.calls["cloudwatch.GetMetricData"] > 4


def test_a_window_over_five_hours_is_read_in_five_minute_periods_that_hide_nothing(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends(
        "requests", lambda at: 1.0 if at == END - timedelta(minutes=2) else None
    )

    reading = read(aws, SignalName.REQUESTS, minutes=301)[SignalName.REQUESTS]

    assert reading.period_seconds == 300
    assert reading.covers_from <= END - timedelta(minutes=301)
    assert reading.covers_to == END
    assert [point.value for point in reading.points] == [1.0]


def test_a_window_that_does_not_begin_at_a_full_minute_is_widened(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", 1.0)
    of = facts(aws)[CHAT]
    need = SignalNeed(
        END - timedelta(minutes=5, seconds=20), END - timedelta(seconds=10), frozenset({SignalName.REQUESTS})
    )

    reading = CloudWatchSignals(aws.client("cloudwatch")).read([Want(of, need)])[CHAT][SignalName.REQUESTS]

    assert reading.points[0].at == END - timedelta(minutes=6)
    assert reading.points[-1].at == END - timedelta(minutes=1)
    assert reading.covers_to == need.window_to


def test_a_thousand_services_with_two_signals_take_four_calls(aws: StrictAws) -> None:
    for number in range(1000):
        aws.world.add_service("gpu-dev", f"s-{number}").sends("requests", 1.0).sends("gpu", 60.0)
    wants = [want(of, SignalName.REQUESTS, SignalName.GPU, minutes=45) for of in facts(aws).values()]

    with aws.counting() as calls:
        readings = CloudWatchSignals(aws.client("cloudwatch")).read(wants)

    assert calls == {"cloudwatch.GetMetricData": 4}
    assert all(len(one[SignalName.REQUESTS].points) == 45 for one in readings.values())


def test_no_call_holds_more_metrics_or_points_than_aws_takes(aws: StrictAws) -> None:
    for number in range(300):
        aws.world.add_service("gpu-dev", f"s-{number}").sends("requests", 1.0)
    spans = [5, 30, 45, 170, 200, 60 * 24, 60 * 72]
    wants = [want(of, *ALL, minutes=spans[index % len(spans)]) for index, of in enumerate(facts(aws).values())]

    readings = CloudWatchSignals(aws.client("cloudwatch")).read(wants)

    assert all(set(one) == ALL for one in readings.values())
    assert all(one[SignalName.REQUESTS].availability is Availability.READ for one in readings.values())


def test_packing_keeps_every_query_once_within_the_limits() -> None:
    queries = [
        Query.over(GPU, (("ServiceName", str(n)),), END - timedelta(minutes=7 * (n % 200) + 5), END)
        for n in range(3000)
    ]

    chunks = pack(queries)

    assert sorted(query.dimensions for chunk in chunks for query in chunk) == sorted(q.dimensions for q in queries)
    for chunk in chunks:
        span = max(query.end for query in chunk) - min(query.start for query in chunk)
        assert len({query.period for query in chunk}) == 1
        assert len(chunk) <= METRICS_PER_CALL
        assert len(chunk) * -(-span // chunk[0].period) <= POINTS_PER_CALL


@pytest.mark.parametrize("beside", ["net/inner/0123456789abcdef", None])
def test_silence_at_the_load_balancer_proves_nothing_while_another_way_in_is_not_counted(
    aws: StrictAws, beside: str | None
) -> None:
    chat = aws.world.add_service("gpu-dev", "chat")
    other = aws.world.add_target_group("other", beside)
    chat.load_balancers.append({"targetGroupArn": other, "containerName": "ollama", "containerPort": 11434})

    quiet = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]
    chat.sends("requests", 2.0)
    busy = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]
    chat.sends("requests", lambda at: 2.0 if at < NOW - timedelta(minutes=20) else None)
    earlier = read(aws, SignalName.REQUESTS)[SignalName.REQUESTS]

    assert earlier.availability is quiet.availability is Availability.MISSING
    assert (beside or "targetgroup/other/") in quiet.note
    assert (busy.availability, busy.healthy) == (Availability.READ, False)
    assert busy.points[0].value == 2.0


def test_reads_side_by_side_lose_no_metric_of_the_bill(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("gpu", 1.0)
    signals, one = CloudWatchSignals(aws.client("cloudwatch")), want(facts(aws)[CHAT], SignalName.GPU)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: signals.read([one]), range(64)))

    assert signals.metrics_asked == 64


def test_refused_credentials_end_the_reading(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat")
    services = facts(aws)
    aws.fail("cloudwatch.GetMetricData", "ExpiredToken", "expired")

    with pytest.raises(AwsUnreachable):
        CloudWatchSignals(aws.client("cloudwatch")).read([want(services[CHAT], SignalName.GPU)])


def test_a_detached_alternate_target_group_does_not_hide_the_attached_one(aws: StrictAws) -> None:
    aws.world.add_service("gpu-dev", "chat").sends("requests", 4.0)
    of = facts(aws)[CHAT]
    both = ServiceFacts(
        of.id, of.arn, 1, 1, 0, NOW, target_groups=(*of.target_groups, TargetGroup("targetgroup/green/1", None))
    )

    reading = CloudWatchSignals(aws.client("cloudwatch")).read([want(both, SignalName.REQUESTS)])[CHAT]

    assert reading[SignalName.REQUESTS].points[0].value == 4.0
