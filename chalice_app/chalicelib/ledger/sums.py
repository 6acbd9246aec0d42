"""Sums of the ledger by policy, service and day. Each row is in exactly one line of each, so that the lines add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId
from chalicelib.ledger.values import Credit, Ledger, Row, Tally, Wish, tally


def by_credit(counted: Ledger) -> Mapping[Credit, Tally]:
    """Only hours in which an action of ours was in force, the greatest saving first."""
    rows: dict[Credit, list[Row]] = defaultdict(list)
    for row in counted.rows:
        if row.credit is not None:
            rows[row.credit].append(row)
    told = {credit: tally(ours) for credit, ours in rows.items()}
    return dict(sorted(told.items(), key=lambda one: (-(one[1].saved.usd or 0), one[0].name)))


def services_of(counted: Ledger) -> Mapping[Credit, tuple[ServiceId, ...]]:
    """On which services each has acted."""
    found: dict[Credit, dict[ServiceId, None]] = defaultdict(dict)
    for row in counted.rows:
        if row.credit is not None:
            found[row.credit][row.service] = None
    return {credit: tuple(services) for credit, services in found.items()}


def by_service(counted: Ledger) -> Mapping[ServiceId, Tally]:
    return {account.service: account.tally for account in counted.accounts}


def by_day(counted: Ledger, zone: ZoneInfo) -> Mapping[date, Tally]:
    """Every day of the time, in order, those of loss too. ``zone`` must be the one in which the ledger was cut."""
    rows: dict[date, list[Row]] = defaultdict(list)
    for row in counted.rows:
        rows[row.since.astimezone(zone).date()].append(row)
    return {day: tally(rows[day]) for day in sorted(rows)}


def wished_by_policy(counted: Ledger) -> Mapping[str, tuple[Wish, ...]]:
    """Of dry-run policies, by name."""
    found: dict[str, list[Wish]] = defaultdict(list)
    for wish in counted.wishes:
        found[wish.policy].append(wish)
    return {policy: tuple(wishes) for policy, wishes in sorted(found.items())}


def worth(wishes: tuple[Wish, ...]) -> tuple[Decimal | None, int]:
    """Dollars of those with a price, None where none has one; and how many have none."""
    priced = [one.usd for one in wishes if one.usd is not None]
    return (sum(priced, Decimal(0)) if priced else None), len(wishes) - len(priced)
