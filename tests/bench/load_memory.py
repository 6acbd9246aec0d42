"""The API's own entry point on the strict fake AWS, all in one process: what our handlers take, and little else.

Calls are made as Lambda makes them, with API Gateway's events, on a few threads at once (the deployed application has a
process for each; here they share one interpreter). DynamoDB, ECS, the load balancer and Cognito are answered from
memory, through botocore. `python load_memory.py PER_SECOND SECONDS USERS LAUNCHES SERVICES` prints one JSON line.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "chalice_app"), str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

from chalicelib.record.table import Table  # noqa: E402
from faults.front import CLUSTER  # noqa: E402
from load_calls import ENVIRONMENT, MODEL, Answered, Asked, Cast, Mine, minute_of  # noqa: E402
from load_effects import Effects, effects, told  # noqa: E402
from load_figures import resident, status  # noqa: E402
from load_house import House, house  # noqa: E402

THREADS = 8
EACH = 2
"""Instances of one person beforehand: three are allowed."""


def prepared(one: House, launches: int) -> Cast:
    """Two instances of each person run; a third of all is put to sleep."""
    users = [person.name for person in one.people.values() if person.role == "User"]
    made = [
        Mine(
            name,
            one.ask(name, "POST", "/api/models/start", {"model_id": MODEL, "environment": ENVIRONMENT})["instance_id"],
        )
        for name in users
        for _ in range(EACH)
    ]
    _settle(one)
    thirds = [made[first::3] for first in range(3)]
    for each in thirds[0]:
        one.ask(each.owner, "DELETE", f"/api/models/{each.id}/stop?force=true")
    _settle(one)
    return Cast(users, thirds[1], thirds[0], thirds[2], users[:launches])


def _settle(one: House) -> None:
    """Sweeps see what became of what was begun."""
    for _ in range(3):
        now = datetime.now(UTC)
        one.app.controller.sweep(now, full=True)
        assert one.app.fleet
        one.app.fleet.keeper.tend(now)


def played(one: House, calls: Sequence[Asked]) -> tuple[list[Answered], float, float]:
    """Every call at its own instant; the answers, and the seconds of wall and CPU until the last one was there."""
    events = [one.event(each) for each in calls]
    began, cpu = time.perf_counter(), time.process_time()

    def ask(asked: Asked, event: Mapping[str, Any]) -> Answered:
        status, text = one.call(event)
        return Answered(asked, status, text, time.perf_counter() - began - asked.at)

    with ThreadPoolExecutor(THREADS) as threads:
        futures = []
        for asked, event in zip(calls, events, strict=True):
            if (wait := began + asked.at - time.perf_counter()) > 0:
                time.sleep(wait)
            futures.append(threads.submit(ask, asked, event))
        answers = [future.result() for future in futures]
    return answers, time.perf_counter() - began, time.process_time() - cpu


@dataclass(frozen=True)
class Called:
    cast: Cast
    answers: Sequence[Answered]
    after: Effects
    seconds: float
    cpu: float


def load(
    *, per_second: float, seconds: float, users: int, launches: int, services: int = 0,
    begins: Callable[[], None] = lambda: None,
) -> Called:  # fmt: skip
    with house(users, services) as one:
        cast = prepared(one, launches)
        calls = minute_of(cast, per_second, seconds)
        begins()
        since = datetime.now(UTC)
        answers, took, cpu = played(one, calls)
        _settle(one)
        table = Table(one.app.clients.dynamodb, "t")
        after = effects(table, one.app.clients.ecs, CLUSTER, since, datetime.now(UTC) + timedelta(seconds=1))
        return Called(cast, answers, after, took, cpu)


def figures(per_second: float, seconds: float, users: int, launches: int, services: int) -> dict[str, object]:
    """One load, as numbers, and what is wrong with it."""
    ready = 0.0

    def begins() -> None:
        nonlocal ready
        gc.collect()
        ready = resident()

    done = load(
        per_second=per_second, seconds=seconds, users=users, launches=launches, services=services, begins=begins
    )
    memory = {"ready": ready, "peak": status("VmHWM")}
    return told(done.cast, done.answers, done.after, done.seconds) | memory | {"cpu": done.cpu}


if __name__ == "__main__":
    rate, span, *counts = sys.argv[1:]
    print(json.dumps(figures(float(rate), float(span), *(int(one) for one in counts))))
