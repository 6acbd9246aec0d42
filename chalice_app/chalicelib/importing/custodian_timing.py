"""Cloud Custodian's acts as our hours.

A stop and a start policy together are edges: windows where each start opens one window of less than a day, else cron.
One of them alone acts in its hours and leaves the service alone otherwise: hours are closed only for those hours with
``opening: leave``, or open only for them with ``closed: leave``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.importing import week
from chalicelib.importing.custodian_original import SKIPPED_STOP
from chalicelib.importing.custodian_schedule import Act, Kind
from chalicelib.importing.model import Timing
from chalicelib.policy.windows import MINUTES_OF_DAY

SAME_HOUR = (
    "A stop and a start fall in the same hour: which of them wins with Custodian depends on the order of its runs; "
    "here the start does."
)


@dataclass(frozen=True, slots=True)
class Timed:
    """The hours, and sentences about what they decide otherwise."""

    timing: Timing
    notes: tuple[str, ...] = ()


def timed(zone: ZoneInfo, acts: Mapping[Kind, tuple[Act, ...]], skipped: Mapping[Kind, frozenset[date]]) -> Timed | str:
    """Our hours, or why there are none. ``acts`` holds one kind or both."""
    if not any(acts.values()):
        return "nothing in it ever acts"
    off, on = acts.get("off", ()), acts.get("on", ())
    if not on:
        return _stops_only(zone, off, skipped.get("off", frozenset()))
    if not off:
        holidays = tuple(sorted(skipped.get("on", ())))
        windows = week.windows_of(_acting(on))
        return Timed(Timing(zone, windows, holidays=holidays, closed="leave"))
    return _both(zone, off, on, skipped)


def _stops_only(zone: ZoneInfo, off: tuple[Act, ...], skipped: frozenset[date]) -> Timed | str:
    closed = _acting(off)
    windows = week.windows_of(bytes(1 - minute for minute in closed))
    if not windows:
        return "it stops in every hour of the week; an idle rule says that better: idle.stop-after"
    dated = [
        f"{day} {week.times_text(begin, end)}"
        for day in sorted(skipped)
        for begin, end in week.spans(closed[day.weekday() * MINUTES_OF_DAY :][:MINUTES_OF_DAY])
    ]
    return Timed(Timing(zone, (*windows, *dated), opening="leave"))


def _both(
    zone: ZoneInfo, off: tuple[Act, ...], on: tuple[Act, ...], skipped: Mapping[Kind, frozenset[date]]
) -> Timed | str:
    stops, starts = _edges(off), _edges(on)
    notes = (SAME_HOUR,) if stops & starts else ()
    if not stops - starts:
        return "every stop falls into the hour of a start, so nothing would ever close"
    open_week = week.held(stops, starts)
    lengths = [length for _, length in week.runs(open_week)]
    holidays = tuple(sorted(skipped.get("on", ())))
    unskipped = skipped.get("off", frozenset()) - skipped.get("on", frozenset())
    if len(lengths) == len(starts) and max(lengths) < MINUTES_OF_DAY:
        extensions = tuple(_extensions(open_week, stops, skipped.get("off", frozenset()), unskipped))
        return Timed(Timing(zone, (*week.windows_of(open_week), *extensions), holidays=holidays), notes)
    if unskipped:
        notes = (*notes, f"{SKIPPED_STOP[0].upper()}{SKIPPED_STOP[1:]}.")
    timing = Timing(zone, start=week.cron_edges(starts), stop=week.cron_edges(stops - starts), holidays=holidays)
    return Timed(timing, notes)


def _extensions(open_week: bytes, stops: set[int], skipped: frozenset[date], days: Iterable[date]) -> Iterator[str]:
    """Windows for the time in which a stop left out by skip-days lets a service run on: until the next stop."""
    for day in sorted(days):
        monday = day - timedelta(days=day.weekday())
        for at in sorted(one for one in stops if one // MINUTES_OF_DAY == day.weekday()):
            if open_week[at - 1]:
                following = _next_stop(monday, at, stops, skipped)
                yield from _dated(_moment(monday, at), following)


def _next_stop(monday: date, at: int, stops: set[int], skipped: frozenset[date]) -> datetime:
    for weeks in range(60):
        for stop in sorted(stops):
            moment = _moment(monday + timedelta(weeks=weeks), stop)
            if moment > _moment(monday, at) and moment.date() not in skipped:
                return moment
    return _moment(monday + timedelta(weeks=60), at)


def _moment(monday: date, minute: int) -> datetime:
    return datetime.combine(monday, time()) + timedelta(minutes=minute)


def _dated(begin: datetime, end: datetime) -> Iterator[str]:
    """Windows of dates from one wall time to another, cut at midnights."""
    while begin < end:
        midnight = datetime.combine(begin.date() + timedelta(days=1), time())
        last = min(end, midnight)
        first = begin.hour * 60 + begin.minute
        yield f"{begin.date()} {week.times_text(first, first + round((last - begin) / timedelta(minutes=1)))}"
        begin = last


def _acting(acts: tuple[Act, ...]) -> bytes:
    """The week with every hour of an act open."""
    found = week.blank()
    for act in acts:
        week.fill(found, act.days, act.hour * 60, (act.hour + 1) * 60)
    return bytes(found)


def _edges(acts: tuple[Act, ...]) -> set[int]:
    return {day * MINUTES_OF_DAY + act.hour * 60 for act in acts for day in act.days}
