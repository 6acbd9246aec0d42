"""Shorter ways through moto for what the embedded AWS is asked most: rows of DynamoDB.

moto looks for each of the ten possible types of every attribute under some four names each, compares rows by casting
both sides of each comparison anew, and puts the whole table in order to find one partition or one key of an index:
together most of what a query costs here, and more with each row that is there. The answers are the same
(tests/local/test_quick_moto.py holds them against moto's own).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import Shape
    from moto.dynamodb.models.dynamo_type import DynamoType, Item
    from moto.dynamodb.models.table import Table

_ROWS = frozenset({"AttributeMap", "ItemList", "Key"})
"""What the API calls a row, some rows, and a row's key: they are in their wire form already."""

_INDEX_NAME = 6
"""Its place among what `Table.query` is given after the hash key."""

_asked: ContextVar[tuple[Table, Iterable[Item]] | None] = ContextVar("asked", default=None)
"""The table that a query of this thread is about, and its rows that can be meant."""


def quicken() -> None:
    """Puts the shorter ways in (moto's own stay theirs ``__wrapped__``); a second call changes nothing."""
    from moto.core.serialize import JSONSerializer
    from moto.dynamodb.models.table import Table

    if not hasattr(Table.all_items, "__wrapped__"):
        JSONSerializer._serialize_structure_member = _member(JSONSerializer._serialize_structure_member)  # type: ignore[method-assign]
        Table.all_items = _all_items(Table.all_items)  # type: ignore[method-assign]
        Table.query = _query(Table.query)  # type: ignore[method-assign]


def _member(whole: Any) -> Any:
    @wraps(whole)
    def member(serializer: Any, serialized: Any, value: Any, shape: Shape, key: str) -> None:
        if shape.name in _ROWS and serializer.operation_model.service_model.service_name == "dynamodb":
            if isinstance(value, dict) and value.get(key) is not None:
                serialized[key] = _wire(value[key])
            return
        whole(serializer, serialized, value, shape, key)

    return member


def _wire(value: Any) -> Any:
    """Only binary values are not yet as they are sent."""
    if isinstance(value, dict):
        return {name: _wire(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_wire(one) for one in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _all_items(whole: Any) -> Any:
    @wraps(whole)
    def all_items(table: Table) -> list[Item]:
        """In the order of their keys, each cast once; within a query only those that can be meant."""
        asked = _asked.get()
        return sorted(asked[1] if asked is not None and asked[0] is table else _rows(table), key=_key)

    return all_items


def _query(whole: Any) -> Any:
    @wraps(whole)
    def query(table: Table, hash_key: DynamoType | None, *more: Any, **named: Any) -> Any:
        index_name = more[_INDEX_NAME] if len(more) > _INDEX_NAME else named.get("index_name")
        if index_name is None:
            found = _of_partition(table, hash_key)
        else:
            found = _of_index(table, named.get("hash_key_conditions") or ())
        token = _asked.set((table, found))
        try:
            return whole(table, hash_key, *more, **named)
        finally:
            _asked.reset(token)

    return query


def _of_partition(table: Table, hash_key: DynamoType | None) -> Iterable[Item]:
    rows: Any = table.items
    return list(rows[hash_key].values()) if table.range_key_attr and hash_key in rows else _rows(table)


def _of_index(table: Table, conditions: Sequence[tuple[str, DynamoType]]) -> Iterable[Item]:
    """Those that have the attributes which are asked for."""
    return [
        item
        for item in _rows(table)
        if all((has := item.attrs.get(name)) is not None and has == value for name, value in conditions)
    ]


def _rows(table: Table) -> Iterable[Item]:
    rows: Any = table.items.values()
    return [item for row in rows for item in row.values()] if table.range_key_attr else list(rows)


def _key(item: Item) -> Any:
    first = item.hash_key.cast_value
    return (first, item.range_key.cast_value) if item.range_key else first
