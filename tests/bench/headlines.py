"""The figures that the README shows: the headlines of five benchmarks, each with the command that measures it anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
SHOWN = ("custodian_bench", "faults_bench", "transitions_bench", "load_bench", "own_bill_bench")


def with_headlines(readme: str, parts: Mapping[str, Mapping[str, Any]]) -> str:
    """``readme`` with the table between its two marks made of ``parts``, the parts of results.json by module.

    Raises ValueError when the marks are not there.
    """
    before, _, rest = readme.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"The README lacks {BEGIN} or {END}.")
    return f"{before}{BEGIN}\n{_table(parts)}\n{END}{after}"


def _table(parts: Mapping[str, Mapping[str, Any]]) -> str:
    shown = {name: parts[name]["headline"] for name in SHOWN if parts.get(name, {}).get("headline")}
    head = ["| measured | again by `.venv/bin/python tests/bench/run.py …` |", "|---|---|"]
    return "\n".join([*head, *(f"| {headline} | `{name}` |" for name, headline in shown.items())])
