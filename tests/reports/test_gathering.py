"""What a week is gathered of: the record, prices of every source, and what was told of Spot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from chalicelib.decide.capacity import FARGATE_SPOT, CapacityProviderUse
from chalicelib.decide.facts import LaunchType, Point, ServiceFacts
from chalicelib.notify.notice import NoticeKind
from chalicelib.observe.batches import Answer, Query
from chalicelib.policy.model import PolicySet
from chalicelib.prices.book import PriceBook
from chalicelib.prices.price_list import PriceList
from chalicelib.record.history import Entry, EntryKind, History
from support.moto_record import moto_client, new_table
from support.observations import service
from support.price_stubs import PriceListStub
from support.weekly_given import MONDAY_AFTER, WEEK, gathered

from reports import gathering
from reports.build import Given, Recorded, build
from reports.model import State
from reports.sources.frames import COLUMNS, Bill, Cut, Kind
from reports.sources.rows import frame
from reports.values import Known, Section, Sentence, Unknown

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SPOT_FARGATE = replace(
    service(tags={"vcpu": "4", "memory-gb": "16"}),
    launch_type=LaunchType.FARGATE,
    capacity_providers=(CapacityProviderUse(FARGATE_SPOT, 0, 1),),
)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    with moto_client() as client:
        yield client


def silence(queries: Iterable[Query]) -> Mapping[Query, Answer]:
    return {query: Answer() for query in queries}


def reach(
    dynamodb: DynamoDBClient, *told: Entry, facts: ServiceFacts = SPOT_FARGATE, prices: PriceBook | None = None
) -> gathering.Reach:
    history = History(new_table(dynamodb))
    for entry in told:
        history.append(entry)
    return gathering.Reach(history, {facts.id: facts}, PolicySet(), "eu-west-1", silence, prices)


def given(found: gathering.Reach, of: Section[Bill]) -> Given:
    return gathering.given(Known(found), gathered(of), WEEK, MONDAY_AFTER, "ML")


def recorded(told: Given) -> Recorded:
    assert isinstance(told.recorded, Known)
    return told.recorded.value


def taken(at: datetime) -> Entry:
    outcome = NoticeKind.SPOT_INTERRUPTED.value
    return Entry(at, EntryKind.NOTICE, "us", f"taken at {at}", SPOT_FARGATE.id, outcome=outcome)


def fargate_bill() -> Bill:
    """Each day of the week 96 vCPU hours at $0.0125 and 384 GB hours at $0.00125 of Fargate Spot in Ireland."""
    rows = []
    for day in WEEK.days:
        for meter, usd, hours in (("vCPU-Hours:perCPU", "1.20", 96), ("GB-Hours", "0.48", 384)):
            cells = {
                "day": day, "cut": Cut.METER.value, "key": f"EU-SpotUsage-Fargate-{meter}", "service": "ECS",
                "kind": Kind.USAGE.value, "billed": Decimal(usd), "quantity": Decimal(hours),
            }  # fmt: skip
            rows.append(tuple(cells.get(column) for column in COLUMNS))
    return Bill("USD", WEEK.monday, WEEK.days[-1] + timedelta(days=1), frame(rows), WEEK.days)


NO_BILL: Section[Bill] = Unknown(Sentence.told("No bill."))


def test_interruptions_of_the_week_are_counted_and_those_before_it_are_not(dynamodb: DynamoDBClient) -> None:
    told = [taken(WEEK.since + timedelta(hours=hours)) for hours in (-30, 5, 40)]
    assert recorded(given(reach(dynamodb, *told), NO_BILL)).interruptions == Known(2)


def test_nobody_counts_interruptions_where_no_policy_speaks_of_spot(dynamodb: DynamoDBClient) -> None:
    assert isinstance(recorded(given(reach(dynamodb), NO_BILL)).interruptions, Unknown)


def test_fargate_spot_costs_in_the_ledger_what_the_bill_says(dynamodb: DynamoDBClient) -> None:
    without_bill, with_bill = (recorded(given(reach(dynamodb), one)).ledger for one in (NO_BILL, Known(fargate_bill())))
    assert without_bill.unpriced == (SPOT_FARGATE.id,)
    # Monday's first two hours in Berlin are Sunday's in UTC, which is not on this bill.
    assert with_bill.total.ran.usd == (169 - 2) * Decimal("0.07")


def test_a_source_of_prices_that_fails_is_told_with_the_record(dynamodb: DynamoDBClient) -> None:
    on_unlisted = service(tags={"instance-type": "g7e.2xlarge"})
    refusing = PriceBook("eu-west-1", PriceList(lambda: PriceListStub({}, refuses=True), "eu-west-1"))
    report = build(given(reach(dynamodb, facts=on_unlisted, prices=refusing), NO_BILL))
    (source,) = [one for one in report.header.sources if one.name == "record"]
    assert source.state is State.DEGRADED
    assert "AWS Price List" in str(source.sentence.values)


def test_what_the_suite_itself_cost_is_its_own_runs_its_table_and_its_questions(dynamodb: DynamoDBClient) -> None:
    def ask(queries: Iterable[Query]) -> Mapping[Query, Answer]:
        each_hour = {"OwnUsd": 0.002, "ConsumedReadCapacityUnits": 8_000.0, "ConsumedWriteCapacityUnits": 1_600.0}
        hours = [WEEK.since + timedelta(hours=hour) for hour in range(100)]
        return {
            one: Answer(tuple(Point(at, each_hour[one.metric.name]) for at in hours if one.metric.name in each_hour))
            for one in queries
        }

    found = replace(reach(dynamodb), ask=ask, deployment="lifecycle", table="record")
    suite = build(given(found, NO_BILL)).suite_cost
    assert isinstance(suite, Known)
    lines = {sentence.key: (sentence.values, amount.amount) for sentence, amount in suite.value.lines}
    assert lines["suite_runs"] == ({}, Decimal("0.2"))
    assert lines["suite_table"] == ({}, Decimal("0.1") + Decimal("0.1"))
    values, asked = lines["suite_metrics"]
    assert asked == Decimal(str(values["n"])) / 100_000
    assert suite.value.amount.amount == Decimal("0.4") + asked
