"""Launched models on the embedded AWS: their tasks' Ollamas, what these write to their logs, and their metrics.

Whatever is launched answers as the model that its instance names. Nothing here launches anything: the application does,
as deployed, and finds here what AWS would give it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.decide.facts import ServiceId
from chalicelib.errors import NotFound
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.front import LOG_GROUP
from chalicelib.local.launched_meter import LaunchedMeter
from chalicelib.local.ollama_server import Answer, SimulatedOllama

if TYPE_CHECKING:
    from chalicelib.local.fleet import SimulatedTasks
    from chalicelib.runtime.clock import Clock

ModelOf = Callable[[ServiceId], str]
"""What Ollama calls the model of a launched service. Raises NotFound."""
STREAM = "ollama/simulated"


class LaunchedModels:
    """Safe against the balancer's threads."""

    def __init__(
        self, aws: EmbeddedAws, clock: Clock, tasks: SimulatedTasks, meter: LaunchedMeter, model_of: ModelOf
    ) -> None:
        self.meter = meter
        self._aws = aws
        self._clock = clock
        self._tasks = tasks
        self._model_of = model_of
        self._ollamas: dict[str, SimulatedOllama] = {}
        self._lock = threading.Lock()

    def serve(self, address: str, method: str, path: str, body: bytes) -> Answer | None:
        """What the Ollama at a task's address answers; None when no task runs there."""
        service = self._tasks.services_of_addresses().get(address)
        if service is None:
            return None
        answer = self._ollama(address, service).answer(method, path, body)
        self._log(service, f"[GIN] {self._clock.now():%Y/%m/%d - %H:%M:%S} | {answer.status} | {method} {path}")
        return answer

    def held_at(self, address: str) -> bytes | None:
        """``/api/ps`` there; None when it is no launched model's address."""
        service = self._tasks.new_services_of_addresses().get(address)
        if service is None:
            return None
        return b"".join(self._ollama(address, service).answer("GET", "/api/ps", b"").parts)

    def pass_time(self, at: datetime) -> None:
        """Every minute before ``at`` is measured, and every model that came up has said so in its log."""
        self.meter.measure_until(at)
        for address, service in self._tasks.new_services_of_addresses().items():
            with contextlib.suppress(NotFound):
                self._ollama(address, service)

    def count(self, target_group_arn: str) -> None:
        self.meter.count(target_group_arn, self._clock.now())

    def _ollama(self, address: str, service: ServiceId) -> SimulatedOllama:
        with self._lock:
            if address not in self._ollamas:
                self._ollamas[address] = SimulatedOllama(self._model_of(service), self._clock.now)
                self._log(service, "Listening on [::]:11434 (version 0.12.0)")
            return self._ollamas[address]

    def _log(self, service: ServiceId, line: str) -> None:
        """Into moto's own objects: its API takes no line that is hours from the machine's time."""
        group = self._aws.backend("logs").groups[LOG_GROUP]
        name = f"{service.name.removeprefix('ollama-')}/{STREAM}"
        if name not in group.streams:
            group.create_log_stream(name)
        event: Mapping[str, Any] = {"timestamp": _millis(self._clock.now()), "message": line}
        group.streams[name].put_log_events([event])


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
