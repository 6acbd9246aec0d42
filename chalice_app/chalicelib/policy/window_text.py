"""Reads windows: ``[MONTHS] DAYS TIMES``, as in ``mon-fri 08:00-20:00`` or ``dec last-fri 20:00-02:00``.

Refuses whatever could be read in two ways, with the text to write instead (``window_repairs`` finds it).
"""

from __future__ import annotations

import re
from functools import lru_cache

from chalicelib.policy.dates import BACKWARDS, DateRange, parse_date_range
from chalicelib.policy.problems import ScalarError, nearest_word
from chalicelib.policy.window_repairs import repair
from chalicelib.policy.windows import (
    MINUTES_OF_DAY,
    MONTHS,
    WEEKDAYS,
    Days,
    LastDay,
    MonthDays,
    NthWeekday,
    Weekdays,
    Window,
)

BAD_WINDOW = "LC014"
EMPTY_OR_ALL_DAY = "LC015"
NAMED_TWICE = "LC013"

_FORM = "a window is [MONTHS] DAYS TIMES, such as mon-fri 08:00-20:00 or last-fri 20:00-02:00"
_NTH = re.compile(r"(1st|2nd|3rd|4th|5th|last)-([a-z]+)")
_MONTH_DAYS = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_TIMES = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)
_LOOKS_LIKE_TIME = re.compile(r"\d{1,2}:\d\d")
_LOOKS_LIKE_DATE = re.compile(r"\d{4}-")
_LOOKS_LIKE_CRON = re.compile(r"cron\(.*|[\d*][\d*/,-]*( [\d*?][^ ]*){4,5}")


@lru_cache(maxsize=4096)
def parse_window(text: str) -> Window:
    """Text -> Window. Raises ScalarError with one sentence, and with the corrected text where that can be guessed."""
    plain = " ".join(text.split())
    try:
        return _parse(plain)
    except ScalarError as strict:
        guess = repair(plain)
        if guess is None:
            raise
        try:
            _parse(guess.text)
        except ScalarError as deeper:
            raise deeper from None
        raise ScalarError(strict.code, f"{guess.because}: {guess.text}") from None


def _parse(text: str) -> Window:
    if not text:
        raise ScalarError(BAD_WINDOW, f"empty; {_FORM}")
    if _LOOKS_LIKE_CRON.fullmatch(text):
        raise ScalarError(BAD_WINDOW, f"cron belongs under hours.cron.start and hours.cron.stop; {_FORM}")
    *words, times = text.split(" ")
    begin, end = _parse_times(times, words)
    months = frozenset(range(1, 13))
    of_months = bool(words) and _names_months(words[0])
    if of_months:
        months = _parse_names(words[0], MONTHS, "month", first=1)
        words = words[1:]
        if not words:
            month = text.split(" ")[0]
            raise ScalarError(BAD_WINDOW, f"which days of these months? write daily: {month} daily {times}")
    if not words:
        raise ScalarError(BAD_WINDOW, f"write daily: daily {times}")
    days = _parse_days(words)
    if isinstance(days, DateRange) and of_months:
        raise ScalarError(BAD_WINDOW, f"a date needs no month; write {days} {times}")
    return Window(text, months, days, begin, end)


def _parse_times(times: str, words: list[str]) -> tuple[int, int]:
    if times == "all-day":
        return 0, MINUTES_OF_DAY
    if not _LOOKS_LIKE_TIME.match(times):
        raise ScalarError(BAD_WINDOW, _without_times(" ".join([*words, times])))
    match = _TIMES.fullmatch(times)
    if match is None:
        raise ScalarError(BAD_WINDOW, "write the times as 08:00-20:00, two digits each and no spaces, or all-day")
    hour, minute, end_hour, end_minute = (int(part) for part in match.groups())
    if minute > 59 or end_minute > 59 or hour > 24 or end_hour > 24:
        raise ScalarError(BAD_WINDOW, f"no clock shows {times}; hours go to 23 (24:00 only as an end), minutes to 59")
    begin, end = hour * 60 + minute, end_hour * 60 + end_minute
    if begin >= MINUTES_OF_DAY or end > MINUTES_OF_DAY:
        raise ScalarError(BAD_WINDOW, "24:00 is only an end; a day begins at 00:00")
    if begin == end:
        days = " ".join(words) or "daily"
        raise ScalarError(EMPTY_OR_ALL_DAY, f"empty or all day? write all-day, as in {days} all-day")
    return begin, end if end > begin else end + MINUTES_OF_DAY


def _without_times(text: str) -> str:
    """The sentence for a text that does not end in times: mostly days torn off by the comma of a YAML list."""
    words = text.split(" ")
    try:
        _parse_days(words[1:] if len(words) > 1 and _names_months(words[0]) else words)
    except ScalarError:
        return _FORM
    return (
        f"which hours? write {text} 08:00-20:00 or {text} all-day; inside [...] a comma ends the item, so a window "
        'with commas stands on a "- " line or in quotes'
    )


def _parse_days(words: list[str]) -> Days:
    head = words[0]
    if head == "day" and len(words) == 2:
        return _parse_month_days(words[1])
    if len(words) > 1:
        raise ScalarError(BAD_WINDOW, f'"{" ".join(words)}" is more than one choice of days; {_FORM}')
    if head == "daily":
        return Weekdays(frozenset(range(7)))
    if head == "last-day":
        return LastDay()
    if _LOOKS_LIKE_DATE.match(head):
        return parse_date_range(head)
    if head == "day":
        raise ScalarError(BAD_WINDOW, "which day of the month? write day 1, day 10-15 or last-day")
    nth = _NTH.fullmatch(head)
    if nth is not None:
        weekday = _index(nth[2], WEEKDAYS, "day")
        return NthWeekday(weekday, -1 if nth[1] == "last" else int(nth[1][0]))
    if "," in head and any(_NTH.fullmatch(part) for part in head.split(",")):
        raise ScalarError(BAD_WINDOW, "one such day per window; write a window of its own for each")
    return Weekdays(_parse_names(head, WEEKDAYS, "day", first=0))


def _parse_month_days(text: str) -> MonthDays:
    match = _MONTH_DAYS.fullmatch(text)
    if match is None:
        raise ScalarError(BAD_WINDOW, f'"day {text}": write day 1 or day 10-15; other days get a window of their own')
    first, last = int(match[1]), int(match[2] or match[1])
    if not (1 <= first <= 31 and 1 <= last <= 31):
        raise ScalarError(BAD_WINDOW, f"day {text}: days of a month run from 1 to 31")
    if last < first:
        raise ScalarError(BACKWARDS, f"the range ends before it begins; write day {last}-{first}")
    return MonthDays(first, last)


def _parse_names(text: str, names: tuple[str, ...], kind: str, *, first: int) -> frozenset[int]:
    """``mon-fri``, ``mon,wed``, ``fri-mon`` (wraps) -> numbers counted from ``first``. Naming one twice is an error."""
    found: list[int] = []
    for part in text.split(","):
        start_name, dash, end_name = part.partition("-")
        start = _index(start_name, names, kind)
        end = _index(end_name, names, kind) if dash else start
        if dash and start == end:
            raise ScalarError(BAD_WINDOW, f"{part} names one {kind}; write {start_name}")
        span = range((end - start) % len(names) + 1)
        found += [(start + step) % len(names) for step in span]
    for number in found:
        if found.count(number) > 1:
            raise ScalarError(NAMED_TWICE, f"{text} names {names[number]} twice")
    return frozenset(number + first for number in found)


def _index(name: str, names: tuple[str, ...], kind: str) -> int:
    if name in names:
        return names.index(name)
    near = nearest_word(name, names)
    meant = f"did you mean {near}?" if near else f"{kind}s are {' '.join(names)}"
    raise ScalarError(BAD_WINDOW, f'there is no {kind} "{name}"; {meant}')


def _names_months(word: str) -> bool:
    return re.split("[-,]", word)[0] in MONTHS
