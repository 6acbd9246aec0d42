"""When a start that failed is tried again."""

from __future__ import annotations

from datetime import datetime

from chalicelib.decide.constants import FIRST_RETRY, LONGEST_RETRY
from chalicelib.decide.facts import StartFailure


def retry_at(failure: StartFailure) -> datetime:
    """5 minutes after the first failure, doubling to an hour."""
    factor = 1 << min(max(failure.count - 1, 0), 10)
    return failure.last_at + min(FIRST_RETRY * factor, LONGEST_RETRY)
