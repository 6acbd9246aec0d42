"""What is paid for already, by instance type or on Fargate: coverage by Reserved Instances and Savings Plans.

Read once a day: Cost Explorer bills each request ($0.01), so what was read is kept in the table for all containers. Who
cannot read it (no permission, no answer) knows of no commitment and asks again after an hour: a missing flag costs
money, never a service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chalicelib.decide.facts import LaunchType, ServiceFacts
from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.observe.calls import Failed, attempt
from chalicelib.prices import INSTANCE_TYPE_TAG
from chalicelib.record import conditions
from chalicelib.record.codec import maybe_when, when_text
from chalicelib.record.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

PK, SK = "COVERAGE", "latest"
EVERY = timedelta(days=1)
FAILED_FOR = timedelta(hours=1)
MOST_PAGES = 20
"""Each page is billed; an account has fewer instance types than fill so many."""
LOOK_BACK = timedelta(days=3)
"""Cost Explorer's newest day is often not whole yet."""

FARGATE_KEY = "savings-plan Fargate"
_ECS = "Amazon Elastic Container Service"
"""What Cost Explorer calls the service whose compute is Fargate's."""

FULLY = Decimal(95)
"""Percent. Commitments pay for the first hours of a type; as long as some are left uncovered, a move to Spot saves the
price of those. Only where nearly all are covered would it leave paid hours unused."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """``shares``: ``reserved g5.xlarge``, ``savings-plan g5`` or ``savings-plan Fargate`` -> percent of its on-demand
    hours or costs covered."""

    read_at: datetime
    shares: Mapping[str, Decimal]

    def of_fargate(self) -> str:
        """Compute Savings Plans alone pay for Fargate, and not for Fargate Spot."""
        share = self.shares.get(FARGATE_KEY, Decimal(0))
        return f"Savings Plans (covering {share:.0f} % of Fargate)" if share >= FULLY else ""

    def of(self, instance_type: str) -> str:
        """What pays for that type; empty when nothing does to the full."""
        family = instance_type.partition(".")[0]
        for key, name in (
            (f"reserved {instance_type}", "Reserved Instances"),
            (f"savings-plan {family}", "Savings Plans"),
        ):
            share = self.shares.get(key, Decimal(0))
            if share >= FULLY:
                return f"{name} (covering {share:.0f} % of {key.partition(' ')[2]})"
        return ""


class Commitments:
    """``cost_explorer`` makes its client when it is first needed."""

    def __init__(self, cost_explorer: Callable[[], Any], table: Table, region: str) -> None:
        self._client = cost_explorer
        self._table = table
        self._region = region
        self._known: Coverage | None = None
        self._asked_at: datetime | None = None

    def covered_by(self, facts: ServiceFacts, now: datetime) -> str:
        """The commitment that pays for this service on demand; empty: none, or nobody can tell."""
        instance_type = facts.tags.get(INSTANCE_TYPE_TAG, "").strip()
        on_fargate = facts.launch_type is LaunchType.FARGATE
        known = self._coverage(now) if instance_type or on_fargate else None
        if known is None:
            return ""
        return known.of_fargate() if on_fargate else known.of(instance_type)

    def _coverage(self, now: datetime) -> Coverage | None:
        fresh = self._known is not None and now - self._known.read_at < EVERY
        if fresh or (self._asked_at is not None and now - self._asked_at < FAILED_FOR):
            return self._known
        self._asked_at = now
        self._known = self._kept() or self._known
        if self._known is None or now - self._known.read_at >= EVERY:
            self._known = self._read(now) or self._known
        return self._known

    def _kept(self) -> Coverage | None:
        try:
            row = self._table.get(PK, SK)
        except RecordUnavailable:
            return None
        read_at = maybe_when(row.get("read_at")) if row else None
        if row is None or read_at is None:
            return None
        return Coverage(read_at, {str(key): Decimal(value) for key, value in row.get("shares", {}).items()})

    def _read(self, now: datetime) -> Coverage | None:
        found = attempt(lambda: dict(self._shares(now)))
        if isinstance(found, Failed):
            return None
        row = {"pk": PK, "sk": SK, "read_at": when_text(now), "shares": {key: str(one) for key, one in found.items()}}
        with suppress(ConditionFailed, RecordUnavailable):  # another was quicker, or the next one reads it again
            self._table.put(row, conditions.NEWER_COVERAGE, {":read_at": when_text(now)})
        return Coverage(now, found)

    def _shares(self, now: datetime) -> Iterator[tuple[str, Decimal]]:
        client = self._client()
        period = {"Start": f"{now - LOOK_BACK:%Y-%m-%d}", "End": f"{now:%Y-%m-%d}"}
        region = {"Dimensions": {"Key": "REGION", "Values": [self._region]}}
        for ask, answer_key, dimension, token, read in (
            (client.get_reservation_coverage, "CoveragesByTime", "INSTANCE_TYPE", "NextPageToken", _of_reservation),
            (client.get_savings_plans_coverage, "SavingsPlansCoverages", "INSTANCE_FAMILY", "NextToken", _of_plan),
            (client.get_savings_plans_coverage, "SavingsPlansCoverages", "SERVICE", "NextToken", _of_plan),
        ):
            more: dict[str, str] = {}
            for _ in range(MOST_PAGES):
                group = [{"Type": "DIMENSION", "Key": dimension}]
                answer = ask(TimePeriod=period, Filter=region, GroupBy=group, **more)
                for one in answer[answer_key]:
                    yield from read(one)
                if not answer.get(token):
                    break
                more = {token: answer[token]}


def _of_reservation(day: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """The last group of a type wins: days come in their order."""
    for group in day.get("Groups", ()):
        share = group.get("Coverage", {}).get("CoverageHours", {}).get("CoverageHoursPercentage")
        if share is not None and "instanceType" in group.get("Attributes", {}):
            yield f"reserved {group['Attributes']['instanceType']}", Decimal(share)


def _of_plan(group: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    share = group.get("Coverage", {}).get("CoveragePercentage")
    attributes = group.get("Attributes", {})
    family = attributes.get("INSTANCE_TYPE_FAMILY") or attributes.get("INSTANCE_FAMILY")
    if share is not None and attributes.get("SERVICE") == _ECS:
        yield FARGATE_KEY, Decimal(share)
    if share is not None and family:
        yield f"savings-plan {family}", Decimal(share)
