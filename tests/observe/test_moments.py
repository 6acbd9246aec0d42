"""Moments in answers are read quickly and come out the same."""

from __future__ import annotations

from datetime import UTC, datetime

import botocore.session
import pytest
from botocore.utils import parse_timestamp
from chalicelib.observe.moments import moment, read_moments_quickly
from support.strict_aws import StrictAws

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", [0, 1763640000, 1763640000.25, "2026-11-20T12:00:00Z", "1763640000"])
def test_a_moment_is_the_one_that_botocore_reads(value: str | float) -> None:
    assert moment(value) == parse_timestamp(value)


def test_clients_of_a_session_that_reads_quickly_answer_in_utc() -> None:
    core = botocore.session.Session()
    read_moments_quickly(core)
    aws = StrictAws(NOW, core=core, parse=True)
    aws.world.add_service("gpu-dev", "chat", started=NOW)

    services = aws.client("ecs").describe_services(cluster="gpu-dev", services=["chat"])["services"]

    assert services[0]["createdAt"].tzinfo is UTC
    assert services[0]["createdAt"] == aws.world.service("gpu-dev", "chat").created_at
