"""The lines of a bill in dollars, by usage type and day, as the prices of Fargate Spot are read from them."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.prices.bill import BillLine

from reports.making.from_ledger import LEDGER_CURRENCY
from reports.sources.frames import Bill, Cut, Kind


def lines_of(bill: Bill) -> Iterator[BillLine]:
    """None of a bill in another currency than the ledger's; none without its cost or its quantity."""
    if bill.currency != LEDGER_CURRENCY:
        return
    cut = bill.cut(Cut.METER)
    told = cut[(cut["kind"] == Kind.USAGE.value) & cut["billed"].notna() & cut["quantity"].notna()]
    for day, meter, billed, quantity in zip(told["day"], told["key"], told["billed"], told["quantity"], strict=True):
        yield BillLine(day, meter, billed, quantity)
