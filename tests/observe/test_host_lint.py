"""What keeps hosts running without tasks, and what would cut requests when a Spot host is taken."""

from __future__ import annotations

from typing import Any

import pytest
from chalicelib.observe.capacity import Described
from chalicelib.observe.host_lint import Group, drain_doubt, host_doubts, stop_seconds

WELL = {"status": "ENABLED", "targetCapacity": 100}


def provider(**changes: Any) -> Described:
    return Described(**{"name": "gpu-spot", "tags": {}, "group": "gpu", "managed_scaling": WELL, **changes})


@pytest.mark.parametrize(
    ("described", "group", "says"),
    [
        (provider(managed_scaling={"status": "DISABLED"}), Group("gpu", 0), "managed scaling is off"),
        (provider(managed_scaling=None), Group("gpu", 0), "managed scaling is off"),
        (provider(managed_scaling=WELL | {"targetCapacity": 80}), Group("gpu", 0), "keeps hosts to spare"),
        (provider(), Group("gpu", 2), "never has fewer than 2 hosts"),
        (provider(), Group("gpu", 0, frozenset({"Terminate"})), "Terminate of its group gpu is suspended"),
        (provider(), Group("gpu", 0, protects_new_hosts=True), "protected from scale-in"),
        (provider(group="", managed_instances={"infrastructureOptimization": {"scaleInAfter": -1}}), None, "idle"),
    ],
)
def test_each_thing_that_keeps_a_host_is_named_with_what_to_do(
    described: Described, group: Group | None, says: str
) -> None:
    (doubt,) = host_doubts([described], {"gpu": group} if group else {})

    assert says in doubt
    assert "gpu-spot" in doubt


def test_a_group_that_may_shrink_to_zero_raises_no_doubt() -> None:
    protected = provider(managed_termination_protection=True)

    assert list(host_doubts([provider(), protected], {"gpu": Group("gpu", 0, frozenset({"AZRebalance"}))})) == []


def test_deregistration_and_stop_timeout_have_to_fit_into_the_notice() -> None:
    assert drain_doubt("gpu-dev/chat", 80, 30) is None
    assert "300 s and stop timeout 30 s together are 330 s" in str(drain_doubt("gpu-dev/chat", 300, 30))
    assert stop_seconds({"containerDefinitions": [{"stopTimeout": 90}, {}]}) == 90
    assert stop_seconds({"containerDefinitions": [{}]}) == 30
