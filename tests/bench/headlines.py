"""The figures that the README shows: the headlines of five benchmarks, each with the command that measures it anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
SHOWN = ("custodian_bench", "faults_bench", "transitions_bench", "load_bench", "own_bill_bench")

Part = Mapping[str, Any]
"""One benchmark's part of results.json."""


def with_headlines(readme: str, parts: Mapping[str, Part]) -> str:
    """``readme`` with the table between its two marks made of ``parts``, by module.

    Raises ValueError when the marks are not there.
    """
    before, _, rest = readme.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"The README lacks {BEGIN} or {END}.")
    return f"{before}{BEGIN}\n{_table(parts)}\n{END}{after}"


def _table(parts: Mapping[str, Part]) -> str:
    head = ["| measured | when | again by `.venv/bin/python tests/bench/run.py …` |", "|---|---|---|"]
    return "\n".join([*head, *(_line(name, parts.get(name, {})) for name in SHOWN)])


def _line(name: str, part: Part) -> str:
    """A goal that was missed stands there as missed."""
    said = part.get("headline") or "not measured yet"
    missed = [f"**missed: {goal['name']}**" for goal in part.get("goals", ()) if not goal["met"]]
    when = part.get("measured", "").partition(",")[0].removeprefix("on ")
    return f"| {'; '.join([said, *missed])} | {when} | `{name}` |"
