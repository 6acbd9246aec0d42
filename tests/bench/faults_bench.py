"""A thousand days of faults over the fleet of tests/faults: what was injected, what was violated, how soon it healed.

Hypothesis draws the schedules (its seed stands here, so that a run can be repeated); the strict fake answers, with the
table and the policies in memory, and calls skip botocore's own work, which the same days in `make test` do not.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from faults.invariants import Invariant  # noqa: E402
from faults.play import Played, play  # noqa: E402
from faults.schedule import Schedule, schedules  # noqa: E402
from goals import Goal, Result  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

SEED = 20261121
DAYS, DAYS_A_SCHEDULE = 1_000, 5
EPISODES_A_DAY = 3
SHOWN = 20
"""Violations that are printed whole."""


def measure(days: int = DAYS) -> Result:
    began = time.process_time()
    played = played_over(days)
    cpu = time.process_time() - began
    heals = [heal.total_seconds() / 60 for heal in played.heals]
    mean = statistics.mean(heals) if heals else 0.0
    injected = sum(played.injected.values())
    return Result(
        title="Nothing lost: days of faults",
        rows=[
            {
                "what": invariant.value,
                "checked": f"{played.checked[invariant]:,}",
                "violated": _violated(played, invariant),
            }
            for invariant in Invariant
        ],
        goals=[
            Goal("days played", f">= {days:,}", f"{played.days:,}", played.days >= days),
            Goal("violations of an invariant", "0", str(len(played.violations)), not played.violations),
        ],
        notes=[
            f"{injected:,} faults injected: {', '.join(f'{what} {n:,}' for what, n in played.injected.most_common())}.",
            f"{played.count['runs']:,} runs of our handlers, of which {played.count['deaths']:,} died and "
            f"{played.count['runs that could not go on']:,} could not go on; "
            f"{played.acts:,} changes of a desired count.",
            f"Mean time to heal, where something was amiss when the faults ended ({len(heals):,} times): "
            f"{mean:.1f} min, at sweeps of 5 minutes and with the ten minutes of a dead run's lock.",
            f"{cpu:.0f} s of CPU, {cpu / played.days:.2f} s a day. Seed {SEED}.",
            "A sweep comes every three hours in quiet times (deployed: every five minutes) and every ten minutes under "
            "faults; what a lost event would have told is found by a sweep that describes every service.",
            *(f"VIOLATED {violation}" for violation in played.violations[:SHOWN]),
        ],
    )


def played_over(days: int) -> Played:
    total = Played(0)

    @seed(SEED)
    @settings(
        max_examples=days // DAYS_A_SCHEDULE, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(schedules(DAYS_A_SCHEDULE, EPISODES_A_DAY))
    def each(schedule: Schedule) -> None:
        nonlocal total
        total = total.and_also(play(schedule, short=True))

    while total.days < days:
        each()
    return total


def _violated(played: Played, invariant: Invariant) -> int:
    return sum(violation.invariant is invariant for violation in played.violations)


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure(int(sys.argv[1]) if len(sys.argv) > 1 else DAYS)))
