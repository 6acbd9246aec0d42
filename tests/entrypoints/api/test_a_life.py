"""One model's life as its owner leads it over the API, on the embedded AWS with real parts throughout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from chalicelib.fleet.model import InstanceState
from chalicelib.local.front import LOG_GROUP
from support.api_stage import ApiStage, api_stage
from support.fleet_stage import OFFICE, PLACEMENT

START = "/api/models/start"


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiStage]:
    """A Friday morning in Tokyo, inside office hours."""
    with api_stage(tmp_path_factory.mktemp("life"), OFFICE, at="2026-11-20T10:00+09:00", launches=True) as stage:
        yield stage


def started(api: ApiStage, **more: object) -> str:
    answer = api.call("POST", START, who="ada", body={"model_id": "tinyllama", **more}, Idempotency_Key="k1")
    assert answer.status == 202, answer.text
    return str(answer.json["instance_id"])


def running(api: ApiStage) -> str:
    id = started(api)
    api.fleet.after(minutes=5)
    assert api.call("GET", f"/api/instances/{id}", who="ada").json["status"] == "running"
    return id


def test_a_start_is_answered_at_once_with_instance_price_and_address(api: ApiStage) -> None:
    answer = api.call("POST", START, who="ada", body={"model_id": "tinyllama", "time_to_live_minutes": 60})

    assert answer.status == 202
    assert answer.json["status"] == "starting"
    assert float(answer.json["price"]["amount"]) > 0
    assert answer.json["endpoint_url"].startswith("http://ollama-inst-")
    assert answer.json["user_id"] == api.fleet.user("ada").sub
    assert answer.json["expires_at"] == "2026-11-20T02:00:00.000Z"


def test_the_same_key_gives_the_same_instance_and_another_request_under_it_is_refused(api: ApiStage) -> None:
    first = started(api)

    assert started(api) == first
    other = api.call("POST", START, who="ada", body={"model_id": "qwen2-5-0-5b"}, Idempotency_Key="k1")
    assert (other.status, other.problem) == (422, "invalid-request")
    assert len(api.call("GET", "/api/instances", who="ada").json["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "field", "said"),
    [
        ({"model_id": "nothing"}, 404, None, "nothing"),
        ({"model_id": "tinyllama", "instance_type": "ml.m5.large"}, 422, "body.instance_type", "SageMaker"),
        ({"model_id": "tinyllama", "size": "gigantic"}, 422, "body.size", "gigantic"),
        ({"model_id": "tinyllama", "schedule_policy": "nobodys"}, 422, "body.schedule_policy", "nobodys"),
    ],
)
def test_what_cannot_be_started_is_said_at_its_field(
    body: dict[str, str], status: int, field: str | None, said: str, api: ApiStage
) -> None:
    answer = api.call("POST", START, who="ada", body=body)

    assert answer.status == status, answer.text
    assert said in answer.json["detail"]
    if field:
        assert answer.json["errors"][0]["field"] == field
    assert api.call("GET", "/api/instances", who="ada").json["items"] == []


def test_a_start_in_closed_hours_is_kept_for_a_while_as_the_policy_allows(api: ApiStage) -> None:
    api.fleet.clock.advance(timedelta(hours=12))

    id = started(api)

    why = api.call("GET", f"/api/instances/{id}/why", who="ada").json
    (winner,) = [one for one in why["policies"][0]["rules"] if one["wins"]]
    assert winner["rule"] == "override"


def test_why_names_the_rule_that_decides_and_what_comes_next(api: ApiStage) -> None:
    id = running(api)

    why = api.call("GET", f"/api/instances/{id}/why", who="ada").json

    (wish,) = why["policies"]
    assert (wish["policy"], wish["mode"]) == ("office", "enforce")
    assert sum(one["wins"] for one in wish["rules"]) == 1
    assert wish["next_transition"] == {"at": "2026-11-20T11:00:00.000Z", "opens": False}
    assert why["desired_count"] == 1


def test_a_launch_that_no_policy_matches_is_told_so_and_sleeps_when_nobody_asks_it(api: ApiStage) -> None:
    body = {"model_id": "tinyllama", "environment": "prod"}
    answer = api.call("POST", START, who="ada", body=body, Idempotency_Key="k1")
    id = answer.json["instance_id"]

    assert answer.json["policy"] == "launched"
    assert answer.json["policy_note"].startswith(
        "No policy in force matches this (nearest policy office: environment=prod"
    )
    api.fleet.every_five_minutes(minutes=10)
    assert api.fleet.request(id=id)[0] == 200
    why = api.call("GET", f"/api/instances/{id}/why", who="ada").json
    assert (why["policies"][0]["policy"], why["policy_note"]) == ("launched", answer.json["policy_note"])

    api.fleet.every_five_minutes(minutes=50)
    assert api.call("GET", f"/api/instances/{id}", who="ada").json["status"] == "running"
    api.fleet.every_five_minutes(minutes=90)  # after an hour its probes are asked, and then for an hour more
    assert api.call("GET", f"/api/instances/{id}", who="ada").json["status"] == "stopped"
    assert api.fleet.request(id=id)[0] == 503
    api.fleet.every_five_minutes(minutes=10)
    assert api.fleet.request(id=id)[0] == 200


def test_a_start_that_a_policy_rules_names_it(api: ApiStage) -> None:
    answer = api.call("POST", START, who="ada", body={"model_id": "tinyllama"})

    assert (answer.json["policy"], answer.json["policy_note"]) == ("office", None)


def test_keep_stop_and_wake_go_the_guarded_way_and_come_back_as_words(api: ApiStage) -> None:
    id = running(api)

    kept = api.call("PUT", f"/api/instances/{id}/override", who="ada", body={"action": "keep", "minutes": 90})
    assert (kept.status, kept.json["became"]) == (202, "stands")
    assert kept.json["said"].startswith("keep running until Fri 20 Nov 2026 11:3")
    assert kept.json["until"] is not None

    api.fleet.after(minutes=15)
    stopped = api.call("DELETE", f"/api/models/{id}/stop?reason=enough", who="ada")
    assert (stopped.status, stopped.json["became"]) == (202, "acted"), stopped.text
    api.fleet.after(minutes=5)
    assert api.call("GET", f"/api/instances/{id}", who="ada").json["status"] == "stopped"
    assert api.fleet.desired(id) == 0

    woken = api.call("POST", f"/api/instances/{id}/start", who="ada")
    assert (woken.status, woken.json["became"]) == (202, "acted"), woken.text
    assert woken.json["instance"]["status"] == "starting"
    api.fleet.after(minutes=5)
    assert api.call("GET", f"/api/instances/{id}", who="ada").json["status"] == "running"

    said = [one["reason"] for one in api.call("GET", "/api/decisions?kind=override", who="ada").json["items"]]
    assert any("enough" in one for one in said)


def test_a_start_of_a_stopped_one_counts_against_the_limits_of_its_owner(api: ApiStage) -> None:
    id = running(api)
    api.call("DELETE", f"/api/models/{id}/stop?force=true", who="ada")
    api.fleet.launch("inst-2", placement=replace(PLACEMENT, usd_per_hour=Decimal("4.96")))

    for method, path, body in (("POST", "start", None), ("PUT", "override", {"action": "keep", "minutes": 90})):
        answer = api.call(method, f"/api/instances/{id}/{path}", who="ada", body=body)
        assert (answer.status, answer.problem) == (429, "too-many"), answer.text
        assert "USD an hour" in answer.json["detail"]
    assert api.fleet.desired(id) == 0


def test_a_word_can_be_taken_back(api: ApiStage) -> None:
    id = running(api)
    api.call("PUT", f"/api/instances/{id}/override", who="ada", body={"action": "snooze", "minutes": 30})

    ended = api.call("DELETE", f"/api/instances/{id}/override", who="ada")

    assert (ended.status, ended.json["said"], ended.json["until"]) == (202, "its policy rules again", None)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"action": "keep", "minutes": 60 * 25}, 403, None),
        ({"action": "keep", "until": "2026-11-20T00:00:00Z"}, 422, "body.until"),
        ({"action": "keep", "until": "2026-11-20T05:00:00Z", "minutes": 5}, 422, "body.until"),
        ({"action": "keep", "force": True}, 422, "body.force"),
        ({"action": "sleep"}, 422, "body.action"),
        ({}, 422, "body.action"),
    ],
)
def test_a_word_that_cannot_be_said_is_refused(
    body: dict[str, object], status: int, field: str | None, api: ApiStage
) -> None:
    answer = api.call("PUT", f"/api/instances/{started(api)}/override", who="ada", body=body)

    assert answer.status == status, answer.text
    if field:
        assert answer.json["errors"][0]["field"] == field


def test_a_model_id_stops_the_one_instance_that_lives_and_no_guess_is_made_between_two(api: ApiStage) -> None:
    id = running(api)
    assert api.call("DELETE", "/api/models/tinyllama/stop", who="ben").status == 404
    api.fleet.after(minutes=15)
    assert api.call("DELETE", "/api/models/tinyllama/stop", who="ada").json["instance"]["instance_id"] == id

    api.call("POST", START, who="ada", body={"model_id": "tinyllama"}, Idempotency_Key="k2")
    answer = api.call("DELETE", "/api/models/tinyllama/stop", who="ada")

    assert (answer.status, answer.problem) == (409, "conflict")
    assert id in answer.json["detail"]


def test_a_removal_stops_drains_and_leaves_nothing(api: ApiStage) -> None:
    id = running(api)
    api.fleet.after(minutes=15)

    answer = api.call("DELETE", f"/api/models/{id}/stop?remove=true", who="ada")

    assert (answer.status, answer.json["instance"]["status"]) == (202, "removing")
    assert api.call("POST", f"/api/instances/{id}/start", who="ada").status == 409
    api.fleet.after(minutes=10)
    assert api.call("GET", f"/api/instances/{id}", who="ada").status == 404
    assert api.call("GET", "/api/instances", who="ada").json["items"] == []


def test_a_removal_of_one_in_use_says_that_it_waits_and_can_be_taken_back_until_then(api: ApiStage) -> None:
    id = running(api)
    api.fleet.hold_tasks(lambda: True)

    answer = api.call("DELETE", f"/api/models/{id}/stop?remove=true", who="ada")
    assert (answer.status, answer.json["became"], answer.json["instance"]["status"]) == (202, "stands", "removing")
    assert answer.json["reason"].startswith("waits until nobody uses it")
    assert api.call("GET", f"/api/instances/{id}", who="ada").json["status_reason"] == answer.json["reason"]
    assert api.fleet.desired(id) == 1
    stop = api.call("PUT", f"/api/instances/{id}/override", who="ada", body={"action": "stop"})
    assert stop.status == 409

    kept = api.call("PUT", f"/api/instances/{id}/override", who="ada", body={"action": "keep", "minutes": 30})
    assert (kept.status, kept.json["instance"]["status"]) == (202, "running"), kept.text
    api.fleet.hold_tasks(lambda: False)
    api.fleet.after(minutes=10)
    assert api.call("GET", f"/api/instances/{id}", who="ada").json["status"] == "running"


def test_a_removal_that_waits_may_be_forced(api: ApiStage) -> None:
    id = running(api)
    api.fleet.hold_tasks(lambda: True)
    api.call("DELETE", f"/api/models/{id}/stop?remove=true", who="ada")

    api.call("DELETE", f"/api/models/{id}/stop?remove=true&force=true", who="ada")

    assert api.fleet.desired(id) == 0
    assert api.call("POST", f"/api/instances/{id}/start", who="ada").status == 409, "it is being taken apart"
    api.fleet.after(minutes=10)
    assert api.call("GET", f"/api/instances/{id}", who="ada").status == 404


def test_logs_are_read_and_followed_by_their_cursor(api: ApiStage) -> None:
    id = running(api)
    say(api, id, "loading the model", "ready")

    first = api.call("GET", f"/api/instances/{id}/logs?limit=1000", who="ada").json
    assert [one["text"] for one in first["items"]] == ["loading the model", "ready"]
    assert first["items"][0]["at"].endswith("Z")

    say(api, id, "a request came")
    following = api.call("GET", f"/api/instances/{id}/logs?cursor={first['next_cursor']}", who="ada").json
    assert [one["text"] for one in following["items"]] == ["a request came"]
    assert api.call("GET", f"/api/instances/{id}/logs?cursor=xx", who="ada").status == 422


def say(api: ApiStage, id: str, *lines: str) -> None:
    logs, stream = api.fleet.clients.logs, f"{id}/ollama/task"
    if not logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream)["logStreams"]:
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
    api.fleet.clock.advance(timedelta(seconds=1))
    at = int(api.fleet.clock.now().timestamp() * 1000)
    logs.put_log_events(
        logGroupName=LOG_GROUP,
        logStreamName=stream,
        logEvents=[{"timestamp": at + number, "message": line} for number, line in enumerate(lines)],
    )


def test_a_limit_of_a_person_is_told_as_too_many(api: ApiStage) -> None:
    answers = [
        api.call("POST", START, who="ada", body={"model_id": "tinyllama"}, Idempotency_Key=f"key-{number}")
        for number in range(5)
    ]

    assert [one.status for one in answers].count(202) == 3
    assert {one.problem for one in answers if one.status != 202} == {"too-many"}


def test_health_tells_an_administrator_how_things_are_and_others_nothing(api: ApiStage) -> None:
    started(api)

    assert api.call("GET", "/api/health").json == {"status": "ok"}
    assert api.call("GET", "/api/health", who="ada").json == {"status": "ok"}
    assert api.call("GET", "/api/health", token="garbage").json == {"status": "ok"}
    details = api.call("GET", "/api/health", who="admin").json["details"]
    assert (details["record"], details["launching"], details["instances"]) == ("ok", True, {"starting": 1})
    assert details["policies_version"]


def test_an_administrator_edits_the_catalog_and_no_edit_is_lost(api: ApiStage) -> None:
    new = {
        "model_id": "phi3-mini", "model_name": "Phi-3 Mini", "ollama_name": "phi3:mini",
        "image_uri": "ollama/ollama:0.12.6", "cpu_req": 2048, "memory_req": 6144,
    }  # fmt: skip
    assert api.call("POST", "/api/models", who="admin", body=new).status == 201
    assert api.call("POST", "/api/models", who="admin", body=new).status == 409
    assert api.call("POST", "/api/models", who="admin", body={**new, "model_id": "start"}).status == 422
    needs = {name: value for name, value in new.items() if name != "model_id"}

    changed = api.call("PUT", "/api/models/phi3-mini", who="admin", body={**needs, "memory_req": 8192, "revision": 1})
    late = api.call("PUT", "/api/models/phi3-mini", who="admin", body={**needs, "revision": 1})

    assert (changed.status, changed.json["memory_req"], changed.json["revision"]) == (200, 8192, 2)
    assert (late.status, late.problem) == (409, "conflict")
    assert api.call("DELETE", "/api/models/phi3-mini", who="admin").status == 204
    assert api.call("GET", "/api/models/phi3-mini", who="rita").status == 404


def test_a_model_with_instances_stays_in_the_catalog(api: ApiStage) -> None:
    started(api)

    assert api.call("DELETE", "/api/models/tinyllama", who="admin").status == 409
    assert api.fleet.instances.all()[0].state is InstanceState.STARTING
