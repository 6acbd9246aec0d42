"""What AWS says of capacity, as it says it: providers by their tags, and why no host came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalicelib.decide.capacity import CapacityProviderUse, CapacityWord, Market, Provider
from chalicelib.decide.facts import LaunchType, ServiceFacts
from chalicelib.decide.pairs import Pair, pair_of
from chalicelib.observe.capacity import Capacity
from chalicelib.observe.commitments import Commitments
from chalicelib.policy.sections.terms import Spot
from chalicelib.record.table import Table
from support.moto_record import moto_table
from support.observations import service

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ON_SPOT = replace(service(), launch_type=LaunchType.EC2, capacity_providers=(CapacityProviderUse("g5-spot", 0, 1),))
GROUP = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:0-1:autoScalingGroupName/g5-spot-group"


def described(name: str, market: str, pool: str = "") -> dict[str, Any]:
    tags = [{"key": "lifecycle:market", "value": market}, {"key": "lifecycle:pool", "value": pool}]
    return {"name": name, "tags": tags, "autoScalingGroupProvider": {"autoScalingGroupArn": GROUP}}


@dataclass
class FakeAws:
    """Both clients: two pools of a pair each, and tasks that wait."""

    waiting: list[str] = field(default_factory=lambda: ["PROVISIONING"])
    activities: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def describe_capacity_providers(self, *, include: list[str], nextToken: str = "") -> dict[str, Any]:
        self.asked.append("providers")
        if not nextToken:
            pair = [described("g5-spot", "spot", "g5"), described("g5-od", "on-demand", "g5")]
            return {"capacityProviders": pair, "nextToken": "more"}
        others = [described("g6-spot", "spot", "g6"), described("g6-od", "on-demand", "g6"), {"name": "FARGATE"}]
        return {"capacityProviders": others}

    def list_tasks(self, *, desiredStatus: str, **_: Any) -> dict[str, Any]:
        return {"taskArns": ["t"] if desiredStatus == "RUNNING" else []}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": [{"lastStatus": status} for status in self.waiting]}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        return {"services": [{"events": []}]}

    def describe_scaling_activities(self, *, AutoScalingGroupName: str, MaxRecords: int) -> dict[str, Any]:
        self.asked.append(AutoScalingGroupName)
        return {"Activities": self.activities}


def capacity(aws: FakeAws) -> Capacity:
    client: Any = aws
    return Capacity(client, lambda: client, lambda facts, now: "")


def test_a_pair_is_found_by_the_tags_of_the_pool_that_the_service_is_in() -> None:
    aws = FakeAws()
    reader = capacity(aws)

    providers = reader.providers(NOW)
    reader.providers(NOW + timedelta(minutes=14))

    assert providers is not None
    assert Provider("g6-spot", Market.SPOT, "g6") in providers
    assert aws.asked.count("providers") == 2, "two pages, once a quarter of an hour"
    assert pair_of(Spot.model_validate({"use": "prefer"}), ON_SPOT, providers) == Pair("g5-spot", "g5-od")


def test_two_pools_that_nothing_tells_apart_are_refused_with_what_to_do() -> None:
    providers = capacity(FakeAws()).providers(NOW)
    nowhere = replace(ON_SPOT, capacity_providers=())

    refusal = pair_of(Spot.model_validate({"use": "prefer"}), nowhere, providers)

    assert "2 for Spot and 2 on demand" in str(refusal)
    assert "lifecycle:pool" in str(refusal)


def test_what_the_auto_scaling_group_says_tells_quota_from_capacity() -> None:
    failed = {"StatusCode": "Failed", "StartTime": NOW - timedelta(minutes=3)}
    none = failed | {"StatusMessage": "There is no Spot capacity available that matches your request."}
    quota = failed | {"StatusMessage": "Max spot instance count exceeded. Launching EC2 instance failed."}
    old = quota | {"StartTime": NOW - timedelta(hours=3)}
    aws = FakeAws(activities=[none, old])

    assert capacity(aws).news(ON_SPOT, NOW).word is CapacityWord.NONE
    assert "g5-spot-group" in aws.asked
    assert capacity(FakeAws(activities=[quota, none])).news(ON_SPOT, NOW).word is CapacityWord.QUOTA
    assert capacity(FakeAws(waiting=["PENDING"])).news(ON_SPOT, NOW).word is CapacityWord.PLACED


@dataclass
class FakeCostExplorer:
    share: str = "100"
    asked: int = 0
    denied: bool = False

    def get_reservation_coverage(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetReservationCoverage")
        hours = {"CoverageHours": {"CoverageHoursPercentage": self.share}}
        return {"CoveragesByTime": [{"Groups": [{"Attributes": {"instanceType": "g5.xlarge"}, "Coverage": hours}]}]}

    def get_savings_plans_coverage(self, GroupBy: Any, NextToken: str = "", **_: Any) -> dict[str, Any]:
        def covers(share: str, **attributes: str) -> dict[str, Any]:
            return {"Attributes": attributes, "Coverage": {"CoveragePercentage": share}}

        if GroupBy[0]["Key"] == "SERVICE":
            found = [covers("100", SERVICE="AWS Lambda"), covers("97.5", SERVICE="Amazon Elastic Container Service")]
            return {"SavingsPlansCoverages": found}
        if not NextToken:
            return {"SavingsPlansCoverages": [covers("40", INSTANCE_FAMILY="g6")], "NextToken": "2"}
        return {"SavingsPlansCoverages": [covers("99", INSTANCE_FAMILY="g7")]}


def on_host(instance_type: str) -> ServiceFacts:
    return replace(service(tags={"instance-type": instance_type}), launch_type=LaunchType.EC2)


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    with moto_table() as table:
        yield table


def test_what_a_commitment_pays_for_is_read_once_a_day_for_all_containers(table: Table) -> None:
    explorer, g5 = FakeCostExplorer(), on_host("g5.xlarge")
    one, another = (Commitments(lambda: explorer, table, "eu-west-1") for _ in range(2))

    assert one.covered_by(g5, NOW) == "Reserved Instances (covering 100 % of g5.xlarge)"
    assert another.covered_by(g5, NOW + timedelta(hours=20)) != ""
    assert one.covered_by(on_host("g6.xlarge"), NOW) == "", "only a part of it is covered"
    assert explorer.asked == 1

    another.covered_by(g5, NOW + timedelta(hours=25))
    assert explorer.asked == 2


def test_a_savings_plan_is_known_for_fargate_and_for_families_of_later_pages(table: Table) -> None:
    reader = Commitments(FakeCostExplorer, table, "eu-west-1")

    on_fargate = replace(service(), launch_type=LaunchType.FARGATE)
    assert reader.covered_by(on_fargate, NOW) == "Savings Plans (covering 98 % of Fargate)"
    assert reader.covered_by(on_host("g7.xlarge"), NOW).startswith("Savings Plans")


def test_who_may_not_ask_cost_explorer_knows_of_no_commitment_and_asks_once_an_hour() -> None:
    explorer, g5 = FakeCostExplorer(denied=True), on_host("g5.xlarge")
    with moto_table() as empty:
        reader = Commitments(lambda: explorer, empty, "eu-west-1")

        for minutes in range(0, 60, 5):
            assert reader.covered_by(g5, NOW + timedelta(minutes=minutes)) == ""

    assert explorer.asked == 1
