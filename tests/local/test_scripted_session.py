"""A person's whole way with the API over HTTP, against the live fleet: from signing up to leaving nothing behind."""

from __future__ import annotations

from pathlib import Path

from support.live_fleet import LiveFleet, Session, live_fleet, within

EVE, PASSWORD = "eve@example.com", "Correct-horse-9"
ASKED = {"model": "tinyllama:1.1b", "prompt": "hi", "stream": False}


def test_a_person_signs_up_launches_asks_keeps_stops_wakes_and_removes_a_model(tmp_path: Path) -> None:
    with live_fleet(tmp_path, speed=120.0) as up:
        eve = signed_up(up)
        id, endpoint = launched(eve)
        used(eve, id, endpoint)
        stopped_and_woken_by_a_word(eve, id)
        stopped_and_woken_by_a_request(eve, id, endpoint)
        removed(eve, id, endpoint)


def signed_up(up: LiveFleet) -> Session:
    """As ReadOnly, who may not launch; an administrator makes her a User."""
    nobody = up.session()
    answer = nobody.call("POST", "/api/auth/signup", {"email": EVE, "password": PASSWORD, "name": "Eve"})
    assert answer.status == 202, answer
    code = up.code_mailed_to(EVE)
    assert nobody.call("POST", "/api/auth/signup/confirm", {"email": EVE, "code": code}).status == 200

    eve = logged_in(up)
    assert [one["model_id"] for one in eve.call("GET", "/api/models").json["items"]].count("tinyllama") == 1
    refused = eve.call("POST", "/api/models/start", {"model_id": "tinyllama"})
    assert (refused.status, refused.headers["content-type"]) == (403, "application/problem+json")

    admin = up.session("admin")
    (her,) = [one for one in admin.call("GET", "/api/users?limit=100").json["items"] if one["email"] == EVE]
    assert her["role"] == "ReadOnly"
    assert admin.call("PUT", f"/api/users/{her['user_id']}", {"role": "User"}).status == 200
    return logged_in(up)


def logged_in(up: LiveFleet) -> Session:
    answer = up.session().call("POST", "/api/auth/login", {"email": EVE, "password": PASSWORD})
    assert (answer.status, answer.json["send"]) == (200, "id_token"), answer
    return Session(up.file.api, answer.json["id_token"])


def launched(eve: Session) -> tuple[str, str]:
    body = {"model_id": "tinyllama", "environment": "sandbox"}
    first = eve.call("POST", "/api/models/start", body, Idempotency_Key="first")
    assert (first.status, first.json["status"]) == (202, "starting"), first
    assert (
        eve.call("POST", "/api/models/start", body, Idempotency_Key="first").json["instance_id"]
        == (first.json["instance_id"])
    )
    id, endpoint = first.json["instance_id"], first.json["endpoint_url"]
    assert [one["instance_id"] for one in eve.call("GET", "/api/instances").json["items"]] == [id]
    within(60, lambda: eve.status_of(id) == "running", "the model answers")
    return id, endpoint


def used(eve: Session, id: str, endpoint: str) -> None:
    assert eve.call("POST", f"{endpoint}/api/generate", ASKED).json["response"] == "Hello from a simulated model."
    assert eve.call("POST", f"{endpoint}/api/delete", {"model": "tinyllama"}).status == 401
    assert Session(eve.api).call("POST", f"{endpoint}/api/generate", ASKED).status == 401
    logs = eve.call("GET", f"/api/instances/{id}/logs").json
    assert any("POST /api/generate" in one["text"] for one in logs["items"]), logs
    assert eve.call("GET", f"/api/instances/{id}/logs?cursor={logs['next_cursor']}").json["items"] == []
    why = eve.call("GET", f"/api/instances/{id}/why").json
    assert sum(rule["wins"] for rule in why["policies"][0]["rules"]) == 1
    kept = eve.call("PUT", f"/api/instances/{id}/override", {"action": "keep", "minutes": 60})
    assert (kept.status, kept.json["became"]) == (202, "stands"), kept


def stopped_and_woken_by_a_word(eve: Session, id: str) -> None:
    stop(eve, id)
    woken = eve.call("POST", f"/api/instances/{id}/start", {})
    assert (woken.status, woken.json["instance"]["status"]) == (202, "starting"), woken
    within(60, lambda: eve.status_of(id) == "running", "the word woke it")


def stopped_and_woken_by_a_request(eve: Session, id: str, endpoint: str) -> None:
    stop(eve, id)
    answer = eve.call("POST", f"{endpoint}/v1/chat/completions", {"model": "tinyllama:1.1b", "messages": []})
    assert (answer.status, answer.json["error"]["code"]) == (503, "model_starting"), answer
    assert int(answer.headers["retry-after"]) <= 120
    within(60, lambda: eve.status_of(id) == "running", "the request woke it")
    assert eve.call("POST", f"{endpoint}/api/generate", ASKED).status == 200
    assert eve.call("GET", f"/api/instances/{id}").json["cold_starts"]["count"] >= 1


def stop(eve: Session, id: str) -> None:
    answer = eve.call("DELETE", f"/api/models/{id}/stop?force=true")
    assert (answer.status, answer.json["became"]) == (202, "acted"), answer
    within(60, lambda: eve.status_of(id) == "stopped", "it stops")


def removed(eve: Session, id: str, endpoint: str) -> None:
    answer = eve.call("DELETE", f"/api/models/{id}/stop?remove=true&force=true")
    assert (answer.status, answer.json["instance"]["status"]) == (202, "removing"), answer
    within(90, lambda: eve.status_of(id) == "404", "it is removed")
    assert eve.call("GET", "/api/instances").json["items"] == []
    assert eve.call("POST", f"{endpoint}/api/generate", ASKED).status == 404
