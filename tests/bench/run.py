"""`make bench`: runs every benchmark, writes the figures, and says which goal is missed.

Each benchmark is a module beside this one with ``measure() -> Result``. The raw figures go to
tests/bench/results/results.json and the tables to results.md beside it; the documents quote those, the README its
five headlines. Every part bears the day and the commit at which it was measured, so that a run of only some benchmarks
replaces their parts alone. Exits 1 and names the goals that were not met; names too what could not be measured here.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from goals import Result, as_markdown  # noqa: E402
from headlines import README, with_headlines  # noqa: E402

RESULTS = Path(__file__).parent / "results"

BENCHMARKS = (
    "vectors",
    "imported_vectors",
    "imported_beside",
    "decide_bench",
    "sweep_bench",
    "custodian_bench",
    "transitions_bench",
    "demo_bench",
    "agreement_bench",
    "import_bench",
    "api_bench",
    "slack_bench",
    "schemathesis_bench",
    "idle_bench",
    "spot_bench",
    "report_bench",
    "faults_bench",
    "fuzz_bench",
    "mutation_bench",
    "own_bill_bench",
    "load_bench",
)


def main(names: list[str]) -> int:
    results: list[Result] = []
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        result = import_module(name).measure()
        print(as_markdown(result), flush=True)
        write(name, result)
        results.append(result)
    for result in results:
        if not result.goals:
            print(f"NOT MEASURED {result.title}: {' '.join(result.notes)}")
    missed = [goal for result in results for goal in result.goals if not goal.met]
    for goal in missed:
        print(f"MISSED {goal.name}: {goal.measured} (goal: {goal.limit})")
    print(f"\n{len(missed)} goals missed.")
    return 1 if missed else 0


def write(name: str, result: Result) -> None:
    """Puts this part in the place of its last one, and the headlines into the README."""
    RESULTS.mkdir(exist_ok=True)
    raw = RESULTS / "results.json"
    parts = json.loads(raw.read_text()) if raw.exists() else {}
    parts[name] = {"measured": _when(), "markdown": as_markdown(result), **asdict(result)}
    parts = {name: parts[name] for name in BENCHMARKS if name in parts}
    raw.write_text(json.dumps(parts, indent=2, default=str) + "\n")
    tables = "\n\n".join(f"{part['markdown']}\n\n*Measured {part['measured']}.*" for part in parts.values())
    (RESULTS / "results.md").write_text(f"# Benchmarks\n\nWritten by `make bench`.\n\n{tables}\n")
    README.write_text(with_headlines(README.read_text(), parts))


def _when() -> str:
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return f"on {datetime.now(UTC):%Y-%m-%d} at {commit.stdout.strip()}, {machine}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
