"""A thousand days of faults over the fleet of tests/faults: what was injected, what was violated, how soon it healed.

Hypothesis draws the schedules (its seed stands here, so that a run can be repeated); the strict fake answers, with the
table and the policies in memory, and calls skip botocore's own work, which the same days in `make test` do not. People
of three roles act through the deployed API and Slack's door meanwhile, and Slack is broken request by request. Then a
process dies before each call of each path in turn.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from faults.deaths import PATHS, Deaths, small_town  # noqa: E402
from faults.invariants import Invariant, Violation  # noqa: E402
from faults.play import Played, play  # noqa: E402
from faults.schedule import CALLS, Mishap, Schedule, schedules  # noqa: E402
from faults.wire import WireFault  # noqa: E402
from goals import Goal, Result  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

SEED = 20261121
DAYS, DAYS_A_SCHEDULE = 1_000, 5
EPISODES_A_DAY = 3
OPENED = "Slack's door 200"
SHOWN = 20
"""Violations that are printed whole."""


def measure(days: int = DAYS) -> Result:
    began = time.process_time()
    played = played_over(days)
    days_cpu = time.process_time() - began
    died, violations = died_everywhere()
    heals = [heal.total_seconds() / 60 for heal in played.heals]
    mean = statistics.mean(heals) if heals else 0.0
    found = [*played.violations, *violations]
    missing = {what.value for what in (*CALLS, *WireFault, *Mishap)} - {
        what for what, n in played.injected.items() if n
    }
    return Result(
        title="Nothing lost: days of faults",
        rows=[
            {
                "what": invariant.value,
                "checked": f"{played.checked[invariant]:,}",
                "violated": sum(violation.invariant is invariant for violation in found),
            }
            for invariant in Invariant
        ],
        goals=[
            Goal("days played", f">= {days:,}", f"{played.days:,}", played.days >= days),
            Goal("violations of an invariant", "0", str(len(found)), not found),
            Goal("kinds of faults that were never injected", "0", ", ".join(sorted(missing)) or "0", not missing),
        ],
        notes=[
            *_what_happened(played, days_cpu),
            f"Mean time to heal, where something was amiss when the faults ended ({len(heals):,} times): "
            f"{mean:.1f} min, at sweeps of 5 minutes and with the ten minutes of a dead run's lock.",
            f"Dead between any two calls to AWS, call by call: {', '.join(f'{name} {n}' for name, n in died.items())} "
            f"({sum(died.values()):,} deaths), each followed by two sweeps and every check.",
            "A sweep comes every three hours in quiet times (deployed: every five minutes) and every ten minutes under "
            "faults; what a lost event would have told is found by a sweep that describes every service.",
            *(f"VIOLATED {violation}" for violation in found[:SHOWN]),
        ],
        headline=f"{played.days:,} simulated days with {sum(played.injected.values()):,} faults injected, and a death "
        f"between any two calls to AWS ({sum(died.values()):,}): {len(found)} violations of {len(Invariant)} "
        f"invariants, healed {mean:.1f} min after the faults end",
    )


def _what_happened(played: Played, cpu: float) -> list[str]:
    """Sentences about the days."""
    injected = ", ".join(f"{what} {n:,}" for what, n in played.injected.most_common())
    answers = {name.partition(" ")[2]: n for name, n in played.count.items() if name.startswith("answered ")}
    acts = ", ".join(f"{n:,} times {kind}" for kind, n in played.acts.most_common())
    return [
        f"{sum(played.injected.values()):,} faults injected: {injected}.",
        f"{played.count['runs']:,} runs of our handlers, of which {played.count['deaths']:,} died and "
        f"{played.count['runs that could not go on']:,} could not go on; AWS was made to {acts}.",
        "The API answered people of three roles "
        + ", ".join(f"{status} {n:,} times" for status, n in sorted(answers.items()))
        + f" (0: the process died), Slack's door {played.count[OPENED]:,} times.",
        f"{cpu:.0f} s of CPU, {cpu / played.days:.2f} s a day. Seed {SEED}.",
    ]


def died_everywhere() -> tuple[dict[str, int], list[Violation]]:
    """How often a process died on each path, before each of its calls in turn; and what was violated."""
    died: dict[str, int] = {}
    violations: list[Violation] = []
    for name, path in PATHS.items():
        with small_town() as here:
            died[name] = Deaths(here, path).play()
            violations += here.verdicts.violations
    return died, violations


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


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure(int(sys.argv[1]) if len(sys.argv) > 1 else DAYS)))
