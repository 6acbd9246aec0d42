"""How figures are written, the same in mail, Slack and text. A figure is rounded here and nowhere else, half up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from reports.values import Money

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}
_WHOLE = frozenset({"JPY", "KRW", "VND", "CLP"})
"""Currencies without a smaller unit (ISO 4217, those that clouds bill in)."""
MINUS = "−"
EXACT_PLACES = 9


def places(currency: str) -> int:
    return 0 if currency in _WHOLE else 2


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half up, and never minus zero."""
    found = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return found if found else abs(found)


def money(value: Money) -> str:
    """``$1,234.50``, ``¥1,235``, ``CHF 1,234.50``; ``−$3.00``."""
    amount = rounded(value.amount, places(value.currency))
    symbol = _SYMBOLS.get(value.currency, f"{value.currency} ")
    return f"{MINUS if amount < 0 else ''}{symbol}{abs(amount):,}"


def change(value: Money) -> str:
    """``+$12.00``, ``−$12.00``; no sign where it rounds to nothing."""
    return _signed(rounded(value.amount, places(value.currency)), money(value))


def share(value: Decimal) -> str:
    """``38%``; with a decimal below ten per cent, where whole ones say little."""
    percent = rounded(value * 100, 1 if abs(value) < Decimal("0.0995") and value else 0)
    return f"{MINUS if percent < 0 else ''}{abs(percent):,}%"


def change_share(value: Decimal) -> str:
    return _signed(value, share(value))


def hours(value: Decimal) -> str:
    found = rounded(value, 1)
    return f"{MINUS if found < 0 else ''}{abs(found):,}"


def count(value: int) -> str:
    return f"{value:,}"


def _signed(value: Decimal, text: str) -> str:
    return f"+{text}" if value > 0 else text


def exact(value: Decimal) -> str:
    """For machines: with a point, without exponent, at most `EXACT_PLACES` decimals (a division may have no end)."""
    return f"{rounded(value, EXACT_PLACES).normalize():f}"
