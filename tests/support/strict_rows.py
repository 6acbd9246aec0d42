"""DynamoDB in memory, as strict as the record needs it: conditions, updates, ordered pages, one index, 400 KB an item.

A hundredth of what moto costs, so that thousands of days can be played (tests/faults holds it against moto). Each
write is atomic, as one DynamoDB item's is. Stored items are never changed in place: a copy of the table is cheap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from support.strict_ecs import AwsError
from support.strict_expressions import Packed, condition, spelled, updated

Params = Mapping[str, Any]
Answer = tuple[int, dict[str, Any]]
"""HTTP status and body."""

MOST_BYTES = 400 * 1024
PAGE_BYTES = 1024 * 1024

_KEYS = re.compile(r"(pk|service) = :pk AND sk BETWEEN :since AND :before")


class Rows:
    """One table by the name it is called by; ``rows`` by partition and sort key."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Packed]] = {}
        self.lost = 0
        """Writes whose condition did not hold."""
        self._sizes: dict[tuple[str, str], int] = {}
        self.operations: Mapping[str, Callable[[Params], Answer]] = {
            "dynamodb.GetItem": self._get,
            "dynamodb.PutItem": self._put,
            "dynamodb.UpdateItem": self._update,
            "dynamodb.DeleteItem": self._delete,
            "dynamodb.Query": self._query,
        }

    # --- for the test: what stands, and a backup

    def item(self, pk: str, sk: str) -> Packed | None:
        return self.rows.get(pk, {}).get(sk)

    def partition(self, pk: str) -> Iterator[Packed]:
        yield from self.rows.get(pk, {}).values()

    def backup(self) -> dict[str, dict[str, Packed]]:
        return {pk: dict(items) for pk, items in self.rows.items()}

    def restore(self, backup: Mapping[str, Mapping[str, Packed]]) -> None:
        self.rows = {pk: dict(items) for pk, items in backup.items()}
        self._sizes.clear()

    # --- the operations

    def _get(self, params: Params) -> Answer:
        found = self.item(*_key(params["Key"]))
        return 200, {} if found is None else {"Item": dict(found)}

    def _put(self, params: Params) -> Answer:
        pk, sk = _key(params["Item"])
        if lost := self._lost(params, pk, sk):
            return lost
        self._keep(pk, sk, dict(params["Item"]))
        return 200, {}

    def _delete(self, params: Params) -> Answer:
        pk, sk = _key(params["Key"])
        if lost := self._lost(params, pk, sk):
            return lost
        self.rows.get(pk, {}).pop(sk, None)
        return 200, {}

    def _update(self, params: Params) -> Answer:
        pk, sk = _key(params["Key"])
        if lost := self._lost(params, pk, sk):
            return lost
        before = self.item(pk, sk)
        after = updated({**(before or params["Key"])}, params)
        self._keep(pk, sk, after)
        match params.get("ReturnValues", "NONE"):
            case "ALL_OLD":
                return 200, {} if before is None else {"Attributes": dict(before)}
            case "ALL_NEW":
                return 200, {"Attributes": dict(after)}
            case "NONE":
                return 200, {}
            case other:
                raise AssertionError(f"ReturnValues {other} is not needed here")

    def _query(self, params: Params) -> Answer:
        if not _KEYS.fullmatch(params["KeyConditionExpression"]):
            raise AssertionError(f"a new key condition: {params['KeyConditionExpression']}")
        values = params["ExpressionAttributeValues"]
        hash_key, since, before = (values[one]["S"] for one in (":pk", ":since", ":before"))
        if since > before:
            raise AwsError("ValidationException", "The BETWEEN operator requires upper bound >= lower bound")
        found = [item for item in self._of(params, hash_key) if since <= item["sk"]["S"] <= before]
        found.sort(key=_order, reverse=not params.get("ScanIndexForward", True))
        if start := params.get("ExclusiveStartKey"):
            place = [_order(item) for item in found].index(_order(start))
            found = found[place + 1 :]
        page = self._page(found, params.get("Limit"))
        more = {"LastEvaluatedKey": _last_key(page[-1], params)} if len(page) < len(found) else {}
        return 200, {"Items": [dict(one) for one in page], "Count": len(page), **more}

    # --- how

    def _of(self, params: Params, hash_key: str) -> list[Packed]:
        if "IndexName" not in params:
            return list(self.rows.get(hash_key, {}).values())
        wanted = {"S": hash_key}
        return [one for rows in self.rows.values() for one in rows.values() if one.get("service") == wanted]

    def _page(self, found: list[Packed], limit: int | None) -> list[Packed]:
        size, page = 0, []
        for item in found[: limit or None]:
            key = _key(item)
            if key not in self._sizes:
                self._sizes[key] = _size(item)
            size += self._sizes[key]
            if page and size > PAGE_BYTES:
                break
            page.append(item)
        return page

    def _keep(self, pk: str, sk: str, item: Packed) -> None:
        size = self._sizes[pk, sk] = _size(item)
        if size > MOST_BYTES:
            raise AwsError("ValidationException", "Item size has exceeded the maximum allowed size")
        self.rows.setdefault(pk, {})[sk] = item

    def _lost(self, params: Params, pk: str, sk: str) -> Answer | None:
        standing = self.item(pk, sk)
        expression = params.get("ConditionExpression")
        if expression is None:
            return None
        test = condition(spelled(expression, params.get("ExpressionAttributeNames", {})))
        if test(standing or {}, params.get("ExpressionAttributeValues", {})):
            return None
        self.lost += 1
        shown = standing is not None and params.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return 400, conditional_check_failed(standing if shown else None)


def conditional_check_failed(standing: Packed | None) -> dict[str, Any]:
    """The body that DynamoDB sends when a condition does not hold."""
    code, said = "ConditionalCheckFailedException", "The conditional request failed"
    return {"Error": {"Code": code, "Message": said}, **({"Item": dict(standing)} if standing else {})}


# --- items


def _key(item: Packed) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _order(item: Packed) -> tuple[str, str]:
    return item["sk"]["S"], item["pk"]["S"]


def _last_key(item: Packed, params: Params) -> dict[str, Any]:
    names = ("pk", "sk", "service") if "IndexName" in params else ("pk", "sk")
    return {name: item[name] for name in names}


def _size(item: Packed) -> int:
    """Near enough: DynamoDB counts names and values in UTF-8."""
    return sum(len(name) + _weight(value) for name, value in item.items())


def _weight(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_weight, value.values()))
    if isinstance(value, list):
        return sum(map(_weight, value))
    return len(value) if isinstance(value, (str, bytes)) else 1
