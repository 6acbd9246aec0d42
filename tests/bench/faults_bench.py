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
from math import ceil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from faults.deaths import LEASE_AND_TWO, PATHS, Deaths, small_town  # noqa: E402
from faults.invariants import Invariant, Violation  # noqa: E402
from faults.play import MORE_SWEEPS, Played, play  # noqa: E402
from faults.schedule import CALLS, Mishap, Schedule, schedules  # noqa: E402
from faults.wanted import JUDGED, NOT_JUDGED  # noqa: E402
from faults.wire import WireFault  # noqa: E402
from goals import Goal, Result  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

SEED = 20261121
DAYS, DAYS_A_SCHEDULE = 1_000, 5
EPISODES_A_DAY = 3
NOT_PLAYED = (
    "Not among the deaths call by call (chance meets the first four in the days): opening and closing by the clock "
    "through the transition function, events of AWS by themselves, the outbox's delivery, `closed: cut`, Slack's deny, "
    "snooze and stop; and not played at all: the command line's apply, exclude and freeze, users, the catalog's seed, "
    "the weekly report, our own alarms, the restore itself.",
    "AWS's faults are exceptions and mangled answers inside botocore, behind its own retries; most days skip "
    "botocore's parsing. Slack's are HTTP: status, headers and bytes.",
    "After a table is restored the harness does by hand what people have to: a service that is down and whose size "
    "yesterday's table does not know is turned on, what no row knows at AWS is deleted, and what was kept, asked and "
    "told since is forgotten. Nobody could know that size: it stood in the lost table alone.",
    "Hands in the console never meet a run half-way, and people never stop the pool. Of AWS's writes UpdateService of "
    "a service has its record compared; what a launch makes is compared with its row.",
)
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
    unchecked = [invariant.name for invariant in Invariant if not played.checked[invariant]]
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
            Goal("invariants never checked", "0", ", ".join(unchecked) or "0", not unchecked),
            Goal("services judged at rest to be up, and to be down", "> 0 each", _judged(played), _both_judged(played)),
            Goal("kinds of faults that were never injected", "0", ", ".join(sorted(missing)) or "0", not missing),
        ],
        notes=[
            *_what_happened(played, days_cpu),
            f"Mean time to heal, where something was amiss when the faults ended ({len(heals):,} times): "
            f"{mean:.1f} min, at sweeps of 5 minutes and with the ten minutes of a dead run's lock.",
            f"Dead between any two calls to AWS, call by call: {', '.join(f'{name} {n}' for name, n in died.items())} "
            f"({sum(died.values()):,} deaths), each followed by {LEASE_AND_TWO} sweeps that describe everything (ten "
            "minutes until the dead run's lock has ended, and two more at least) and every check.",
            *NOT_PLAYED,
            *_at_rest(played),
            "A sweep comes every three hours in quiet times (deployed: every five minutes) and every ten minutes under "
            "faults; what a lost event would have told is found by a sweep that describes every service.",
            *(f"VIOLATED {violation}" for violation in found[:SHOWN]),
        ],
        headline=f"{played.days:,} simulated days with {sum(played.injected.values()):,} faults injected, and a death "
        f"between any two calls to AWS on {len(died)} paths ({sum(died.values()):,}): {len(found)} violations of "
        f"{len(Invariant)} invariants, healed {mean:.1f} min after the faults end",
    )


def _judged(played: Played) -> str:
    return ", ".join(f"{name} {played.count[name]:,}" for name in JUDGED.values())


def _both_judged(played: Played) -> bool:
    return all(played.count[name] for name in JUDGED.values())


def _at_rest(played: Played) -> list[str]:
    """What the truth said of the services when all was at rest, and of how many it said nothing."""
    left_out = {name: n for name, n in played.count.items() if name.startswith(NOT_JUDGED)}
    why = ", ".join(f"{name.removeprefix(NOT_JUDGED)} {n:,}" for name, n in sorted(left_out.items()))
    return [
        f"What is wanted at rest is told from hours, use, words and hands, not by our rules: {_judged(played)}; "
        f"left out: {why}. Whether a service is on Spot or not, only our own survey says.",
        f"{played.count[MORE_SWEEPS]:,} times something came up only while the world healed, and got two sweeps of its "
        "own; whatever else needed more than two after the locks had ended is a violation.",
    ]


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
        max_examples=ceil(days / DAYS_A_SCHEDULE), deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(schedules(DAYS_A_SCHEDULE, EPISODES_A_DAY))
    def each(schedule: Schedule) -> None:
        nonlocal total
        total = total.and_also(play(schedule, short=True))

    each()  # once: the same seed draws the same schedules again
    return total


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure(int(sys.argv[1]) if len(sys.argv) > 1 else DAYS)))
