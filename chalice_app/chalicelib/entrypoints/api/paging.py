"""Pages of a list: an opaque cursor that says behind what the next page begins.

A cursor is a place, not a secret, so it is checked rather than signed: one that is not of this list and this order is
refused by name. Rows that come or go between two pages move nothing else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import TypeVar

from chalicelib.errors import Unfit

Row = TypeVar("Row")
Place = tuple[str, str]
"""The value the list is ordered by, and the row's id."""


def page(
    rows: Iterable[Row], key: Callable[[Row], Place], *, order: str, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """The rows behind ``cursor`` and the next one's cursor; ``order`` begins with ``-`` for the greatest first.

    Raises Unfit for a cursor of another list or order.
    """
    down = order.startswith("-")
    ordered = sorted(rows, key=key, reverse=down)
    if cursor is not None:
        after = unpack(cursor, order)
        ordered = [row for row in ordered if (key(row) < after if down else key(row) > after)]
    shown = ordered[:limit]
    return shown, pack(order, key(shown[-1])) if len(ordered) > limit else None


def pack(order: str, place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, *place]).encode()).decode().rstrip("=")


def unpack(cursor: str, order: str) -> Place:
    """Raises Unfit."""
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        found = None
    match found:
        case [str(of), str(value), str(id)] if of == order and value.isprintable() and id.isprintable():
            return value, id
        case _:
            raise Unfit("This is no cursor of this list in this order: leave it out to begin anew.", field="cursor")
