"""One report made of one folder of FOCUS files, from the first import to every form of it, in a process of its own.

``python report_made.py FOLDER ANSWER``: prints seconds, processor seconds, peak memory (MB, from 1024 x 1024) and
writes the bill's rows to ANSWER, for other engines to be held to.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

BEGAN = time.perf_counter()
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT)]

from datetime import UTC, date, datetime  # noqa: E402
from zoneinfo import ZoneInfo  # noqa: E402

from reports.build import Given, build  # noqa: E402
from reports.sources.asked import Asked  # noqa: E402
from reports.sources.focus import FocusFiles  # noqa: E402
from reports.values import Known, Sentence, Unknown, Week  # noqa: E402
from reports.writing import forms, write  # noqa: E402

ASKED = Asked(date(2026, 10, 5), date(2026, 11, 23), date(2026, 11, 16), date(2026, 11, 23), date(2026, 11, 23))


def main(folder: Path, answer: Path) -> None:
    gathered = FocusFiles(folder).gather(ASKED)
    assert isinstance(gathered.bill, Known), gathered.bill
    read = time.perf_counter() - BEGAN
    nothing = Unknown(Sentence.told("measured without a record"))
    report = build(Given("bench", Week(2026, 47, ZoneInfo("UTC")), datetime(2026, 11, 23, 7, tzinfo=UTC), gathered,
                         nothing, nothing))  # fmt: skip
    write(forms(report, "en"), answer.parent / "report", "week")
    told = {
        "seconds": time.perf_counter() - BEGAN,
        "of_them_reading": read,
        "cpu_seconds": time.process_time(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "frame_rows": len(gathered.bill.value.frame),
    }
    gathered.bill.value.frame.to_json(answer, orient="values", date_format="iso", default_handler=str)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
