"""schemathesis on the served OpenAPI document, against the live fleet, with a token of each role.

It makes up requests from the document, right ones and wrong ones, and holds every answer against it: no 5xx, no status,
header or body that the document does not name, no undeclared method, no token left unchecked. That everything the
document admits is accepted is not asked: the document cannot say which ids exist. Bounded in time by `SECONDS` for each
role. It lives in a virtual environment of its own, made on first use.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from goals import Goal, Result
from support.live_fleet import LiveFleet, live_fleet
from support.own_venv import NotInstallable, interpreter

TITLE = "schemathesis"
VERSION = "4.32.5"
SECONDS = 90
EXAMPLES = 10
"""For each operation and phase."""
PEOPLE = {"Admin": "admin", "User": "ada", "ReadOnly": "rita", "nobody": ""}


def measure() -> Result:
    try:
        python = interpreter("schemathesis", f"schemathesis=={VERSION}")
    except NotInstallable as error:
        return Result(title=TITLE, notes=[f"skipped: schemathesis {VERSION} cannot be installed here: {error}"])
    with tempfile.TemporaryDirectory() as folder, live_fleet(Path(folder), speed=60.0) as up:
        reports = {role: _run(python, up, name, Path(folder) / f"{role}.json") for role, name in PEOPLE.items()}
    failures = [one for report in reports.values() for one in (*report["failures"], *report["errors"])]
    return Result(
        title=TITLE,
        rows=[
            {
                "token": role,
                "operations": report["operations"]["tested"],
                "requests": report["test_cases"]["generated"],
                "failures": report["test_cases"]["with_failures"],
                "seconds": f"{report['running_time']:.0f}",
            }
            for role, report in reports.items()
        ],
        goals=[Goal("answers that the document does not allow, 5xx among them", "0", str(len(failures)), not failures)],
        notes=[
            f"schemathesis {VERSION}, seed 1, at most {SECONDS} s for each role, against the API of `make up`.",
            *(json.dumps(one)[:400] for one in failures),
            *(curl for report in reports.values() for curl in report["curls"]),
        ],
    )


def _run(python: Path, up: LiveFleet, name: str, report: Path) -> dict[str, Any]:
    command = [
        str(python.parent / "st"), "run", f"{up.file.api}/api/openapi.json",
        "--checks", "all", "--exclude-checks", "positive_data_acceptance",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--max-time", str(SECONDS),
        "--continue-on-failure", "--seed", "1", "--workers", "2", "--report", "json", "--report-json-path", str(report),
    ]  # fmt: skip
    if name:
        command += ["--header", f"Authorization: Bearer {up.session(name).token}"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS * 4, cwd=report.parent
    )  # fmt: skip
    if not report.exists():
        print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
        raise RuntimeError("schemathesis did not finish")
    found: dict[str, Any] = json.loads(report.read_text())
    return {**found, "curls": re.findall(r"^ +(curl .*)$", done.stdout, re.MULTILINE)}
