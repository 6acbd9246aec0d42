"""The strict fake refuses what AWS refuses; otherwise a green test would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from support.strict_aws import StrictAws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def metric(number: int = 0, period: int = 60, id: str = "") -> dict[str, Any]:
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": period, "Stat": "Sum"}
    return {"Id": id or f"q{number}", "MetricStat": stat}


def ask(aws: StrictAws, *queries: dict[str, Any], hours: float = 1, end: datetime = NOW) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries), StartTime=end - timedelta(hours=hours), EndTime=end
    )
    return answer


REFUSED: dict[str, Callable[[StrictAws], object]] = {
    "eleven services at once": lambda aws: aws.client("ecs").describe_services(cluster="c", services=["s"] * 11),
    "101 services a page": lambda aws: aws.client("ecs").list_services(cluster="c", maxResults=101),
    "101 clusters at once": lambda aws: aws.client("ecs").describe_clusters(clusters=["c"] * 101),
    "101 tasks at once": lambda aws: aws.client("ecs").describe_tasks(cluster="c", tasks=["t"] * 101),
    "protection of 101 tasks": lambda aws: aws.client("ecs").get_task_protection(cluster="c", tasks=["t"] * 101),
    "a cluster that is not there": lambda aws: aws.client("ecs").list_services(cluster="other"),
    "a negative desired count": lambda aws: aws.client("ecs").update_service(cluster="c", service="s", desiredCount=-1),
    "51 scalable targets a page": lambda aws: aws.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", MaxResults=51
    ),
    "a new scalable target without bounds": lambda aws: aws.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs", ResourceId="service/c/new", ScalableDimension="ecs:service:DesiredCount"
    ),
    "a target group that is not there": lambda aws: aws.client("elbv2").describe_target_groups(
        TargetGroupArns=["arn:aws:elasticloadbalancing:r:1:targetgroup/x/1"]
    ),
    "501 metrics": lambda aws: ask(aws, *(metric(n) for n in range(501))),
    "more than 100,800 points": lambda aws: ask(aws, *(metric(n) for n in range(500)), hours=3.5),
    "a period of 90 seconds": lambda aws: ask(aws, metric(period=90)),
    "one-minute data of three weeks ago": lambda aws: ask(aws, metric(), end=NOW - timedelta(days=21)),
    "an id that begins with a capital": lambda aws: ask(aws, metric(id="Q")),
    "an id used twice": lambda aws: ask(aws, metric(), metric()),
    "a window that ends before it begins": lambda aws: ask(aws, metric(), hours=-1),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_fake_refuses(what: str) -> None:
    aws = StrictAws(NOW)
    aws.world.add_service("c", "s")

    with pytest.raises(ClientError):
        REFUSED[what](aws)


def test_botocore_validates_parameters_before_the_fake_sees_them() -> None:
    aws = StrictAws(NOW)

    with pytest.raises(ParamValidationError):
        aws.client("ecs").describe_services(cluster=7)
    assert aws.total == 0


def test_services_come_ten_a_page_unless_more_are_asked_for() -> None:
    aws = StrictAws(NOW)
    for number in range(11):
        aws.world.add_service("c", f"s-{number}")

    assert len(aws.client("ecs").list_services(cluster="c")["serviceArns"]) == 10
    assert len(aws.client("ecs").list_services(cluster="c", maxResults=100)["serviceArns"]) == 11


def test_tags_come_only_when_asked_for() -> None:
    aws = StrictAws(NOW)
    aws.world.add_service("c", "s", tags={"a": "b"})

    assert "tags" not in aws.client("ecs").describe_services(cluster="c", services=["s"])["services"][0]


def test_the_newest_two_minutes_of_metrics_are_not_there_yet() -> None:
    aws = StrictAws(NOW)
    aws.world.metric("n", "m", {}, 1.0)

    times = ask(aws, metric())["MetricDataResults"][0]["Timestamps"]

    assert max(times) == NOW - timedelta(minutes=3)


def test_five_minute_periods_add_up_and_minutes_without_value_leave_a_gap() -> None:
    aws = StrictAws(NOW)
    aws.world.metric("n", "m", {}, lambda at: 2.0 if at.minute < 10 else None)

    result = ask(aws, metric(period=300), end=NOW - timedelta(minutes=30))["MetricDataResults"][0]

    assert result["Values"] == [10.0, 10.0]
    assert result["Timestamps"][-1] == datetime(2026, 11, 20, 11, tzinfo=UTC)


def test_an_update_moves_tasks_and_autoscaling_puts_a_count_back_unless_it_is_suspended() -> None:
    aws = StrictAws(NOW)
    chat = aws.world.add_service("c", "s", desired=2, scaling=(1, 4), boot=timedelta(minutes=4))
    update, register = aws.client("ecs").update_service, aws.client("application-autoscaling").register_scalable_target

    update(cluster="c", service="s", desiredCount=0)
    assert (chat.running, chat.pending) == (0, 0)
    aws.world.let_autoscaling_act()
    assert (chat.desired, chat.running, chat.pending) == (1, 0, 1)
    aws.world.advance(timedelta(minutes=4))
    assert chat.running == 1

    register(
        ServiceNamespace="ecs",
        ResourceId="service/c/s",
        ScalableDimension="ecs:service:DesiredCount",
        SuspendedState={"DynamicScalingOutSuspended": True},
    )
    update(cluster="c", service="s", desiredCount=0)
    aws.world.let_autoscaling_act()
    assert chat.desired == 0


def test_a_fault_lasts_as_many_times_as_it_was_told() -> None:
    aws = StrictAws(NOW)
    aws.fail("ecs.ListClusters", "ThrottlingException", times=2)

    for _ in range(2):
        with pytest.raises(ClientError, match="ThrottlingException"):
            aws.client("ecs").list_clusters()
    assert aws.client("ecs").list_clusters()["clusterArns"] == []
    assert aws.calls["ecs.ListClusters"] == 3


def test_a_call_the_fake_does_not_know_is_loud() -> None:
    with pytest.raises(AssertionError, match=r"does not know ecs\.DeleteService"):
        StrictAws(NOW).client("ecs").delete_service(cluster="c", service="s")
    with pytest.raises(AssertionError, match=r"use StrictAws\(…, moto=True\)"):
        StrictAws(NOW).client("sts").get_caller_identity()
