"""How many faults put into the rules that matter are noticed by their quick tests.

mutmut changes one thing in one function of `decide/`, of the guards in `execute/` or of the access rules; the tests
that reach that statement run until one fails. Of every file the same share of all mutants is drawn with a fixed seed.
A survivor is listed with the reason why it may live, from mutation_reasons.json beside this; one that can change
nothing counts as a survivor too.

mutmut makes the mutants and `mutation_run` tries them, in forks of one process that has everything loaded: mutmut's
own runner collects the tests anew for each mutant. It is installed into ``.venvs/mutmut`` on first use; where that
cannot be, this is skipped with the reason. ``python mutation_bench.py SHARE [FILE…]`` tries another share, or only
these files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests"), str(Path(__file__).parent)]

from goals import Goal, Result  # noqa: E402
from mutation_mutants import MOST_SECONDS, SETTINGS  # noqa: E402
from mutation_scope import FILES, ONLY, TESTS  # noqa: E402
from support.own_venv import NotInstallable, interpreter  # noqa: E402

REQUIREMENT = "mutmut==3.8.1"
TITLE = "Mutants of the rules that matter"
SHARE, SEED = 0.25, 8
KILLED_GOAL = 0.85
REASONS = Path(__file__).with_name("mutation_reasons.json")

CODE = ROOT / "chalice_app" / "chalicelib"


@dataclass(frozen=True, slots=True)
class Tried:
    """One mutant that was tried, or (``function`` empty) a control with nothing changed."""

    module: str
    function: str
    change: str
    first: int
    end: str
    tests: int

    @property
    def lives(self) -> bool:
        return self.end not in ("killed", "timed out")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a survivor may live. ``module`` and ``function`` may be ``*``: what holds of the same change anywhere."""

    module: str
    function: str
    change: str
    reason: str

    def fits(self, one: Tried) -> bool:
        return self.module in (one.module, "*") and self.function in (one.function, "*") and self.change == one.change


def measure(share: float = SHARE, names: Sequence[str] = (), tests: Sequence[str] = TESTS) -> Result:
    try:
        python = interpreter("mutmut", REQUIREMENT)
    except NotInstallable as error:
        return Result(title=TITLE, notes=[f"skipped: {REQUIREMENT} cannot be installed here: {error}"])
    with tempfile.TemporaryDirectory() as folder:
        number, found = _run(python, Path(folder), share, _files(names), tests)
    controls = [one for one in found["ended"] if not one.function]
    tried = [one for one in found["ended"] if one.function]
    return Result(
        title=TITLE,
        rows=[*(_row(name, number[name], tried) for name in number), _row("all", sum(number.values()), tried)],
        goals=_goals(tried, controls),
        notes=[*_notes(found, share), *_survivors(tried)],
    )


def _files(names: Sequence[str]) -> Mapping[str, str]:
    """By name below chalicelib; files without a function have no mutants and are left out by the maker."""
    patterns = names or [pattern for patterns in FILES.values() for pattern in patterns]
    return {str(path.relative_to(CODE)): str(path) for pattern in patterns for path in sorted(CODE.glob(pattern))}


def _run(
    python: Path, folder: Path, share: float, files: Mapping[str, str], tests: Sequence[str]
) -> tuple[Mapping[str, int], dict[str, Any]]:
    """How many mutants there are by file, and what the trial wrote."""
    plan, ends = folder / "plan.json", folder / "ends.json"
    (folder / "setup.cfg").write_text(SETTINGS)
    asked = json.dumps({"files": files, "only": ONLY, "share": share, "seed": SEED})
    made = _ours([str(python), str(Path(__file__).with_name("mutation_mutants.py"))], folder, given=asked)
    plan.write_text(made)
    settings = {"MUTATION_ROOT": str(CODE), "MUTATION_PLAN": str(plan), "MUTATION_ENDS": str(ends)}
    plugins = ("mutation_run", "no:cacheprovider", "no:xdist", "no:unraisableexception", "no:threadexception")
    options = [word for name in plugins for word in ("-p", name)]
    chosen = ["--assert=plain", "-q", "-s", "-m", "not slow and not e2e"]
    _ours([str(python), "-m", "pytest", *options, *chosen, *tests], ROOT, settings)
    found = json.loads(ends.read_text())
    number = {name: count for name, count in json.loads(made)["of"].items() if count}
    return number, {**found, "ended": [Tried(**one) for one in found["ended"]]}


def _ours(command: list[str], folder: Path, settings: Mapping[str, str] | None = None, given: str = "") -> str:
    """Run with mutmut's interpreter and the packages of ours, which come first."""
    path = os.pathsep.join([sysconfig.get_path("purelib"), str(Path(__file__).parent)])
    surroundings = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(settings or {})}
    done = subprocess.run(
        command, cwd=folder, env=surroundings, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 5):  # 5: no test ran by itself, as the plugin ran them
        raise RuntimeError(f"{' '.join(command[1:])}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def _row(name: str, number: int, tried: Sequence[Tried]) -> Mapping[str, object]:
    ends = Counter(one.end for one in tried if name in (one.module, "all"))
    noticed = ends["killed"] + ends["timed out"]
    return {
        "module": name,
        "mutants": f"{number:,}",
        "tried": f"{ends.total():,}",
        "killed": ends["killed"],
        "timed out": ends["timed out"],
        "survived": ends["survived"],
        "not made": ends["not made"],
        "killed or timed out": f"{100 * noticed / ends.total():.0f} %" if ends.total() else "-",
    }


def _goals(tried: Sequence[Tried], controls: Sequence[Tried]) -> list[Goal]:
    noticed = sum(not one.lives for one in tried)
    part = noticed / len(tried) if tried else 0.0
    bare = sum(one.lives and _reason(one) is None for one in tried)
    wrongly = [one.module for one in controls if one.end != "survived"]
    return [
        Goal(
            "mutants killed, of those tried",
            f">= {KILLED_GOAL:.0%}",
            f"{part:.1%} ({noticed:,} of {len(tried):,})",
            part >= KILLED_GOAL,
        ),
        Goal("survivors without a reason", "0", str(bare), bare == 0),
        Goal(
            f"controls (a file's tests with nothing changed) killed, of {len(controls)}",
            "0",
            ", ".join(wrongly) or "0",
            not wrongly,
        ),
    ]


def _notes(found: Mapping[str, Any], share: float) -> list[str]:
    return [
        f"{REQUIREMENT} makes the mutants; {share:.0%} of each file's are drawn with seed {SEED}. It changes what "
        "stands in functions, texts too; not constants, fields, decorators, annotations, triple-quoted texts, or calls "
        "of len and isinstance. "
        + "; ".join(f"of {name} only {', '.join(functions)}" for name, functions in ONLY.items())
        + ".",
        f"{found['tests']:,} tests, of {', '.join(TESTS)}; a mutant is given the cheapest of those that reach its "
        f"statement, up to {MOST_SECONDS:.0f} s of CPU: what only a dearer test notices counts as a survivor.",
        f"{len(found['broken'])} of these tests failed by themselves and were left out"
        + "".join(f"; {name}" for name in found["broken"])
        + ".",
        f"CPU: {found['looked_seconds'] / 60:.1f} min to run every test once, {found['tried_seconds'] / 60:.1f} min "
        "to try the mutants.",
    ]


def _survivors(tried: Sequence[Tried]) -> list[str]:
    """Under each reason what it holds for; those that have none, first."""
    by_reason: dict[str, list[str]] = {}
    for one in tried:
        if one.lives:
            said = f"{one.module}:{one.first} {one.function}: `{one.change}`"
            said += "" if one.tests else " (no test reaches it)"
            by_reason.setdefault(_reason(one) or "", []).append(said)
    return [
        f"Survived, {reason or 'no reason yet'} ({len(which)}): " + "; ".join(which)
        for reason, which in sorted(by_reason.items())
    ]


def _reason(one: Tried) -> str | None:
    return next((reason.reason for reason in _reasons() if reason.fits(one)), None)


@cache
def _reasons() -> tuple[Reason, ...]:
    return tuple(Reason(**line) for line in json.loads(REASONS.read_text()))


if __name__ == "__main__":
    from goals import as_markdown

    print(as_markdown(measure(float(sys.argv[1]) if sys.argv[1:] else SHARE, sys.argv[2:])))
