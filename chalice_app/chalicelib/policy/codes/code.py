"""What a code says: its meaning in general, and an example put wrong and put right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """``wrong`` and ``right`` are YAML: a part of one policy, or a whole file when they begin with ``lifecycle:``."""

    title: str
    explanation: str
    wrong: str
    right: str
