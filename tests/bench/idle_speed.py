"""How fast, and in how much memory, `simulate` replays the real decisions. Processor seconds; one core."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from time import process_time

import numpy as np
from chalicelib.policy.loader import load
from chalicelib.simulate.replay import Setting, facts_for, replay
from chalicelib.simulate.result import Assumptions
from chalicelib.simulate.trace import Request

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
POLICY = """lifecycle: v1
policies:
  by-day:
    match: {everything: true}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], closed: idle, holidays: {country: JP}}
    idle: {stop-after: 30m}
    mode: enforce
  learning:
    priority: 10
    match: {everything: true}
    idle: {stop-after: adaptive, cold-start-value: 1.00 USD}
    mode: enforce
"""
POLICIES = ("by-day", "learning")


def seconds_for_a_year() -> float:
    """One service, a request a minute on average; of the two policies the one that takes longer."""
    requests = list(_poisson(365))
    took = []
    for policy in POLICIES:
        setting = _setting("year", 365, policy)
        began = process_time()
        replay(setting, iter(requests), Assumptions(usd_per_hour=1.0))
        took.append(process_time() - began)
    return max(took)


def seconds_for_a_fleet(services: Sequence[np.ndarray]) -> float:
    """Every service for 14 days, under the policy that takes longer."""
    return max(_seconds_for_a_fleet(services, policy) for policy in POLICIES)


def _seconds_for_a_fleet(services: Sequence[np.ndarray], policy: str) -> float:
    begin = BEGIN.timestamp()
    began = process_time()
    for number, times in enumerate(services):
        requests = ((begin + at, 10.0) for at in times.tolist())
        replay(_setting(f"service-{number}", 14, policy), requests, Assumptions(usd_per_hour=1.0))
    return process_time() - began


def memory_growth() -> float:
    """Kilobytes by which the peak of 140 days is above that of 14, with requests made as they are asked for."""
    _peak(14)  # what is imported and cached once does not count
    return (_peak(140) - _peak(14)) / 1000


def _peak(days: int) -> float:
    setting, requests = _setting("peak", days), _poisson(days)
    tracemalloc.start()
    replay(setting, requests, Assumptions())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak)


def _setting(name: str, days: int, policy: str = POLICIES[0]) -> Setting:
    policies = load({"bench.yaml": POLICY}, today=date(2026, 1, 5)).policies
    until = BEGIN + timedelta(days=days)
    ruling = policies.named(policy)
    assert ruling is not None
    return Setting(facts_for(name, BEGIN), ruling, policies, BEGIN, until, running=False)


def _poisson(days: int) -> Iterator[Request]:
    chance, at = Random(1), BEGIN.timestamp()
    end = at + days * 86400
    while at < end:
        at += chance.expovariate(1 / 60)
        yield at, 10.0
