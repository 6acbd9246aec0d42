from __future__ import annotations

import pytest
from chalicelib.errors import ConfigurationError
from chalicelib.fleet.settings import PoolSettings

ENV = {"LIFECYCLE_USER_POOL": "eu-west-1_abc", "LIFECYCLE_USER_POOL_CLIENT": "client"}


def test_a_deployment_without_a_pool_has_none() -> None:
    assert PoolSettings.from_env({}, "eu-west-1") is None
    assert PoolSettings.from_env({"LIFECYCLE_USER_POOL": " "}, "eu-west-1") is None


def test_a_pools_issuer_and_keys_are_where_aws_keeps_them() -> None:
    pool = PoolSettings.from_env(ENV, "eu-west-1")

    assert pool is not None
    assert pool.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    assert pool.jwks_url == f"{pool.issuer}/.well-known/jwks.json"
    assert pool.mail_domains == ()


def test_a_pool_without_a_client_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="LIFECYCLE_USER_POOL_CLIENT"):
        PoolSettings.from_env({"LIFECYCLE_USER_POOL": "eu-west-1_abc"}, "eu-west-1")


@pytest.mark.parametrize(
    "text", ["Example.com, @example.org", "example.com,,example.org,", " @Example.com , EXAMPLE.ORG "]
)
def test_mail_domains_are_read_as_people_write_them(text: str) -> None:
    pool = PoolSettings.from_env({**ENV, "LIFECYCLE_MAIL_DOMAINS": text}, "eu-west-1")

    assert pool is not None
    assert pool.mail_domains == ("example.com", "example.org")
