"""A person's whole way with the API over HTTP, against the live fleet: from signing up to leaving nothing behind."""

from __future__ import annotations

from pathlib import Path

from support.live_fleet import Session, live_fleet, within
from support.scripted_session import (
    ASKED,
    followed_and_kept,
    launched,
    removed,
    signed_up,
    stop,
    stopped_and_woken_by_a_word,
)


def test_a_person_signs_up_launches_asks_keeps_stops_wakes_and_removes_a_model(tmp_path: Path) -> None:
    with live_fleet(tmp_path, speed=120.0) as up:
        eve = signed_up(up)
        id, endpoint = launched(eve)
        asked(eve, endpoint)
        followed_and_kept(eve, id, "POST /api/generate")
        stopped_and_woken_by_a_word(eve, id)
        stopped_and_woken_by_a_request(eve, id, endpoint)
        removed(eve, id)
        assert eve.call("POST", f"{endpoint}/api/generate", ASKED).status == 404


def asked(eve: Session, endpoint: str) -> None:
    assert eve.call("POST", f"{endpoint}/api/generate", ASKED).json["response"] == "Hello from a simulated model."
    assert eve.call("POST", f"{endpoint}/api/delete", {"model": "tinyllama"}).status == 401
    assert Session(eve.api).call("POST", f"{endpoint}/api/generate", ASKED).status == 401


def stopped_and_woken_by_a_request(eve: Session, id: str, endpoint: str) -> None:
    stop(eve, id)
    answer = eve.call("POST", f"{endpoint}/v1/chat/completions", {"model": "tinyllama:1.1b", "messages": []})
    assert (answer.status, answer.json["error"]["code"]) == (503, "model_starting"), answer
    assert int(answer.headers["retry-after"]) <= 120
    within(60, lambda: eve.status_of(id) == "running", "the request woke it")
    assert eve.call("POST", f"{endpoint}/api/generate", ASKED).status == 200
    assert eve.call("GET", f"/api/instances/{id}").json["cold_starts"]["count"] >= 1
