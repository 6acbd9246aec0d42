"""Cron as the language takes it: five fields (``0 8 * * 1-5``) or AWS's own six in ``cron(0 8 ? * MON-FRI *)``.

Decides at which wall times of which days an expression fires. Both forms become the same `CronExpression`, which is
asked day by day, so that every question is bounded. Five fields are expanded by croniter (imported only then); AWS's
form is translated in ``aws_cron``, because croniter takes a sixth field for seconds.

Refuses six bare fields (nobody can tell seconds from years), a step of 0, a day of the month together with a weekday
(cron means *either*, its readers mean *both*), what never fires, and what fires too often to be an edge of anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from chalicelib.policy.aws_cron import BAD_CRON, parse_aws_cron
from chalicelib.policy.cron_expression import LAST, CronExpression
from chalicelib.policy.problems import ScalarError

__all__ = ["CronExpression", "parse_cron"]

SIX_FIELDS = "LC018"
CRON_WITHOUT_SENSE = "LC019"

MOST_FIRINGS_A_DAY = 96
"""Every quarter of an hour. An edge says when hours begin or end; more often than this it is a mistake."""

_HOLDS = (
    ("minute", "numbers from 0 to 59"),
    ("hour", "numbers from 0 to 23"),
    ("day of the month", "numbers from 1 to 31, or L"),
    ("month", "numbers from 1 to 12 or JAN to DEC"),
    ("weekday", "numbers from 0 (Sunday) to 7 or SUN to SAT"),
)
"""The five fields in their order: what each is called and holds."""

_FIELD = re.compile(r"[0-9A-Za-z*,/#-]+", re.ASCII)
_SINGLE_RANGE = re.compile(r"(?:^|,)([0-9a-z]+)-\1(?=$|,|/)", re.IGNORECASE)
_ZERO_STEP = re.compile(r"/0+(?=$|,)")
_LOOK_THROUGH_YEARS = 28
"""After 28 years weekdays and leap years have met in every way (within one century)."""


@lru_cache(maxsize=4096)
def parse_cron(text: str) -> CronExpression:
    """Text of either form -> CronExpression. Raises ScalarError with one sentence."""
    plain = " ".join(text.split())
    if _ZERO_STEP.search(plain.replace(" ", ",").replace(")", "")):
        raise ScalarError(BAD_CRON, "a step of 0 never moves; write a step of 1 or more, such as */15")
    expression = parse_aws_cron(plain) if plain.startswith("cron(") else _parse_five_fields(plain)
    _refuse_what_makes_no_sense(expression)
    return expression


def _parse_five_fields(text: str) -> CronExpression:
    fields = text.split(" ")
    if len(fields) == 6:
        raise ScalarError(SIX_FIELDS, _six_fields(fields))
    if len(fields) != 5:
        raise ScalarError(
            BAD_CRON, 'cron has five fields, minute hour day month weekday, such as "0 8 * * 1-5" for 08:00 on weekdays'
        )
    _refuse_foreign_marks(fields)
    from croniter import CroniterError, croniter

    try:
        (minutes, hours, days, months, weekdays), nth = croniter.expand(text)
    except (CroniterError, ValueError, KeyError):
        raise ScalarError(BAD_CRON, _which_field(fields)) from None
    if fields[2] != "*" and fields[4] != "*":
        raise ScalarError(
            BAD_CRON, "cron means either this day of the month or this weekday; write two expressions, or a window"
        )
    numbered = {int(day): weeks for day, weeks in nth.items()}
    return CronExpression(
        text=text,
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        month_days=frozenset() if "*" in days else frozenset(LAST if day == "l" else int(day) for day in days),
        months=frozenset(_numbers(months, 1, 12)),
        weekdays=frozenset(_from_sunday(day) for day in _numbers(weekdays, 0, 6) if day not in numbered),
        nth=frozenset(
            (_from_sunday(day), LAST if str(week) == "l" else int(week)) for day in numbered for week in numbered[day]
        ),
    )


def _which_field(fields: list[str]) -> str:
    """The sentence about the first field that cannot stand alone either."""
    from croniter import croniter

    for place, (field, (title, holds)) in enumerate(zip(fields, _HOLDS, strict=True)):
        alone = ["*"] * len(fields)
        alone[place] = field
        if not croniter.is_valid(" ".join(alone)):
            return f'"{field}" is no {title}; it holds {holds}'
    return "cron cannot be read; the fields are minute hour day month weekday"


def _six_fields(fields: list[str]) -> str:
    if "?" in fields:
        return f"six fields are AWS's form and stand in cron(...): write cron({' '.join(fields)})"
    return f"six fields: seconds or a year? write five, such as {' '.join(fields[:5])}, or AWS's form in cron(...)"


def _refuse_foreign_marks(fields: list[str]) -> None:
    """What croniter reads differently from what is written, or what only it knows."""
    for field in fields:
        if "?" in field:
            raise ScalarError(BAD_CRON, "? belongs to AWS's form, cron(0 8 ? * MON-FRI *); in five fields write *")
        if not _FIELD.fullmatch(field) or re.match(r"[RrHh](?:$|[(/])", field):
            raise ScalarError(BAD_CRON, f'"{field}" is no cron field; fields hold digits, names and * , - / # L')
        if _SINGLE_RANGE.search(field):  # croniter takes MON-MON for every day
            once = field.split("-")[0].rsplit(",", 1)[-1]
            raise ScalarError(BAD_CRON, f"{field} is a range of one; write {once}")
    if "W" in fields[2].upper():  # croniter's expansion forgets it
        raise ScalarError(BAD_CRON, "the nearest weekday (W) is AWS's; write cron(0 8 15W * ? *)")


def _refuse_what_makes_no_sense(expression: CronExpression) -> None:
    if expression.firings_a_day > MOST_FIRINGS_A_DAY:
        raise ScalarError(
            CRON_WITHOUT_SENSE,
            f"fires {expression.firings_a_day} times a day; an edge is a moment, such as 0 8 * * 1-5 for 08:00",
        )
    first = min(expression.years, default=2024)
    last = max(expression.years, default=first + _LOOK_THROUGH_YEARS - 1)
    day = date(first, 1, 1)
    end = date(min(last, first + 200), 12, 31)
    while not expression.times_on(day):
        if day >= end:
            raise ScalarError(CRON_WITHOUT_SENSE, "never fires: no calendar has such a day")
        day += timedelta(days=1)


def _numbers(values: Sequence[int | str], lowest: int, highest: int) -> tuple[int, ...]:
    if "*" in values:
        return tuple(range(lowest, highest + 1))
    return tuple(sorted({int(value) for value in values}))


def _from_sunday(day: int) -> int:
    """Cron counts from 0 = Sunday, Python from 0 = Monday."""
    return (day - 1) % 7
