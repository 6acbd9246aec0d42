"""Beside Cloud Custodian: the same decision over the same fleet on the same strict fake AWS, each in its own process.

Decided is who may be stopped this evening: hours have closed, and the service is not in use. Custodian asks CPU below
5 % over a day, as its users do; we ask requests, with CPU as a veto. Both only decide (dry run). Custodian runs without
its cache, as it does in Lambda; ours is the deployed application, sweeping in full (everything is described anew) and
in steady state, in which every service is due to be looked at.

So that both decide the same, our policy ignores task protection. Otherwise we ask ECS just before each stop whether a
task protects itself, for which Custodian has no counterpart: an evening on which half of the fleet would be stopped at
once, each task asked, is a row of its own and has the same goals.

Custodian is installed into ``.venvs/custodian`` on first use; where it cannot be, this is skipped with the reason.
``python custodian_bench.py [SERVICES…]`` measures only these sizes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from custodian_fleet import ODD  # noqa: E402
from goals import Goal, Result  # noqa: E402
from support.own_venv import NotInstallable, interpreter  # noqa: E402

REQUIREMENT = "c7n==0.9.53"
TITLE = "Beside Cloud Custodian"
SIZES = (200, 1_000, 5_000)
GOAL_SIZE = 1_000
LATENCIES = (0.0, 0.03)
FEWER_CALLS, LESS_WALL = 40, 10
RUNS = {200: 5, 1_000: 3}
"""The median of so many. Larger fleets run once, ours twice: the first sweep of all also writes every wish down."""

SURE = "steady, each task asked"
ODD_REASONS = {
    "odd-streams-with-little-cpu": "Custodian would stop a service that answers requests, because its CPU is low (a "
    "GPU does the work); we wait while it is in use",
    "odd-without-cpu-metric": "Custodian passes over a service whose metric is missing and says nothing; we see that "
    "no request came",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One median run. ``fake`` is what the fake took of ``wall``; ``megabytes`` the process without it."""

    calls: Mapping[str, int]
    wall: float
    cpu: float
    fake: float
    megabytes: float
    chosen: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(self.calls.values())


Run = tuple[int, float, str]
"""Services, latency in seconds, who: ``custodian``, ``full``, ``steady`` or `SURE`."""


def measure(sizes: Sequence[int] = SIZES) -> Result:
    try:
        python = interpreter("custodian", REQUIREMENT)
    except NotInstallable as error:
        return Result(title=TITLE, notes=[f"skipped: {REQUIREMENT} cannot be installed here: {error}"])
    found: dict[Run, Figures] = {}
    for size in sizes:
        for latency in LATENCIES:
            found[size, latency, "custodian"] = _figures(_custodian(python, size, latency))
            ours = _ours(size, latency)
            found |= {(size, latency, kind): _figures({**one, **_memory(ours)}) for kind, one in ours["kinds"].items()}
        sure = _ours(size, LATENCIES[-1], "sure")
        found[size, LATENCIES[-1], SURE] = _figures({**sure["kinds"]["steady"], **_memory(sure)})
    theirs, mine = _oddly(python)
    return Result(
        title=TITLE,
        rows=[_row(run, figures, found) for run, figures in found.items()],
        goals=[*_goals(found), _alike(found), _explained(theirs, mine)],
        notes=[*_notes(found), *_differences(theirs, mine)],
        headline=_headline(found),
    )


def _custodian(python: Path, services: int, latency: float, *more: str) -> dict[str, Any]:
    script = Path(__file__).with_name("custodian_run.py")
    return _in_its_own([str(python), str(script), str(services), str(latency), str(RUNS.get(services, 1)), *more])


def _ours(services: int, latency: float, *more: str) -> dict[str, Any]:
    script = Path(__file__).with_name("custodian_ours.py")
    return _in_its_own([sys.executable, str(script), str(services), str(latency), str(RUNS.get(services, 2)), *more])


def _in_its_own(command: list[str]) -> dict[str, Any]:
    quiet = {**os.environ, "POWERTOOLS_LOG_LEVEL": "CRITICAL", "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])}: {done.stderr.strip()[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _figures(one: Mapping[str, Any]) -> Figures:
    memory = one["clean"] + one["added"]
    return Figures(one["calls"], one["wall"], one["cpu"], one["fake"], memory, tuple(one["chosen"]))


def _memory(ours: Mapping[str, Any]) -> dict[str, float]:
    return {"clean": _clean(), "added": ours["added"]}


_CLEAN: list[float] = []


def _clean() -> float:
    """Our modules and clients in an interpreter without moto, which the fake needs beside itself."""
    if not _CLEAN:
        script = Path(__file__).with_name("sweep_bench.py")
        _CLEAN.append(_in_its_own([sys.executable, str(script), "clean", "0"])["clean"])
    return _CLEAN[0]


def _row(run: Run, figures: Figures, found: Mapping[Run, Figures]) -> Mapping[str, object]:
    services, latency, who = run
    theirs = found[services, latency, "custodian"]
    return {
        "services": f"{services:,}",
        "latency a call": f"{latency * 1000:.0f} ms",
        "who": "Custodian" if who == "custodian" else f"ours, {who}",
        "calls": f"{figures.total:,}",
        "wall": f"{figures.wall:.2f} s",
        "CPU": f"{figures.cpu:.2f} s",
        "wall inside the fake": f"{figures.fake:.2f} s",
        "memory": f"{figures.megabytes:.0f} MB",
        "calls to Custodian's": "1" if who == "custodian" else f"1/{theirs.total / figures.total:.0f}",
        "wall to Custodian's": "1" if who == "custodian" else f"1/{theirs.wall / figures.wall:.1f}",
        "chosen": f"{len(figures.chosen):,}",
    }


def _headline(found: Mapping[Run, Figures]) -> str:
    theirs, mine = (found.get((GOAL_SIZE, LATENCIES[-1], who)) for who in ("custodian", SURE))
    if theirs is None or mine is None:
        return ""
    return (
        f"The same decision over {GOAL_SIZE:,} services: {theirs.total:,} calls and {theirs.wall:.1f} s by Cloud "
        f"Custodian, {mine.total} calls and {mine.wall:.1f} s here, at {LATENCIES[-1] * 1000:.0f} ms a call, with each "
        "task that would be stopped asked whether it protects itself"
    )


def _goals(found: Mapping[Run, Figures]) -> Iterator[Goal]:
    """For both ways in which our steady sweep decides."""
    far = LATENCIES[-1]
    theirs = found.get((GOAL_SIZE, far, "custodian"))
    for who in ("steady", SURE):
        mine = found.get((GOAL_SIZE, far, who))
        if theirs is None or mine is None:
            continue
        fewer, less = theirs.total / mine.total, theirs.wall / mine.wall
        yield Goal(
            f"calls, {who}, {GOAL_SIZE:,} services, times fewer than Custodian's",
            f">= {FEWER_CALLS}",
            f"{fewer:.1f} ({theirs.total:,} to {mine.total})",
            fewer >= FEWER_CALLS,
        )
        yield Goal(
            f"wall at {far * 1000:.0f} ms a call, {who}, {GOAL_SIZE:,} services, times less than Custodian's",
            f">= {LESS_WALL}",
            f"{less:.1f} ({theirs.wall:.2f} s to {mine.wall:.2f} s)",
            less >= LESS_WALL,
        )


def _alike(found: Mapping[Run, Figures]) -> Goal:
    unlike = {run: set(one.chosen) ^ set(found[run[0], run[1], "custodian"].chosen) for run, one in found.items()}
    different = sum(len(names) for names in unlike.values())
    return Goal("services chosen by one of the two only, same fleet", "0", str(different), different == 0)


def _oddly(python: Path) -> tuple[set[str], set[str]]:
    """Who is chosen by whom in a small fleet with the services on which the two differ."""
    theirs = _custodian(python, 20, 0.0, "odd")["chosen"]
    return set(theirs), set(_ours(20, 0.0, "odd")["kinds"]["steady"]["chosen"])


def _explained(theirs: set[str], mine: set[str]) -> Goal:
    unexplained = sorted((theirs ^ mine) - set(ODD_REASONS))
    told = ", ".join(unexplained) or "none"
    return Goal("differences without an explanation, odd services", "none", told, not unexplained)


def _slower(found: Mapping[Run, Figures]) -> Iterator[str]:
    """Where Custodian takes less time than we do, and why."""
    rows = [
        f"{services:,} at {latency * 1000:.0f} ms, {who}"
        for (services, latency, who), mine in found.items()
        if mine.wall > found[services, latency, "custodian"].wall
    ]
    if rows:
        yield (
            f"Slower than Custodian here: {'; '.join(rows)}. Without latency calls cost nothing, and what is left is "
            "Python: we read more of each service (scaling, target groups, tasks, people's words), decide with reasons "
            "and evidence, and keep a picture of the fleet, so that only one sweep in half an hour has to describe it."
        )


def _differences(theirs: set[str], mine: set[str]) -> list[str]:
    said = []
    for name in ODD:
        who = {
            (True, False): "Custodian only",
            (False, True): "us only",
            (True, True): "both",
            (False, False): "nobody",
        }
        said.append(f"{name} is chosen by {who[name in theirs, name in mine]}: {ODD_REASONS[name]}.")
    return said


def _notes(found: Mapping[Run, Figures]) -> list[str]:
    by_operation = [
        f"{who.capitalize()}, {services:,} services: "
        + ", ".join(f"{name} {count:,}" for name, count in sorted(figures.calls.items()))
        + "."
        for (services, latency, who), figures in found.items()
        if latency == LATENCIES[-1]
    ]
    return [
        f"Custodian is {REQUIREMENT} without its cache, its offhour filter first and due; neither start is "
        "in these figures.",
        "Wall holds only on a machine with nothing else to do; CPU time hardly depends on that. What the fake takes is "
        "in both.",
        *_slower(found),
        "Memory is the interpreter with modules and clients plus what the runs added at their peak, without the fake.",
        *by_operation,
    ]


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure([int(size) for size in sys.argv[1:]] or SIZES)))
