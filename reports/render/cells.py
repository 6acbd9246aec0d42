"""Values of the report as cells of a table."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from reports.render.document import Cell, Column, Figure, Unit
from reports.values import Known, Money, Section, Unknown
from reports.words import Words

Value = TypeVar("Value")


def money(value: Money) -> Figure:
    return Figure(value.amount, Unit.MONEY, value.currency)


def change(value: Money) -> Figure:
    return Figure(value.amount, Unit.CHANGE, value.currency)


def share(value: Decimal) -> Figure:
    return Figure(value, Unit.SHARE)


def change_share(value: Decimal) -> Figure:
    return Figure(value, Unit.CHANGE_SHARE)


def hours(value: Decimal) -> Figure:
    return Figure(value, Unit.HOURS)


def count(value: int) -> Figure:
    return Figure(Decimal(value), Unit.COUNT)


def maybe(value: Value | None, write: Callable[[Value], Cell], words: Words) -> Cell:
    return words("unknown") if value is None else write(value)


def known(section: Section[Value], write: Callable[[Value], Cell], words: Words) -> Cell:
    return write(section.value) if isinstance(section, Known) else words("unknown")


def reasons(words: Words, *sections: Section[Value]) -> tuple[str, ...]:
    """Why some cells are unknown, each reason once."""
    return tuple(dict.fromkeys(words.say(one.sentence) for one in sections if isinstance(one, Unknown)))


def columns(words: Words, text: str, numbers: str) -> tuple[Column, ...]:
    """Of the catalogue's keys without their ``col_``: first those of texts, then those of numbers."""
    return (
        *(Column(key, words(f"col_{key}")) for key in text.split()),
        *(Column(key, words(f"col_{key}"), is_number=True) for key in numbers.split()),
    )
