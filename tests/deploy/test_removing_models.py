"""Launched models are taken away with the stack, running or not, and nothing of them is left."""

from __future__ import annotations

import pytest
from chalicelib.cli.exits import Stop
from chalicelib.cli.removing import must_not_go_on_costing
from chalicelib.deploy.removing import Launched, unmake, workshop_of
from support.workbench import embedded, workbench


def test_every_launched_model_is_taken_away_with_what_was_made_once_for_all_of_them() -> None:
    with embedded() as (aws, clients):
        bench = workbench(aws, clients)
        for key in ("one", "two"):
            bench.start(key=key)
        assert len(bench.services()) == 2
        with pytest.raises(Stop, match=r"2 launched models would go on costing: .*--purge"):
            must_not_go_on_costing(Launched(bench.instances.all(), {}))

        unmake(bench.instances.all(), bench.shop)

        assert bench.left_over() == []
        assert clients.elb.describe_target_groups()["TargetGroups"] == []


def test_where_launching_was_off_there_is_nothing_to_take_away_with() -> None:
    assert workshop_of(Launched((), {"LIFECYCLE_FLEET_CLUSTER": ""}), None, None, "eu-west-1") is None
