from __future__ import annotations

from collections.abc import Iterator

import pytest
from chalicelib.local.aws import EmbeddedAws
from chalicelib.runtime.clients import Clients
from support.people import House


@pytest.fixture(scope="module")
def embedded_aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def clients(embedded_aws: EmbeddedAws) -> Clients:
    """Made once: reading Cognito's API from botocore takes longer than all that a test does with it."""
    return embedded_aws.clients()


@pytest.fixture
def house(embedded_aws: EmbeddedAws, clients: Clients) -> Iterator[House]:
    """A pool of its own, with a person of each role, and everything that looks after it."""
    house = House(embedded_aws, clients)
    yield house
    house.leave()
