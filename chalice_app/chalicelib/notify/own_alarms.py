"""Puts an alarm of the deployment's own into words: what is wrong, since when, and which page says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.notify.notice import Notice, NoticeKind

_PAGE = "Runbook: "


@dataclass(frozen=True, slots=True)
class OwnAlarm:
    """``name`` without the deployment's. ``description`` is the template's; its last words name the page."""

    name: str
    rings: bool
    description: str
    reason: str
    at: datetime


def of_alarm(alarm: OwnAlarm) -> Notice:
    """The page is linked where it has an address, and named where it is a file of the checkout."""
    says, _, page = alarm.description.partition(_PAGE)
    what = says.strip().rstrip(".") or alarm.reason.rstrip(".")
    page = page.strip()
    text = f"{alarm.name}: {what}" if alarm.rings else f"{alarm.name}: it is well again"
    has_address = page.startswith("https://")
    if page and alarm.rings and not has_address:
        text = f"{text} ({page})"
    figures = (("Why", alarm.reason),) if alarm.rings and alarm.reason else ()
    return Notice(alarm.at, NoticeKind.ALARM, None, text, figures=figures, link=page if has_address else "")
