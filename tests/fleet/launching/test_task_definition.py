"""What is registered for an instance, and what its rules let through. No AWS."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chalicelib.decide.facts import LaunchType, ServiceFacts, ServiceId
from chalicelib.fleet.asking import StartRequest, instance_of
from chalicelib.fleet.fit import place
from chalicelib.fleet.listener import (
    ADMIN_PATHS,
    load_balancer_arn,
    rule_actions,
    rule_conditions,
    target_group,
)
from chalicelib.fleet.model import Instance, Model, Weights, WeightsFrom
from chalicelib.fleet.people import Caller, Role
from chalicelib.fleet.seed_models import seed_models
from chalicelib.fleet.settings import FleetSettings
from chalicelib.fleet.task_definition import tags, task_definition, volume_configurations
from chalicelib.local.listener_rules import token_passes
from chalicelib.prices import hourly_price
from support.issuer import POOL, Issuer

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ADA = Caller("sub-ada", "ada@example.com", Role.USER)
MODELS = {model.id: model for model in seed_models(NOW)}
SETTINGS = FleetSettings(
    cluster="models",
    vpc_id="vpc-1",
    subnet_ids=("subnet-1",),
    security_group_ids=("sg-1",),
    execution_role_arn="arn:execution",
    task_role_arn="arn:task",
    log_group="/models",
    listener_arns=("arn:listener",),
    domain="models.example.com",
    wake_function_arn="arn:wake",
    gpu_providers={"g4dn.xlarge": "gpu-t4", "g6e.xlarge": "gpu-l40s"},
    infrastructure_role_arn="arn:infrastructure",
)


def launched(model: Model, **more: Any) -> Instance:
    placement = place(model, instance_type="", size="", settings=SETTINGS, region="us-east-1")
    request = StartRequest(model.id, "dev", **more)
    return instance_of(request, model, placement, ADA, "k", SETTINGS, NOW)


def defined(model: Model | str, come_from: WeightsFrom | None = None, source: str = "") -> dict[str, Any]:
    chosen = MODELS[model] if isinstance(model, str) else model
    if come_from:
        chosen = replace(chosen, weights=Weights(come_from, source))
    return task_definition(launched(chosen), chosen, SETTINGS, "us-east-1")


def server(definition: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = definition["containerDefinitions"][0]
    return container


def is_valid(definition: dict[str, Any]) -> bool:
    """By botocore's own model of the API."""
    from botocore.session import get_session
    from botocore.validate import ParamValidator

    shape = get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    assert shape is not None
    return not ParamValidator().validate(definition, shape).has_errors()


def test_a_cpu_model_gets_a_fargate_task_of_its_size() -> None:
    definition = defined("llama2-7b")

    assert is_valid(definition)
    assert definition["family"] == "ollama-llama2-7b"
    assert definition["requiresCompatibilities"] == ["FARGATE"]
    assert (definition["cpu"], definition["memory"]) == ("2048", "8192")
    assert definition["networkMode"] == "awsvpc"
    container = server(definition)
    assert container["name"] == "ollama"
    assert container["portMappings"] == [{"containerPort": 11434, "hostPort": 11434, "protocol": "tcp"}]
    assert "resourceRequirements" not in container
    assert "entryPoint" not in container, "a baked image starts as it is"


def test_a_gpu_is_asked_for_with_a_resource_requirement() -> None:
    definition = defined("codellama-13b")

    assert is_valid(definition)
    assert definition["requiresCompatibilities"] == ["EC2"]
    assert server(definition)["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    assert server(definition)["memoryReservation"] == 8192
    assert "cpu" not in definition
    assert "requiresAttributes" not in definition


def test_the_health_check_needs_nothing_that_the_official_image_lacks() -> None:
    check = server(defined("tinyllama"))["healthCheck"]

    assert check["command"] == ["CMD-SHELL", "ollama show tinyllama:1.1b >/dev/null 2>&1 || exit 1"]
    assert check["startPeriod"] <= 300
    assert check["retries"] <= 10


def test_logs_are_found_by_the_instance() -> None:
    logs = server(defined("tinyllama"))["logConfiguration"]

    assert logs["logDriver"] == "awslogs"
    assert logs["options"]["awslogs-group"] == "/models"
    assert logs["options"]["awslogs-stream-prefix"].startswith("inst-")


def test_a_task_has_as_long_to_end_as_fargate_allows() -> None:
    assert server(defined("tinyllama"))["stopTimeout"] == 120


def test_the_tags_tell_the_price_of_the_service() -> None:
    for model in MODELS.values():
        instance = launched(model)
        on = LaunchType.FARGATE if not model.gpus else LaunchType.EC2
        facts = ServiceFacts(ServiceId("c", "s"), "", 0, 0, 0, NOW, launch_type=on, tags=tags(instance))
        price = hourly_price(facts, "us-east-1")
        assert price is not None
        assert price.usd_per_hour == instance.placement.usd_per_hour


def test_who_pays_may_be_named() -> None:
    assert tags(launched(MODELS["tinyllama"], owner="vision team"))["lifecycle:owner"] == "vision team"
    assert tags(launched(MODELS["tinyllama"]))["lifecycle:owner"] == "ada@example.com"


def test_weights_on_efs_are_mounted_encrypted_and_filled_once() -> None:
    definition = defined("tinyllama", WeightsFrom.EFS, "fs-01234567")

    assert is_valid(definition)
    (volume,) = definition["volumes"]
    assert volume["efsVolumeConfiguration"]["fileSystemId"] == "fs-01234567"
    assert volume["efsVolumeConfiguration"]["transitEncryption"] == "ENABLED"
    assert server(definition)["mountPoints"][0]["containerPath"] == "/root/.ollama"
    assert server(definition)["entryPoint"] == ["/bin/sh", "-c"]


def test_weights_on_s3_are_copied_before_the_server_starts() -> None:
    definition = defined("tinyllama", WeightsFrom.S3, "s3://models/tiny")

    assert is_valid(definition)
    ollama, copier = definition["containerDefinitions"]
    assert ollama["dependsOn"] == [{"containerName": copier["name"], "condition": "SUCCESS"}]
    assert copier["essential"] is False
    assert copier["command"][:3] == ["s3", "sync", "s3://models/tiny"]
    assert copier["mountPoints"][0]["sourceVolume"] == ollama["mountPoints"][0]["sourceVolume"]


def test_weights_in_a_snapshot_come_as_a_volume_of_each_task() -> None:
    model = replace(MODELS["tinyllama"], weights=Weights(WeightsFrom.SNAPSHOT, "snap-01234567"))
    definition = defined(model)

    assert is_valid(definition)
    assert definition["volumes"] == [{"name": "weights", "configuredAtLaunch": True}]
    (volume,) = volume_configurations(model, SETTINGS)
    assert volume["managedEBSVolume"]["snapshotId"] == "snap-01234567"
    assert volume["managedEBSVolume"]["roleArn"] == "arn:infrastructure"
    assert volume_configurations(MODELS["tinyllama"], SETTINGS) == []


FAKE_OLLAMA = """\
#!/bin/sh
echo "$*" >> "$CALLS"
case "$1" in
  serve) trap 'echo ended >> "$CALLS"; exit 0' TERM; touch "$UP"; while :; do sleep 0.05; done ;;
  list) test -e "$UP" ;;
  show) test -e "$WEIGHTS" ;;
  pull) test -z "$BROKEN" && touch "$WEIGHTS" ;;
esac
"""


def run_start_command(folder: Path, *, broken: bool) -> tuple[subprocess.Popen[bytes], Path]:
    """The start command of a container that pulls, with a pretended ``ollama``."""
    (folder / "ollama").write_text(FAKE_OLLAMA)
    (folder / "ollama").chmod(0o755)
    container = server(defined("tinyllama"))
    calls = folder / "calls"
    env = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "CALLS": str(calls),
        "UP": str(folder / "up"),
        "WEIGHTS": str(folder / "weights"),
        "BROKEN": "yes" if broken else "",
        "LIFECYCLE_MODEL": "tinyllama:1.1b",
    }
    return subprocess.Popen([*container["entryPoint"], *container["command"]], env=env), calls


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_a_start_that_pulls_serves_and_passes_the_signal_to_end_on(tmp_path: Path) -> None:
    process, calls = run_start_command(tmp_path, broken=False)
    wait_until(lambda: (tmp_path / "weights").exists())

    process.terminate()
    process.wait(timeout=10)

    assert "pull tinyllama:1.1b" in calls.read_text()
    assert calls.read_text().strip().endswith("ended"), "the server was told, and ended by itself"


def test_a_start_whose_weights_cannot_be_had_ends_with_an_error(tmp_path: Path) -> None:
    process, calls = run_start_command(tmp_path, broken=True)

    assert process.wait(timeout=20) == 1
    assert calls.read_text().count("pull") == 3


def wait_until(happens: Any) -> None:
    import time

    for _ in range(200):
        if happens():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


# --- what the load balancer lets through


def is_administration(path: str) -> bool:
    """Whether the expressions ask for a part of the path or for all of it."""
    found = {bool(re.search(one, path)) for one in ADMIN_PATHS}
    assert found == {bool(re.fullmatch(one, path)) for one in ADMIN_PATHS}
    return True in found


@pytest.mark.parametrize(
    "path",
    [
        "/api/delete", "/api/pull", "/api/push", "/api/create", "/api/copy", "/api/delete/", "/api/blobs/sha256:1",
        "/api/%64elete", "/%61pi/pull", "/api%2fpull", "//api/delete", "/api//delete", "/x/../api/delete",
        "/v1/../api/pull", "/./api/push", "/api/..", "/api/.",
    ],
)  # fmt: skip
def test_administration_is_for_admin_only_however_it_is_spelt(path: str) -> None:
    assert is_administration(path)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/api/generate", "/api/chat", "/api/embed", "/api/embeddings", "/api/tags", "/api/show", "/api/ps",
        "/api/version", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models",
        "/v1/models/llama3.2:3b", "/v1/models/delete",
    ],
)  # fmt: skip
def test_everything_else_is_for_everybody_with_a_token(path: str) -> None:
    assert not is_administration(path)


def test_the_rules_stay_within_what_a_rule_may_hold() -> None:
    host, paths = rule_conditions(launched(MODELS["tinyllama"]), admin=True)
    values = [*host["HostHeaderConfig"]["Values"], *paths["PathPatternConfig"]["RegexValues"]]

    assert len(paths["PathPatternConfig"]["RegexValues"]) <= 3
    assert len(values) <= 5
    assert all(len(value) <= 128 for value in values)


def test_a_target_group_keeps_to_its_longest_name() -> None:
    assert len(target_group(launched(MODELS["tinyllama"]), SETTINGS)["Name"]) <= 32


def test_where_no_token_is_demanded_the_rules_only_forward() -> None:
    open_settings = replace(SETTINGS, demand_token=False)

    actions = rule_actions(launched(MODELS["tinyllama"]), open_settings, None, admin=True)

    assert [action["Type"] for action in actions] == ["forward"]


def test_a_load_balancer_is_known_by_its_listener() -> None:
    listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/listener/50dc6c495c0c9188/f2f7dc8efc522ab2"

    assert load_balancer_arn(listener) == (
        "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/listener/50dc6c495c0c9188"
    )


@pytest.mark.parametrize(
    ("groups", "may_use", "may_administrate"),
    [
        (("Admin",), True, True),
        (("User",), True, False),
        (("Gardeners", "User"), True, False),
        (("ReadOnly",), False, False),
        (("Gardeners",), False, False),
        ((), False, False),
    ],
)
def test_only_who_may_launch_uses_a_model_and_only_an_admin_administrates_it(
    groups: tuple[str, ...], may_use: bool, may_administrate: bool
) -> None:
    instance, issuer = launched(MODELS["tinyllama"]), Issuer()
    authorization = f"Bearer {issuer.token(datetime.now(UTC), groups=groups)}"
    for admin, lets_in in ((False, may_use), (True, may_administrate)):
        (check, _) = rule_actions(instance, SETTINGS, POOL, admin=admin)
        assert token_passes(check["JwtValidationConfig"], authorization, issuer.fetch) is lets_in
