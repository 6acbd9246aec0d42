"""Prices from AWS, from the record and from the dated table: each in its turn, and never an invented one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from chalicelib.errors import ObservationError
from chalicelib.prices import Market
from chalicelib.prices.bill import BillLine, FargateSpot, fargate_spot
from chalicelib.prices.book import PriceBook
from chalicelib.prices.kept import KeptPrices
from chalicelib.prices.price_list import PriceList, home_of_prices
from chalicelib.prices.spot import SpotHistory
from chalicelib.record.table import Table
from support.moto_record import moto_client, new_table
from support.price_stubs import PriceListStub, SpotStub, product

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
G5 = ("AmazonEC2", "g5.xlarge")
ON_DEMAND, SPOT = ("g5.xlarge", Market.ON_DEMAND), ("g5.xlarge", Market.SPOT)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    with moto_client() as client:
        yield client


@pytest.fixture
def kept(dynamodb: DynamoDBClient) -> KeptPrices:
    return KeptPrices(new_table(dynamodb), "eu-west-1")


def prices_of(*pages: list[str], key: tuple[str, str] = G5) -> PriceList:
    return PriceList(lambda: PriceListStub({key: pages}), "eu-west-1")


def test_the_price_list_is_read_to_its_last_page_for_linux_on_shared_hosts() -> None:
    free = product("0.0000000000", usage_type="EU-UnusedBox:g5.xlarge")
    stub = PriceListStub({G5: [[free], [product("1.1230000000")]]})

    price = PriceList(lambda: stub, "eu-west-1").price("g5.xlarge")

    assert price is not None
    assert (price.usd_per_hour, price.source, price.as_of) == (Decimal("1.123"), "AWS Price List", date(2026, 11, 1))
    assert stub.asked[0]["tenancy"] == "Shared"
    assert len(stub.asked) == 2


@pytest.mark.parametrize(
    "products",
    [[], [product("1.123"), product("1.5")], [product("0")], [product("about a dollar")], [product("9", unit="GB")]],
    ids=["none", "two that differ", "free", "no number", "not by the hour"],
)
def test_a_price_that_the_list_does_not_tell_clearly_is_unknown(products: list[str]) -> None:
    assert prices_of(products).price("g5.xlarge") is None


def test_an_answer_that_is_no_product_is_an_error_in_one_sentence() -> None:
    with pytest.raises(ObservationError, match="is no product"):
        prices_of(["<html>"]).price("g5.xlarge")


def test_fargate_is_priced_by_its_two_rates_for_linux_on_x86_alone() -> None:
    listed = [
        product("0.04048", usage_type="EU-Fargate-vCPU-Hours:perCPU", unit="hours"),
        product("0.03238", usage_type="EU-Fargate-ARM-vCPU-Hours:perCPU", unit="hours"),
        product("0.004445", usage_type="EU-Fargate-GB-Hours", unit="hours"),
        product("0.000111", usage_type="EU-Fargate-EphemeralStorage-GB-Hours", unit="hours"),
    ]
    price = prices_of(listed, key=("AmazonECS", "")).price("fargate 4 vCPU 16 GB")
    assert price is not None
    assert price.usd_per_hour == Decimal("0.23304")


@pytest.mark.parametrize(
    ("region", "home"),
    [("ap-northeast-1", "ap-south-1"), ("eu-west-1", "eu-central-1"), ("us-west-2", "us-east-1"), ("", "us-east-1")],
)
def test_the_price_list_is_asked_where_it_answers(region: str, home: str) -> None:
    assert home_of_prices(region) == home


def test_a_price_that_was_kept_lately_is_not_asked_for_again(kept: KeptPrices) -> None:
    stub = PriceListStub({G5: [[product("1.2")]]})
    book = PriceBook("eu-west-1", PriceList(lambda: stub, "eu-west-1"), kept=kept, keeps=True)

    for days in (0, 7):
        told = book.quoted([ON_DEMAND], MONDAY, NOW, NOW + timedelta(days=days))("g5.xlarge", Market.ON_DEMAND, NOW)
        assert told is not None
        assert told.usd_per_hour == Decimal("1.2")
    assert len(stub.asked) == 1

    book.quoted([ON_DEMAND], MONDAY, NOW, NOW + timedelta(days=8))
    assert len(stub.asked) == 2


def test_where_the_price_list_refuses_the_dated_table_answers_and_the_refusal_is_told(kept: KeptPrices) -> None:
    refusing = PriceList(lambda: PriceListStub({}, refuses=True), "eu-west-1")
    quoted = PriceBook("eu-west-1", refusing, kept=kept).quoted([ON_DEMAND], MONDAY, NOW, NOW)

    told = quoted("g5.xlarge", Market.ON_DEMAND, NOW)
    assert told is not None
    assert (told.usd_per_hour, told.as_of) == (Decimal("1.123"), date(2026, 1, 21))
    assert len(quoted.problems) == 1
    assert "AccessDenied" in quoted.problems[0]


def test_what_nobody_knows_stays_unknown() -> None:
    quoted = PriceBook("eu-west-1").quoted([("x9.huge", Market.ON_DEMAND), SPOT], MONDAY, NOW, NOW)
    assert quoted("x9.huge", Market.ON_DEMAND, NOW) is None
    assert quoted("g5.xlarge", Market.SPOT, NOW) is None
    assert quoted.problems == ()


def at(hour: float) -> datetime:
    """Hours after Monday began in UTC."""
    return MONDAY + timedelta(hours=hour)


def test_a_spot_hour_costs_the_mean_of_the_dearest_zone() -> None:
    stub = SpotStub("g5.xlarge", [("a", at(-50), "0.40"), ("a", at(10.5), "0.60"), ("b", at(-3), "0.45")])
    quoted = PriceBook("eu-west-1", spot_history=SpotHistory(lambda: stub)).quoted([SPOT], at(0), at(24), NOW)

    told = {hour: quoted("g5.xlarge", Market.SPOT, at(hour)) for hour in (9, 10.75, 11)}
    assert {hour: price and price.usd_per_hour for hour, price in told.items()} == {
        9: Decimal("0.45"),
        10.75: Decimal("0.50"),
        11: Decimal("0.60"),
    }
    assert quoted("g5.xlarge", Market.SPOT, at(24)) is None


def test_spot_prices_of_days_that_are_over_are_kept_and_outlive_aws_own_memory(kept: KeptPrices) -> None:
    stub = SpotStub("g5.xlarge", [("a", at(-50), "0.40"), ("a", at(30), "0.60")])
    book = PriceBook("eu-west-1", spot_history=SpotHistory(lambda: stub), kept=kept, keeps=True)
    book.quoted([SPOT], at(0), NOW, NOW)

    years_later = PriceBook("eu-west-1", spot_history=SpotHistory(lambda: stub), kept=kept)
    quoted = years_later.quoted([SPOT], at(0), at(72), NOW + timedelta(days=900))

    told = [quoted("g5.xlarge", Market.SPOT, at(hour)) for hour in (5, 47, 71)]
    assert [price.usd_per_hour for price in told if price] == [Decimal("0.40"), Decimal("0.60"), Decimal("0.60")]
    assert len(stub.asked) == 1


def test_only_what_is_not_kept_is_asked_for(kept: KeptPrices) -> None:
    stub = SpotStub("g5.xlarge", [("a", at(-50), "0.40")])
    book = PriceBook("eu-west-1", spot_history=SpotHistory(lambda: stub), kept=kept, keeps=True)
    book.quoted([SPOT], at(0), at(48), NOW)
    book.quoted([SPOT], at(0), at(72), NOW)
    assert stub.asked == [(at(0), at(48)), (at(48), at(72))]


def test_a_price_that_cannot_be_kept_is_used_all_the_same(dynamodb: DynamoDBClient) -> None:
    nowhere = KeptPrices(Table(dynamodb, "no-such-table"), "eu-west-1")
    book = PriceBook("eu-west-1", prices_of([product("1.2")]), kept=nowhere, keeps=True)
    quoted = book.quoted([ON_DEMAND], MONDAY, NOW, NOW)
    told = quoted("g5.xlarge", Market.ON_DEMAND, NOW)
    assert told is not None
    assert told.usd_per_hour == Decimal("1.2")
    assert quoted.problems == ("There is no table no-such-table in this account and region.",)


def test_fargate_spot_costs_what_the_bill_says_it_did() -> None:
    day = date(2026, 11, 16)
    bill = fargate_spot(
        [
            BillLine(day, "EU-SpotUsage-Fargate-vCPU-Hours:perCPU", Decimal("1.20"), Decimal(96)),
            BillLine(day, "EU-SpotUsage-Fargate-GB-Hours", Decimal("0.48"), Decimal(384)),
            BillLine(day, "EU-Fargate-GB-Hours", Decimal("9.99"), Decimal(1)),
            BillLine(day + timedelta(days=1), "EU-SpotUsage-Fargate-GB-Hours", Decimal("0.48"), Decimal(384)),
        ]
    )
    quoted = PriceBook("eu-west-1", fargate_spot=bill).quoted([], MONDAY, NOW, NOW)

    told = quoted("fargate 4 vCPU 16 GB", Market.SPOT, at(3))
    assert told is not None
    assert told.usd_per_hour == 4 * Decimal("0.0125") + 16 * Decimal("0.00125")
    assert quoted("fargate 4 vCPU 16 GB", Market.SPOT, at(30)) is None, "no vCPU hours were billed on that day"


def test_fargate_spot_of_two_regions_on_one_bill_has_no_price() -> None:
    day = date(2026, 11, 16)
    meters = ("SpotUsage-Fargate-vCPU-Hours:perCPU", "SpotUsage-Fargate-GB-Hours", "APN1-SpotUsage-Fargate-GB-Hours")
    bill = fargate_spot(BillLine(day, meter, Decimal(1), Decimal(10)) for meter in meters)
    assert bill.price("fargate 4 vCPU 16 GB", day) is None


def test_fargate_spot_of_a_closed_bill_is_kept_and_of_an_open_day_is_not(kept: KeptPrices) -> None:
    closed, still_open = date(2026, 11, 16), date(2026, 11, 20)
    bill = FargateSpot(dict.fromkeys((closed, still_open), (Decimal("0.0125"), Decimal("0.00125"))))
    wanted = [("fargate 4 vCPU 16 GB", Market.SPOT)]
    PriceBook("eu-west-1", kept=kept, fargate_spot=bill, keeps=True).quoted(wanted, MONDAY, NOW, NOW)

    without_bill = PriceBook("eu-west-1", kept=kept).quoted(wanted, MONDAY, NOW, NOW)
    told = without_bill("fargate 4 vCPU 16 GB", Market.SPOT, at(3))
    assert told is not None
    assert told.usd_per_hour == Decimal("0.07")
    assert without_bill("fargate 4 vCPU 16 GB", Market.SPOT, at(4 * 24 + 3)) is None
