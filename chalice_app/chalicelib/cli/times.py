"""Reads the times people type after `--for`, `--until` and `--since`.

`--for` takes the policy language's durations (`2h`, `1h30m`). `--until` takes `18:00` (the next one), a date
(that whole day) or a moment; all in the zone of the service's policy, or with an offset. Nothing that lies in
the past is accepted, and no abbreviation of a zone.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import click

from chalicelib.errors import Unfit
from chalicelib.fleet.times import is_time_of_day, moment_of, until_of
from chalicelib.policy.moments import first_instant

_LAST_ZONE = timezone(timedelta(hours=-12))
"""Where a day ends last."""


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
    try:
        return until_of(text, now, zone)
    except Unfit as unfit:
        raise click.BadParameter(str(unfit), param_hint=option) from None


def check(text: str, now: datetime, option: str = "--until") -> None:
    """Refuses what is wrong wherever the people are, before anything is looked up. Raises click.BadParameter."""
    if is_time_of_day(text):
        return
    try:
        over = moment_of(text, _LAST_ZONE) <= now
    except Unfit as unfit:
        raise click.BadParameter(str(unfit), param_hint=option) from None
    if over:
        raise click.BadParameter(f"{text} is over: it is {now:%Y-%m-%d %H:%M} UTC.", param_hint=option)


def past(text: str, now: datetime, zone: ZoneInfo, option: str, *, ends: bool = False) -> datetime:
    """The instant meant by ``text``, in UTC: ``7d`` ago, a moment, or a date, which means its begin in ``zone``.

    With ``ends`` a date means its end, though not later than now. Raises click.BadParameter with one sentence.
    """
    from chalicelib.policy.problems import ScalarError
    from chalicelib.policy.texts import parse_duration

    with suppress(ScalarError):
        return now - parse_duration(text)
    try:
        end = moment_of(text, zone)
    except Unfit:
        said = f'"{text}" is no time: write 7d, 2026-12-31 or 2026-12-31T18:00.'
        raise click.BadParameter(said, param_hint=option) from None
    begin = first_instant(zone, datetime.fromisoformat(text)) if len(text) == len("2026-12-31") else end
    if begin > now:
        said = f"{text} is still to come: it is {now.astimezone(zone):%Y-%m-%d %H:%M} in {zone.key}."
        raise click.BadParameter(said, param_hint=option)
    return min(end if ends else begin, now).astimezone(UTC)
