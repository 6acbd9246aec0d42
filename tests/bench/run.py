"""`make bench`: runs every benchmark, writes the figures, and says which goal is missed.

Each benchmark is a module beside this one with ``measure() -> Result``. The raw figures go to
tests/bench/results/results.json and the tables to results.md beside it; the documents quote those, the README its
five headlines. Every part bears the day and the commit at which it was measured, so that a run of only some benchmarks
replaces their parts alone. Names the goals that were not met and exits 1; where goals could only not be measured (no
network, no data set) it names those, leaves their last figures standing, and exits 2.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from goals import Result, as_markdown  # noqa: E402
from headlines import README, with_headlines  # noqa: E402

RESULTS = Path(__file__).parent / "results"

Ended = Result | Exception
"""What a benchmark measured, or what it broke on."""

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
    ended: dict[str, Ended] = {}
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        ended[name] = one = _ended(name)
        if isinstance(one, Result):
            print(as_markdown(one), flush=True)
            if one.goals:  # what could not be measured here leaves the last figures standing
                write(name, one)
    lines, code = verdict(ended)
    print("\n".join(lines))
    return code


def _ended(name: str) -> Ended:
    """One that breaks is named, and the others run."""
    try:
        result: Result = import_module(name).measure()
    except Exception as error:  # noqa: BLE001  # a benchmark may break in any way
        traceback.print_exc()
        return error
    return result


def verdict(ended: Mapping[str, Ended]) -> tuple[list[str], int]:
    """The lines that name what was missed, what broke and what could not be measured; 1 for the former two, 2 where
    goals were only not measured."""
    missed: list[str] = []
    unmeasured: list[str] = []
    for name, one in ended.items():
        match one:
            case Exception():
                missed.append(f"BROKE {name}: {type(one).__name__}: {one}")
            case Result(goals=()) | Result(goals=[]):
                unmeasured.append(f"NOT MEASURED {name}: {' '.join(one.notes)}")
            case Result():
                missed += [
                    f"MISSED {name}: {goal.name}: {goal.measured} (goal: {goal.limit})"
                    for goal in one.goals
                    if not goal.met
                ]
    summary = f"{len(missed)} goals missed, {len(unmeasured)} benchmarks not measured here."
    return [*missed, *unmeasured, "", summary], 1 if missed else 2 if unmeasured else 0


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
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return f"on {datetime.now(UTC):%Y-%m-%d} at {_commit()}, {machine}"


def _commit() -> str:
    """The commit, "dirty" where anything but what a run itself writes was changed since."""
    written = (":!tests/bench/results", ":!README.md")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *written)
    return _git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
