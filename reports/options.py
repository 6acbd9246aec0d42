"""What people write to choose a rate or the names of tags, on the command line and in a deployment, read alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from decimal import Decimal

from chalicelib.errors import ReportError

from reports.making.from_ledger import LEDGER_CURRENCY
from reports.model import Rate
from reports.sources.frames import TagKeys

_RATE = re.compile(r"([A-Z]{3})=(\d+(?:\.\d+)?)@(\d{4}-\d{2}-\d{2})")


def rate_of(text: str | None) -> Rate | None:
    """``JPY=150@2026-11-01``, of dollars until the bill is known. Raises ReportError for anything else."""
    if not text:
        return None
    found = _RATE.fullmatch(text.strip())
    if found is None or not Decimal(found[2]):
        raise ReportError(f'the rate "{text}" cannot be read; write JPY=150@2026-11-01')
    try:
        as_of = date.fromisoformat(found[3])
    except ValueError as error:
        raise ReportError(f'the rate "{text}" names no day; write JPY=150@2026-11-01') from error
    return Rate(LEDGER_CURRENCY, found[1], Decimal(found[2]), as_of)


def tag_keys(given: Iterable[str]) -> TagKeys:
    """``owner=team``. Raises ReportError for a cut that there is not."""
    known = {field.name for field in fields(TagKeys)}
    found: dict[str, str] = {}
    for text in given:
        what, _, tag = (part.strip() for part in text.partition("="))
        if what not in known or not tag:
            raise ReportError(
                f'the tag "{text}" cannot be read; write owner=team, for one of {", ".join(sorted(known))}'
            )
        found[what] = tag
    return TagKeys(**found)
