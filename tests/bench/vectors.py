"""The schedule vectors handed to this project, translated into our language and asked of our timetable.

``python tests/bench/vectors.py [FOLDER]`` (default: ../shared/vectors beside the repository) prints how many of how
many pass, by file and kind, and lists what is decided otherwise or refused on purpose, with the reason. Four outcomes:

* passed: our texts say the same as the vector;
* otherwise: our language can say it and means something else, for the reason given;
* refused: our language does not say such a thing, for the reason given;
* FAILED: a difference without a reason, which is a mistake of ours.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(Path(__file__).parent)]

from goals import Goal, Result, as_markdown  # noqa: E402
from vector_verdict import Outcome, Verdict  # noqa: E402

FOLDER = ROOT.parent / "shared" / "vectors"


def judge(folder: Path) -> Iterator[Verdict]:
    """One verdict per vector of the two files."""
    import vectors_custodian
    import vectors_scheduler

    yield from vectors_scheduler.judge(_read(folder / "instance_scheduler.json"))
    yield from vectors_custodian.judge(_read(folder / "custodian_offhours.json"))


def as_data(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Counts by ``file kind`` and every verdict that is not a pass, as plain JSON data."""
    found = list(verdicts)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in found:
        counts[f"{verdict.file} {verdict.kind}"][verdict.outcome] += 1
    return {
        "counts": {
            group: {"vectors": sum(count.values()), **{outcome: count[outcome] for outcome in Outcome}}
            for group, count in counts.items()
        },
        "not_passed": [
            {"file": one.file, "kind": one.kind, "id": one.id, "outcome": one.outcome, "reason": one.reason}
            for one in found
            if one.outcome is not Outcome.PASSED
        ],
    }


def measure(folder: Path = FOLDER) -> Result:
    """The benchmark's result: a row per file and kind, a note per reason."""
    title = "Schedule vectors"
    if not folder.is_dir():
        return Result(title=title, notes=[f"not checked: {folder.name} is not there (it is handed out, not ours)"])
    verdicts = list(judge(folder))
    data = as_data(verdicts)
    rows: list[dict[str, object]] = [{"file and kind": group, **count} for group, count in data["counts"].items()]
    total = {key: sum(int(row[key]) for row in data["counts"].values()) for key in ("vectors", *Outcome)}
    rows.append({"file and kind": "all", **total})
    return Result(
        title=title,
        rows=rows,
        goals=[
            Goal(
                "vectors decided alike, or otherwise for a stated reason",
                f"none {Outcome.FAILED}",
                f"of {total['vectors']}: " + ", ".join(f"{total[outcome]} {outcome}" for outcome in Outcome),
                total[Outcome.FAILED] == 0,
            )
        ],
        notes=list(notes_of(verdicts)),
    )


def notes_of(verdicts: list[Verdict]) -> Iterator[str]:
    """One sentence per outcome and reason, with the ids it holds for."""
    by_reason: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in verdicts:
        if one.outcome is not Outcome.PASSED:
            by_reason[one.outcome, one.reason].append(one.id)
    for (outcome, reason), ids in sorted(by_reason.items()):
        yield f"{outcome}: {reason} ({len(ids)}: {', '.join(ids)})"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    result = measure(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    print(as_markdown(result))
    sys.exit(0 if all(goal.met for goal in result.goals) else 1)
