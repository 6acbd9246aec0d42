"""Lines that only the one who clicked or asked sees."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.notify.slack.blocks import cut, section
from chalicelib.notify.slack.client import Message

_MOST_CHARACTERS = 2900
_MOST_BLOCKS = 10


def reply(lines: Sequence[str]) -> Message:
    """``lines`` are mrkdwn, escaped already. What does not fit is said to be missing."""
    parts: list[list[str]] = [[]]
    size = 0
    for line in lines:
        short = cut(line, _MOST_CHARACTERS)
        if size + len(short) > _MOST_CHARACTERS:
            parts.append([])
            size = 0
        parts[-1].append(short)
        size += len(short) + 1
    shown = parts[:_MOST_BLOCKS]
    left = sum(map(len, parts[_MOST_BLOCKS:]))
    rest = [section(f"… and {left} more lines")] if left else []
    return Message(cut(lines[0], 300) if lines else "", (*(section("\n".join(part)) for part in shown if part), *rest))
