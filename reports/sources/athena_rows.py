"""A row of Athena's answer, where everything is text, as the values that the other engine gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from chalicelib.errors import SourceFailed

_AS: tuple[Callable[[str], object], ...] = (
    date.fromisoformat,  # day
    *(str,) * 6,  # cut, key, provider, service, kind, unit
    *(Decimal,) * 4,  # billed, effective, listed, quantity
    int,  # resources
    str,  # currency
    int,  # unpriced_rows
)
"""In the order of ``bill.sql``."""


def read_row(values: Sequence[str | None]) -> Sequence[object]:
    """Raises SourceFailed for an answer of another shape: of another query, or of another version of ours."""
    if len(values) != len(_AS):
        raise SourceFailed(f"Athena answered {len(values)} columns where the query has {len(_AS)}")
    try:
        return [None if value is None else read(value) for read, value in zip(_AS, values, strict=True)]
    except (ValueError, InvalidOperation) as error:
        raise SourceFailed(f"Athena's answer cannot be read: {error}") from error
