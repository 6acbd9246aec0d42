"""GPU hours and dollars of each service over a span of time, from the history, against a named baseline.

The arithmetic is the ledger's (`chalicelib.ledger`), which says what it counts and where it errs on the side of saving
less. A service whose price is not known has hours and no dollars, and the totals say how many such services there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.decide.tags import UTC_ZONE
from chalicelib.ledger.counting import Terms, ledger
from chalicelib.ledger.courses import SCALE_IN, Known
from chalicelib.ledger.values import Account
from chalicelib.record.history import Entry

from reports.figures import Row, Shape, WeekReport


def week(
    entries: Iterable[Entry],
    shapes: Sequence[Shape],
    since: datetime,
    until: datetime,
    *,
    host_scale_in: timedelta = SCALE_IN,
    zone: ZoneInfo = UTC_ZONE,
) -> WeekReport:
    """``entries`` in any order; services without a shape are not in the report."""
    shape_of = {shape.service: shape for shape in shapes}
    told = [entry for entry in entries if entry.service in shape_of and since <= entry.at <= until]
    known = {
        one.service: Known(one.service, one.tasks, "", one.price, one.gpus_per_task, one.running_at_start)
        for one in shapes
    }
    counted = ledger(told, since, until, Terms(zone, scale_in=host_scale_in), known)
    total = counted.total
    return WeekReport(
        since=since,
        until=until,
        rows=tuple(_row(account, shape_of[account.service]) for account in counted.accounts),
        ran=total.ran,
        baseline=total.baseline,
        unpriced=counted.unpriced,
        baseline_name=counted.baseline.value,
    )


def _row(account: Account, shape: Shape) -> Row:
    told, done = account.tally, account.counts
    return Row(
        service=account.service,
        tasks=account.size,
        spans=account.spans,
        ran=told.ran if account.is_priced else told.ran.without_dollars(),
        baseline=told.baseline if account.is_priced else told.baseline.without_dollars(),
        price=next((row.rate for row in account.rows if row.rate), shape.price),
        stops=done.stops,
        starts=done.starts,
        failed_starts=done.failed_starts,
        by_hand=done.by_hand,
    )
