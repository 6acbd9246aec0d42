"""The record's table in moto, in this process. ``serialised`` closes moto's own race on conditional writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from chalicelib.local.quick_moto import quicken
from chalicelib.record.table import Table, create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_numbers = count(1)
NO_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


@contextmanager
def moto_client() -> Iterator[DynamoDBClient]:
    """A DynamoDB client of a fresh moto; making one costs more than making many tables with it."""
    import boto3
    from moto import mock_aws

    quicken()
    with patch.dict("os.environ", NO_CREDENTIALS), mock_aws():
        yield serialised(boto3.client("dynamodb"))


def new_table(client: DynamoDBClient) -> Table:
    """An empty table of its own name."""
    name = f"lifecycle-test-{next(_numbers)}"
    create_table(client, name)
    return Table(client, name)


@contextmanager
def moto_table() -> Iterator[Table]:
    """A fresh, empty table in a fresh moto."""
    with moto_client() as client:
        yield new_table(client)


def serialised(client: DynamoDBClient) -> DynamoDBClient:
    """One request at a time, as one DynamoDB partition does it: moto checks a condition and writes in two steps."""
    lock = threading.RLock()
    plain = client._make_api_call  # type: ignore[attr-defined]

    def one_at_a_time(operation: str, arguments: Any) -> Any:
        with lock:
            return plain(operation, arguments)

    client._make_api_call = one_at_a_time  # type: ignore[attr-defined]
    return client


def race(count: int, contender: Any) -> list[Any]:
    """Runs ``contender(number)`` in ``count`` threads that start together; what each returned or raised."""
    start = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = contender(number)
        except Exception as error:  # noqa: BLE001  the loser's error is the result
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
