"""What waits in the outbox although it should be away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.record.outbox import Letter


@dataclass(frozen=True, slots=True)
class Backlog:
    """``waiting`` letters; the longest has waited for ``oldest_seconds``."""

    waiting: int
    oldest_seconds: int


def backlog_of(letters: Iterable[Letter], now: datetime) -> Backlog:
    """A letter that failed waits since it was made, another since it was due: quiet hours are no backlog."""
    since = [one.made_at if one.tries else one.due_at for one in letters if one.tries or one.due_at <= now]
    return Backlog(len(since), int(max(((now - one).total_seconds() for one in since), default=0)))
