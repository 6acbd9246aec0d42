"""A Friday evening after closing time: an unused service, one in use, and one that no policy governs."""

from __future__ import annotations

from support.cli import SIMPLE

ENFORCED = SIMPLE.replace("mode: dry-run", "mode: enforce")
EVENING = "2026-11-20T21:00+09:00"
"""Friday; closed since 20:00, until Tuesday 08:00 because Monday is a holiday."""


def rows(text: str) -> dict[str, list[str]]:
    """The table's lines by service, cut at their columns."""
    lines = [line for line in text.splitlines() if line.startswith("gpu-")]
    return {line.split()[0]: [part.strip() for part in line.split("  ") if part.strip()] for line in lines}
