"""`make bench`: runs every benchmark, writes the figures, and says which goal is missed.

Each benchmark is a module beside this one with ``measure() -> Result``. The raw figures go to
tests/bench/results/results.json and the tables to results.md beside it; the documents quote those. A run of only
some benchmarks prints and writes nothing. Exits 1 and names the goals that were not met.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from goals import Result, as_markdown  # noqa: E402

BENCHMARKS = (
    "vectors",
    "decide_bench",
    "sweep_bench",
    "demo_bench",
    "import_bench",
    "api_bench",
    "schemathesis_bench",
    "idle_bench",
)


def main(names: list[str]) -> int:
    results: list[Result] = []
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        result = import_module(name).measure()
        print(as_markdown(result), flush=True)
        results.append(result)
    if not names:
        write(results)
    missed = [goal for result in results for goal in result.goals if not goal.met]
    for goal in missed:
        print(f"MISSED {goal.name}: {goal.measured} (goal: {goal.limit})")
    print(f"\n{len(missed)} goals missed.")
    return 1 if missed else 0


def write(results: list[Result]) -> None:
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    raw = {"machine": machine, "results": [asdict(result) for result in results]}
    (folder / "results.json").write_text(json.dumps(raw, indent=2, default=str) + "\n")
    tables = "\n\n".join(as_markdown(result) for result in results)
    (folder / "results.md").write_text(f"# Benchmarks\n\nMeasured on {machine}, by `make bench`.\n\n{tables}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
