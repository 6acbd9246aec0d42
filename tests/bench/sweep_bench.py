"""What one sweep over a large fleet costs in AWS calls, time and memory, when there is nothing to do.

Every service runs and is in use, with two signals (requests and GPU). In a second fleet every other service has had
no request and is kept by its GPU alone: there the load balancer is asked for its health too. Policies lie in S3, as
they do when deployed. Measured against the strict fake, which
enforces AWS's page and batch limits; what it does not answer itself (DynamoDB, S3) is answered by moto and counted.
Twice the same: a *full* sweep that describes everything, and a *steady* one in which every service is due to be
looked at, so that all signals are read. Most real sweeps read fewer.

`python sweep_bench.py memory 1000` prints one JSON line; memory is measured in an interpreter of its own.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from goals import Goal, Result  # noqa: E402
from support.strict_aws import StrictAws  # noqa: E402

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL_DUE = timedelta(minutes=35)
"""Later than any service in use asks to be looked at again."""

SERVICES_PER_CLUSTER = 1000
"""AWS allows 5,000; smaller clusters are the harder case."""

LATENCY_SECONDS = 0.03
RUNS = 3

MOST_STEADY_CALLS, MOST_FULL_CALLS = 30, 170
MOST_STEADY_SECONDS, MOST_FULL_SECONDS = 2.0, 4.0
MOST_MEGABYTES = 150

BUCKET = "lifecycle-bench-policies"
POLICY = """\
lifecycle: v1
policies:
  everything-idle:
    match: {everything: true}
    idle:
      stop-after: 30m
      signals: {cpu: {ignore: true}, network-out: {ignore: true}}
    mode: enforce
"""


class Sweeper(Protocol):
    what: str

    def sweep(self, now: datetime, *, full: bool) -> None: ...


@dataclass(frozen=True)
class Sweep:
    """One measured sweep. ``fake_seconds`` is what the fake itself (without moto) took of ``seconds``."""

    calls: Counter[str]
    seconds: float
    cpu_seconds: float
    fake_seconds: float

    @property
    def total(self) -> int:
        return sum(self.calls.values())


def measure() -> Result:
    far = timed(1_000, LATENCY_SECONDS)
    near = timed(1_000, 0.0)
    thousand, ten_thousand = counted(1_000), counted(10_000)
    quiet = counted(1_000, silent=True)
    megabytes = memory(1_000)
    most = 10_000 // 100 + 2 * 10_000 // 500
    return Result(
        title="Sweep over a large fleet, nothing to do",
        rows=[
            *(_row(1_000, kind, sweep, "0") for kind, sweep in near.items()),
            *(_row(1_000, kind, sweep, "30 ms") for kind, sweep in far.items()),
            *(_row(10_000, kind, sweep, "0") for kind, sweep in ten_thousand.items()),
            *(_row(1_000, f"{kind}, half without requests", sweep, "0") for kind, sweep in quiet.items()),
        ],
        goals=[
            _at_most("calls, steady, 1,000 services", thousand["steady"].total, MOST_STEADY_CALLS),
            _at_most("calls, full, 1,000 services", thousand["full"].total, MOST_FULL_CALLS),
            _at_most("calls, steady, 1,000 services, half without requests", quiet["steady"].total, MOST_STEADY_CALLS),
            _at_most("calls, full, 1,000 services, half without requests", quiet["full"].total, MOST_FULL_CALLS),
            _at_most("calls, steady, 10,000 services (N/100 + 2N/500)", ten_thousand["steady"].total, most),
            _below("wall, steady, 30 ms a call", far["steady"].seconds, MOST_STEADY_SECONDS, "s"),
            _below("wall, full, 30 ms a call", far["full"].seconds, MOST_FULL_SECONDS, "s"),
            _below("memory, 1,000 services", megabytes["megabytes"], MOST_MEGABYTES, "MB"),
        ],
        notes=[
            f"Measured: {thousand_what()}.",
            *(f"{kind.capitalize()}, 1,000 services: {_calls(sweep.calls)}." for kind, sweep in thousand.items()),
            *(f"{kind.capitalize()}, 10,000 services: {_calls(sweep.calls)}." for kind, sweep in ten_thousand.items()),
            *(f"{kind.capitalize()}, half without requests: {_calls(sweep.calls)}." for kind, sweep in quiet.items()),
            "Wall holds only on a machine with nothing else to do; CPU time hardly depends on that.",
            "Memory is the resident size of an interpreter with our modules and clients "
            f"({megabytes['clean']:.0f} MB) plus what two sweeps added at their peak ({megabytes['added']:.0f} MB).",
        ],
    )


def thousand_what() -> str:
    return "Controller.sweep" if _has_controller() else "inventory, signals and snapshot alone (no Controller yet)"


def counted(services: int, *, silent: bool = False) -> dict[str, Sweep]:
    """One full and one steady sweep without latency."""
    with sweeper(services, silent=silent) as (aws, one):
        return {
            "full": once(aws, lambda: one.sweep(START, full=True)),
            "steady": once(aws, lambda: one.sweep(START + ALL_DUE, full=False), at=START + ALL_DUE),
        }


def timed(services: int, latency_seconds: float) -> dict[str, Sweep]:
    """The median of `RUNS` full and steady sweeps in turn, by wall time."""
    full, steady = [], []
    with sweeper(services) as (aws, one):
        aws.latency_seconds = latency_seconds
        at = START
        for _ in range(RUNS):
            full.append(once(aws, lambda at=at: one.sweep(at, full=True), at=at))
            at += ALL_DUE
            steady.append(once(aws, lambda at=at: one.sweep(at, full=False), at=at))
            at += ALL_DUE
    return {"full": _median(full), "steady": _median(steady)}


def memory(services: int) -> dict[str, float]:
    """In megabytes: ``clean`` (our modules and clients), ``added`` by the sweeps, and their sum."""
    clean = _in_a_fresh_interpreter("clean", services)
    added = _in_a_fresh_interpreter("memory", services)
    return {**clean, **added, "megabytes": clean["clean"] + added["added"]}


def once(aws: StrictAws, sweep: Callable[[], None], at: datetime = START) -> Sweep:
    aws.world.now = at
    gc.collect()
    before = aws.own_seconds
    started, cpu = time.perf_counter(), time.process_time()
    with aws.counting() as calls:
        sweep()
    seconds = time.perf_counter() - started
    return Sweep(calls, seconds, time.process_time() - cpu, aws.own_seconds - before)


@contextmanager
def sweeper(services: int, *, silent: bool = False) -> Iterator[tuple[StrictAws, Sweeper]]:
    """A fleet of so many services in use, and whatever sweeps over it. ``silent``: every other one has no requests."""
    with StrictAws(START, moto=_has_controller(), parse=True, core=core_session()) as aws:
        for number in range(services):
            cluster = f"gpu-{number // SERVICES_PER_CLUSTER}"
            service = aws.world.add_service(cluster, f"ollama-{number:05}", tags={"environment": "dev"}, scaling=(0, 2))
            service.sends("requests", None if silent and number % 2 else 3.0).sends("gpu", 60.0)
        if _has_controller():
            yield aws, Whole(aws)
        else:
            yield aws, _Parts(aws)


class _Parts:
    """Inventory, signals and snapshot, without decisions: what can be measured before there is a controller."""

    what = "parts"

    def __init__(self, aws: StrictAws) -> None:
        from chalicelib.observe.cloudwatch import CloudWatchSignals
        from chalicelib.observe.inventory import Inventory

        self._inventory = Inventory(aws.client("ecs"), aws.client("application-autoscaling"), aws.client("elbv2"))
        self._signals = CloudWatchSignals(aws.client("cloudwatch"))
        self._shards: list[bytes] = []

    def sweep(self, now: datetime, *, full: bool) -> None:
        from chalicelib.decide.facts import SignalName
        from chalicelib.decide.needs import SignalNeed
        from chalicelib.observe.signals import Want
        from chalicelib.observe.snapshot import Look, Snapshot, dump, load

        before = load(self._shards)
        if full or before is None:
            fleet = self._inventory.refresh_all(now, before.fleet if before else None)
        else:
            fleet = self._inventory.steady(before.fleet, now)
        to = now - timedelta(minutes=2)
        need = SignalNeed(to - timedelta(minutes=30), to, frozenset({SignalName.REQUESTS, SignalName.GPU}))
        readings = self._signals.read([Want(facts, need) for facts in fleet.services.values()])
        assert all(one[SignalName.REQUESTS].points for one in readings.values())
        looks = {id: Look(now).having_seen(one, now) for id, one in readings.items()}
        self._shards = dump(Snapshot(fleet, looks, now))


class Whole:
    """The application as it is deployed, composed from settings, with its table and its policies in moto."""

    what = "controller"

    def __init__(self, aws: StrictAws, policy: str = POLICY) -> None:
        from chalicelib.record.table import create_table
        from chalicelib.runtime import compose
        from chalicelib.runtime.clients import Clients
        from chalicelib.runtime.clock import SteppedClock
        from chalicelib.runtime.settings import Settings
        from support.to_the_minute import SETTINGS

        region = aws.session.region_name
        self._clients = Clients(aws.session, region=region)
        self._clients.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
        self._clients.s3.put_object(Bucket=BUCKET, Key="policies/bench.yaml", Body=policy.encode())
        create_table(self._clients.dynamodb, "lifecycle-bench")
        settings = Settings(
            table="lifecycle-bench", policies=f"s3://{BUCKET}/policies", region=region or "", bookings=SETTINGS
        )
        self._clock = SteppedClock(START)
        self._app = compose.build(settings, self._clients, self._clock)

    def sweep(self, now: datetime, *, full: bool) -> None:
        self._clock.set(now)
        self.report = self._app.controller.sweep(now, full=full)
        assert not self.report.outcomes, "there was something to do"


def _has_controller() -> bool:
    return importlib.util.find_spec("chalicelib.runtime.compose") is not None


def core_session() -> Any:
    """The botocore session that the deployed clients are made from. moto hooks into sessions made after its import."""
    import moto  # noqa: F401
    from chalicelib.runtime.clients import core_session

    return core_session()


def _in_a_fresh_interpreter(mode: str, services: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), mode, str(services)], capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _clean() -> dict[str, float]:
    """An interpreter with what a handler imports and all clients made, before its first call."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    from chalicelib.runtime.clients import Clients

    clients = Clients()
    made = [clients.ecs, clients.scaling, clients.elb, clients.cloudwatch, clients.dynamodb, clients.s3]
    if _has_controller():
        import chalicelib.runtime.compose as ours
    else:
        import chalicelib.observe.inventory as ours
    assert made and ours
    return {"clean": _resident()}


def _memory(services: int) -> dict[str, float]:
    """What a full and a steady sweep add at their peak to an interpreter that is ready for them."""
    with sweeper(services) as (aws, one):
        gc.collect()
        ready = _resident()
        one.sweep(START, full=True)
        aws.world.now = START + ALL_DUE
        one.sweep(START + ALL_DUE, full=False)
        return {"added": max(_status("VmHWM") - ready, 0.0)}


def _resident() -> float:
    return _status("VmRSS")


def _status(key: str) -> float:
    """Megabytes, from Linux: getrusage's peak would be that of the parent, which exec hands on."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


def _median(sweeps: list[Sweep]) -> Sweep:
    middle = statistics.median_low([sweep.seconds for sweep in sweeps])
    return next(sweep for sweep in sweeps if sweep.seconds == middle)


def _row(services: int, kind: str, sweep: Sweep, latency: str) -> Mapping[str, object]:
    return {
        "services": f"{services:,}",
        "sweep": kind,
        "latency a call": latency,
        "calls": sweep.total,
        "wall": f"{sweep.seconds:.2f} s",
        "CPU": f"{sweep.cpu_seconds:.2f} s",
        "wall inside the fake": f"{sweep.fake_seconds:.2f} s",
    }


def _calls(calls: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(calls.items()))


def _at_most(name: str, measured: int, limit: int) -> Goal:
    return Goal(name, f"<= {limit}", str(measured), measured <= limit)


def _below(name: str, measured: float, limit: float, unit: str) -> Goal:
    return Goal(name, f"< {limit:g} {unit}", f"{measured:.2f} {unit}", measured < limit)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["clean", _]:
            print(json.dumps(_clean()))
        case ["memory", services]:
            print(json.dumps(_memory(int(services))))
        case _:
            from goals import as_markdown

            print(as_markdown(measure()))
