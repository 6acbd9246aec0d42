"""Shares of sorted figures, and what this process holds in memory."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path


def share_of(values: Iterable[float], share: float) -> float:
    """The least of them that so large a share does not exceed."""
    inorder = sorted(values)
    return inorder[max(0, math.ceil(share * len(inorder)) - 1)] if inorder else math.inf


def resident() -> float:
    """Megabytes."""
    return status("VmRSS")


def status(key: str, pid: int | str = "self") -> float:
    """Megabytes, from Linux (``VmRSS``, and ``VmHWM`` for the most there ever was)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024
