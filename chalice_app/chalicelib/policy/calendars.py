"""Holidays: which days rest, what they are called, and which windows such a day begins.

Decides for one date whether it is a holiday of `HolidayRules` and its name in English. The package ``holidays`` knows
the countries; it is imported when the first country is asked for, because many policies have none. Does not check
that a country exists: the reader does (``rules``, ``countries``).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from chalicelib.policy.dates import DateRange

DayIs = Literal["closed", "sat", "sun", "ordinary"]

_COMMON_NAMES = {"uk": "GB", "england": "GB", "great britain": "GB", "usa": "US", "america": "US", "korea": "KR"}
"""What people write for a country that the registry does not list under that name."""


@dataclass(frozen=True, slots=True)
class HolidayRules:
    """``hours.holidays`` as a value. ``ignore`` beats ``extra`` beats the country's own days."""

    country: str | None = None
    subdivision: str | None = None
    extra: tuple[DateRange, ...] = ()
    ignore: tuple[DateRange, ...] = ()
    day_is: DayIs = "closed"

    def name_on(self, day: date) -> str | None:
        """The holiday's name, or None on a working day."""
        if any(day in span for span in self.ignore):
            return None
        if self.country is not None:
            name = _public_holidays(self.country, self.subdivision, day.year).get(day)
            if name is not None:
                return name
        return next((f"{span} (holidays.extra)" for span in self.extra if day in span), None)


def nearest_country(written: str) -> str | None:
    """The code that was probably meant: ``jp``, ``JPN``, ``Japan``, ``UK`` and ``germny`` are understood."""
    from holidays.registry import COUNTRIES

    code_of = {code.lower(): names[1] for names in COUNTRIES.values() for code in names[1:3]}
    name_of = {module.replace("_", " "): names[1] for module, names in COUNTRIES.items()} | _COMMON_NAMES
    word = written.lower()
    exact = code_of.get(word) or name_of.get(word)
    if exact is not None or len(word) < 4:
        return exact
    near = difflib.get_close_matches(word, name_of, n=1, cutoff=0.8)
    return name_of[near[0]] if near else None


@lru_cache(maxsize=4096)
def _public_holidays(country: str, subdivision: str | None, year: int) -> Mapping[date, str]:
    """Public holidays of one year, observed days included, named in English where the package can."""
    import holidays

    return dict(holidays.country_holidays(country, subdiv=subdivision, years=[year], language="en_US").items())
