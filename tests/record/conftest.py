from __future__ import annotations

from collections.abc import Iterator

import pytest
from chalicelib.record.table import Table
from support.moto_record import moto_table


@pytest.fixture
def table() -> Iterator[Table]:
    with moto_table() as made:
        yield made
