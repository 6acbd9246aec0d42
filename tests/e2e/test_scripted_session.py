"""A person's whole way with the API, against the packaged application on ministack: API Gateway, functions, roles.

What the test does by its own hands, because ministack does not: the load balancer's routing (the wake function is
invoked with the event that a load balancer would send, and no token is checked on the way), the health of tasks and
their registration as targets (no container runs), the lines of the container's log, the schedule of the sweep with the
catalog that it fills twice an hour, and the functions of the user pool other than PreSignUp. So a request to the model
itself and the tokens that the load balancer demands are left to the same session on the embedded AWS. Application Auto
Scaling is a stub. The roles are enforced, but not what ECS and load balancing are called on.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from functools import partial

import boto3
import pytest
from support import ministack, own_venv
from support.chalice_package import package
from support.deployed_fleet import DeployedFleet, ecs_with_health, fleet_parameters
from support.deployment import deploy
from support.live_fleet import Session, within
from support.scaling_stub import no_scaling
from support.scripted_session import (
    PATIENCE_SECONDS,
    followed_and_kept,
    launched,
    removed,
    signed_up,
    stop,
    stopped_and_woken_by_a_word,
)

pytestmark = pytest.mark.e2e

POLICY = "lifecycle: v1\npolicies:\n  other:\n    match: {names: [nothing]}\n    mode: enforce\n"
HANDLERS = ("app", "wake", "sweep", "on_aws_events")


@pytest.fixture
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedFleet]:
    try:
        ministack.interpreter()
    except own_venv.NotInstallable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"ministack cannot be installed here: {error}")
    zipped = package(tmp_path_factory.mktemp("package"))
    with (
        ministack.running(tmp_path_factory.mktemp("ministack")) as address,
        no_scaling() as scaling,
        ecs_with_health(address) as ecs,
    ):
        session = boto3.session.Session("test", "test", region_name="us-east-1")
        client = partial(session.client, endpoint_url=address)
        made = deploy(address, zipped, fleet_parameters(client))
        keys = f"{address}/{made.outputs['UserPoolId']}/.well-known/jwks.json"
        made.configure(
            {
                "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": scaling,
                "AWS_ENDPOINT_URL_ECS": ecs,
                "LIFECYCLE_JWKS_URL": keys,
            },
            HANDLERS,
        )
        fleet = DeployedFleet(made)
        fleet.make_admin()
        fleet.fill_catalog()
        made.write_policy(POLICY)
        made.sweep()
        yield fleet


def test_a_person_signs_up_launches_keeps_stops_wakes_and_removes_a_model(up: DeployedFleet) -> None:
    eve = signed_up(up)
    with up.hands():
        id, _ = launched(eve)
        up.says(id, "POST /api/generate")
        followed_and_kept(eve, id, "POST /api/generate")
        stopped_and_woken_by_a_word(eve, id)
        stopped_and_woken_by_a_request(up, eve, id)
        removed(eve, id)
    assert up.left_over() == []


def stopped_and_woken_by_a_request(up: DeployedFleet, eve: Session, id: str) -> None:
    stop(eve, id)
    answer = up.request(id, "/v1/chat/completions", {"model": "tinyllama:1.1b", "messages": []}, eve.token)
    body = json.loads(base64.b64decode(answer["body"]))
    assert (answer["statusCode"], body["error"]["code"]) == (503, "model_starting"), body
    assert int(answer["headers"]["Retry-After"]) <= 120
    within(PATIENCE_SECONDS, lambda: eve.status_of(id) == "running", "the request woke it")
    assert eve.call("GET", f"/api/instances/{id}").json["cold_starts"]["count"] >= 1
