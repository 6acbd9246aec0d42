"""Prices that were asked for once, kept in the record: AWS forgets Spot prices after 90 days, and every question takes
time. A row is written once and never changed; a list price that was asked for again is a new row of its own day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.errors import ConditionFailed
from chalicelib.prices.listed import Price
from chalicelib.prices.spot import Course, Step
from chalicelib.record import conditions
from chalicelib.record.table import Table

PK = "PRICE"
FORMAT = 1


class KeptPrices:
    """Of one region. Its calls raise RecordUnavailable."""

    def __init__(self, table: Table, region: str) -> None:
        self._table = table
        self._region = region

    def listed(self, host: str) -> tuple[Price, date] | None:
        """The newest that was kept, and the day on which it was asked for."""
        prefix = f"on-demand#{self._region}#{host}#"
        row = next(self._table.query(PK, since=prefix, before=f"{prefix}~", newest_first=True, limit=1), None)
        if row is None or row.get("format") != FORMAT:
            return None
        price = Price(Decimal(row["usd_per_hour"]), str(row["source"]), date.fromisoformat(row["as_of"]))
        return price, date.fromisoformat(str(row["sk"]).removeprefix(prefix))

    def keep_listed(self, host: str, price: Price, today: date) -> None:
        body = {
            "usd_per_hour": price.usd_per_hour,
            "source": price.source,
            "as_of": price.as_of.isoformat(),
        }
        self._put(f"on-demand#{self._region}#{host}#{today.isoformat()}", body)

    def spot_day(self, instance_type: str, day: date) -> Course | None:
        row = self._table.get(PK, self._spot_key(instance_type, day))
        if row is None or row.get("format") != FORMAT:
            return None
        zones = {
            zone: tuple(Step(datetime.fromisoformat(at), Decimal(usd)) for at, usd in steps)
            for zone, steps in json.loads(row["zones"]).items()
        }
        return Course(zones, day_end(day))

    def keep_spot_day(self, instance_type: str, day: date, course: Course) -> None:
        """Only of a day that is over; ``course`` holds nothing but that day."""
        zones = {zone: [[step.at.isoformat(), str(step.usd)] for step in steps] for zone, steps in course.zones.items()}
        self._put(self._spot_key(instance_type, day), {"zones": json.dumps(zones, separators=(",", ":"))})

    def fargate_spot(self, since: date, until: date) -> Mapping[date, tuple[Decimal, Decimal]]:
        """As `bill.FargateSpot.rates`, of the days in ``[since, until)``."""
        prefix = self._fargate_key("")
        rows = self._table.query(PK, since=f"{prefix}{since}", before=f"{prefix}{until}")
        return {
            date.fromisoformat(str(row["sk"]).removeprefix(prefix)): (Decimal(row["vcpu"]), Decimal(row["gb"]))
            for row in rows
            if row.get("format") == FORMAT
        }

    def keep_fargate_spot(self, day: date, vcpu: Decimal, gb: Decimal) -> None:
        """Only of a day that its bill will not change any more."""
        self._put(self._fargate_key(day.isoformat()), {"vcpu": str(vcpu), "gb": str(gb)})

    def _fargate_key(self, day: str) -> str:
        return f"fargate-spot#{self._region}#{day}"

    def _spot_key(self, instance_type: str, day: date) -> str:
        return f"spot#{self._region}#{instance_type}#{day.isoformat()}"

    def _put(self, key: str, body: dict[str, Any]) -> None:
        try:
            self._table.put({"pk": PK, "sk": key, "format": FORMAT, **body}, conditions.NEW_ENTRY)
        except ConditionFailed:
            return  # somebody kept it meanwhile


def day_begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def day_after(at: datetime) -> date:
    """The first day of UTC that begins at or after ``at``."""
    day = at.astimezone(UTC).date()
    return day if day_begin(day) == at else day + timedelta(days=1)


def day_end(day: date) -> datetime:
    return day_begin(day + timedelta(days=1))
