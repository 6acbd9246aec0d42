"""How long a cold start spends importing: app.py alone, then all that a sweep runs, then with its AWS clients made.

Each figure is the median of seven fresh interpreters on a warm disk with bytecode at hand; the time of the interpreter
itself is not in it. The last row has no bytecode, as in the zip that Chalice packages. Making a client reads
botocore's model of the service: that is not importing, but a cold start pays for it too, so it is shown.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from goals import Goal, Result

ROOT = Path(__file__).resolve().parents[2]
RUNS = 7
GOAL_MS = 350

APP = "import app"
MODULES = """
from types import SimpleNamespace
from chalicelib.runtime import clock, compose, settings
names = ("ecs", "scaling", "elb", "cloudwatch", "dynamodb", "s3")
clients = SimpleNamespace(**dict.fromkeys(names, object()))
compose.build(settings.Settings(table="none", policies="s3://none/policies"), clients, clock.SystemClock())
import boto3
"""
CLIENTS = "from chalicelib.runtime import compose; compose.current()"
SWEEP = "app.py, our modules of a sweep, boto3"
CASES = {
    "app.py, as every function imports it": APP,
    SWEEP: f"{APP}\n{MODULES}",
    "the same with six AWS clients made": f"{APP}\n{MODULES}\n{CLIENTS}",
}

ENVIRONMENT = {
    "PYTHONPATH": str(ROOT / "chalice_app"),
    "LIFECYCLE_TABLE": "none",
    "LIFECYCLE_POLICIES": "s3://none/policies",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_LOG_LEVEL": "ERROR",
}


def measure() -> Result:
    with TemporaryDirectory() as bytecode:
        warm = {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        for code in CASES.values():
            _once_ms(code, warm)
        medians = {name: _median_ms(code, warm) for name, code in CASES.items()}
    with TemporaryDirectory() as nothing:
        cold = {"PYTHONPYCACHEPREFIX": nothing, "PYTHONDONTWRITEBYTECODE": "1"}
        medians[f"{SWEEP}, without bytecode"] = _median_ms(CASES[SWEEP], cold)
    sweep = medians[SWEEP]
    return Result(
        title="Cold import",
        rows=[{"what": name, f"median of {RUNS}": f"{value:.0f} ms"} for name, value in medians.items()],
        goals=[Goal("cold import of the sweep handler", f"< {GOAL_MS} ms", f"{sweep:.0f} ms", sweep < GOAL_MS)],
    )


def _median_ms(code: str, environment: Mapping[str, str]) -> float:
    return statistics.median(_once_ms(code, environment) for _ in range(RUNS))


def _once_ms(code: str, environment: Mapping[str, str]) -> float:
    program = f"import time\nstart = time.perf_counter()\n{code}\nprint((time.perf_counter() - start) * 1000)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])
