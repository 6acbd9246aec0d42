"""The report's words in English and Japanese: one file a language, the same keys and gaps in each.

A gap may say how its value is written: ``{amount}`` (money as money), ``{share:share}``, ``{hours:hours}``,
``{day:day}``, ``{days:days}``, ``{names:names}``, ``{n:s}`` (the English plural's s).
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.errors import ReportError

from reports.render import numbers
from reports.values import Money, Sentence

LANGUAGES = ("en", "ja")
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        return _Gaps(self).vformat(self.texts[key], (), values)

    def say(self, sentence: Sentence) -> str:
        return self(sentence.key, **sentence.values)

    def day(self, day: date) -> str:
        """``Mon 9 Nov``, ``11月9日(月)``."""
        names = self.texts["weekdays"].split()
        if self.language == "ja":
            return f"{day.month}月{day.day}日({names[day.weekday()]})"
        return f"{names[day.weekday()]} {day.day} {self.month_name(day)[:3]}"

    def month(self, day: date) -> str:
        return f"{day.year}年{day.month}月" if self.language == "ja" else f"{self.month_name(day)} {day.year}"

    def month_name(self, day: date) -> str:
        return self.texts["months"].split()[day.month - 1]

    def names(self, names: Sequence[str]) -> str:
        return ("、" if self.language == "ja" else ", ").join(names)


@cache
def words(language: str) -> Words:
    """Raises ReportError for a language that there is not."""
    if language not in LANGUAGES:
        raise ReportError(f"the report is not written in '{language}'; choose {' or '.join(LANGUAGES)}")
    tables = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Words(language, {key: text for table in tables.values() for key, text in table.items()})


class _Gaps(string.Formatter):
    """Fills gaps by the type of what comes, or as the gap says."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec, value:
            case "s", int():
                return "" if value == 1 else "s"
            case "share", Decimal():
                return numbers.share(value)
            case "hours", Decimal():
                return numbers.hours(value)
            case "change", Money():
                return numbers.change(value)
            case "change", Decimal():
                return numbers.change_share(value)
            case "month", date():
                return self._words.month(value)
            case _:
                return self._plain(value)

    def _plain(self, value: Any) -> str:
        match value:
            case Money():
                return numbers.money(value)
            case Sentence():
                return self._words.say(value)
            case date():
                return self._words.day(value)
            case int() | Decimal():
                return f"{value:,}"
            case tuple():
                return self._words.names([self._plain(one) for one in value])
            case _:
                return str(value)
