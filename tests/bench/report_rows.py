"""Writes a FOCUS 1.2 bill of any size as AWS exports it: parquet in folders by billing period, an hour after another.

``python report_rows.py ROWS FOLDER``. Seven weeks of hourly charges of resources that keep their service, meter, tags
and account, as real ones do; every 500th charge is a credit, every 900th a correction, one resource in nine has no
tags. The same rows every time: nothing is drawn at random, all comes of hashes.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

BEGIN, DAYS = date(2026, 10, 5), 49
END = BEGIN + timedelta(days=DAYS)
_HOURS = DAYS * 24

_RESOURCES = """
CREATE TABLE resources AS SELECT
    i AS n,
    'arn:aws:ec2:us-east-1:1000000000' || (i % 20) || ':instance/i-' || lpad(to_hex(hash(i)), 16, '0') AS resource,
    'meter-' || (hash(i + 2) % 300) AS meter,
    'Service ' || lpad((hash(hash(i + 2) % 300) % 24)::VARCHAR, 2, '0') AS service,
    (1000000000 + hash(i + 3) % 20)::VARCHAR AS account,
    'region-' || (hash(i + 4) % 6) AS region,
    ['Standard', 'Standard', 'Standard', 'Dynamic', 'Committed'][1 + (hash(i + 5) % 5)::INT] AS pricing,
    CASE WHEN hash(i + 6) % 9 = 0 THEN MAP {}::MAP(VARCHAR, VARCHAR) ELSE MAP {
        'aws:ecs:serviceName': 'service-' || (hash(i + 7) % 120),
        'model': 'model-' || (hash(i + 8) % 25),
        'environment': ['dev', 'staging', 'prod'][1 + (hash(i + 9) % 3)::INT],
        'lifecycle:owner': 'owner-' || (hash(i + 10) % 40)
    } END AS tags,
    (0.01 + (hash(i + 11) % 1000) / 250.0)::DECIMAL(28, 12) AS price
FROM range($resources) t(i)
"""

_CHARGES = """
SELECT
    'us-east-1a' AS AvailabilityZone,
    (price * (50 + hash(n * 7919 + h) % 100) / 100)::DECIMAL(28, 12) AS BilledCost,
    '123456789012' AS BillingAccountId, 'Payer' AS BillingAccountName, 'Payer' AS BillingAccountType,
    'USD' AS BillingCurrency, month + INTERVAL 1 MONTH AS BillingPeriodEnd, month AS BillingPeriodStart,
    NULL::VARCHAR AS CapacityReservationId, NULL::VARCHAR AS CapacityReservationStatus,
    CASE WHEN hash(n + h) % 500 = 0 THEN 'Credit' ELSE 'Usage' END AS ChargeCategory,
    CASE WHEN hash(n + h) % 900 = 1 THEN 'Correction' END AS ChargeClass,
    'A charge of ' || meter AS ChargeDescription, 'Usage-Based' AS ChargeFrequency,
    hour + INTERVAL 1 HOUR AS ChargePeriodEnd, hour AS ChargePeriodStart,
    NULL::VARCHAR AS CommitmentDiscountId, NULL::VARCHAR AS CommitmentDiscountName,
    NULL::VARCHAR AS CommitmentDiscountStatus, NULL::VARCHAR AS CommitmentDiscountType,
    1.0::DECIMAL(28, 12) AS ConsumedQuantity, 'Hours' AS ConsumedUnit,
    price AS ContractedCost, price AS ContractedUnitPrice, (price * 0.9)::DECIMAL(28, 12) AS EffectiveCost,
    'INV-1' AS InvoiceId, 'AWS' AS InvoiceIssuerName, (price * 1.1)::DECIMAL(28, 12) AS ListCost,
    (price * 1.1)::DECIMAL(28, 12) AS ListUnitPrice, pricing AS PricingCategory, 'USD' AS PricingCurrency,
    1.0::DECIMAL(28, 12) AS PricingQuantity, 'Hours' AS PricingUnit, 'AWS' AS ProviderName, 'AWS' AS PublisherName,
    region AS RegionId, region AS RegionName, resource AS ResourceId, resource AS ResourceName,
    'Instance' AS ResourceType, 'Compute' AS ServiceCategory, service AS ServiceName,
    'Virtual Machines' AS ServiceSubcategory, 'SKU-' || meter AS SkuId, meter AS SkuMeter,
    'PRICE-' || meter AS SkuPriceId, account AS SubAccountId, account AS SubAccountName, tags AS Tags
FROM (
    SELECT *, TIMESTAMP '{begin}' + to_hours(h::INT) AS hour, date_trunc('month', hour) AS month
    FROM range({first}, {last}) t(h) CROSS JOIN resources
)
"""


def write(rows: int, folder: Path) -> int:
    """Answers how many rows there are: of whole resources, so some fewer than ``rows``."""
    resources = max(1, rows // _HOURS)
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False, "memory_limit": "2GB"}) as connection:
        connection.execute(_RESOURCES, {"resources": resources})
        october = (date(2026, 11, 1) - BEGIN).days * 24
        for period, first, last in (("2026-10", 0, october), ("2026-11", october, _HOURS)):
            place = folder / f"billing_period={period}"
            place.mkdir(parents=True)
            query = _CHARGES.format(begin=BEGIN, first=first, last=last)
            connection.execute(f"COPY ({query}) TO '{place}/part.parquet' (FORMAT parquet)")
    return resources * _HOURS


if __name__ == "__main__":
    print(write(int(sys.argv[1]), Path(sys.argv[2])))
