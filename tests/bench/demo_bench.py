"""The demo week: how long it runs, and how many CloudWatch metrics its sweeps ask for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from goals import Goal, Result

RUN_SECONDS = 60
METRICS_PER_SERVICE_AND_SWEEP = 0.5
PROGRAM = "import sys; from pathlib import Path; from chalicelib.local.demo import run_demo; "


def measure() -> Result:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", f"{PROGRAM}sys.exit(run_demo(out=Path({folder!r})))"]
        subprocess.run(command, check=True, capture_output=True)
        facts: dict[str, str] = json.loads((Path(folder) / "week.json").read_text())["run"]
    seconds = _number(r"([\d.]+) s for", facts["Run"])
    metrics = _number(r"([\d.]+) per service and sweep", facts["CloudWatch metrics asked for"])
    return Result(
        title="The demo week",
        rows=[{"what": what, "measured": value} for what, value in facts.items()],
        goals=[
            Goal("run of the demo", f"< {RUN_SECONDS} s", f"{seconds:.1f} s", seconds < RUN_SECONDS),
            Goal(
                "CloudWatch metrics per service and sweep",
                f"<= {METRICS_PER_SERVICE_AND_SWEEP}",
                f"{metrics:.2f}",
                metrics <= METRICS_PER_SERVICE_AND_SWEEP,
            ),
        ],
        notes=["The demo sweeps every 15 simulated minutes; deployed it is every 5."],
    )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f'the demo says "{text}", in which {pattern} does not occur')
    return float(found.group(1))
