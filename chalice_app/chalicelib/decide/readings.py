"""What one signal says of one service's use: frozen values. A *busy* threshold never stands here: it is a policy's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SignalName(StrEnum):
    """The closed set of facts about use. The first four can see use as such, the rest only veto."""

    LEASES = "leases"
    OLLAMA_PS = "ollama-ps"
    TASK_PROTECTION = "task-protection"
    REQUESTS = "requests"
    GPU = "gpu"
    CPU = "cpu"
    NETWORK_OUT = "network-out"


class Availability(StrEnum):
    """``READ``: the source answered (perhaps with no points). ``MISSING``: it should have and did not, or
    it reported within the last 24 hours and is now silent. ``ABSENT``: this service never had it."""

    READ = "read"
    MISSING = "missing"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Point:
    """One CloudWatch datapoint: ``value`` over ``[at, at + period)``."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class SignalReading:
    """One signal of one service over ``[covers_from, covers_to)``; values in ``unit``.

    ``points`` are sorted by time and hold only what was reported: a gap is a gap. ``in_flight`` counts
    requests running at ``covers_to`` for signals that can see them (leases, ollama-ps, task-protection).
    ``healthy`` is only for ``requests``: whether HealthyHostCount reported in the same window, so that
    "no datapoint" may be read as zero.
    """

    name: SignalName
    availability: Availability
    covers_from: datetime
    covers_to: datetime
    points: tuple[Point, ...] = ()
    period_seconds: int = 60
    unit: str = ""
    healthy: bool | None = None
    in_flight: int = 0
    in_flight_since: datetime | None = None
    note: str = ""
    """Why it is missing, in words for people."""
