"""The suite's own monthly bill for 10, 100 and 1,000 services, from measured calls, units, CPU time and log lines.

An hour in which everything runs and is in use, and one in which everything is stopped by its hours, are swept every
five minutes through the composed application, against the strict fake and moto, with every request counted. `own_bill`
makes a month of it. Figures hold on any machine but for the share of Lambda, which is measured as CPU time.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from goals import Goal, Result  # noqa: E402
from own_bill import FORMULA, Hour, Measured, month, watched  # noqa: E402
from support.strict_aws import StrictAws  # noqa: E402
from sweep_bench import SERVICES_PER_CLUSTER, START, Whole, core_session  # noqa: E402

NIGHT = START + timedelta(hours=14)
"""Of the Friday on which everything begins."""
EVERY = timedelta(minutes=5)
SWEEPS = 12
"""In an hour."""
WHOLE_EVERY = 6
"""Each sixth sweep describes everything anew (`full_refresh_seconds`)."""
SIZES = (10, 100, 1_000)
AWS_SAYS = 13.15
"""US dollars a month for "a small deployment in 2 accounts and 2 regions", by AWS's own implementation guide:
https://docs.aws.amazon.com/solutions/latest/instance-scheduler-on-aws/cost.html"""
AWS_SAID = 9.90
"""For its default settings in January 2023, by the same page as the Well-Architected labs quote it."""
MOST_FOR_A_HUNDRED = 50.0
POLICY = """\
lifecycle: v1
policies:
  office:
    match: {everything: true}
    hours: {timezone: UTC, open: ["mon-fri 08:00-20:00"]}
    idle:
      stop-after: 30m
      signals: {cpu: {ignore: true}, network-out: {ignore: true}}
    mode: enforce
"""


def measure() -> Result:
    published, log_bytes = spoken()
    measured = [counted(size, published, log_bytes) for size in SIZES]
    bills = {one.services: month(one) for one in measured}
    rows = [
        {"paid for": part, **{f"{size:,} services": _usd(bill[part]) for size, bill in bills.items()}}
        for part in bills[SIZES[0]]
    ]
    totals = {size: sum(bill.values()) for size, bill in bills.items()}
    rows.append(
        {"paid for": "a month, US dollars", **{f"{size:,} services": _usd(each) for size, each in totals.items()}}
    )
    return Result(
        title="What the suite itself costs a month",
        rows=rows,
        goals=[
            Goal(
                "a month, 100 services", f"< {_usd(MOST_FOR_A_HUNDRED)} USD", f"{_usd(totals[100])} USD",
                totals[100] < MOST_FOR_A_HUNDRED,
            )
        ],
        notes=[
            *FORMULA,
            *(_hours(one) for one in measured),
            f"{published} names of our own metrics were published, {len(watched())} of them are looked at; a run "
            f"writes {log_bytes:,.0f} bytes of lines",
            f"AWS says of its Instance Scheduler: about {_usd(AWS_SAYS)} USD a month for a small deployment in two "
            "accounts and two regions; it stops by the clock alone, and its metrics of itself come on top "
            f"({_usd(AWS_SAID)} USD in January 2023, for its defaults and Lambda alone)",
            "list prices of us-east-1 without free tiers; hosts, load balancers and data transfer are not in it",
        ],
        headline="What the suite itself costs, at list prices: "
        + ", ".join(f"${_usd(each)} a month for {size:,} services" for size, each in totals.items()),
    )  # fmt: skip


def counted(services: int, published: int, log_bytes: float) -> Measured:
    return Measured(services, _hour(services, is_open=True), _hour(services, is_open=False), log_bytes, published)


def _hour(services: int, *, is_open: bool) -> Hour:
    """After a first sweep, which is not counted: it takes the policies into force and knows no service yet."""
    begin = START if is_open else NIGHT
    meter = Meter()
    with fleet(services, begin, meter, running=is_open) as (aws, one):
        one.sweep(begin, full=True)
        before, metrics, own, cpu = meter.read(), 0, aws.own_seconds, time.process_time()
        with aws.counting() as calls:
            for number in range(1, SWEEPS + 1):
                at = begin + number * EVERY
                aws.world.now = at
                one.sweep(at, full=number % WHOLE_EVERY == 0)
                metrics += one.report.metrics_asked
        spent = time.process_time() - cpu - (aws.own_seconds - own)
        reads, writes = (after - earlier for after, earlier in zip(meter.read(), before, strict=True))
        from_bucket = sum(count for name, count in calls.items() if name.startswith("s3."))
        return Hour(SWEEPS, calls.total(), metrics, reads, writes, from_bucket, max(spent, 0.0))


@contextmanager
def fleet(services: int, begin: datetime, meter: Meter, *, running: bool) -> Iterator[tuple[StrictAws, Whole]]:
    with StrictAws(begin, moto=True, parse=True, core=core_session()) as aws:
        meter.listen(aws)
        for number in range(services):
            cluster = f"gpu-{number // SERVICES_PER_CLUSTER}"
            made = aws.world.add_service(cluster, f"ollama-{number:05}", desired=int(running), scaling=(0, 2))
            if running:
                made.sends("requests", 3.0).sends("gpu", 60.0)
        yield aws, Whole(aws, POLICY)


@dataclass
class Meter:
    """DynamoDB's units by the size of what is sent and answered: 1 kB a write, 4 kB a read; an index writes again."""

    reads: float = 0.0
    writes: float = 0.0

    def listen(self, aws: StrictAws) -> None:
        """To the clients that are made from now on."""
        events = aws.session.events
        events.register("before-call.dynamodb", self.asked)
        events.register("after-call.dynamodb", self.answered)

    def read(self) -> tuple[float, float]:
        return self.reads, self.writes

    def asked(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        if model.service_model.service_name != "dynamodb":
            return
        body = params.get("body") or b""
        size = len(body)
        if model.name in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"):
            indexed = 2 if b'"service"' in (body if isinstance(body, bytes) else body.encode()) else 1
            self.writes += indexed * max(1, math.ceil(size / 1024))

    def answered(self, model: Any, parsed: Mapping[str, Any], **_: Any) -> None:
        if model.service_model.service_name == "dynamodb" and model.name in (
            "GetItem",
            "Query",
            "BatchGetItem",
            "Scan",
        ):
            size = len(str(parsed.get("Items", parsed.get("Item", ""))))
            self.reads += max(1, math.ceil(size / 4096))


def spoken() -> tuple[int, float]:
    """How many names of metrics the functions that run by themselves publish, and the bytes of one run's lines."""
    import app as deployed
    from chalice.test import Client
    from chalicelib.entrypoints.middleware import logger
    from chalicelib.runtime import compose
    from support.aws_events import envelope
    from support.stub_controller import NOW, StubController, installed

    said, tick = io.StringIO(), envelope("aws.events", "Scheduled Event", {})
    stream, logger.registered_handler.stream = logger.registered_handler.stream, said
    settings = SimpleNamespace(report=None)
    quiet: Any = SimpleNamespace(post=None, settings=settings, clock=SimpleNamespace(now=lambda: NOW))
    functions = ("sweep", "deliver", "weekly_report")
    try:
        with contextlib.redirect_stdout(said), Client(deployed.app) as client:
            with installed(StubController()):
                client.lambda_.invoke("sweep", tick)
            compose.install(quiet)
            for function in functions[1:]:
                client.lambda_.invoke(function, tick)
    finally:
        compose.install(None)
        logger.registered_handler.stream = stream
    lines = [json.loads(line) for line in said.getvalue().splitlines() if '"_aws"' in line]
    names = {metric["Name"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    return len(names | watched()), len(said.getvalue().encode()) / len(functions)


def _hours(one: Measured) -> str:
    parts = [
        f"{name} hour: {hour.calls} calls, {hour.metrics} metrics, {hour.read_units:g} reads and {hour.write_units:g} "
        f"writes of the table, {hour.seconds:.2f} s CPU"
        for name, hour in (("open", one.open_hour), ("closed", one.closed_hour))
    ]
    return f"{one.services:,} services: {'; '.join(parts)}"


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure()))
