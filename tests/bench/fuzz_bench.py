"""The borders under fire: what comes from outside, hunted for a bounded time each, and what it brought down.

A crash is an exception that is none of ours, a traceback, a refusal without a sentence, an answer of 5xx, an effect of
something that was refused, or one input that takes longer than `LONGEST_SECONDS` of CPU. Inputs are real ones with
edits (tests/fuzz). The seed stands here; how many examples fit into the time depends on the machine.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from os import devnull
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from fuzz.borders import BORDERS  # noqa: E402
from fuzz.hunt import LONGEST_SECONDS, Hunted, hunt  # noqa: E402
from goals import Goal, Result  # noqa: E402

SEED = 20261121
SECONDS = 60.0
SHOWN = 600
"""Characters of a crash's error and of its input."""


def measure(seconds: float = SECONDS) -> Result:
    """``seconds`` of wall time for each border."""
    with _quiet():
        hunted = [hunt(border, seconds, SEED) for border in BORDERS]
    crashes = sum(len(one.crashes) for one in hunted)
    return Result(
        title="Fuzzing the borders",
        rows=[_row(one) for one in hunted],
        goals=[Goal("crashes at the borders", "0", str(crashes), not crashes)],
        notes=[
            f"Hypothesis, seed {SEED}, {seconds:g} s for each border; every input within {LONGEST_SECONDS:g} s of CPU.",
            "Memory is what the peak of the whole process rose by, the embedded AWS and its table with it.",
            "Inputs are real ones with a few edits, or made to exhaust; nothing steers them by coverage of the code.",
            *(f"CRASH {one.border}: {crash.place}: {crash.error[:SHOWN]} for {crash.example[:SHOWN]}"
              for one in hunted for crash in one.crashes.values()),
        ],
    )  # fmt: skip


def _row(found: Hunted) -> dict[str, str]:
    return {
        "border": found.border,
        "inputs": f"{found.examples:,}",
        "crashes": str(len(found.crashes)),
        "slowest input, CPU": f"{found.slowest_seconds:.2f} s",
        "memory": f"+{max(0.0, found.grown_mib):.0f} MiB",
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """The handlers log each refusal, and print their metrics."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with Path(devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            yield
    finally:
        logging.disable(before)


if __name__ == "__main__":
    from goals import as_markdown

    result = measure(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    print(as_markdown(result))
    sys.exit(0 if all(goal.met for goal in result.goals) else 1)
