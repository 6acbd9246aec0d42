"""How long a cold start spends before its handler runs: app.py, all that a sweep imports, and its six AWS clients made.

Each figure is the median of seven fresh interpreters on a warm disk; the time of the interpreter itself is not in it.
Every case is measured as packaged, with all bytecode at hand (``make package`` puts it into the zip), and without:
then only Python's own modules and boto3, which Lambda's runtime brings, have theirs. Making a client reads botocore's
model of the service: that is not importing, but a cold start pays for it too, so it is shown.

The API's goal is for its handler's import; what its first caller waits for (`first_answer`) is told beside it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import first_answer
from goals import Goal, Result

ROOT = Path(__file__).resolve().parents[2]
RUNS = 7
GOAL_MS = 350
API_GOAL_MS = 300

APP = "import app"
MODULES = """
from types import SimpleNamespace
from chalicelib.runtime import clock, compose, settings
names = ("ecs", "scaling", "elb", "cloudwatch", "dynamodb", "s3")
clients = SimpleNamespace(**dict.fromkeys(names, object()), ask_ollama=None)
compose.build(settings.Settings(table="none", policies="s3://none/policies"), clients, clock.SystemClock())
import boto3
"""
API = """
from chalicelib.entrypoints.api.routes import ROUTES
from chalicelib.entrypoints.api.signature import signature_of
signature_of(next(one for one in ROUTES if one.path == "/api/instances").view())
import jwt
import boto3
"""
CLIENTS = "from chalicelib.runtime import compose; compose.current()"
SWEEP = "app.py, our modules of a sweep, boto3"
BOTO3 = "boto3 alone, which every sweep needs"
CLASSES = """
import dataclasses
import time
spent, made = 0.0, dataclasses._process_class
def timed(*given, **named):
    global spent
    began = time.perf_counter()
    try:
        return made(*given, **named)
    finally:
        spent += time.perf_counter() - began
dataclasses._process_class = timed
"""
DATACLASSES = "of that, making the dataclasses"
HANDLER = "app.py, as every function imports it"
FIRST_ANSWER = f"app.py and its first answer: GET {first_answer.PATH} with a token"
CASES = {
    HANDLER: APP,
    "app.py, one route of the API with what it reads and answers, jwt, boto3": f"{APP}\n{API}",
    FIRST_ANSWER: first_answer.CODE,
    SWEEP: f"{APP}\n{MODULES}",
    DATACLASSES: f"{CLASSES}\n{APP}\n{MODULES}\nstart = time.perf_counter() - spent",
    BOTO3: "import boto3",
    "the same with six AWS clients made": f"{APP}\n{MODULES}\n{CLIENTS}",
}
OF_THE_RUNTIME = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3"}

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
    with TemporaryDirectory() as bytecode, first_answer.environment() as found:
        kept = {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        told = {name: found if name == FIRST_ANSWER else {} for name in CASES}
        for name, code in CASES.items():
            once_ms(code, {**kept, **told[name]})
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
        warm = {name: median_ms(code, {**kept, **told[name]}) for name, code in CASES.items()}
        _forget_packaged(Path(bytecode))
        cold = {name: median_ms(code, {**kept, **told[name]}) for name, code in CASES.items()}
    return Result(
        title="Cold import",
        rows=[
            {
                f"median of {RUNS}": name,
                "as packaged": f"{warm[name]:.0f} ms",
                "without bytecode": f"{cold[name]:.0f} ms",
            }
            for name in CASES
        ],
        goals=[
            Goal(
                "import of the API handler, as packaged",
                f"< {API_GOAL_MS} ms",
                f"{warm[HANDLER]:.0f} ms",
                warm[HANDLER] < API_GOAL_MS,
            ),
            Goal(
                "imports of the sweep, as packaged", f"< {GOAL_MS} ms", f"{warm[SWEEP]:.0f} ms", warm[SWEEP] < GOAL_MS
            ),
        ],
        notes=[
            f"Without bytecode of our own and of what Chalice bundles it would be {cold[SWEEP]:.0f} ms: the zip that "
            "Chalice makes holds none, and Lambda would compile at every cold start.",
            f"Of a sweep's {warm[SWEEP]:.0f} ms boto3 takes {warm[BOTO3]:.0f} and Python's making of our dataclasses "
            f"{warm[DATACLASSES]:.0f}. Below {GOAL_MS} ms here a sweep would need far fewer modules, or a newer "
            "Python; nobody waits for its cold start, so it was not bought with code that is harder to read.",
            f"The API's goal is for its import alone. Its first caller waits {warm[FIRST_ANSWER]:.0f} ms: "
            "with the first token the application is composed, keys are fetched and AWS clients are made.",
        ],
    )


def _forget_packaged(bytecode: Path) -> None:
    """Takes away what Lambda would have to compile: our own modules, and all of site-packages but boto3's."""
    for compiled in bytecode.rglob("*.pyc"):
        path = compiled.relative_to(bytecode)
        _, installed, package = path.as_posix().partition("/site-packages/")
        if Path("/", path).is_relative_to(ROOT) if not installed else package.split("/")[0] not in OF_THE_RUNTIME:
            compiled.unlink()


def median_ms(code: str, environment: Mapping[str, str]) -> float:
    return statistics.median(once_ms(code, environment) for _ in range(RUNS))


def once_ms(code: str, environment: Mapping[str, str]) -> float:
    program = f"import time\nstart = time.perf_counter()\n{code}\nprint((time.perf_counter() - start) * 1000)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])
