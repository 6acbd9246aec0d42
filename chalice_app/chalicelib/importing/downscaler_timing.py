"""kube-downscaler's definitions as our hours: uptime less downtime, laid out as a week, and single dates beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.importing import week
from chalicelib.importing.downscaler_spec import Absolute, Spec
from chalicelib.importing.model import Timing
from chalicelib.importing.wall import DAY
from chalicelib.policy.moments import wall_time
from chalicelib.policy.windows import MINUTES_OF_DAY

MOST_DAYS = 4_000
"""Of single dates in one definition; longer ranges are better written as a schedule."""


class NoWords(ValueError):
    """Our hours do not say this; the message is a sentence without its end."""


def zone_of(specs: Iterable[Spec], fallback: ZoneInfo) -> ZoneInfo:
    """The one zone of all recurring parts. Raises NoWords where they have several."""
    zones = {part.zone.key: part.zone for spec in specs for part in spec.recurring}
    if len(zones) > 1:
        raise NoWords(f"its parts are meant in several time zones ({', '.join(zones)}); hours have one")
    return next(iter(zones.values()), fallback)


def by_level(zone: ZoneInfo, uptime: Spec, downtime: Spec) -> Timing:
    """Uptime and not downtime. Raises NoWords."""
    up, down = _week(uptime), _week(downtime)
    open_week = bytes(one & (1 - other) for one, other in zip(up, down, strict=True))
    holidays = tuple(_whole_days(zone, downtime.absolute))
    windows = week.windows_of(open_week, cut=bool(holidays)) + tuple(_dated(zone, uptime.absolute, open_week, down))
    if not windows:
        raise NoWords(
            "it is never up, and hours here must be able to open (`lifecycle stop` ends a service for a time)"
        )
    return Timing(zone, windows, holidays=holidays)


def by_periods(zone: ZoneInfo, upscale: Spec, downscale: Spec) -> Timing:
    """Upscale and downscale periods: edges where there are both, else closed (or open) only in them. Raises NoWords."""
    if upscale.absolute or downscale.absolute or upscale.always or downscale.always:
        raise NoWords("a period to scale in that is a single date or always is no edge of a week")
    up, down = _week(upscale), _week(downscale)
    if downscale.never:
        return Timing(zone, week.windows_of(up), closed="leave")
    if upscale.never:
        return Timing(zone, week.windows_of(bytes(1 - minute for minute in down)), opening="leave")
    starts, stops = ({begin for begin, _ in week.runs(one)} for one in (up, down))
    if not starts or not stops - starts:
        raise NoWords("its periods never match, or both begin together")
    return Timing(zone, start=week.cron_edges(starts), stop=week.cron_edges(stops - starts))


def _week(spec: Spec) -> bytes:
    found = week.blank(spec.always)
    for part in spec.recurring:
        if not part.never_matches:
            week.fill(found, part.days, part.begin, part.end)
    return bytes(found)


def _whole_days(zone: ZoneInfo, spans: Iterable[Absolute]) -> Iterator[date]:
    """The days of a downtime of single dates; our holidays close whole days only."""
    for span in spans:
        begin, end = wall_time(zone, span.begin), wall_time(zone, span.end)
        if begin.time() != time() or end.time() != time():
            raise NoWords(
                f"downtime {span.text} is a part of a day in {zone.key}; hours.holidays.extra closes whole days (a "
                "freeze or `lifecycle stop --until` fits better)"
            )
        yield from _days(begin.date(), end.date())


def _days(first: date, beyond: date) -> Iterator[date]:
    if (beyond - first).days > MOST_DAYS:
        raise NoWords(f"single dates from {first} to {beyond} are more than {MOST_DAYS} days")
    for number in range((beyond - first).days):
        yield first + number * DAY


def _dated(zone: ZoneInfo, spans: Iterable[Absolute], open_week: bytes, down: bytes) -> Iterator[str]:
    """Windows of the dates of an uptime, less the weekly downtime, where the week is not open anyway."""
    minutes: dict[date, bytearray] = {}
    for span in spans:
        begin, end = wall_time(zone, span.begin), wall_time(zone, span.end)
        for day in _days(begin.date(), (end + DAY).date()):
            midnight = datetime.combine(day, time())
            first, last = (
                min(max(round((at - midnight) / timedelta(minutes=1)), 0), MINUTES_OF_DAY) for at in (begin, end)
            )
            minutes.setdefault(day, bytearray(MINUTES_OF_DAY))[first:last] = b"\1" * max(last - first, 0)
    whole: list[date] = []
    for day in sorted(minutes):
        at = day.weekday() * MINUTES_OF_DAY
        for minute in range(MINUTES_OF_DAY):
            minutes[day][minute] &= not (down[at + minute] or open_week[at + minute])
        if all(minutes[day]):
            whole.append(day)
        else:
            yield from (f"{day} {week.times_text(begin, end)}" for begin, end in week.spans(bytes(minutes[day])))
    yield from _ranges(whole)


def _ranges(days: list[date]) -> Iterator[str]:
    while days:
        first = last = days.pop(0)
        while days and days[0] == last + DAY:
            last = days.pop(0)
        yield f"{first} all-day" if first == last else f"{first}..{last} all-day"
