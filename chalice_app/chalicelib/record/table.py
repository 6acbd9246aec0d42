"""The one DynamoDB table: its shape as data, and the few calls the rooms of the record make on it.

Nothing here knows what the rows mean. Every write takes a named condition; a lost one raises `ConditionFailed` with
the name and with what stood there. Anything else that goes wrong raises `RecordUnavailable` in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chalicelib.errors import ConditionFailed, NoRecord, RecordUnavailable

if TYPE_CHECKING:
    from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from chalicelib.record.codec import Item
    from chalicelib.record.conditions import Condition

TTL_ATTRIBUTE = "expires_at_epoch"
BY_SERVICE = "by-service"

TABLE: Mapping[str, Any] = MappingProxyType(
    {
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "service", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": BY_SERVICE,
                "KeySchema": [
                    {"AttributeName": "service", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }
)
"""CreateTable's arguments without the name. Only history rows carry ``service``, so the index holds nothing else."""


def create_table(client: DynamoDBClient, name: str) -> None:
    """Makes the table and switches TTL on; for tests and the embedded AWS. CloudFormation makes the real one."""
    client.create_table(TableName=name, **TABLE)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """What one update does: ``set`` (a None is a removal), ``remove``, ``add`` (numbers, or
    texts into a set). Names need no escaping."""

    set: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    add: Mapping[str, int | Set[str]] = field(default_factory=dict)

    def expression(self) -> tuple[str, dict[str, str], dict[str, Any]]:
        """(UpdateExpression, names, values). An attribute that is set is not removed as well."""
        setting = {name: value for name, value in self.set.items() if value is not None}
        empty = [name for name, value in self.set.items() if value is None]
        removing = [name for name in dict.fromkeys((*self.remove, *empty)) if name not in setting]
        parts: list[str] = []
        if setting:
            parts.append("SET " + ", ".join(f"#{name} = :set_{name}" for name in setting))
        if removing:
            parts.append("REMOVE " + ", ".join(f"#{name}" for name in removing))
        if self.add:
            parts.append("ADD " + ", ".join(f"#{name} :add_{name}" for name in self.add))
        names = {f"#{name}": name for name in (*setting, *removing, *self.add)}
        values = {f":set_{name}": value for name, value in setting.items()}
        return " ".join(parts), names, values | {f":add_{name}": value for name, value in self.add.items()}


class Table:
    """The table behind ``name``. Reads are consistent, except on the index, where DynamoDB offers none."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self.name = name

    @property
    def client(self) -> DynamoDBClient:
        """For a library that keeps rows of its own in the table (Powertools' idempotency)."""
        return self._client

    def get(self, pk: str, sk: str) -> Item | None:
        answer = self._call(self._client.get_item, Key=self._pack({"pk": pk, "sk": sk}), ConsistentRead=True)
        return self._unpack(answer["Item"]) if "Item" in answer else None

    def query(
        self,
        pk: str,
        *,
        since: str = "",
        before: str = "\x7f",
        index: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        page: int | None = None,
    ) -> Iterator[Item]:
        """Rows with ``since <= sk < before``, ``page`` by page (DynamoDB's own: 1 MB); never more than ``limit``."""
        hash_name = "service" if index else "pk"
        ask: dict[str, Any] = {
            "KeyConditionExpression": f"{hash_name} = :pk AND sk BETWEEN :since AND :before",
            "ExpressionAttributeValues": self._pack({":pk": pk, ":since": since or " ", ":before": before}),
            "ScanIndexForward": not newest_first,
        }
        ask |= {"IndexName": index} if index else {"ConsistentRead": True}
        if page is not None:
            ask["Limit"] = page
        given = 0
        while limit is None or given < limit:
            if limit is not None:
                ask["Limit"] = limit - given
            answer = self._call(self._client.query, **ask)
            for packed in answer["Items"]:
                row = self._unpack(packed)
                if row["sk"] < before:
                    given += 1
                    yield row
            if not answer.get("LastEvaluatedKey"):
                return
            ask["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, item: Item, condition: Condition, values: Item | None = None) -> None:
        self._conditional(self._client.put_item, condition, values, Item=self._pack(item))

    def delete(self, pk: str, sk: str, condition: Condition, values: Item | None = None) -> None:
        self._conditional(self._client.delete_item, condition, values, Key=self._pack({"pk": pk, "sk": sk}))

    def drop(self, pk: str, sk: str) -> None:
        """Deletes without a condition: only for rows that nothing refers to any more."""
        self._call(self._client.delete_item, Key=self._pack({"pk": pk, "sk": sk}))

    def update(
        self,
        pk: str,
        sk: str,
        changes: Changes,
        condition: Condition,
        values: Item | None = None,
        *,
        returning: str = "ALL_NEW",
    ) -> Item:
        """The row after (``ALL_NEW``) or before (``ALL_OLD``) the write; an empty one when there was none."""
        expression, names, set_values = changes.expression()
        answer = self._conditional(
            self._client.update_item,
            condition,
            {**set_values, **(values or {})},
            Key=self._pack({"pk": pk, "sk": sk}),
            UpdateExpression=expression,
            ExpressionAttributeNames=names,
            ReturnValues=returning,
        )
        return self._unpack(answer.get("Attributes") or {})

    def _conditional(
        self, call: Callable[..., Any], condition: Condition, values: Item | None, **arguments: Any
    ) -> Any:
        if values:
            arguments["ExpressionAttributeValues"] = self._pack(values)
        return self._call(
            call,
            condition,
            ConditionExpression=condition.expression,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **arguments,
        )

    def _call(self, call: Callable[..., Any], condition: Condition | None = None, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            return call(TableName=self.name, **arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if condition and code == "ConditionalCheckFailedException":
                raise self._lost(condition, error.response) from error
            if code == "ResourceNotFoundException":
                raise NoRecord(f"There is no table {self.name} in this account and region.") from error
            raise RecordUnavailable(f"Table {self.name}: {call.__name__} was refused: {error}") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise RecordUnavailable(f"Table {self.name}: no answer to {call.__name__}: {error}") from error

    def _lost(self, condition: Condition, response: Mapping[str, Any]) -> ConditionFailed:
        standing = self._unpack(response.get("Item") or {})
        row = f"{standing['pk']} {standing['sk']}" if "pk" in standing else "a row that is not there"
        return ConditionFailed(condition.name, f"The write lost the condition {condition.name} on {row}.", standing)

    @cached_property
    def _serializer(self) -> TypeSerializer:
        from boto3.dynamodb.types import TypeSerializer

        return TypeSerializer()

    @cached_property
    def _deserializer(self) -> TypeDeserializer:
        from boto3.dynamodb.types import TypeDeserializer

        return TypeDeserializer()

    def _pack(self, item: Item) -> dict[str, Any]:
        return {name: self._serializer.serialize(value) for name, value in item.items() if value is not None}

    def _unpack(self, packed: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._deserializer.deserialize(value) for name, value in packed.items()}
