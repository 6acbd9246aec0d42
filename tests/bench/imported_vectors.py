"""The peers' own cases after `lifecycle import`: each is written as its tool's file, imported, and asked of the policy.

``vectors`` judges what our language can say; here the translation itself is on trial, from file to policy. The cases
that we decide otherwise, or cannot say, stand one by one in `imported_expected` with what is said of each; every other
case must pass. ``python tests/bench/imported_vectors.py [FOLDER]`` prints the tables.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

import imported_custodian  # noqa: E402
import imported_scheduler  # noqa: E402
from goals import Goal, Result, as_markdown  # noqa: E402
from imported_expected import EXPECTED  # noqa: E402
from vector_verdict import Outcome, Verdict, held_to  # noqa: E402
from vectors import FOLDER, as_data, notes_of  # noqa: E402


def judge(folder: Path) -> Iterator[Verdict]:
    """One verdict per vector of the two files, held to the table of what is not answered as the peer does."""
    for name, judged in (
        ("instance_scheduler", imported_scheduler.judge),
        ("custodian_offhours", imported_custodian.judge),
    ):
        yield from held_to(judged(json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))), EXPECTED)


def measure(folder: Path = FOLDER) -> Result:
    title = "The peers' cases after import"
    if not folder.is_dir():
        return Result(title=title, notes=[f"not checked: {folder.name} is not there (it is handed out, not ours)"])
    verdicts = list(judge(folder))
    data = as_data(verdicts)
    total = {key: sum(int(row[key]) for row in data["counts"].values()) for key in ("vectors", *Outcome)}
    return Result(
        title=title,
        rows=[
            *({"file and kind": group, **count} for group, count in data["counts"].items()),
            {"file and kind": "all", **total},
        ],
        goals=[
            Goal(
                "peers' cases met after import, or decided otherwise for a stated reason",
                f"none {Outcome.FAILED}",
                f"of {total['vectors']}: " + ", ".join(f"{total[outcome]} {outcome}" for outcome in Outcome),
                total[Outcome.FAILED] == 0,
            )
        ],
        notes=list(notes_of(verdicts)),
    )


if __name__ == "__main__":
    result = measure(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    print(as_markdown(result))
    sys.exit(0 if all(goal.met for goal in result.goals) else 1)
