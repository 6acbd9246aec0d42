"""How long people still have to wait for an instance that starts. Pure.

The last start of the same instance was measured whole and is believed; one that was never measured is put together
from its parts. The estimate stands while the start goes on: one that has passed is admitted, never moved.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from chalicelib.fleet.model import Capacity, Instance, InstanceState

SHORTEST_RETRY_SECONDS = 5
LATE_RETRY_SECONDS = 30
"""The least that people are told to wait once a start takes longer than was said; it grows with the delay."""

PLACEMENT_SECONDS = {Capacity.FARGATE: 40.0, Capacity.GPU_HOST: 150.0}
"""Until ECS has a place: a GPU host usually has to boot."""
IMAGE_SECONDS = 60.0
"""Ollama's image is about two gigabytes."""
WEIGHTS_SECONDS = 90.0
"""Of a model that was never loaded yet."""
HEALTH_SECONDS = 45.0
"""Three checks of the load balancer, and the look that turns the route."""


def whole_start(instance: Instance) -> timedelta:
    """From the word or request that begins a start until the model answers."""
    measured = instance.start_seconds or instance.cold_starts.last_wait_seconds
    if measured:
        return timedelta(seconds=measured)
    weights = instance.weights_seconds or WEIGHTS_SECONDS
    parts = (PLACEMENT_SECONDS[instance.placement.capacity], IMAGE_SECONDS, weights, HEALTH_SECONDS)
    return timedelta(seconds=sum(parts))


def wait_for(instance: Instance, now: datetime) -> tuple[int, str]:
    """Seconds until it is worth asking again, and the sentence that says so."""
    begun = instance.changed_at if instance.state is InstanceState.STARTING else now
    up_at = begun + whole_start(instance)
    left = (up_at - now).total_seconds()
    starting = f"{instance.id} ({instance.ollama_name}) is starting"
    if left > 0:
        return max(SHORTEST_RETRY_SECONDS, ceil(left)), f"{starting} and should answer at {up_at:%H:%M:%S} UTC."
    given_up = f"; it is given up at {instance.ready_by:%H:%M:%S} UTC" if instance.ready_by else ""
    said = f"{starting} and takes longer than the {whole_start(instance).total_seconds():.0f} s expected{given_up}."
    return max(LATE_RETRY_SECONDS, ceil(-left)), said
