"""The fleet over which Cloud Custodian and we decide the same, in the strict fake AWS. Imported by both interpreters.

It is twenty past eight on a Friday evening in Berlin: hours have closed, and every other service is still in use.
"""

from __future__ import annotations

import resource
from datetime import UTC, datetime
from pathlib import Path

from support.strict_world import World

NOW = datetime(2026, 11, 20, 19, 20, tzinfo=UTC)
CLUSTER_SERVICES = 1_000
IN_USE_CPU, IDLE_CPU = 60.0, 1.0
ODD = ("odd-streams-with-little-cpu", "odd-without-cpu-metric")


def fill(world: World, services: int) -> None:
    """``services`` of which the even ones are idle."""
    for number in range(services):
        add(world, f"gpu-{number // CLUSTER_SERVICES}", f"ollama-{number:05}", in_use=bool(number % 2))


def fill_oddly(world: World) -> None:
    """Two services on which the two tools differ, for reasons that the benchmark tells."""
    streams, silent = ODD
    add(world, "gpu-0", streams, in_use=True, cpu=IDLE_CPU)
    add(world, "gpu-0", silent, in_use=False, cpu=None)


def add(world: World, cluster: str, name: str, *, in_use: bool, cpu: float | None = -1.0) -> None:
    service = world.add_service(cluster, name, tags={"environment": "dev"}, scaling=(0, 2))
    service.sends("requests", 3.0 if in_use else 0.0)
    if cpu is not None:
        service.sends("cpu", cpu if cpu >= 0 else IN_USE_CPU if in_use else IDLE_CPU)


def resident_megabytes(key: str = "VmRSS") -> float:
    """From Linux; elsewhere the peak that the system tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(f"{key}:")) / 1024
