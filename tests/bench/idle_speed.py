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
"""


def seconds_for_a_year() -> float:
    """One service, a request a minute on average."""
    requests = list(_poisson(365))
    began = process_time()
    replay(_setting("year", 365), iter(requests), Assumptions(usd_per_hour=1.0))
    return process_time() - began


def seconds_for_a_fleet(services: Sequence[np.ndarray]) -> float:
    """Every service for 14 days."""
    begin = BEGIN.timestamp()
    began = process_time()
    for number, times in enumerate(services):
        requests = ((begin + at, 10.0) for at in times.tolist())
        replay(_setting(f"service-{number}", 14), requests, Assumptions(usd_per_hour=1.0))
    return process_time() - began


def memory_growth() -> float:
    """Peak memory of 140 days over that of 14, with requests made as they are asked for."""
    return _peak(140) / _peak(14)


def _peak(days: int) -> float:
    setting, requests = _setting("peak", days), _poisson(days)
    tracemalloc.start()
    replay(setting, requests, Assumptions())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak)


def _setting(name: str, days: int) -> Setting:
    policies = load({"bench.yaml": POLICY}, today=date(2026, 1, 5)).policies
    until = BEGIN + timedelta(days=days)
    return Setting(facts_for(name, BEGIN), policies.policies[0], policies, BEGIN, until, running=False)


def _poisson(days: int) -> Iterator[Request]:
    chance, at = Random(1), BEGIN.timestamp()
    end = at + days * 86400
    while at < end:
        at += chance.expovariate(1 / 60)
        yield at, 10.0
