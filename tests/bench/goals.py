"""The shape of a benchmark's outcome, the same for all: rows of figures, goals with a verdict, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Goal:
    """One promise: ``measured`` against ``limit``, both as text with their unit."""

    name: str
    limit: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Result:
    """``rows`` are tables' lines with the same keys throughout; ``notes`` are sentences.

    ``headline``: what the README says of it, for the few that it shows, with the figures as measured.
    """

    title: str
    rows: Sequence[Mapping[str, object]] = ()
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = field(default=())
    headline: str = ""


def as_markdown(result: Result) -> str:
    parts = [f"## {result.title}"]
    if result.rows:
        parts.append(_table(list(result.rows[0]), [[str(v) for v in row.values()] for row in result.rows]))
    if result.goals:
        rows = [[goal.name, goal.limit, goal.measured, "met" if goal.met else "MISSED"] for goal in result.goals]
        parts.append(_table(["goal", "limit", "measured", "verdict"], rows))
    parts += [f"- {note}" for note in result.notes]
    return "\n\n".join(parts)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
