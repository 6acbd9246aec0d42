from __future__ import annotations

from collections.abc import Iterator

import pytest
from chalicelib.local.aws import EmbeddedAws
from chalicelib.runtime.clients import Clients
from support.workbench import Workbench, embedded, workbench


@pytest.fixture(scope="module")
def aws() -> Iterator[tuple[EmbeddedAws, Clients]]:
    with embedded() as made:
        yield made


@pytest.fixture
def bench(aws: tuple[EmbeddedAws, Clients]) -> Workbench:
    return workbench(*aws)
