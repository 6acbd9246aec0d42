from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from chalicelib.decide.facts import LaunchType, ServiceFacts, ServiceId
from chalicelib.prices import gpus_per_task, hourly_price


def facts(launch_type: LaunchType = LaunchType.EC2, **tags: str) -> ServiceFacts:
    return ServiceFacts(
        id=ServiceId("gpu-dev", "chat"),
        arn="arn",
        desired_count=1,
        running_count=1,
        pending_count=0,
        described_at=datetime(2026, 11, 23, tzinfo=UTC),
        launch_type=launch_type,
        tags={name.replace("_", "-"): value for name, value in tags.items()},
    )


def test_the_instance_type_tag_names_the_price_with_its_source_and_date() -> None:
    price = hourly_price(facts(instance_type="g5.xlarge"), "ap-northeast-1")

    assert price is not None
    assert price.usd_per_hour == Decimal("1.459")
    assert price.as_of.year == 2026
    assert "list price" in price.source


@pytest.mark.parametrize(
    ("tags", "region"),
    [
        ({}, "us-east-1"),
        ({"instance_type": "x9.huge"}, "us-east-1"),
        ({"instance_type": "g5.xlarge"}, "mars-north-1"),
        ({"instance_type": "g6.xlarge"}, "eu-west-1"),
    ],
)
def test_what_the_table_does_not_know_has_no_price(tags: dict[str, str], region: str) -> None:
    assert hourly_price(facts(**tags), region) is None


def test_a_fargate_service_is_priced_by_its_size() -> None:
    price = hourly_price(facts(LaunchType.FARGATE, vcpu="4", memory_gb="16"), "us-east-1")

    assert price is not None
    assert price.usd_per_hour == 4 * Decimal("0.04048") + 16 * Decimal("0.004445")


@pytest.mark.parametrize("tags", [{}, {"vcpu": "four", "memory_gb": "16"}, {"vcpu": "NaN", "memory_gb": "1"}])
def test_a_fargate_service_of_unknown_size_has_no_price(tags: dict[str, str]) -> None:
    assert hourly_price(facts(LaunchType.FARGATE, **tags), "us-east-1") is None


def test_the_number_of_gpus_is_known_by_instance_type_only() -> None:
    assert gpus_per_task(facts(instance_type="g5.12xlarge")) == 4
    assert gpus_per_task(facts()) is None
