"""The shorter ways through moto answer as moto does."""

from __future__ import annotations

import inspect
from typing import Any

import boto3
import pytest
from chalicelib.local.quick_moto import quicken
from moto import mock_aws
from moto.core.serialize import JSONSerializer
from moto.dynamodb.models.table import Table

EVERY_TYPE = {
    "S": {"S": "a sentence"},
    "empty": {"S": ""},
    "N": {"N": "12.5"},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "nothing": {"NULL": True},
    "B": {"B": b"\x00\xff"},
    "L": {"L": [{"S": "x"}, {"M": {"deep": {"N": "1"}}}, {"L": []}]},
    "M": {"M": {"S": {"S": "named like a type"}, "s": {"N": "0"}}},
    "SS": {"SS": ["a", "b"]},
    "NS": {"NS": ["1", "2"]},
}


def answers(monkeypatch: pytest.MonkeyPatch, *, quick: bool, range_type: str) -> list[Any]:
    """What a table says of the same rows, written in no order."""
    with monkeypatch.context() as patch, mock_aws():
        shortened = (JSONSerializer, "_serialize_structure_member"), (Table, "all_items"), (Table, "query")
        for owner, name in shortened:
            patch.setattr(owner, name, inspect.unwrap(getattr(owner, name)))
        if quick:
            quicken()
        db = boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
        db.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": range_type},  # type: ignore[typeddict-item]
                {"AttributeName": "service", "AttributeType": "S"},
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-service",
                    "KeySchema": [
                        {"AttributeName": "service", "KeyType": "HASH"},
                        {"AttributeName": "sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for sort in ("10", "9", "100", "1"):
            for partition in ("b", "a"):
                item: Any = {"pk": {"S": partition}, "sk": {range_type: sort}, **EVERY_TYPE}
                of_chat = {"service": {"S": "chat"}} if sort != "9" else {}
                db.put_item(TableName="t", Item={**item, **of_chat})
        asked: Any = {
            "TableName": "t", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}},
        }  # fmt: skip
        indexed: Any = {
            "TableName": "t", "IndexName": "by-service", "KeyConditionExpression": "service = :s",
            "ExpressionAttributeValues": {":s": {"S": "chat"}},
        }  # fmt: skip
        first = db.query(**asked, Limit=2)
        update: Any = {"TableName": "t", "Key": {"pk": {"S": "b"}, "sk": {range_type: "1"}}, "ReturnValues": "ALL_OLD"}
        return [
            db.query(**asked)["Items"],
            db.query(**asked, Limit=2, ScanIndexForward=False),
            db.query(**asked, Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"]),
            db.query(**{**asked, "ExpressionAttributeValues": {":p": {"S": "nobody"}}}),
            db.query(**indexed),
            db.query(**indexed, Limit=3, ScanIndexForward=False),
            db.query(**{**indexed, "ExpressionAttributeValues": {":s": {"S": "nobody"}}}),
            db.query(**asked, ProjectionExpression="pk, M"),
            db.update_item(**update, UpdateExpression="SET S = :v", ExpressionAttributeValues={":v": {"B": b"\x01"}}),
            db.update_item(**{**update, "ReturnValues": "ALL_NEW"}, UpdateExpression="REMOVE L"),
            db.scan(TableName="t")["Items"],
            db.get_item(TableName="t", Key={"pk": {"S": "b"}, "sk": {range_type: "9"}})["Item"],
        ]


@pytest.mark.parametrize("range_type", ["S", "N"])
def test_the_shorter_ways_give_motos_own_answers(monkeypatch: pytest.MonkeyPatch, range_type: str) -> None:
    def bodies(found: list[Any]) -> list[Any]:
        return [{k: v for k, v in one.items() if k != "ResponseMetadata"} if isinstance(one, dict) else one
                for one in found]  # fmt: skip

    slow = bodies(answers(monkeypatch, quick=False, range_type=range_type))

    assert bodies(answers(monkeypatch, quick=True, range_type=range_type)) == slow
    order: Any = float if range_type == "N" else str
    assert [row["sk"][range_type] for row in slow[0]] == sorted(("1", "9", "10", "100"), key=order)
