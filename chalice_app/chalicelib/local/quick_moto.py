"""Shorter ways through moto for what the embedded AWS is asked most: rows of DynamoDB.

moto looks for each of the ten possible types of every attribute under some four names each, and compares rows by
casting both sides of each comparison anew: together more than half of what a query costs here. The answers are the
same (tests/local/test_quick_moto.py holds them against moto's own).
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import Shape
    from moto.dynamodb.models.dynamo_type import Item
    from moto.dynamodb.models.table import Table


def quicken() -> None:
    """Puts the shorter ways in (moto's own stay theirs ``__wrapped__``); a second call changes nothing."""
    from moto.core.serialize import JSONSerializer
    from moto.dynamodb.models.table import Table

    if not hasattr(Table.all_items, "__wrapped__"):
        JSONSerializer._serialize_structure_member = _member(JSONSerializer._serialize_structure_member)  # type: ignore[method-assign]
        Table.all_items = _all_items(Table.all_items)  # type: ignore[method-assign]


def _member(whole: Any) -> Any:
    @wraps(whole)
    def member(serializer: Any, serialized: Any, value: Any, shape: Shape, key: str) -> None:
        """A plain attribute ``{"S": …}`` is the wire form already: a type that is not in it is not its type."""
        if type(value) is dict and key not in value and shape.parent.name == "AttributeValue":  # type: ignore[attr-defined]
            return
        whole(serializer, serialized, value, shape, key)

    return member


def _all_items(whole: Any) -> Any:
    @wraps(whole)
    def all_items(table: Table) -> list[Item]:
        """In the order of their keys, each cast once."""
        rows = table.items.values()
        items: Any = [item for row in rows for item in row.values()] if table.range_key_attr else list(rows)
        return sorted(items, key=_key)

    return all_items


def _key(item: Item) -> Any:
    first = item.hash_key.cast_value
    return (first, item.range_key.cast_value) if item.range_key else first
