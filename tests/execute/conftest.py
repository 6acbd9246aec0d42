from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from chalicelib.record.table import Table
from support.moto_record import moto_client, new_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    with moto_client() as client:
        yield client


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> Table:
    return new_table(dynamodb)
