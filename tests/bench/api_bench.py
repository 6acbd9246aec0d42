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
from pathlib import Path
from statistics import median, quantiles

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


Asked = tuple[Session, str, str, Sequence[object], int]
"""Who asks, method, path, bodies taken by turns, and the status that is right."""


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
    return {
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
    }


def _measured(
    session: Session, method: str, path: str, bodies: Sequence[object], right: int
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
    strange = [one for _, one in asked if one.status not in (right, 409) and one.status < 500]
    assert not strange, strange[0]
    return [seconds for seconds, _ in asked], sum(one.status >= 500 for _, one in asked)
