"""How fast and in how much memory a large bill becomes a finished report, and whether other engines get the same sums.

Every run is a process of its own: from its first import to the report in every form (pictures, HTML, text, CSV, XLSX,
JSON, Slack). Files lie on this machine's disk. Beside it, pandas makes the same cuts of the same files (it counts no
resources and makes no report), and PySpark runs the very query that Athena gets; both in environments of their own.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlglot
from goals import Goal, Result
from support.own_venv import NotInstallable, interpreter

from reports.queries import BILL, for_athena
from reports.sources.focus import parameters
from reports.sources.frames import TagKeys

HERE = Path(__file__).parent
SIZES = (1_000_000, 3_000_000, 10_000_000)
OF_SPARK = 1_000_000
GOAL_SECONDS, GOAL_MB = 10.0, 500.0
TOLERANCE = 1e-9
PANDAS, SPARK = "pandas[parquet]==3.1.1", "pyspark==4.3.0"
SUMS = slice(7, 11)

Rows = Sequence[Sequence[Any]]


def measure() -> Result:
    lines: list[Mapping[str, object]] = []
    notes: list[str] = []
    goals: list[Goal] = []
    for size in SIZES:
        with TemporaryDirectory(prefix="bill-") as folder:
            measured = _measure(size, Path(folder), lines, notes)
        if size == SIZES[-1]:
            goals = _goals(measured)
    return Result("A large bill to a finished report", lines, goals, notes)


def _measure(size: int, folder: Path, lines: list[Mapping[str, object]], notes: list[str]) -> Mapping[str, float]:
    bill, ours = folder / "bill", folder / "ours.json"
    rows = int(_run([sys.executable, "report_rows.py", str(size), str(bill)]))
    on_disk = sum(path.stat().st_size for path in bill.rglob("*.parquet")) / 2**20
    made: dict[str, float] = json.loads(_run([sys.executable, "report_made.py", str(bill), str(ours)]))
    lines.append(_line("our report, DuckDB", rows, on_disk, made))
    answer = json.loads(ours.read_text())
    try:
        beside = folder / "pandas.json"
        told = json.loads(_run([str(interpreter("pandas", PANDAS)), "report_pandas.py", str(bill), str(beside)]))
        lines.append(_line("the cuts alone, pandas", rows, on_disk, told))
        notes.append(f"pandas, {rows:,} rows: {_compared(answer, json.loads(beside.read_text()))}.")
    except NotInstallable as error:
        notes.append(f"pandas with pyarrow could not be installed here: {error}")
    if size == OF_SPARK:
        notes.append(_spark(bill, folder, answer))
    return made


def _spark(bill: Path, folder: Path, answer: Rows) -> str:
    try:
        python = interpreter("pyspark", SPARK)
    except NotInstallable as error:
        return f"PySpark could not be installed here: {error}"
    query, beside = folder / "bill.sql", folder / "spark.json"
    text = for_athena(BILL, parameters(TagKeys(), date(2026, 10, 5), date(2026, 11, 23)))
    query.write_text(sqlglot.transpile(text, read="athena", write="spark")[0])
    told = json.loads(_run([str(python), "report_spark.py", str(bill), str(query), str(beside)]))
    same = _compared(answer, json.loads(beside.read_text()))
    return f"PySpark, {told['rows']:,} groups in {told['seconds']:.0f} s: {same}."


def _compared(ours: Rows, others: Rows) -> str:
    """Raises AssertionError unless both have the same groups, and sums within the tolerance."""
    mine, theirs = _by_group(ours), _by_group(others)
    assert mine.keys() == theirs.keys(), sorted(mine.keys() ^ theirs.keys())[:3]
    worst = max(
        abs(one - other) / max(1.0, abs(one))
        for group, sums in mine.items()
        for one, other in zip(sums, theirs[group], strict=True)
    )
    assert worst <= TOLERANCE, worst
    return f"all {len(mine):,} groups are ours too, no sum is further off than {worst:.0e}"


def _by_group(rows: Rows) -> dict[tuple[str, ...], list[float]]:
    """The day is the first ten characters, however an engine writes it."""
    found: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        key = (str(row[0])[:10], *(str(one) for one in row[1:7]))
        assert key not in found, key
        found[key] = [float(one) if one is not None else math.nan for one in row[SUMS]]
    return found


def _goals(made: Mapping[str, float]) -> list[Goal]:
    seconds, memory = made["seconds"], made["peak_mb"]
    return [
        Goal("10 million rows to a finished report", f"{GOAL_SECONDS:g} s", f"{seconds:.1f} s", seconds < GOAL_SECONDS),
        Goal("its peak memory", f"{GOAL_MB:g} MB", f"{memory:.0f} MB", memory < GOAL_MB),
    ]


def _line(what: str, rows: int, on_disk: float, told: Mapping[str, float]) -> Mapping[str, object]:
    return {
        "what": what,
        "rows": f"{rows:,}",
        "parquet MB": f"{on_disk:.0f}",
        "seconds": f"{told['seconds']:.1f}",
        "processor seconds": f"{told['cpu_seconds']:.1f}",
        "peak MB": f"{told['peak_mb']:.0f}",
    }


def _run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1]
