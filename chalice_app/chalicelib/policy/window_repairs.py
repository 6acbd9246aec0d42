"""What somebody probably meant by a window that cannot be read: the words to say and the text to write.

Only guesses; nothing here is ever taken as a policy's meaning. Each repair is one pattern, one correction and one
clause, tried in order, times before days.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_FULL_NAMES = re.compile(
    r"\b(mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|rs|rsday|urday)s?\b"
    r"|\b(jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)\b"
)
_WORDS = {
    "weekdays": "mon-fri",
    "weekday": "mon-fri",
    "workdays": "mon-fri",
    "weekends": "sat-sun",
    "weekend": "sat-sun",
    "everyday": "daily",
    "every day": "daily",
    "always": "daily all-day",
    "24/7": "daily all-day",
}
_ORDINALS = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th"}
_ORDINAL = re.compile(r"\b(first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th|last)[ -](?=[a-z]{3})(?!day)")
_ZONE = re.compile(r" (?:[A-Z][A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)+|UTC|GMT|[A-Z]{3,4})$")
_CLOCK = re.compile(r"\b(\d{1,2})(?::?(\d\d))? ?(am|pm)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Repair:
    """The text to write (it may hold a deeper mistake) and the clauses that say why, joined as sentences."""

    text: str
    because: str


def repair(text: str) -> Repair | None:
    """The likely meant window, or None when nothing here recognises the mistake."""
    clauses: list[str] = []
    for pattern, change, clause in _REPAIRS:
        changed = pattern.sub(change, text)
        if changed != text:
            text = changed
            if clause not in clauses:
                clauses.append(_clock_clause(clause, text))
    if not clauses:
        return None
    because = ". ".join(clause if n == 0 else clause[0].upper() + clause[1:] for n, clause in enumerate(clauses))
    return Repair(text, because)


def _clock_clause(clause: str, text: str) -> str:
    """``write {time}`` with the first time of the repaired text."""
    first = re.search(r"\d\d:\d\d", text)
    return clause.format(time=first[0] if first else "08:00")


def _twenty_four_hours(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "pm" else 0)
    return f"{hour:02}:{match[2] or '00'}"


def _word(match: re.Match[str]) -> str:
    return _WORDS[match[0].lower()]


def _short_name(match: re.Match[str]) -> str:
    return match[1] or match[2]


def _ordinal(match: re.Match[str]) -> str:
    return f"{_ORDINALS.get(match[1], match[1])}-"


def _lower(match: re.Match[str]) -> str:
    return match[0].lower()


_REPAIRS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str], str], ...] = (
    (_ZONE, "", "the time zone stands in hours.timezone"),
    (re.compile("[‐‑‒–—−]"), "-", "write a plain hyphen"),
    (_CLOCK, _twenty_four_hours, "write {time}"),
    (
        re.compile(r"(?<![\d:-])(\d):(\d\d)(?!\d)|(?<=\d-)(\d):(\d\d)(?!\d)"),
        lambda m: f"0{m[1] or m[3]}:{m[2] or m[4]}",
        "write {time}",
    ),
    (re.compile(r"(?<=\d\d:\d\d):\d\d\b"), "", "times have no seconds"),
    (re.compile(r"(?<!day)(?<!day )\b(\d\d)(\d\d)-(\d\d)(\d\d)$"), r"\1:\2-\3:\4", "write {time}"),
    (
        re.compile(r"(?<!day )(?<![\d:-])\b(\d{1,2})-(\d{1,2})$"),
        lambda m: f"{m[1]:0>2}:00-{m[2]:0>2}:00",
        "write {time}",
    ),
    (
        re.compile(r"(?<=[\w]) ?(?: - | to |- | -|\.\.)(?=\d\d:)|(?<=[a-zA-Z])(?: - | to )(?=[a-zA-Z])"),
        "-",
        "no spaces around the hyphen",
    ),
    (re.compile(r"(?i)\ball ?day$"), "all-day", "write all-day"),
    (re.compile(r",\s+"), ",", "no space after the comma"),
    (re.compile(r"\b[A-Za-z]*[A-Z][A-Za-z]*\b"), _lower, "days are lower case"),
    (re.compile("|".join(re.escape(word) for word in _WORDS)), _word, "days are written daily, mon-fri or sat-sun"),
    (_FULL_NAMES, _short_name, "days and months have three letters"),
    (_ORDINAL, _ordinal, "write 1st-mon or last-fri"),
    (re.compile(r"^(?=\d\d:\d\d-\d\d:\d\d$)"), "daily ", "write daily"),
)
