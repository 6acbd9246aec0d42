"""Which days a weekly report asks its sources for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from reports.values import Week

WEEKS_BACK = 4
"""The same week of the last month is four weeks earlier: the same weekdays, as bills of use follow weekdays."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Days of UTC. The bill is of ``[since, until)``, what concerns the week alone of ``[monday, next_monday)``.

    ``today`` is the day on which it is asked: bills of its month are open, and forecasts begin with it.
    """

    since: date
    until: date
    monday: date
    next_monday: date
    today: date


def asked_for(week: Week, today: date) -> Asked:
    """From the same week of the last month, or from the first of the month that the week ends in, through the week and
    on to yesterday: the pace of a month needs all of it. Today's own day is not over and in no bill."""
    sunday = week.monday + timedelta(days=6)
    since = min(week.back(WEEKS_BACK).monday, sunday.replace(day=1))
    next_monday = week.monday + timedelta(days=7)
    return Asked(since, max(next_monday, today), week.monday, next_monday, today)
