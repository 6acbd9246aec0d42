"""The answer of a query, from whichever engine, made a `Bill`. Refuses what one sum cannot hold: two currencies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd
from chalicelib.errors import SourceFailed

from reports.sources.frames import COLUMNS, Bill, Cut, Kind, Pricing

CURRENCY, UNPRICED = len(COLUMNS), len(COLUMNS) + 1
"""Where a row of ``bill.sql`` has its currency and its rows without a cost, behind the columns of the frame."""

_DAY, _CUT, _KEY, _KIND = (COLUMNS.index(name) for name in ("day", "cut", "key", "kind"))
_KINDS = frozenset(Kind)
_PRICINGS = frozenset(Pricing)


def bill(answer: Sequence[Sequence[object]], since: date, until: date, as_of: date, where: str) -> Bill:
    """``where`` names the bill in errors. ``as_of``: the bill of its month is open, so its days are estimates.

    Raises:
        SourceFailed: no row at all, several currencies, a charge of a kind that FOCUS does not have.
    """
    if not answer:
        raise SourceFailed(f"{where} has no charge from {since} to before {until}; is it the bill of that time?")
    currencies = sorted({str(row[CURRENCY]) for row in answer})
    if len(currencies) > 1:
        raise SourceFailed(
            f"{where} is billed in {' and '.join(currencies)}, which no sum can hold; give the files of one currency"
        )
    strange = {str(row[_KIND]) for row in answer} - _KINDS
    if strange:
        raise SourceFailed(
            f"{where} has the ChargeCategory '{min(strange)}'; FOCUS has Usage, Purchase, Tax, Credit and Adjustment"
        )
    days = sorted({_day(row[_DAY]) for row in answer})
    return Bill(
        currency=currencies[0],
        since=since,
        until=until,
        frame=frame(_plain(row) for row in answer),
        days=tuple(days),
        estimated=tuple(day for day in days if (day.year, day.month) >= (as_of.year, as_of.month)),
        unpriced_rows=sum(_count(row[UNPRICED]) for row in answer if row[_CUT] == Cut.SERVICE),
    )


def frame(rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """Values of one row in the order of `COLUMNS`. Every column holds objects: Decimals stay exact, None stays None."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)


def _plain(row: Sequence[object]) -> tuple[object, ...]:
    values = list(row[:CURRENCY])
    if values[_CUT] == Cut.PRICING and values[_KEY] not in _PRICINGS:
        values[_KEY] = Pricing.OTHER.value
    return tuple(values)


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"a day of the bill is {value!r}")
    return value


def _count(value: object) -> int:
    return int(str(value))
