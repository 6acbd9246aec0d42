"""Reads a price or a size from text: above zero and finite, or none at all."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def positive(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None
