"""On-demand prices from the AWS Price List API: Linux, shared tenancy, without discounts, in US dollars.

The API answers in three regions for all others. Where it lists several different prices for one host, or none, the
price is unknown: a wrong product would price every hour of a service wrongly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from chalicelib.errors import ObservationError
from chalicelib.observe.calls import one_sentence
from chalicelib.prices.hosts import fargate_size, is_fargate
from chalicelib.prices.listed import Price
from chalicelib.prices.numbers import positive

SOURCE = "AWS Price List"
HOME_OF_PRICES: Mapping[str, str] = {"ap": "ap-south-1", "me": "ap-south-1", "eu": "eu-central-1", "il": "eu-central-1"}
"""The first part of a region's name -> the nearest region in which the API answers; us-east-1 for the others."""

_LINUX_SHARED = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "licenseModel": "No License required",
}
_FARGATE_VCPU = re.compile(r"(?:[A-Z0-9]+-)?Fargate-vCPU-Hours:perCPU")
_FARGATE_MEMORY = re.compile(r"(?:[A-Z0-9]+-)?Fargate-GB-Hours")


def home_of_prices(region: str) -> str:
    return HOME_OF_PRICES.get(region.partition("-")[0], "us-east-1")


class PriceList:
    """``client`` makes one of ``pricing`` in `home_of_prices`; ``region`` is that of the hosts."""

    def __init__(self, client: Callable[[], Any], region: str) -> None:
        self._client = client
        self._region = region

    def price(self, host: str) -> Price | None:
        """``host`` as `hosts.host_of` names it. Raises AwsUnreachable or ObservationError."""
        if is_fargate(host):
            return self._fargate(host)
        asked = {**_LINUX_SHARED, "instanceType": host, "regionCode": self._region}
        return _only(_prices(product) for product in self._products("AmazonEC2", asked))

    def _fargate(self, host: str) -> Price | None:
        size = fargate_size(host)
        if size is None:
            return None
        products = list(self._products("AmazonECS", {"regionCode": self._region, "productFamily": "Compute"}))
        vcpu, memory = (
            _only(_prices(one) for one in products if pattern.fullmatch(_usage_type(one)))
            for pattern in (_FARGATE_VCPU, _FARGATE_MEMORY)
        )
        if vcpu is None or memory is None:
            return None
        usd = size[0] * vcpu.usd_per_hour + size[1] * memory.usd_per_hour
        return Price(usd, SOURCE, max(vcpu.as_of, memory.as_of))

    def _products(self, service: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in asked.items()]
        token: dict[str, str] = {}
        with one_sentence("read the AWS Price List"):
            while True:
                page = self._client().get_products(ServiceCode=service, Filters=filters, MaxResults=100, **token)
                yield from map(_product, page["PriceList"])
                if not page.get("NextToken"):
                    return
                token = {"NextToken": page["NextToken"]}


def _product(text: str) -> Mapping[str, Any]:
    """Raises ObservationError for what is no product."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ObservationError(f"Cannot read the AWS Price List: {text[:60]!r} is no product.")
    return found


def _usage_type(product: Mapping[str, Any]) -> str:
    return str(product.get("product", {}).get("attributes", {}).get("usagetype", ""))


def _prices(product: Mapping[str, Any]) -> Sequence[Price]:
    """Every on-demand price by the hour of one product; reservations of capacity and the like cost nothing there."""
    found: list[Price] = []
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        as_of = _day(term.get("effectiveDate", ""))
        for one in term.get("priceDimensions", {}).values():
            usd = positive(one.get("pricePerUnit", {}).get("USD", ""))
            if as_of and usd and str(one.get("unit", "")).lower() in ("hrs", "hours"):
                found.append(Price(usd.normalize(), SOURCE, as_of))
    return found


def _only(listed: Iterable[Sequence[Price]]) -> Price | None:
    """The newest of prices that are all the same."""
    every = [price for prices in listed for price in prices]
    if len({price.usd_per_hour for price in every}) != 1:
        return None
    return max(every, key=lambda price: price.as_of)


def _day(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).date()
    except ValueError:
        return None
