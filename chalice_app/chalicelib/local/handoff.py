"""How another terminal finds the fleet that `lifecycle up` keeps running: one small JSON file, ``.lifecycle/up.json``.

Whoever reads it gets clients that can reach this machine only, and the same simulated time.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib.errors import ConfigurationError
from chalicelib.local.aws import loopback_session
from chalicelib.local.ollama_door import asker
from chalicelib.runtime.clients import Clients

UP_FILE = Path(".lifecycle") / "up.json"


class ScaledClock:
    """Simulated time: ``simulated_start`` at ``real_start``, then ``speed`` simulated seconds a second."""

    def __init__(self, simulated_start: datetime, real_start: datetime, speed: float) -> None:
        self.simulated_start = simulated_start.astimezone(UTC)
        self.real_start = real_start.astimezone(UTC)
        self.speed = speed

    def now(self) -> datetime:
        passed = (datetime.now(UTC) - self.real_start).total_seconds() * self.speed
        return self.simulated_start + timedelta(seconds=max(passed, 0.0))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)


@dataclass(frozen=True, slots=True)
class UpFile:
    """What stands in the file. ``api`` is the HTTP API of `chalice local`."""

    endpoint: str
    region: str
    table: str
    policies: str
    api: str
    simulated_start: datetime
    real_start: datetime
    speed: float
    pid: int

    @property
    def clock(self) -> ScaledClock:
        return ScaledClock(self.simulated_start, self.real_start, self.speed)

    def clients(self) -> Clients:
        """Raises ConfigurationError when the endpoint is not on the loopback address."""
        session = loopback_session(self.endpoint, self.region)
        return Clients(session, endpoint_url=self.endpoint, region=self.region, ask_ollama=asker(self.endpoint))

    def write(self, path: Path = UP_FILE) -> None:
        """In one move: a reader sees the whole file or none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {
            "endpoint": self.endpoint,
            "region": self.region,
            "table": self.table,
            "policies": self.policies,
            "api": self.api,
            "clock": {
                "simulated_start": self.simulated_start.isoformat(),
                "real_start": self.real_start.isoformat(),
                "speed": self.speed,
            },
            "pid": self.pid,
        }
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)


def read_up_file(path: Path = UP_FILE) -> UpFile:
    """Raises ConfigurationError in one sentence when nothing runs, or the file is not ours."""
    start_it = "start it with `make up` (or `lifecycle up`) in this folder and leave it running"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        clock = values["clock"]
        found = UpFile(
            endpoint=str(values["endpoint"]),
            region=str(values["region"]),
            table=str(values["table"]),
            policies=str(values["policies"]),
            api=str(values["api"]),
            simulated_start=datetime.fromisoformat(clock["simulated_start"]),
            real_start=datetime.fromisoformat(clock["real_start"]),
            speed=float(clock["speed"]),
            pid=int(values["pid"]),
        )
    except FileNotFoundError as missing:
        raise ConfigurationError(f"no local fleet runs here: {start_it}") from missing
    except (ValueError, KeyError, TypeError) as broken:
        raise ConfigurationError(f"{path} cannot be read ({broken}): delete it, then {start_it}") from broken
    if not _is_alive(found.pid):
        raise ConfigurationError(f"the local fleet of {path} has ended: {start_it}")
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
