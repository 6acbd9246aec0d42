"""Reads the times people type: `18:00` (the next one), a date (that whole day) or a moment. Nothing that is over."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from chalicelib.errors import Unfit

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def until_of(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant meant by ``text``, in the zone of ``now``. Raises Unfit with one sentence."""
    local_now = now.astimezone(zone)
    if found := _CLOCK.fullmatch(text):
        at = local_now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        meant = at if at > local_now else at + timedelta(days=1)
    else:
        meant = moment_of(text, zone)
    if meant.astimezone(now.tzinfo) <= now:
        raise Unfit(f"{text} is over: it is {local_now:%Y-%m-%d %H:%M} in {zone.key}.", field="until")
    return meant.astimezone(now.tzinfo)


def is_time_of_day(text: str) -> bool:
    return _CLOCK.fullmatch(text) is not None


def moment_of(text: str, zone: tzinfo) -> datetime:
    """A date means its end: what lasts until the 18th lasts through the 18th. Raises Unfit."""
    try:
        if len(text) == len("2026-12-31"):
            day = date.fromisoformat(text) + timedelta(days=1)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        sentence = f'"{text}" is no time: write 18:00, 2026-12-31 or 2026-12-31T18:00.'
        raise Unfit(sentence, field="until") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)
