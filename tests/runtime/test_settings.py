"""The environment, read once."""

from __future__ import annotations

import pytest
from chalicelib.errors import ConfigurationError
from chalicelib.execute.bookings import BookingSettings
from chalicelib.runtime.settings import Settings

LEAST = {"LIFECYCLE_TABLE": "t", "LIFECYCLE_POLICIES": "policies", "AWS_REGION": "eu-west-1"}
FLEET = {
    f"LIFECYCLE_FLEET_{name}": "told"
    for name in ("VPC", "SUBNETS", "SECURITY_GROUPS", "EXECUTION_ROLE", "TASK_ROLE", "LOG_GROUP", "LISTENERS", "DOMAIN")
} | {"LIFECYCLE_FLEET_CLUSTER": "models", "LIFECYCLE_WAKE_FUNCTION": "arn"}


@pytest.mark.parametrize(
    ("named", "fleet", "looked_after"),
    [
        ("", {}, ()),
        ("", FLEET, ()),
        ("gpu, ml", {}, ("gpu", "ml")),
        ("gpu", FLEET, ("gpu", "models")),
        ("models,gpu", FLEET, ("models", "gpu")),
    ],
)
def test_where_models_are_launched_is_looked_after_whatever_clusters_are_named(
    named: str, fleet: dict[str, str], looked_after: tuple[str, ...]
) -> None:
    assert Settings.from_env(LEAST | fleet | {"LIFECYCLE_CLUSTERS": named}).clusters == looked_after


def test_without_a_pool_and_a_cluster_for_models_nobody_logs_in_and_nothing_is_launched() -> None:
    settings = Settings.from_env(LEAST)
    assert (settings.pool, settings.fleet) == (None, None)


def test_who_books_wake_ups_knows_all_four_names_or_says_which_is_missing() -> None:
    told = {f"LIFECYCLE_BOOKING_{name}": name.lower() for name in ("GROUP", "TARGET", "ROLE", "DEAD_LETTERS")}

    assert Settings.from_env(LEAST).bookings is None
    assert Settings.from_env(LEAST | told).bookings == BookingSettings("group", "target", "role", "dead_letters")
    with pytest.raises(ConfigurationError, match="LIFECYCLE_BOOKING_ROLE"):
        Settings.from_env(LEAST | told | {"LIFECYCLE_BOOKING_ROLE": ""})
