"""What a simulation starts from: the trace, the stretch of it, and what the figures rest on. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.cli.desk import Desk
from chalicelib.cli.exits import Exit, Stop

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy, PolicySet
    from chalicelib.simulate.replay import Setting
    from chalicelib.simulate.result import Assumptions
    from chalicelib.simulate.trace import Trace

CLOUDWATCH_DAYS = timedelta(days=14)
SHOWN = "%Y-%m-%dT%H:%MZ"


@dataclass(frozen=True, slots=True)
class Really:
    """For how long it was up in truth, and what that cost."""

    hours: float
    usd: float | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Everything a simulation starts from."""

    setting: Setting
    trace: Trace
    assumed: Assumptions
    really_up_seconds: float | None

    @property
    def really(self) -> Really | None:
        if self.really_up_seconds is None:
            return None
        hours, price = self.really_up_seconds / 3600, self.assumed.usd_of_all_tasks_per_hour
        return Really(hours, None if price is None else price * hours)


def choose(
    desk: Desk,
    policy: Policy,
    policies: PolicySet,
    source: str,
    service: str | None,
    window: tuple[str | None, str | None],
    worth: tuple[float | None, str | None, float | None, timedelta | None],
    refuse: bool,
) -> Chosen:
    """Reads the trace and works out what the figures rest on. Raises Stop and TraceError."""
    from chalicelib.simulate.replay import Setting, facts_for
    from chalicelib.simulate.result import Assumptions

    since, until = (_moment(text, option) for text, option in zip(window, ("--from", "--to"), strict=True))
    price, instance_type, wait_value, boot = worth
    really: float | None = None
    if source == "cloudwatch":
        from chalicelib.cli.world import one_service
        from chalicelib.simulate.cloudwatch import read_past

        if service is None:
            raise click.UsageError("--trace cloudwatch needs --service NAME.")
        facts = one_service(desk, service)
        until = until or desk.now()
        since = since or until - CLOUDWATCH_DAYS
        _in_order(since, until)
        past = read_past(desk.aws().cloudwatch, facts, since, until, desk.now())
        trace, really = past.trace, past.up_seconds
    else:
        trace = _file_trace(Path(source), service)
        since, until = _span(trace, since, until)
        facts = facts_for(service or trace.service, since)
    assumed = Assumptions(
        boot_seconds=boot.total_seconds() if boot else 240.0,
        usd_per_hour=price if price is not None else _list_price(desk, facts.tags, instance_type),
        wait_usd=wait_value if wait_value is not None else _wait_of(policy),
        wakes=not refuse,
        tasks=max(1, facts.desired_count),
    )
    setting = Setting(facts, policy, policies, since, until, running=False)
    return Chosen(setting, trace, assumed, really)


def _file_trace(path: Path, service: str | None) -> Trace:
    from chalicelib.errors import TraceError
    from chalicelib.simulate.alb import alb_trace, looks_like_a_log
    from chalicelib.simulate.trace import csv_trace, has_column

    if not path.exists():
        raise TraceError(f"{path}: there is no such file")
    if looks_like_a_log(path):
        return alb_trace(path, service)
    found = csv_trace(path, service if has_column(path, "service") else None)
    return replace(found, service=service or found.service)


def _span(trace: Trace, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """From the first request's minute to the last answer's end, where nobody says otherwise."""
    from chalicelib.simulate.service import instant

    first: float | None = None
    last = 0.0
    for at, seconds in trace.open():
        first = at if first is None else first
        last = max(last, at + seconds)
    begin = since or instant((first or 0.0) // 60 * 60)
    end = until or instant(last // 60 * 60 + 60)
    _in_order(begin, end)
    if first is None or last < begin.timestamp() or first >= end.timestamp():
        there = (
            "" if first is None else f": its first is of {instant(first):{SHOWN}}, its last of {instant(last):{SHOWN}}"
        )
        raise Stop(f"The trace has no request from {begin:{SHOWN}} to {end:{SHOWN}}{there}.")
    return begin, end


def _in_order(since: datetime, until: datetime) -> None:
    if since >= until:
        raise Stop(f"--from {since:{SHOWN}} is not before --to {until:{SHOWN}}.", Exit.USAGE)


def _moment(text: str | None, option: str) -> datetime | None:
    from chalicelib.simulate.service import instant
    from chalicelib.simulate.trace import moment

    return instant(moment(text, option)) if text else None


def _list_price(desk: Desk, tags: Mapping[str, str], instance_type: str | None) -> float | None:
    from chalicelib.prices import INSTANCE_TYPE_TAG, instance_price

    wanted = instance_type or tags.get(INSTANCE_TYPE_TAG)
    if not wanted:
        return None
    region = desk.region or "us-east-1"
    found = instance_price(wanted, region)
    if found is None and instance_type:
        raise Stop(f"The price of {wanted} in {region} is not known: add --price USD.", Exit.USAGE)
    return float(found.usd_per_hour) if found else None


def _wait_of(policy: Policy) -> float:
    """What the policy says, else a dollar."""
    value = policy.idle.cold_start_value if policy.idle else None
    return float(value.amount) if value and value.currency == "USD" else float(Decimal(1))
