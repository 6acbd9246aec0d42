"""Our side of `custodian_bench`, in an interpreter of its own: the deployed application over the same fleet.

``python custodian_ours.py SERVICES LATENCY_SECONDS RUNS [odd] [sure]`` prints one line of JSON. ``odd``: with the
services on which the two tools differ; ``sure``: task protection is asked before each stop, as it is unless a policy
ignores it.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

import sweep_bench  # noqa: E402
from custodian_fleet import NOW, fill, fill_oddly, resident_megabytes  # noqa: E402
from support.strict_aws import StrictAws  # noqa: E402

POLICY = """\
lifecycle: v1
policies:
  nights-off:
    match: {tags: {environment: dev}}
    hours: {timezone: Europe/Berlin, open: [mon-fri 08:00-20:00]}
    idle:
      stop-after: 30m
      signals: {gpu: {ignore: true}, network-out: {ignore: true}, task-protection: {ignore: true}}
    limits: {stops-per-hour: 10000}
    mode: dry-run
"""
SURE_POLICY = POLICY.replace(", task-protection: {ignore: true}", "")


def sweep_ours(services: int, latency: float, runs: int, words: Sequence[str]) -> dict[str, Any]:
    """Medians of full and steady sweeps in turn, in this interpreter. ``words``: ``odd``, ``sure``."""
    with StrictAws(NOW, moto=True, parse=True, core=sweep_bench.core_session()) as aws:
        fill(aws.world, services)
        if "odd" in words:
            fill_oddly(aws.world)
        app = sweep_bench.Whole(aws, SURE_POLICY if "sure" in words else POLICY)
        aws.latency_seconds = latency
        gc.collect()
        ready = resident_megabytes()
        at, taken = NOW, {"full": [], "steady": []}
        for _ in range(runs):
            for kind, sweeps in taken.items():
                sweeps.append(_once(aws, app, at, full=kind == "full"))
                at += sweep_bench.ALL_DUE
        added = max(resident_megabytes("VmHWM") - ready, 0.0)
    middle = {kind: sorted(sweeps, key=lambda one: one["wall"])[(runs - 1) // 2] for kind, sweeps in taken.items()}
    return {"kinds": middle, "added": added}


def _once(aws: StrictAws, app: sweep_bench.Whole, at: Any, *, full: bool) -> dict[str, Any]:
    sweep = sweep_bench.once(aws, lambda: app.sweep(at, full=full), at=at)
    assert app.report is not None
    return {
        "wall": sweep.seconds,
        "cpu": sweep.cpu_seconds,
        "fake": sweep.fake_seconds,
        "calls": dict(Counter(sweep.calls)),
        "chosen": sorted(
            str(one.facts.id).rpartition("/")[2]
            for one in app.report.decided
            if any(decision.wanted == "stopped" for _, decision in one.shadows)
        ),
    }


if __name__ == "__main__":
    print(json.dumps(sweep_ours(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))
