"""What the Ollama of each simulated task would say while the drawn traffic runs through it.

Which requests run is the truth of the scenario; the load balancer's metrics show only when they began.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.decide.facts import ServiceId
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.ollama_server import KEEP_ALIVE
from chalicelib.local.targets import address_of
from chalicelib.local.traffic import Timetable
from chalicelib.runtime.clock import Clock

MODEL = "gemma3:12b"


@dataclass(frozen=True, slots=True)
class HeldModels:
    """``traffic``: every request of each service."""

    aws: EmbeddedAws
    clock: Clock
    traffic: Mapping[ServiceId, Timetable]

    def at(self, address: str) -> bytes | None:
        """The body of ``/api/ps`` at a task's address; None when no task runs there."""
        service = self._service_at(address)
        if service is None:
            return None
        timetable = self.traffic.get(service)
        expires_at = expiry(timetable, self.clock.now()) if timetable else None
        held = [{"name": MODEL, "model": MODEL, "expires_at": expires_at.isoformat()}] if expires_at else []
        return json.dumps({"models": held}).encode()

    def _service_at(self, address: str) -> ServiceId | None:
        with self.aws.lock:
            for cluster, tasks in self.aws.backend("ecs").tasks.items():
                for task in tasks.values():
                    if task.last_status == "RUNNING" and address_of(task) == address:
                        return ServiceId(cluster, task.group.removeprefix("service:"))
        return None


def expiry(timetable: Timetable, now: datetime) -> datetime | None:
    """When Ollama says that it will let the model go; None when it holds none.

    It sets this when a request ends and when the model is loaded, and lets a running request pass it (see
    `chalicelib.observe.probes`).
    """
    recent = timetable.around(now, KEEP_ALIVE)
    ended = max((one.until for one in recent if one.until <= now), default=None)
    running = min((one.at for one in recent if one.until > now), default=None)
    if running is None:
        return ended + KEEP_ALIVE if ended and ended + KEEP_ALIVE > now else None
    still_held = ended is not None and ended + KEEP_ALIVE >= running
    return (ended if ended and still_held else running) + KEEP_ALIVE
