"""What a report is made of: money in a named currency, ISO weeks, sentences in either language, and the unknown.

Nothing here rounds: a figure is rounded once, where it is written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from chalicelib.errors import ReportError

_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_CURRENCY = re.compile(r"[A-Z]{3}")


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount; ``currency`` is an ISO 4217 code. Two currencies are never added up."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise ReportError(f"a currency is three capital letters, as USD or JPY, not '{self.currency}'")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def times(self, factor: Decimal) -> Money:
        return Money(self.amount * factor, self.currency)

    def share_of(self, whole: Money) -> Decimal | None:
        """None of nothing."""
        return None if not whole.amount else self.amount / self._same(whole)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise ReportError(f"{self.currency} and {other.currency} cannot be added up; make one report a currency")
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    return sum(amounts, Money(Decimal(0), currency))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the catalogue (`reports.words`) by its key; ``values`` fill its gaps.

    ``Sentence.told`` keeps a text as somebody else wrote it: an error of AWS, a name of a budget.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def told(cls, text: str) -> Sentence:
        return cls("as_told", {"text": text})


@dataclass(frozen=True, slots=True)
class Known(Generic[Value]):
    value: Value


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why a section or a figure is not there, and what to do about it. Never a zero."""

    sentence: Sentence


Section = Known[Value] | Unknown


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week in a zone: Monday 00:00 to the next Monday 00:00 there, 167 to 169 hours long."""

    year: int
    number: int
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> Week:
        """``2026-W46``.

        Raises:
            ReportError: it is no week of that year.
        """
        matched = _WEEK.fullmatch(text)
        if matched is None:
            raise ReportError(f"'{text}' is no ISO week; write it as 2026-W46")
        year, number = int(matched[1]), int(matched[2])
        try:
            date.fromisocalendar(year, number, 1)
        except ValueError as error:
            raise ReportError(f"{year} has no week {number}; write an ISO week as 2026-W46") from error
        return cls(year, number, zone)

    @classmethod
    def of(cls, at: datetime, zone: ZoneInfo) -> Week:
        year, number, _ = at.astimezone(zone).isocalendar()
        return cls(year, number, zone)

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.monday + timedelta(days=day) for day in range(7))

    @property
    def since(self) -> datetime:
        """In UTC, as all instants of a report."""
        return _midnight(self.monday, self.zone)

    @property
    def until(self) -> datetime:
        return _midnight(self.monday + timedelta(days=7), self.zone)

    def back(self, weeks: int) -> Week:
        year, number, _ = (self.monday - timedelta(weeks=weeks)).isocalendar()
        return Week(year, number, self.zone)

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
