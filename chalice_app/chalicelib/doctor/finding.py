"""What a check found: one sentence, and where something is wrong, what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """``SKIPPED``: there is nothing to look at here. ``UNKNOWN``: it could not be read."""

    WELL = "ok"
    WARNING = "warn"
    WRONG = "FAIL"
    UNKNOWN = "?"
    SKIPPED = "-"


@dataclass(frozen=True, slots=True)
class Finding:
    """``fix`` is one sentence or one command."""

    level: Level
    says: str
    fix: str = ""


def well(says: str) -> Finding:
    return Finding(Level.WELL, says)


def skipped(says: str) -> Finding:
    return Finding(Level.SKIPPED, says)


def warning(says: str, fix: str) -> Finding:
    return Finding(Level.WARNING, says, fix)


def wrong(says: str, fix: str) -> Finding:
    return Finding(Level.WRONG, says, fix)
