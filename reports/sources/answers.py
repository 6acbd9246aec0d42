"""Reads fields out of answers of AWS: what is missing or no number is one sentence with its path, never a KeyError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib.errors import ReportError, SourceFailed

from reports.values import Money


class Reader:
    """Of one answer; ``what`` names it in errors."""

    def __init__(self, what: str, answer: Mapping[str, Any], path: str = "") -> None:
        self._what = what
        self._answer = answer
        self._path = path

    def part(self, name: str) -> Reader:
        value = self._answer.get(name)
        if not isinstance(value, Mapping):
            raise self._wrong(name, value)
        return Reader(self._what, value, self._at(name))

    def has(self, name: str) -> bool:
        return self._answer.get(name) not in (None, "", {}, [])

    def parts(self, name: str) -> Sequence[Reader]:
        """Empty when the answer does not have it: AWS leaves empty lists out."""
        values = self._answer.get(name) or ()
        if not isinstance(values, Sequence) or not all(isinstance(value, Mapping) for value in values):
            raise self._wrong(name, values)
        return [Reader(self._what, value, f"{self._at(name)}[{n}]") for n, value in enumerate(values)]

    def text(self, name: str, default: str | None = None) -> str:
        value = self._answer.get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, value)
        return value

    def maybe_text(self, name: str) -> str | None:
        """None where the answer leaves it out; an empty text is one."""
        return None if self._answer.get(name) is None else self.text(name)

    def texts(self, name: str) -> Sequence[str]:
        values = self._answer.get(name)
        if not isinstance(values, Sequence) or not all(isinstance(value, str) for value in values):
            raise self._wrong(name, values)
        return list(values)

    def number(self, name: str) -> Decimal:
        """Cost Explorer writes numbers as text, save those of anomalies."""
        value = self._answer.get(name)
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise self._wrong(name, value) from None
        if not number.is_finite():
            raise self._wrong(name, value)
        return number

    def day(self, name: str) -> date:
        """``2026-11-09``, or an instant that begins with it."""
        value = self.text(name)
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            raise self._wrong(name, value) from None

    def flag(self, name: str) -> bool:
        return self._answer.get(name) is True

    def money(self, amount: str = "Amount", unit: str = "Unit") -> Money:
        try:
            return Money(self.number(amount), self.text(unit))
        except SourceFailed:
            raise
        except ReportError as error:
            raise SourceFailed(f"{self._what}: {error}") from error

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _wrong(self, name: str, value: object) -> SourceFailed:
        found = "missing" if value is None else f"{str(value)[:40]!r}"
        return SourceFailed(f"{self._what} cannot be read: {self._at(name)} is {found}")
