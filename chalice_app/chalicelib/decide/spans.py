"""Over which stretch of time use is judged, and when a stretch of quiet is long enough.

All stretches begin on a period's edge and end on a minute, the newest that is `TRUST_DELAY` old: use that CloudWatch
has told must not go unseen because its five minutes are not over. Nothing here looks at signals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.decide.constants import (
    CLOSED_QUIET,
    LONG_PERIOD_SECONDS,
    LONG_WINDOW,
    SHORT_PERIOD_SECONDS,
    TRUST_DELAY,
)


@dataclass(frozen=True, slots=True)
class Span:
    """``[start, end)``, aware and in UTC."""

    start: datetime
    end: datetime


def period_seconds(window: timedelta) -> int:
    """The length of one datapoint for a window so long."""
    return LONG_PERIOD_SECONDS if window > LONG_WINDOW else SHORT_PERIOD_SECONDS


def quiet_span(now: datetime) -> Span:
    """The last `CLOSED_QUIET` that can be trusted at ``now``."""
    end = _floor(now - TRUST_DELAY, SHORT_PERIOD_SECONDS)
    return Span(end - CLOSED_QUIET, end)


def idle_span(stop_after: timedelta, now: datetime) -> Span:
    """The last ``stop_after`` that can be trusted at ``now``, begun at a period's edge."""
    end = _floor(now - TRUST_DELAY, SHORT_PERIOD_SECONDS)
    return Span(_floor(end - stop_after, period_seconds(stop_after)), end)


def idle_at(last_use: datetime, stop_after: timedelta) -> datetime:
    """The first ``now`` whose `idle_span` holds nothing of what ended at ``last_use``."""
    return _ceil(_ceil(last_use, period_seconds(stop_after)) + stop_after, SHORT_PERIOD_SECONDS) + TRUST_DELAY


def quiet_at(last_use: datetime) -> datetime:
    """The first ``now`` whose `quiet_span` holds nothing of what ended at ``last_use``."""
    return idle_at(last_use, CLOSED_QUIET)


def _floor(at: datetime, period: int) -> datetime:
    """Periods are 60 or 300 seconds: whole minutes that divide the hour."""
    if period == SHORT_PERIOD_SECONDS:
        return at.replace(second=0, microsecond=0)
    return at.replace(minute=at.minute - at.minute % (period // 60), second=0, microsecond=0)


def _ceil(at: datetime, period: int) -> datetime:
    down = _floor(at, period)
    return down if down == at else down + timedelta(seconds=period)
