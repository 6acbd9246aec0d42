"""Reads the times people type after `--for` and `--until`.

`--for` takes the policy language's durations (`2h`, `1h30m`). `--until` takes `18:00` (the next one), a date
(that whole day) or a moment; all in the zone of the service's policy, or with an offset. Nothing that lies in
the past is accepted, and no abbreviation of a zone.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class DurationType(click.ParamType[timedelta]):
    """`90s`, `30m`, `2h`, `1h30m`, `3d`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        text = str(value)
        if text.isdecimal():
            self.fail(f"{text} what? Write {text}m or {text}h.", param, ctx)
        found = _DURATION.fullmatch(text)
        if not text or found is None:
            self.fail(f'"{text}" is no duration: write 45m, 2h, 1h30m or 3d.', param, ctx)
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not length:
            self.fail(f'"{text}" is no time at all: write 45m or 2h.', param, ctx)
        return length


DURATION = DurationType()


def until(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant meant by ``text``. Raises click.BadParameter with one sentence."""
    local_now = now.astimezone(zone)
    if found := _CLOCK.fullmatch(text):
        at = local_now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        meant = at if at > local_now else at + timedelta(days=1)
    else:
        meant = _moment(text, zone)
    if meant.astimezone(now.tzinfo) <= now:
        raise _wrong(f"{text} is over: it is {local_now:%Y-%m-%d %H:%M} in {zone.key}.")
    return meant.astimezone(now.tzinfo)


def last_day(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The end of the day ``text`` names (exclusions last through their date)."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return until(text, now, zone)
    return until(day.isoformat(), now, zone)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        if len(text) == len("2026-12-31"):
            day = date.fromisoformat(text) + timedelta(days=1)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(f'"{text}" is no time: write 18:00, 2026-12-31 or 2026-12-31T18:00.') from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _wrong(sentence: str) -> click.BadParameter:
    return click.BadParameter(sentence, param_hint="--until")
