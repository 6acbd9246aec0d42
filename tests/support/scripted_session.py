"""A person's whole way with the API, from signing up to leaving nothing behind, wherever the API runs.

What differs from place to place (how a mail is read, how a model's own address is reached) is the caller's.
"""

from __future__ import annotations

from typing import Protocol

from support.live_fleet import Session, within

EVE, PASSWORD = "eve@example.com", "Correct-horse-9"
ASKED = {"model": "tinyllama:1.1b", "prompt": "hi", "stream": False}
PATIENCE_SECONDS = 60


class Deployed(Protocol):
    """A running deployment with the catalog filled in and an administrator."""

    def session(self, name: str = "") -> Session:
        """Logged in as ``name``; without one as nobody."""

    def code_mailed_to(self, email: str) -> str: ...

    def has_confirmed(self, email: str) -> None:
        """What happens after somebody has confirmed her address."""


def signed_up(up: Deployed) -> Session:
    """As ReadOnly, who may not launch; an administrator makes her a User."""
    nobody = up.session()
    answer = nobody.call("POST", "/api/auth/signup", {"email": EVE, "password": PASSWORD, "name": "Eve"})
    assert answer.status == 202, answer
    code = up.code_mailed_to(EVE)
    answer = nobody.call("POST", "/api/auth/signup/confirm", {"email": EVE, "code": code})
    assert answer.status == 200, answer
    up.has_confirmed(EVE)

    eve = logged_in(nobody, EVE, PASSWORD)
    assert [one["model_id"] for one in eve.call("GET", "/api/models").json["items"]].count("tinyllama") == 1
    refused = eve.call("POST", "/api/models/start", {"model_id": "tinyllama"})
    assert (refused.status, refused.headers["content-type"]) == (403, "application/problem+json"), refused

    admin = up.session("admin")
    (her,) = [one for one in admin.call("GET", "/api/users?limit=100").json["items"] if one["email"] == EVE]
    assert her["role"] == "ReadOnly"
    assert admin.call("PUT", f"/api/users/{her['user_id']}", {"role": "User"}).status == 200
    return logged_in(nobody, EVE, PASSWORD)


def logged_in(nobody: Session, email: str, password: str) -> Session:
    answer = nobody.call("POST", "/api/auth/login", {"email": email, "password": password})
    assert (answer.status, answer.json["send"]) == (200, "id_token"), answer
    return Session(nobody.api, answer.json["id_token"])


def launched(eve: Session) -> tuple[str, str]:
    """The instance's id and its address, as soon as the model answers."""
    body = {"model_id": "tinyllama", "environment": "sandbox"}
    first = eve.call("POST", "/api/models/start", body, Idempotency_Key="first")
    assert (first.status, first.json["status"]) == (202, "starting"), first
    id, endpoint = first.json["instance_id"], first.json["endpoint_url"]
    again = eve.call("POST", "/api/models/start", body, Idempotency_Key="first")
    assert again.json["instance_id"] == id, again
    assert [one["instance_id"] for one in eve.call("GET", "/api/instances").json["items"]] == [id]
    within(PATIENCE_SECONDS, lambda: eve.status_of(id) == "running", "the model answers")
    return id, endpoint


def followed_and_kept(eve: Session, id: str, line: str) -> None:
    """``line``: what its log has said by now."""
    logs = eve.call("GET", f"/api/instances/{id}/logs").json
    assert any(line in one["text"] for one in logs["items"]), logs
    assert eve.call("GET", f"/api/instances/{id}/logs?cursor={logs['next_cursor']}").json["items"] == []
    why = eve.call("GET", f"/api/instances/{id}/why").json
    assert sum(rule["wins"] for rule in why["policies"][0]["rules"]) == 1
    kept = eve.call("PUT", f"/api/instances/{id}/override", {"action": "keep", "minutes": 60})
    assert (kept.status, kept.json["became"]) == (202, "stands"), kept


def stopped_and_woken_by_a_word(eve: Session, id: str) -> None:
    stop(eve, id)
    woken = eve.call("POST", f"/api/instances/{id}/start", {})
    assert (woken.status, woken.json["instance"]["status"]) == (202, "starting"), woken
    within(PATIENCE_SECONDS, lambda: eve.status_of(id) == "running", "the word woke it")


def stop(eve: Session, id: str) -> None:
    answer = eve.call("DELETE", f"/api/models/{id}/stop?force=true")
    assert (answer.status, answer.json["became"]) == (202, "acted"), answer
    within(PATIENCE_SECONDS, lambda: eve.status_of(id) == "stopped", "it stops")


def removed(eve: Session, id: str) -> None:
    answer = eve.call("DELETE", f"/api/models/{id}/stop?remove=true&force=true")
    assert (answer.status, answer.json["instance"]["status"]) == (202, "removing"), answer
    within(1.5 * PATIENCE_SECONDS, lambda: eve.status_of(id) == "404", "it is removed")
    assert eve.call("GET", "/api/instances").json["items"] == []
