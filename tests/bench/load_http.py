"""Calls over HTTP against the local server that `make up` starts, in a process of its own, with its embedded AWS."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, cast

from chalicelib.local.front import CLUSTER
from chalicelib.local.handoff import read_up_file
from chalicelib.local.pool import made_up_password
from chalicelib.record.table import Table
from load_calls import ENVIRONMENT, MODEL, Answered, Asked, Cast, Mine, minute_of
from load_effects import Effects, effects, wrongs
from load_figures import status
from support.live_fleet import UP_WITHIN_SECONDS, LiveFleet, Session, within

ROOT = Path(__file__).resolve().parents[2]
EACH = 2
"""Instances of one person before the load, and room for one more: three are allowed."""
THREADS = 256
"""Of the clients: so many calls may wait for their answers at once."""
SETTLED_WITHIN = 60.0
"""Seconds after the last answer: what another run was doing meanwhile ends, and a sweep or two come round."""


@dataclass(frozen=True)
class Served:
    """One load, and what became of it; memory in megabytes, ``cpu`` in seconds of the server."""

    cast: Cast
    answers: Sequence[Answered]
    after: Effects
    megabytes_before: float
    megabytes_peak: float
    cpu: float
    seconds: float


class _Output(StringIO):
    """What the server has printed so far."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def getvalue(self) -> str:
        return self._path.read_text()


@contextmanager
def server(folder: Path, speed: float) -> Iterator[LiveFleet]:
    printed = folder / "printed.txt"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "chalice_app"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "chalicelib.local.up", str(speed)]
    with printed.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            home = folder / ".lifecycle" / "up.json"
            within(UP_WITHIN_SECONDS, lambda: home.exists() or process.poll() is not None, "the fleet comes up")
            assert process.poll() is None, printed.read_text()
            within(20, lambda: "rita@example.com" in printed.read_text(), "the people are named")
            yield LiveFleet(read_up_file(home), folder, _Output(printed))
        finally:
            process.terminate()
            process.wait(timeout=60)


def load(folder: Path, *, per_second: float, seconds: float, users: int, launches: int, speed: float) -> Served:
    """``users`` beside those of the local pool; ``launches`` of them, one each, during the load."""
    with server(folder, speed) as up:
        people = _people(up, users)
        cast = _prepared(up, people, launches)
        table, clients = Table(up.file.clients().dynamodb, up.file.table), up.file.clients()
        calls = minute_of(cast, per_second, seconds)
        since = up.file.clock.now()
        before, cpu = status("VmRSS", up.file.pid), _cpu(up.file.pid)
        answers, took = played(people, calls)
        spent = _cpu(up.file.pid) - cpu
        peak = status("VmHWM", up.file.pid)

        settled_by = time.monotonic() + SETTLED_WITHIN
        while True:
            after = effects(table, clients.ecs, CLUSTER, since, up.file.clock.now())
            if not wrongs(cast, answers, after) or time.monotonic() > settled_by:
                return Served(cast, answers, after, before, peak, spent, took)
            time.sleep(1)


def played(people: Mapping[str, Session], calls: Sequence[Asked]) -> tuple[list[Answered], float]:
    """Every call at its own instant; the answers, and how many seconds it took until the last one was there."""
    began = time.perf_counter()

    def ask(one: Asked) -> Answered:
        headers = {"Idempotency_Key": one.key} if one.key else {}
        try:
            answer = people[one.who].call(one.method, one.path, one.body, **headers)
            status, text = answer.status, answer.text
        except OSError as error:
            status, text = 0, f"{type(error).__name__}: {error}"
        return Answered(one, status, text, time.perf_counter() - began - one.at)

    with ThreadPoolExecutor(THREADS) as clients:
        futures = []
        for one in calls:
            if (wait := began + one.at - time.perf_counter()) > 0:
                time.sleep(wait)
            futures.append(clients.submit(ask, one))
        answers = [future.result() for future in futures]
    return answers, time.perf_counter() - began


def _people(up: LiveFleet, users: int) -> dict[str, Session]:
    """Sessions by name: the local pool's own people, and so many more who may launch."""
    people = {name: up.session(name) for name in ("", "admin", "ada", "ben", "rita")}
    cognito: Any = up.file.clients().cognito
    pool = cognito.list_user_pools(MaxResults=10)["UserPools"][0]["Id"]
    for number in range(users):
        email, password = f"user{number:03}@example.com", made_up_password()
        made = people["admin"].call("POST", "/api/users", {"email": email, "role": "User"})
        assert made.status == 201, made
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=made.json["user_id"], Password=password, Permanent=True
        )
        login = people[""].call("POST", "/api/auth/login", {"email": email, "password": password})
        assert login.status == 200, login
        people[email.partition("@")[0]] = Session(up.file.api, str(login.json["id_token"]))
    return people


def _prepared(up: LiveFleet, people: Mapping[str, Session], launches: int) -> Cast:
    """Two instances of each person run; a third of them is put to sleep."""

    def become(status: str, some: Sequence[Mine]) -> None:
        for one in some:
            within(120, partial(_is, people[one.owner], one.id, status), f"{one.id} is {status}")

    users = [name for name in people if name not in ("", "admin", "rita")]
    made = [Mine(name, _launch(people[name])) for name in users for _ in range(EACH)]
    become("running", made)
    thirds = [made[first::3] for first in range(3)]
    for one in thirds[0]:
        answer = people[one.owner].call("DELETE", f"/api/models/{one.id}/stop?force=true")
        assert answer.status in (202, 409), answer  # 409: a sweep was about to carry the word out
    become("stopped", thirds[0])
    return Cast(users, thirds[1], thirds[0], thirds[2], users[:launches])


def _is(who: Session, instance: str, status: str) -> bool:
    return who.status_of(instance) == status


def _launch(who: Session) -> str:
    made = who.call("POST", "/api/models/start", {"model_id": MODEL, "environment": ENVIRONMENT})
    assert made.status == 202, made
    return cast("str", made.json["instance_id"])


def _cpu(pid: int) -> float:
    """Seconds of the process, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
