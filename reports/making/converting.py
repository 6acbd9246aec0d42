"""The same report in another currency, by a rate that somebody set: every amount in the billed currency, wherever."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from reports.model import Rate, WeeklyReport
from reports.values import Money, Sentence

Value = TypeVar("Value")


def shown_in(report: WeeklyReport, rate: Rate) -> WeeklyReport:
    """Amounts in other currencies than ``rate.billed`` stay as they are. The rate stands in the report."""
    turned = _turned(report, rate)
    return replace(turned, header=replace(turned.header, currency=rate.shown, rate=rate))


def _turned(value: Value, rate: Rate) -> Value:
    changed: object = value
    if isinstance(value, Money):
        changed = Money(value.amount * rate.value, rate.shown) if value.currency == rate.billed else value
    elif isinstance(value, Sentence):
        changed = Sentence(value.key, {name: _turned(one, rate) for name, one in value.values.items()})
    elif isinstance(value, tuple):
        changed = tuple(_turned(one, rate) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        changed = replace(value, **{name: _turned(one, rate) for name, one in held.items()})
    return changed  # type: ignore[return-value]  # each branch gives back its own kind
