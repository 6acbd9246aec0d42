"""`make up` for a test: the live fleet in a thread of this process, and what a person's terminal does with it.

with live_fleet(tmp_path) as up:
    assert up.session("ada").call("GET", "/api/models").status == 200
"""

from __future__ import annotations

import http.client
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chalicelib.errors import ConfigurationError
from chalicelib.local.handoff import UpFile, read_up_file
from chalicelib.local.scenario import week
from chalicelib.local.screen import PlainScreen
from chalicelib.local.up import run_up

UP_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Session:
    """One person's terminal; ``token`` empty: nobody's."""

    api: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """``path`` at the API, or a whole address."""
        base, path = _parted(path) if path.startswith("http") else (self.api, path)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(base, method, path, None if body is None else json.dumps(body), sent)

    def status_of(self, instance_id: str) -> str:
        """Its state, or the HTTP status of a refusal."""
        answer = self.call("GET", f"/api/instances/{instance_id}")
        return str(answer.json["status"]) if answer.status == 200 else str(answer.status)


@dataclass(frozen=True)
class LiveFleet:
    file: UpFile
    folder: Path
    printed: io.StringIO

    def password(self, email: str) -> str:
        found = re.search(rf"{re.escape(email)}\s+(\S+)", self.printed.getvalue())
        assert found, f"no password of {email} was printed:\n{self.printed.getvalue()}"
        return found[1]

    def session(self, name: str = "") -> Session:
        """Logged in as one of the seeded people; without a name as nobody."""
        nobody = Session(self.file.api)
        if not name:
            return nobody
        email = f"{name}@example.com"
        answer = nobody.call("POST", "/api/auth/login", {"email": email, "password": self.password(email)})
        assert answer.status == 200, answer
        return Session(self.file.api, str(answer.json["id_token"]))

    def code_mailed_to(self, email: str) -> str:
        """The last one."""
        within(20, lambda: self._codes(email), f"a code is mailed to {email}")
        return self._codes(email)[-1]

    def has_confirmed(self, email: str) -> None:
        """The embedded Cognito calls the pool's functions by itself."""

    def _codes(self, email: str) -> list[str]:
        return re.findall(rf"{re.escape(email)}.*?code is (\d+)", self.printed.getvalue())


@contextmanager
def live_fleet(folder: Path, *, speed: float = 120.0) -> Iterator[LiveFleet]:
    """``speed``: simulated seconds a second."""
    printed, stop = io.StringIO(), threading.Event()
    home = folder / ".lifecycle"
    options = {"speed": speed, "scenario": week(days=1), "folder": home, "on": PlainScreen(printed), "stop": stop}
    thread = threading.Thread(target=run_up, kwargs=options)
    thread.start()
    try:
        found = within(UP_WITHIN_SECONDS, lambda: _up_file(home / "up.json", thread), "the fleet comes up")
        within(20, lambda: "rita@example.com" in printed.getvalue(), "the people are named")
        yield LiveFleet(found, folder, printed)
    finally:
        stop.set()
        thread.join(timeout=60)


def within(seconds: float, look: Callable[[], Any], what: str) -> Any:
    """The first truthy answer of ``look``; AssertionError when none comes in time."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
    return found


def ask(base: str, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
    """One request to this machine, whatever the host is called."""
    url = urlsplit(base)
    connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=60)
    try:
        connection.request(
            method, url.path + path, None if body is None else body.encode(), {**headers, "Host": url.netloc}
        )
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
    finally:
        connection.close()


def _parted(address: str) -> tuple[str, str]:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}", url.path + (f"?{url.query}" if url.query else "")


def _up_file(path: Path, thread: threading.Thread) -> UpFile | None:
    assert thread.is_alive(), "the fleet does not come up; its thread says why"
    try:
        return read_up_file(path)
    except ConfigurationError:
        return None
