"""Which letters go together, in which order, and how long one that failed waits for its next round. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.record.outbox import Letter, Sort

if TYPE_CHECKING:
    from chalicelib.errors import NotDelivered

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MOST_TRIES = 10
"""With those waits some three hours: an outage of Slack, but not a channel that does not exist."""
ASKED_TO_WAIT = timedelta(seconds=30)
"""Where a receiver wants us to wait and does not say how long."""
DIGEST_HOLDS = 40
"""Notices of one digest."""


def batches(letters: Sequence[Letter], most_at_once: int | None) -> Iterator[Sequence[Letter]]:
    """Questions and notices in their order, each by itself; too many notices together, at the first one's place."""
    notices = [one for one in letters if one.sort is Sort.NOTICE]
    if most_at_once is None or len(notices) <= most_at_once:
        yield from ([one] for one in letters)
        return
    told = False
    for letter in letters:
        if letter.sort is Sort.QUESTION:
            yield [letter]
        elif not told:
            told = True
            yield from (notices[begin : begin + DIGEST_HOLDS] for begin in range(0, len(notices), DIGEST_HOLDS))


def wait_after(failed: NotDelivered, tries: int, *, asked_to_wait: bool) -> timedelta:
    if failed.retry_after_seconds is not None:
        return timedelta(seconds=min(failed.retry_after_seconds, LONGEST_WAIT.total_seconds()))
    return ASKED_TO_WAIT if asked_to_wait else min(FIRST_WAIT * (1 << min(tries - 1, 10)), LONGEST_WAIT)
