"""Runs in Cloud Custodian's own environment: one policy over the strict fake AWS, one line of JSON as the outcome.

``python custodian_run.py SERVICES LATENCY_SECONDS RUNS [odd]``. The policy is a dry run without a cache, its offhour
filter first: so metrics are asked only in the hour that is due, as it is at this time. The clock of its two filters
stands still.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(Path(__file__).parent)]

import c7n.filters.metrics  # noqa: E402
import c7n.filters.offhours  # noqa: E402
from c7n.config import Config  # noqa: E402
from c7n.policy import PolicyCollection  # noqa: E402
from c7n.resources import load_resources  # noqa: E402
from custodian_fleet import NOW, fill, fill_oddly, resident_megabytes  # noqa: E402
from support.strict_aws import StrictAws  # noqa: E402
from support.strict_world import ACCOUNT, REGION  # noqa: E402

POLICY = {
    "name": "offhours-idle",
    "resource": "aws.ecs-service",
    "filters": [
        {"type": "offhour", "default_tz": "Europe/Berlin", "offhour": 20, "opt-out": True},
        {"type": "metrics", "name": "CPUUtilization", "op": "less-than", "value": 5, "days": 1},
    ],
}


class _StandingClock(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return NOW.astimezone(tz)

    @classmethod
    def utcnow(cls) -> datetime:
        return NOW.replace(tzinfo=None)


def main(services: int, latency_seconds: float, runs: int, odd: bool) -> dict[str, Any]:
    logging.disable(logging.CRITICAL)
    c7n.filters.metrics.datetime = _StandingClock
    c7n.filters.offhours.datetime = SimpleNamespace(datetime=_StandingClock)
    load_resources(("aws.ecs-service", "aws.ecs"))
    aws = StrictAws(NOW, parse=True)
    for name in ("ecs", "cloudwatch"):
        aws.client(name)
    clean = resident_megabytes()
    fill(aws.world, services)
    if odd:
        fill_oddly(aws.world)
    aws.latency_seconds = latency_seconds
    gc.collect()
    ready = resident_megabytes()
    found = [_run(aws) for _ in range(runs)]
    added = max(resident_megabytes("VmHWM") - ready, 0.0)
    middle = sorted(found, key=lambda one: one["wall"])[(runs - 1) // 2]
    return {**middle, "clean": clean, "added": added}


def _run(aws: StrictAws) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        options = Config.empty(
            region=REGION, regions=[REGION], account_id=ACCOUNT, dryrun=True, cache=None, cache_period=0,
            output_dir=folder, log_group=None, metrics_enabled=False, tracer=None,
        )  # fmt: skip
        policies = PolicyCollection.from_data({"policies": [POLICY]}, options, lambda **_: aws.session)
        [policy] = list(policies)
        gc.collect()
        before = aws.own_seconds
        started, cpu = time.perf_counter(), time.process_time()
        with aws.counting() as calls:
            chosen = policy.run()
        return {
            "wall": time.perf_counter() - started,
            "cpu": time.process_time() - cpu,
            "fake": aws.own_seconds - before,
            "calls": dict(Counter(calls)),
            "chosen": sorted(one["serviceName"] for one in chosen or ()),
        }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), "odd" in sys.argv)))
