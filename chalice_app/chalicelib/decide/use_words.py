"""How use is said in a reason: what was measured, what is in flight, what was in flight not long ago."""

from __future__ import annotations

from datetime import datetime, tzinfo

from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import Point, SignalName, SignalReading
from chalicelib.decide.spans import Span
from chalicelib.decide.words import counted, length, number, time_of_day

UNSEEN = "request that no metric shows"
"""The name of the evidence of a request that is remembered."""


def busy(
    name: SignalName, unit: str, last: Point, amount: float, limit: float, span: Span, zone: tzinfo, *, sums: bool
) -> str:
    """``last`` is the last point above ``limit``; ``sums``: the values of ``span`` add up to ``amount``."""
    at = time_of_day(last.at, zone)
    if sums:
        return f"{counted(amount, 'request')} since {time_of_day(span.start, zone)}, the last at {at}"
    return f"{name.value} up to {number(amount)} {unit}, last above {number(limit)} {unit} at {at}"


def in_flight(reading: SignalReading, zone: tzinfo) -> str:
    what = "protected task" if reading.name is SignalName.TASK_PROTECTION else "request in flight"
    many = "protected tasks" if reading.name is SignalName.TASK_PROTECTION else "requests in flight"
    since = reading.in_flight_since
    if since is None:
        return counted(reading.in_flight, what, many)
    running = length(reading.covers_to - since)
    return f"{counted(reading.in_flight, what, many)} since {time_of_day(since, zone)} ({running})"


def in_flight_evidence(reading: SignalReading) -> Evidence:
    unit = "protected tasks" if reading.name is SignalName.TASK_PROTECTION else "requests in flight"
    return Evidence(reading.name.value, str(reading.in_flight), unit, reading.in_flight_since, reading.covers_to)


def still_in_flight(seen_at: datetime, zone: tzinfo) -> str:
    """What is remembered while nobody has asked again."""
    return f"a request was in flight when its probes were last asked, first seen at {time_of_day(seen_at, zone)}"


def in_flight_until(gone_by: datetime, zone: tzinfo) -> str:
    """What is remembered of a request that was gone when its probes were asked."""
    return f"a request that no metric shows ran until {time_of_day(gone_by, zone)} at the latest"


def first_asked(at: datetime, zone: tzinfo) -> str:
    """Where no probe had ever been asked."""
    return f"nobody asked its probes before {time_of_day(at, zone)}: what no metric shows may have run until then"
