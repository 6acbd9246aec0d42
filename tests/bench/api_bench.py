"""What each endpoint takes, from the request to the answer, while eight clients ask at once.

Over HTTP against the live fleet (`make up`) on the embedded AWS, which does AWS's part in the same process: the figures
say what our handlers and their calls cost beside each other, not what AWS would take. Logging in is bounded by the pace
that refusals keep, and is asked by several people: five unfinished tries at once lock an account as five wrong ones do.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from chalicelib.entrypoints.api.routes import ROUTES
from goals import Goal, Result
from support.live_fleet import Answer, LiveFleet, Session, live_fleet, within

CLIENTS = 8
REQUESTS = 40
"""For each endpoint, after eight that are not counted; fewer where `SECONDS` are over."""
SECONDS = 3.0
"""For each endpoint: on a machine that does something else as well, a benchmark ends all the same."""
NOTHING = (None,)
SPEED = 10.0
"""Slow, so that the fleet's own sweeps take little of the machine."""


@dataclass(frozen=True)
class Twofold(Session):
    """Sends the access token beside the id token, as a change of one's own account needs."""

    access: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return super().call(method, path, body, X_Access_Token=self.access, **headers)


def measure() -> Result:
    with tempfile.TemporaryDirectory() as folder, live_fleet(Path(folder), speed=SPEED) as up:
        asked = _endpoints(up)
        figures = {name: _measured(*one) for name, one in asked.items()}
    all_failed = sum(failed for _, failed in figures.values())
    return Result(
        title="The API's endpoints",
        rows=[
            {
                "endpoint": name,
                "requests": len(times),
                "p50": f"{median(times) * 1000:.0f} ms",
                "p99": f"{quantiles(times, n=100, method='inclusive')[98] * 1000:.0f} ms",
                "5xx": failed,
            }
            for name, (times, failed) in figures.items()
        ],
        goals=[Goal("5xx under eight clients", "0", str(all_failed), all_failed == 0)],
        notes=[
            f"{CLIENTS} clients at once, in one process with the server and the embedded AWS (one interpreter lock for "
            "all): a client alone waits about an eighth of it.",
        ],
    )


Asked = tuple[Session, str, str, Sequence[object], int | tuple[int, ...]]
"""Who asks, method, path, bodies taken by turns, and the statuses that are right."""

NOT_ASKED = {
    "POST /api/auth/challenge": "answers a login that asked for a code",
    "POST /api/auth/signup/confirm": "needs the code of a mail, once",
    "POST /api/auth/signup/resend": "the same call as a reset",
    "POST /api/auth/reset-password/confirm": "needs the code of a mail, once",
    "PUT /api/user/password": "ends the sessions that the others are asked with",
    "POST /api/user/totp": "binds an authenticator app to the account",
    "PUT /api/user/totp": "the same",
    "DELETE /api/user/totp": "the same",
    "DELETE /api/models/{id}": "works once for each model",
    "GET /api/docs": "the same document as openapi.json",
}
"""Operations that are not measured, and why."""


def _endpoints(up: LiveFleet) -> Mapping[str, Asked]:
    ada, admin, nobody = up.session("ada"), up.session("admin"), up.session()
    made = ada.call("POST", "/api/models/start", {"model_id": "tinyllama", "environment": "sandbox"})
    assert made.status == 202, made
    id = made.json["instance_id"]
    one = f"/api/instances/{id}"
    again = [{"action": "keep", "minutes": 60}]
    within(120, lambda: ada.status_of(id) == "running", "the model answers")
    people = [f"{name}@example.com" for name in ("ada", "ben", "rita", "admin")]
    logins = [{"email": one, "password": up.password(one)} for one in people]
    asked = {
        "GET /api/health": (nobody, "GET", "/api/health", NOTHING, 200),
        "GET /api/openapi.json": (nobody, "GET", "/api/openapi.json", NOTHING, 200),
        "GET /api/models, no token": (nobody, "GET", "/api/models", NOTHING, 401),
        "GET /api/models": (ada, "GET", "/api/models", NOTHING, 200),
        "GET /api/models/{id}": (ada, "GET", "/api/models/tinyllama", NOTHING, 200),
        "GET /api/instances": (ada, "GET", "/api/instances", NOTHING, 200),
        "GET /api/instances/{id}": (ada, "GET", one, NOTHING, 200),
        "GET /api/instances/{id}/logs": (ada, "GET", f"{one}/logs", NOTHING, 200),
        "GET /api/instances/{id}/why": (ada, "GET", f"{one}/why", NOTHING, 200),
        "PUT /api/instances/{id}/override": (ada, "PUT", f"{one}/override", again, 202),
        "GET /api/policies": (ada, "GET", "/api/policies", NOTHING, 200),
        "GET /api/decisions": (ada, "GET", "/api/decisions", NOTHING, 200),
        "GET /api/user/profile": (ada, "GET", "/api/user/profile", NOTHING, 200),
        "GET /api/users": (admin, "GET", "/api/users", NOTHING, 200),
        "POST /api/auth/login": (nobody, "POST", "/api/auth/login", logins, 200),
        **_of_people(up, admin, nobody),
        **_of_the_catalog(admin),
        **_of_the_instance(ada, id, made.json["endpoint_url"]),
    }
    known = {str(route) for route in ROUTES}
    named = {name.partition(",")[0] for name in asked} | set(NOT_ASKED)
    assert known <= named, f"neither measured nor excused: {sorted(known - named)}"
    return asked


def _of_people(up: LiveFleet, admin: Session, nobody: Session) -> Mapping[str, Asked]:
    address = "admin@example.com"
    login = nobody.call("POST", "/api/auth/login", {"email": address, "password": up.password(address)})
    root = Twofold(nobody.api, login.json["id_token"], login.json["access_token"])
    refresh = [{"refresh_token": login.json["refresh_token"]}]
    rita = next(one for one in admin.call("GET", "/api/users").json["items"] if one["email"] == "rita@example.com")
    person = f"/api/users/{rita['user_id']}"
    new = [{"email": f"new{n}@example.com", "role": "User"} for n in range(REQUESTS)]
    eves = [{"email": f"eve{n}@example.com", "password": "Correct-horse-9", "name": "Eve"} for n in range(REQUESTS)]
    unknown = [{"email": "nobody@example.com"}]
    return {
        "POST /api/auth/refresh": (nobody, "POST", "/api/auth/refresh", refresh, 200),
        "POST /api/auth/signup": (nobody, "POST", "/api/auth/signup", eves, 202),
        "POST /api/auth/reset-password": (nobody, "POST", "/api/auth/reset-password", unknown, 202),
        "PUT /api/user/profile": (root, "PUT", "/api/user/profile", [{"name": "Root", "zone": "Asia/Tokyo"}], 200),
        "POST /api/users": (admin, "POST", "/api/users", new, 201),
        "GET /api/users/{id}": (admin, "GET", person, NOTHING, 200),
        "PUT /api/users/{id}": (admin, "PUT", person, [{"role": "ReadOnly"}], 200),
    }


def _of_the_catalog(admin: Session) -> Mapping[str, Asked]:
    needs = {"model_name": "Bench", "ollama_name": "bench:1b", "image_uri": "ollama/ollama:0.12.6"}
    needs |= {"cpu_req": 2048, "memory_req": 6144}  # type: ignore[dict-item]
    new = [{"model_id": f"bench-{n}", **needs} for n in range(REQUESTS)]
    return {
        "POST /api/models": (admin, "POST", "/api/models", new, 201),
        "PUT /api/models/{id}": (admin, "PUT", "/api/models/bench-0", [{**needs, "revision": 1}], 200),
    }


def _of_the_instance(ada: Session, id: str, endpoint: str) -> Mapping[str, Asked]:
    """In this order: it is stopped, found asleep by requests, and started by words."""
    one = f"/api/instances/{id}"
    chat = [{"model": "tinyllama:1.1b", "messages": []}]
    start = [{"model_id": "tinyllama", "environment": "sandbox"}]
    return {
        "DELETE /api/models/{id}/stop": (ada, "DELETE", f"/api/models/{id}/stop?force=true", NOTHING, 202),
        "wake function, by the model's address": (ada, "POST", f"{endpoint}/v1/chat/completions", chat, (503, 200)),
        "POST /api/instances/{id}/start": (ada, "POST", f"{one}/start", [{}], 202),
        "DELETE /api/instances/{id}/override": (ada, "DELETE", f"{one}/override", NOTHING, 202),
        "POST /api/models/start, mostly refused by her limits": (
            ada, "POST", "/api/models/start", start, (202, 429)
        ),
    }  # fmt: skip


def _measured(
    session: Session, method: str, path: str, bodies: Sequence[object], right: int | tuple[int, ...]
) -> tuple[list[float], int]:
    """Seconds for each request, and how many ended in a 5xx. Words about one instance at once may contradict (409)."""

    def ask(n: int) -> tuple[float, Answer]:
        begun = time.perf_counter()
        answer = session.call(method, path, bodies[n % len(bodies)])
        return time.perf_counter() - begun, answer

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(ask, range(CLIENTS)))
        ends = time.monotonic() + SECONDS
        tried = clients.map(lambda n: ask(n) if n < CLIENTS or time.monotonic() < ends else None, range(REQUESTS))
        asked = [one for one in tried if one is not None]
    expected = {409, *(right if isinstance(right, tuple) else (right,))}
    others = [one for _, one in asked if one.status not in expected]
    strange = [one for one in others if one.status < 500]
    assert not strange, (method, path, strange[0])
    return [seconds for seconds, _ in asked], len(others)
