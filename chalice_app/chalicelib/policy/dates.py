"""Dates and date ranges of the policy language: ``2026-12-31``, ``2026-12-29..2027-01-03`` (both days included).

Decides what one text means as days of a calendar; knows no zone and no today. Refuses every other spelling of a date,
because ``12/31`` and ``31.12`` mean different days to different readers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from chalicelib.policy.problems import ScalarError

BAD_DATE = "LC016"
BACKWARDS = "LC012"
FIRST_YEAR, LAST_YEAR = 1970, 2199

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from ``first`` to ``last``, both included. A single date is a range of one day."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def parse_date(text: str) -> date:
    """``2026-12-31`` -> date. Raises ScalarError for another form and for a day that no calendar has."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ScalarError(BAD_DATE, "write a date as year-month-day, such as 2026-12-31")
    check_year(int(match[1]))
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise ScalarError(BAD_DATE, f"there is no {text} in the calendar") from None


def check_year(year: int) -> None:
    """Raises ScalarError for a year that no schedule can mean; it also keeps sums of days within the calendar."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ScalarError(BAD_DATE, f"write a year from {FIRST_YEAR} to {LAST_YEAR}")


def parse_date_range(text: str) -> DateRange:
    """A date, or two joined by ``..``. Raises ScalarError, also when the range runs backwards."""
    first_text, dots, last_text = text.partition("..")
    first = parse_date(first_text)
    if not dots:
        return DateRange(first, first)
    last = parse_date(last_text)
    if last < first:
        raise ScalarError(BACKWARDS, f"the range ends before it begins; write {last}..{first}")
    return DateRange(first, last)
