"""Instance Scheduler's periods as our windows, or as cron where only cron has the day (the weekday nearest the 15th).

A schedule whose periods depend on weekdays alone is laid out as a week first, bridged minutes included. Other periods
become windows one by one, and a minute that is bridged between two of them is added to the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from chalicelib.importing import week
from chalicelib.importing.model import Timing
from chalicelib.importing.recurrence import Days
from chalicelib.importing.scheduler_original import InstanceScheduler, Period
from chalicelib.policy.cron_expression import LAST
from chalicelib.policy.windows import MINUTES_OF_DAY, MONTHS, WEEKDAYS

_MONDAY = date(2026, 1, 5)
_YEARS = 28
_ORDINALS = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 5: "5th", LAST: "last"}
_LAST_WEEK = range(22, 32)
"""The days on which the last of a weekday may be."""
_TOGETHER = (
    "weekdays together with days of the month have no window here, other than the nth weekday; write the days, as "
    "2026-12-24 08:00-20:00"
)
_WEEKS = {1: range(1, 8), 2: range(8, 15), 3: range(15, 22), 4: range(22, 29), 5: range(29, 32)}


class NoWords(ValueError):
    """Our hours do not say such days; the message is a sentence."""


def timing_of(zone: ZoneInfo, periods: Sequence[Period]) -> Timing:
    """Raises NoWords. What it gives is to be proven: cron edges of several periods may undo each other."""
    if all(period.days.is_weekly for period in periods):
        return Timing(zone, week.windows_of(_week(zone, periods)))
    if any(period.days.nearest for period in periods):
        return _by_cron(zone, periods)
    windows = [text for period in _bridged(periods) for text in _windows(period)]
    return Timing(zone, tuple(dict.fromkeys(windows)))


def _week(zone: ZoneInfo, periods: Sequence[Period]) -> bytes:
    original = InstanceScheduler(zone, tuple(periods))
    return b"".join(original.day(_MONDAY + timedelta(days=n)) for n in range(7))


def _windows(period: Period) -> Iterator[str]:
    months = "" if period.days.months is None else week.spans_text((one - 1 for one in period.days.months), MONTHS)
    for days in _day_texts(period.days):
        yield " ".join(part for part in (months, days, week.times_text(period.begin, period.end)) if part)


def _day_texts(days: Days) -> Iterator[str]:
    month_days = days.month_days
    if month_days is not None and set(range(1, 32)) <= month_days:
        month_days = None
    if month_days is None:
        yield from _weekday_texts(days)
    elif days.weekdays is None and not days.nth:
        yield from _month_day_texts(month_days)
    else:
        yield from _both(month_days, days)


def _weekday_texts(days: Days) -> Iterator[str]:
    if days.weekdays or not days.nth:
        yield "daily" if days.weekdays is None else week.days_text(days.weekdays)
    for weekday, nth in sorted(days.nth):
        yield f"{_ORDINALS[nth]}-{WEEKDAYS[weekday]}"


def _month_day_texts(month_days: frozenset[int]) -> Iterator[str]:
    numbers = sorted(month_days - {LAST})
    while numbers:
        first = last = numbers.pop(0)
        while numbers and numbers[0] == last + 1:
            last = numbers.pop(0)
        yield f"day {first}" if first == last else f"day {first}-{last}"
    if LAST in month_days:
        yield "last-day"


def _both(month_days: frozenset[int], days: Days) -> Iterator[str]:
    """A weekday within whole weeks of the month is an nth weekday (the 1st to 7th: the first), and an nth weekday
    whose week lies wholly within the days, or wholly without, is itself, or nothing."""
    weeks = [nth for nth, numbers in _WEEKS.items() if set(numbers) <= month_days]
    if days.weekdays and {number for nth in weeks for number in _WEEKS[nth]} != month_days:
        raise NoWords(_TOGETHER)
    found = [(weekday, nth) for weekday in sorted(days.weekdays or ()) for nth in weeks]
    for weekday, nth in sorted(days.nth):
        span = set(_LAST_WEEK if nth == LAST else _WEEKS[nth])
        if span <= month_days:
            found.append((weekday, nth))
        elif span & month_days or LAST in month_days:
            raise NoWords(_TOGETHER)
    if not found:
        raise NoWords("its weekdays and its days of the month never meet, and hours here must be able to open")
    yield from dict.fromkeys(f"{_ORDINALS[nth]}-{WEEKDAYS[weekday]}" for weekday, nth in found)


def _bridged(periods: Sequence[Period]) -> Iterator[Period]:
    """The periods, each longer by the minute that is bridged to another.

    Where only some of its days are bridged, a period for those days is added when weekdays say which; else it is longer
    on all of them: a minute too long on a few days is told, a closing at 23:59 of every day would stop what should run.
    """
    if len(periods) == 1:
        yield from periods
        return
    for period in periods:
        bridged = [(other, after) for other in periods if (after := _days_after(period, other)) is not None]
        if not bridged:
            yield period
            continue
        shared = [days for other, after in bridged if (days := _shared(period.days, other.days, after)) is not None]
        ever, always = _how_often(period, bridged)
        if always or (ever and len(shared) < len(bridged)):
            yield replace(period, end=period.end + 1)
            continue
        yield period
        for days in shared if ever else ():
            yield Period(period.name, days, period.end, period.end + 1)


def _days_after(period: Period, other: Period) -> int | None:
    """0 or 1: ``other`` begins one minute after ``period`` ends, on the same day or the next; else None."""
    if period.end < MINUTES_OF_DAY and other.begin == period.end + 1:
        return 0
    return 1 if period.end + 1 == MINUTES_OF_DAY and other.begin == 0 else None


def _how_often(period: Period, bridged: Sequence[tuple[Period, int]]) -> tuple[bool, bool]:
    """Whether any day of the period is bridged to one of the others, and whether all are."""
    first = date(2000, 1, 1)
    every = (day for n in range(_YEARS * 366) if period.days.on(day := first + timedelta(days=n)))
    found = [any(other.days.on(day + timedelta(days=after)) for other, after in bridged) for day in every]
    return any(found), bool(found) and all(found)


def _shared(days: Days, other: Days, after: int) -> Days | None:
    """The days on which the one is on and then the other, for plain weekdays; None where they are not so plain."""
    plain = Days(months=days.months, weekdays=days.weekdays), Days(months=other.months, weekdays=other.weekdays)
    if (days, other) != plain or (after and days.months != other.months) or (after and days.months is not None):
        return None
    every = frozenset(range(7))
    shifted = frozenset((day - after) % 7 for day in (every if other.weekdays is None else other.weekdays))
    months = (
        days.months if other.months is None else other.months if days.months is None else days.months & other.months
    )
    weekdays = shifted & (every if days.weekdays is None else days.weekdays)
    return Days(months=months, weekdays=weekdays) if weekdays and months != frozenset() else None


def _by_cron(zone: ZoneInfo, periods: Sequence[Period]) -> Timing:
    start = tuple(dict.fromkeys(_cron(period, period.begin) for period in periods))
    stop = tuple(
        dict.fromkeys(
            "0 0 * * *" if period.end == MINUTES_OF_DAY else _cron(period, period.end) for period in _bridged(periods)
        )
    )
    return Timing(zone, start=start, stop=stop)


def _cron(period: Period, minute: int) -> str:
    """AWS's form. Its month of the year and one of its day fields; both day fields together it does not have."""
    days = period.days
    months = "*" if days.months is None else ",".join(str(one) for one in sorted(days.months))
    by_date = days.month_days is not None or days.nearest
    if by_date and (days.weekdays is not None or days.nth):
        raise NoWords("weekdays together with days of the month have no cron expression of AWS")
    at = f"{minute % 60} {minute // 60}"
    if by_date:
        numbers = ["L" if day == LAST else str(day) for day in sorted(days.month_days or ())]
        numbers += [f"{day}W" for day in sorted(days.nearest)]
        return f"cron({at} {','.join(numbers)} {months} ? *)"
    if days.nth and (days.weekdays or len(days.nth) > 1):
        raise NoWords("several nth weekdays beside the weekday nearest to a day have no one cron expression of AWS")
    if days.nth:
        [(weekday, nth)] = days.nth
        name = f"{WEEKDAYS[weekday].upper()}{'L' if nth == LAST else f'#{nth}'}"
    else:
        name = "*" if days.weekdays is None else ",".join(WEEKDAYS[day].upper() for day in sorted(days.weekdays))
    return f"cron({at} ? {months} {name} *)"
