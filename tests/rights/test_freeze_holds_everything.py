"""The kill switch, end to end: after `lifecycle freeze --all` no handler writes to the fleet, whoever asks it to."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from chalicelib.local.front import DOMAIN
from support.aws_events import alarm_event, task_event
from support.cli import CommandLine
from support.iam_stage import CHAT, TABLE, RightsStage, rights_stage

pytestmark = pytest.mark.slow

LIFECYCLE = ("ecs", "elasticloadbalancing", "application-autoscaling", "iam")
READING = ("Describe", "List", "Get")


def written(stage: RightsStage) -> list[str]:
    """What the functions asked to change in the fleet so far, in no order over functions."""
    asked = [one for guard in stage.guards.values() for one in guard.asked]
    return [str(one) for one in asked if _is_write(one.action)]


def _is_write(action: str) -> bool:
    service, _, verb = action.partition(":")
    return service in LIFECYCLE and not verb.startswith(READING) and action != "iam:PassRole"


def launch(stage: RightsStage, key: str) -> str:
    body = {"model_id": "tinyllama"}
    answer = stage.call("POST", "/api/models/start", who="ada", body=body, expect=202, Idempotency_Key=key)
    return str(answer["instance_id"])


def test_after_a_freeze_nothing_is_written_by_schedule_event_edge_api_slack_or_request_until_it_ends(
    tmp_path: Path,
) -> None:
    with rights_stage(at="2026-11-20T19:30+09:00") as stage:
        person = CommandLine(tmp_path, clients=stage.root)
        person.clock = stage.clock
        stage.add(CHAT, scaling=True)
        stage.sweep()
        running, asleep, leaving = launch(stage, "a"), launch(stage, "b"), launch(stage, "c")
        stage.passes(minutes=5)
        stage.sweep()
        for id in (asleep, leaving):
            stage.call("DELETE", f"/api/models/{id}/stop?force=true", who="ada", expect=202)
        stage.passes(minutes=5)
        stage.sweep()
        stage.call("DELETE", f"/api/models/{leaving}/stop?remove=true&force=true", who="ada", expect=202)
        person.clock.set(stage.clock.now())

        done = person.run("--table", TABLE, "freeze", "--all", "--reason", "incident 4711", "--yes")
        assert done.exit_code == 0, done.output
        before = sorted(written(stage))

        everybody_tries(stage, running, asleep)

        assert sorted(written(stage)) == before
        assert stage.desired(CHAT) == 1
        assert "incident 4711" in person.run("--table", TABLE, "status").output

        assert person.run("--table", TABLE, "unfreeze", "--yes").exit_code == 0
        for _ in range(6):
            stage.passes(minutes=5)
            stage.sweep()
        assert stage.desired(CHAT) == 0, "closed since 20:00"
        stage.call("GET", f"/api/instances/{leaving}", who="ada", expect=404)
        assert stage.denied() == {}


def everybody_tries(stage: RightsStage, running: str, asleep: str) -> None:
    """An hour in which the policy's hours end, and everybody wants something."""
    stage.goes_to("2026-11-20T20:00+09:00")
    stage.invoke("transition", {"instant": "2026-11-20T11:00:00+00:00"})
    stage.events(alarm_event("lifecycle/gpu-dev/chat/idle"), task_event("gpu-dev", "service:chat"))
    stage.call("POST", "/api/models/start", who="ada", body={"model_id": "tinyllama"}, expect=403)
    for method, path, body in (
        ("POST", f"/api/instances/{asleep}/start", None),
        ("DELETE", f"/api/models/{running}/stop?force=true", None),
        ("DELETE", f"/api/models/{running}/stop?remove=true&force=true", None),
        ("PUT", f"/api/instances/{asleep}/override", {"action": "keep", "minutes": 60}),
    ):
        stage.call(method, path, who="ada", body=body)
    host = f"ollama-{asleep}.{DOMAIN}"
    headers = {"host": host, "authorization": f"Bearer {stage.token('ada')}", "x-forwarded-port": "443"}
    request = {
        "httpMethod": "POST", "path": "/api/generate", "body": "{}", "isBase64Encoded": False,
        "queryStringParameters": {}, "headers": headers,
    }  # fmt: skip
    answer = stage.invoke("wake", request)
    assert "frozen" in base64.b64decode(answer["body"]).decode().lower()
    ada = next(one.id for one in stage.slack.workspace.members if one.email.startswith("ada@"))
    stage.asks_slack(ada, "stop chat")
    for _ in range(7):
        stage.passes(minutes=10)
        stage.sweep()
