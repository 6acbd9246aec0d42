"""Reads the times people type after `--for`, `--until` and `--since`.

`--for` takes the policy language's durations (`2h`, `1h30m`). `--until` takes `18:00` (the next one), a date
(that whole day) or a moment; all in the zone of the service's policy, or with an offset. Nothing that lies in
the past is accepted, and no abbreviation of a zone.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import click

_LAST_ZONE = timezone(timedelta(hours=-12))
"""Where a day ends last."""
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class DurationType(click.ParamType[timedelta]):
    """`90s`, `30m`, `2h`, `1h30m`, `3d`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        from chalicelib.policy.problems import ScalarError
        from chalicelib.policy.texts import parse_duration

        if isinstance(value, timedelta):
            return value
        try:
            length = parse_duration(str(value))
        except ScalarError as error:
            self.fail(f'"{value}": {error.message}.', param, ctx)
        if not length:
            self.fail(f'"{value}" is no time at all: write 45m or 2h.', param, ctx)
        return length


DURATION = DurationType()


def until(text: str, now: datetime, zone: ZoneInfo, option: str = "--until") -> datetime:
    """The instant meant by ``text``, in UTC. Raises click.BadParameter with one sentence."""
    local_now = now.astimezone(zone)
    if found := _CLOCK.fullmatch(text):
        at = local_now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        meant = at if at > local_now else at + timedelta(days=1)
    else:
        meant = _moment(text, zone, option)
    if meant.astimezone(now.tzinfo) <= now:
        raise _wrong(f"{text} is over: it is {local_now:%Y-%m-%d %H:%M} in {zone.key}.", option)
    return meant.astimezone(now.tzinfo)


def check(text: str, now: datetime, option: str = "--until") -> None:
    """Refuses what is wrong wherever the people are, before anything is looked up. Raises click.BadParameter."""
    if not _CLOCK.fullmatch(text) and _moment(text, _LAST_ZONE, option) <= now:
        raise _wrong(f"{text} is over: it is {now:%Y-%m-%d %H:%M} UTC.", option)


def _moment(text: str, zone: tzinfo, option: str) -> datetime:
    """A date means its end: what lasts until the 18th lasts through the 18th."""
    try:
        if len(text) == len("2026-12-31"):
            day = date.fromisoformat(text) + timedelta(days=1)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(f'"{text}" is no time: write 18:00, 2026-12-31 or 2026-12-31T18:00.', option) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _wrong(sentence: str, option: str) -> click.BadParameter:
    return click.BadParameter(sentence, param_hint=option)
