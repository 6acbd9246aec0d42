"""A small bill in FOCUS form, written as CSV or as parquet, one charge a row."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from reports.sources.embedded import quoted

PLAIN: Mapping[str, str] = {
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-11-09T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ServiceName": "Amazon Elastic Compute Cloud",
    "ProviderName": "AWS",
    "BilledCost": "1.00",
    "EffectiveCost": "1.00",
    "ListCost": "1.00",
    "PricingQuantity": "1",
    "PricingUnit": "Hours",
    "PricingCategory": "Standard",
    "ResourceId": "i-1",
    "SkuMeter": "BoxUsage:g5.xlarge",
    "Tags": "",
}

Charge = Mapping[str, str]


def charge(cost: str, hour: str = "2026-11-09T00:00:00Z", **columns: str) -> Charge:
    """All three costs are ``cost`` unless ``columns`` say otherwise."""
    period = f"{hour[:7]}-01T00:00:00Z"
    costs = {"BilledCost": cost, "EffectiveCost": cost, "ListCost": cost}
    return {**PLAIN, **costs, "ChargePeriodStart": hour, "BillingPeriodStart": period, **columns}


def hours(first: date, count: int) -> Sequence[str]:
    begin = datetime(first.year, first.month, first.day)
    return [f"{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in range(count)]


def as_csv(path: Path, charges: Sequence[Charge], *, delimiter: str = ",", without: Sequence[str] = ()) -> Path:
    columns = [name for name in (charges[0] if charges else PLAIN) if name not in without]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(charges)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def as_parquet(path: Path, charges: Sequence[Charge], types: Mapping[str, str] | None = None) -> Path:
    """``types`` replace the type of a column; tags are a map, as in the exports of AWS."""
    kinds = {name: _kind(name) for name in PLAIN} | dict(types or {})
    source = as_csv(path.with_suffix(".made.csv"), charges)
    fields = ", ".join(f"CAST({_expression(name, kinds[name])} AS {kinds[name]}) AS {name}" for name in kinds)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        table = f"read_csv({quoted(str(source))}, header = true, all_varchar = true, nullstr = '')"
        connection.execute(f"COPY (SELECT {fields} FROM {table}) TO {quoted(str(path))} (FORMAT parquet)")
    source.unlink()
    return path


def _kind(name: str) -> str:
    if name == "Tags":
        return "MAP(VARCHAR, VARCHAR)"
    if name.endswith(("Cost", "Quantity")):
        return "DOUBLE"
    return "TIMESTAMPTZ" if name.endswith("Start") else "VARCHAR"


def _expression(name: str, kind: str) -> str:
    return f"CAST({name} AS JSON)" if kind.startswith("MAP") else name
