"""The live fleet as people use it: log in, launch, ask, stop, wake by a request, remove; all over HTTP."""

from __future__ import annotations

import http.client
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from chalicelib.errors import ConfigurationError
from chalicelib.local.handoff import read_up_file
from chalicelib.local.scenario import week
from chalicelib.local.screen import PlainScreen
from chalicelib.local.up import run_up


@dataclass
class Session:
    """One person's terminal."""

    api: str
    printed: io.StringIO
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        status, _, text = _request(self.api, method, path, body, self._headers(headers))
        return status, json.loads(text) if text else None

    def log_in(self, name: str) -> None:
        found = re.search(rf"({name}@example\.com)\s+(\S+)", self.printed.getvalue())
        assert found, "the password is printed"
        status, answer = self.call("POST", "/api/auth/login", {"email": found[1], "password": found[2]})
        assert status == 200, answer
        self.token = answer["id_token"]

    def ask(self, endpoint: str, path: str = "/api/generate", **body: Any) -> tuple[int, Mapping[str, str], str]:
        """A request to a launched model, by its own address."""
        return _request(endpoint, "POST", path, {"stream": False, **body}, self._headers({}))

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in more.items()}
        return headers | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def state(self, id: str) -> str:
        status, instance = self.call("GET", f"/api/instances/{id}")
        return str(instance["status"]) if status == 200 else str(status)


def _request(
    base: str, method: str, path: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Mapping[str, str], str]:
    url = urlsplit(base)
    connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=30)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {**headers, "Host": url.netloc})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def within(seconds: float, true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(0.2)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    printed, stop = io.StringIO(), threading.Event()
    folder = tmp_path / ".lifecycle"
    thread = threading.Thread(
        target=run_up,
        kwargs={"speed": 120.0, "scenario": week(days=1), "folder": folder, "on": PlainScreen(printed), "stop": stop},
    )
    thread.start()
    try:
        for _ in range(1200):
            try:
                up = read_up_file(folder / "up.json")
                break
            except ConfigurationError:
                time.sleep(0.05)
        else:
            raise AssertionError("the fleet did not come up")
        within(10, lambda: "rita@example.com" in printed.getvalue(), "the people are named")
        yield Session(up.api, printed)
    finally:
        stop.set()
        thread.join(timeout=30)


def test_a_model_is_launched_asked_stopped_woken_by_a_request_and_removed_over_http(session: Session) -> None:
    session.log_in("ada")
    within(20, lambda: session.call("GET", "/api/policies")[1]["items"] != [], "the first sweep took the policies")
    status, made = session.call("POST", "/api/models/start", {"model_id": "tinyllama", "environment": "sandbox"})
    assert status == 202, made
    id, endpoint = made["instance_id"], made["endpoint_url"]

    status, headers, _ = session.ask(endpoint, model="tinyllama:1.1b", prompt="hi")
    assert (status, int(headers["retry-after"]) <= 120) == (503, True)
    within(40, lambda: session.state(id) == "running", "it answers")
    status, _, text = session.ask(endpoint, model="tinyllama:1.1b", prompt="hi")
    assert (status, json.loads(text)["response"]) == (200, "Hello from a simulated model.")
    assert session.ask(endpoint, "/api/delete", model="tinyllama:1.1b")[0] == 401
    status, logs = session.call("GET", f"/api/instances/{id}/logs")
    assert status == 200
    assert any("POST /api/generate" in line["text"] for line in logs["items"]), logs

    within(30, lambda: session.call("DELETE", f"/api/models/{id}/stop?force=true")[0] in (200, 202), "the stop")
    within(60, lambda: session.state(id) == "stopped", "it stops")
    status, _, text = session.ask(endpoint, "/v1/chat/completions", model="tinyllama:1.1b", messages=[])
    assert (status, json.loads(text)["error"]["code"]) == (503, "model_starting")
    within(40, lambda: session.state(id) == "running", "the request woke it")

    status, _ = session.call("DELETE", f"/api/models/{id}/stop?remove=true&force=true")
    assert status in (200, 202)
    within(60, lambda: session.state(id) == "404", "it is removed")
    assert session.ask(endpoint, model="tinyllama:1.1b", prompt="hi")[0] == 404
