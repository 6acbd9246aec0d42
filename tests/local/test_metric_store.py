from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.metrics import MetricStore

START = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def ask(aws: EmbeddedAws, minutes: tuple[int, int], *, period: int = 60, service: str = "chat") -> list[float]:
    metric: Any = {
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "ClusterName", "Value": "gpu"}, {"Name": "ServiceName", "Value": service}],
    }
    answer = aws.clients().cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": period, "Stat": "Maximum"}}],
        StartTime=START + timedelta(minutes=minutes[0]),
        EndTime=START + timedelta(minutes=minutes[1]),
        ScanBy="TimestampAscending",
    )
    return list(answer["MetricDataResults"][0]["Values"])


def filled(aws: EmbeddedAws) -> None:
    store = MetricStore(aws)
    for minute in range(600):
        for service, value in (("chat", minute), ("other", -1)):
            dimensions = {"ServiceName": service, "ClusterName": "gpu"}
            store.add("AWS/ECS", "CPUUtilization", dimensions, START + timedelta(minutes=minute), value)


def test_a_query_gets_its_own_metric_and_window_half_open(aws: EmbeddedAws) -> None:
    filled(aws)

    assert ask(aws, (10, 13)) == [10, 11, 12]
    assert ask(aws, (598, 610)) == [598, 599]
    assert ask(aws, (10, 13), service="nobody") == []


def test_periods_are_added_up_by_moto(aws: EmbeddedAws) -> None:
    filled(aws)

    assert ask(aws, (0, 10), period=300) == [4, 9]


def test_what_was_put_through_the_api_is_answered_too(aws: EmbeddedAws) -> None:
    filled(aws)
    aws.clients().cloudwatch.put_metric_data(
        Namespace="AWS/ECS",
        MetricData=[
            {
                "MetricName": "CPUUtilization",
                "Timestamp": START + timedelta(minutes=10),
                "Value": 99,
                "Dimensions": [{"Name": "ClusterName", "Value": "gpu"}, {"Name": "ServiceName", "Value": "chat"}],
            }
        ],
    )

    assert ask(aws, (10, 12)) == [99, 11]
