"""The AWS Price List and the history of Spot prices as their APIs answer, page by page, and counting what is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError


def product(usd: str, *, usage_type: str = "BoxUsage:g5.xlarge", unit: str = "Hrs", effective: str = "") -> str:
    """One product as the API writes it: JSON within JSON."""
    dimension = {"unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": usd}}
    term = {"effectiveDate": effective or "2026-11-01T00:00:00Z", "priceDimensions": {"A.B.C": dimension}}
    attributes = {"usagetype": usage_type, "servicecode": "AmazonEC2"}
    return json.dumps({"product": {"attributes": attributes}, "terms": {"OnDemand": {"A.B": term}}})


class PriceListStub:
    """``pages``: (service code, instance type or empty) -> pages of products."""

    def __init__(self, pages: Mapping[tuple[str, str], Sequence[Sequence[str]]], *, refuses: bool = False) -> None:
        self._pages = pages
        self._refuses = refuses
        self.asked: list[Mapping[str, str]] = []

    def get_products(
        self, *, ServiceCode: str, Filters: Sequence[Mapping[str, str]], MaxResults: int, NextToken: str = "0"
    ) -> Mapping[str, Any]:
        if self._refuses:
            told = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized to perform pricing"}}
            raise ClientError(told, "GetProducts")  # type: ignore[arg-type]
        asked = {one["Field"]: one["Value"] for one in Filters}
        self.asked.append(asked)
        pages = self._pages.get((ServiceCode, asked.get("instanceType", "")), [[]])
        number = int(NextToken)
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"PriceList": list(pages[number]), **more}


class SpotStub:
    """``steps``: (zone, from when on, price). Newest first, as EC2 answers, with the price at the start."""

    def __init__(self, instance_type: str, steps: Sequence[tuple[str, datetime, str]]) -> None:
        self._type = instance_type
        self._steps = sorted(steps, key=lambda one: one[1], reverse=True)
        self.asked: list[tuple[datetime, datetime]] = []

    def get_paginator(self, operation: str) -> SpotStub:
        assert operation == "describe_spot_price_history"
        return self

    def paginate(
        self,
        *,
        InstanceTypes: Sequence[str],
        ProductDescriptions: Sequence[str],
        StartTime: datetime,
        EndTime: datetime,
    ) -> Iterator[Mapping[str, Any]]:
        assert list(ProductDescriptions) == ["Linux/UNIX"]
        self.asked.append((StartTime, EndTime))
        held: set[str] = set()
        for zone, at, usd in self._steps:
            if at > EndTime or zone in held or self._type not in InstanceTypes:
                continue
            if at <= StartTime:
                held.add(zone)
            row = {"AvailabilityZone": zone, "Timestamp": at, "SpotPrice": usd, "InstanceType": self._type}
            yield {"SpotPriceHistory": [row]}
