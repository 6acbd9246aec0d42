"""A week as 10,080 minutes, and the windows that say the same.

Recurring schedules of any tool (unions, differences, edges that hold until the next) are laid out here first; so each
becomes the plainest windows that mean it, and no rule of one tool has to be rewritten into a rule of ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from chalicelib.policy.windows import MINUTES_OF_DAY, WEEKDAYS

WEEK = 7 * MINUTES_OF_DAY


def blank(open: bool = False) -> bytearray:
    """A week that is closed (or open) throughout."""
    return bytearray(b"\1" if open else b"\0") * WEEK


def fill(week: bytearray, days: Iterable[int], begin: int, end: int, open: bool = True) -> None:
    """Opens (or closes) the minutes ``begin`` to ``end`` (at most 1440) of weekdays, 0 = Monday."""
    for day in days:
        for minute in range(begin, end):
            week[day * MINUTES_OF_DAY + minute] = open


def held(stops: Iterable[int], starts: Iterable[int]) -> bytes:
    """The week in which each edge (a minute of the week) holds until the next; a start beats a stop at its minute."""
    edges = dict.fromkeys(stops, False) | dict.fromkeys(starts, True)
    week = blank()
    order = sorted(edges)
    for place, at in enumerate(order):
        until = order[place + 1] if place + 1 < len(order) else order[0] + WEEK
        if edges[at]:
            for minute in range(at, until):
                week[minute % WEEK] = True
    return bytes(week)


def runs(week: bytes) -> Iterator[tuple[int, int]]:
    """Begin (minute of the week) and length of each time of being open; one that goes on past Sunday is one."""
    if all(week):
        yield 0, WEEK
        return
    begins = [at for at in range(WEEK) if week[at] and not week[at - 1]]
    for begin in begins:
        length = 1
        while week[(begin + length) % WEEK]:
            length += 1
        yield begin, length


def spans(minutes: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of each stretch of minutes that are set."""
    begin: int | None = None
    for minute in range(len(minutes) + 1):
        is_set = minute < len(minutes) and minutes[minute]
        if is_set and begin is None:
            begin = minute
        if not is_set and begin is not None:
            yield begin, minute
            begin = None


def windows_of(week: bytes, *, cut: bool = False) -> tuple[str, ...]:
    """The windows of a week, as ``mon-fri 08:00-20:00``; empty for a week that never opens. ``cut``: none of them
    crosses a midnight, so that what closes a day closes all of it and nothing else."""
    days_of: dict[str, set[int]] = defaultdict(set)
    for begin, length in runs(week):
        for day, times in _pieces(begin, length, cut):
            days_of[times].add(day % 7)
    return tuple(f"{days_text(days)} {times}" for times, days in days_of.items())


def _pieces(begin: int, length: int, cut: bool) -> Iterator[tuple[int, str]]:
    """Day and times: in one piece when shorter than a day, else cut at every midnight."""
    day, first = divmod(begin, MINUTES_OF_DAY)
    if length < MINUTES_OF_DAY and not (cut and first + length > MINUTES_OF_DAY):
        yield day, times_text(first, first + length)
        return
    end = begin + length
    while begin < end:
        day, first = divmod(begin, MINUTES_OF_DAY)
        last = min(end - day * MINUTES_OF_DAY, MINUTES_OF_DAY)
        yield day, times_text(first, last)
        begin = day * MINUTES_OF_DAY + last


def times_text(begin: int, end: int) -> str:
    """Minutes of a day as ``08:00-20:00``; an end beyond 1440 is the next day's."""
    if (begin, end) == (0, MINUTES_OF_DAY):
        return "all-day"
    return f"{clock(begin)}-{clock(end if end <= MINUTES_OF_DAY else end - MINUTES_OF_DAY)}"


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def days_text(days: Iterable[int]) -> str:
    """``mon-fri``, ``fri-mon``, ``mon,wed``, ``daily``."""
    return spans_text(days, WEEKDAYS) or "daily"


def spans_text(numbers: Iterable[int], names: tuple[str, ...]) -> str:
    """Places in a cycle of names as lists and ranges, which may wrap; empty for all of them."""
    found = sorted(set(numbers))
    size = len(names)
    if len(found) == size:
        return ""
    begins = [one for one in found if (one - 1) % size not in found]
    parts = []
    for begin in begins:
        end = begin
        while (end + 1) % size in found:
            end += 1
        last = names[end % size]
        parts.append(names[begin] if end == begin else f"{names[begin]}-{last}")
    return ",".join(parts)


def cron_edges(minutes_of_week: Iterable[int]) -> tuple[str, ...]:
    """Five-field cron for edges in a week, one for each time of day."""
    days_at: dict[int, set[int]] = defaultdict(set)
    for at in minutes_of_week:
        days_at[at % MINUTES_OF_DAY].add(at // MINUTES_OF_DAY)
    return tuple(f"{at % 60} {at // 60} * * {_cron_days(days)}" for at, days in sorted(days_at.items()))


def _cron_days(days: set[int]) -> str:
    """Cron counts from 0 = Sunday; its ranges do not wrap."""
    numbers = sorted((day + 1) % 7 for day in days)
    if len(numbers) == 7:
        return "*"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]}-{numbers[-1]}"
    return ",".join(str(number) for number in numbers)
