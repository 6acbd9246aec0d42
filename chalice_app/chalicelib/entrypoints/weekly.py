"""The weekly report's schedule. Alone among the functions this one carries pandas, DuckDB and matplotlib, in a layer.

A rule of EventBridge knows no zone: it fires every hour around Monday, and the report is due from one hour of the
team's own Monday on. What was sent is remembered, so that the other hours are the retries of the first.
"""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Cron

from chalicelib.entrypoints.middleware import logger
from chalicelib.entrypoints.watching import report_overdue
from chalicelib.errors import LifecycleError

weekly = Blueprint("app")


@weekly.schedule(Cron("0", "*", "?", "*", "SUN-TUE", "*"), name="weekly_report")
def weekly_report(event: CloudWatchEvent) -> dict[str, int]:
    """Raises NotDelivered when nobody got the report: the next hour tries again."""
    from chalicelib.runtime import compose

    app = compose.current()
    settings = app.settings.report
    if settings is None or not settings.is_due(app.clock.now()):
        report_overdue(False)
        return {"due": 0, "sent": 0, "refused": 0}
    from reports.running import run

    try:
        done = run(app, settings, owner=str(getattr(event.context, "aws_request_id", "") or event.event_id))
    except LifecycleError:
        report_overdue(True)
        raise
    report_overdue(False, not_reached=len(done.refused or ()))
    if done.refused is None:
        return {"due": 1, "sent": 0, "refused": 0}
    told = logger.warning if done.refused else logger.info
    told("sent the weekly report", extra={"week": str(done.week), "refused": dict(done.refused)})
    return {"due": 1, "sent": len(settings.recipients) - len(done.refused), "refused": len(done.refused)}
