"""How long a cold start spends importing: the app alone, then with everything a sweep needs.

Each figure is the median of seven fresh interpreters on a warm disk, as on Lambda after the code is unpacked; the
time of the interpreter itself is not in it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from goals import Goal, Result

ROOT = Path(__file__).resolve().parents[2]
RUNS = 7
GOAL_MS = 350

CASES = {
    "app": "import app",
    "app and what the sweep needs": "import app; from chalicelib.runtime import compose; compose.current()",
    "app and what the AWS events need": (
        "import app; from chalicelib.runtime import compose; import aws_lambda_powertools.utilities.batch; "
        "compose.current()"
    ),
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
    medians = {name: _median_ms(code) for name, code in CASES.items()}
    sweep = medians["app and what the sweep needs"]
    return Result(
        title="Cold import",
        rows=[{"what": name, f"median of {RUNS}": f"{value:.0f} ms"} for name, value in medians.items()],
        goals=[Goal("cold import of the sweep handler", f"< {GOAL_MS} ms", f"{sweep:.0f} ms", sweep < GOAL_MS)],
    )


def _median_ms(code: str) -> float:
    return statistics.median(_once_ms(code) for _ in range(RUNS))


def _once_ms(code: str) -> float:
    program = f"import time; start = time.perf_counter(); {code}; print((time.perf_counter() - start) * 1000)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
