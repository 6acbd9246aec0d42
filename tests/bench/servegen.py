"""The request times that idle rules are learned from and judged on, regenerated from the ServeGen rate traces.

Each file of the archive is one client of a real model API over some fourteen days: per ten minutes a rate and the law
(Gamma or Weibull) that was fitted to the gaps between its requests. Arrivals of one window are ``round(rate * 600)``
draws from that law, laid out from a place chosen evenly inside the window, squeezed when they are longer than it.
Seeds are fixed, so every run sees the same requests.

* **D**: the language clients with 50 to 3,000 requests a day and at least 20 windows with use. **E**: D with each
  request kept with probability 0.02. They are only scored.
* **training** and **validation**: the language clients outside D with at least 15 requests a day, halved by the
  SHA-256 of the file's name. Each is thinned twice to 15 to 3,000 requests a day: request by request, and by whole
  windows, which leaves bursts as they are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

WINDOW_SECONDS = 600.0
DAYS = 14
HORIZON_SECONDS = DAYS * 86400.0
LEAST_PER_DAY, MOST_PER_DAY = 15.0, 3000.0
DRAWN_PER_DAY = 60_000.0
"""Busier clients are slowed to this before drawing: what is thinned away need not be drawn."""

Times = NDArray[np.float64]
Half = Literal["training", "validation"]


@dataclass(frozen=True)
class Window:
    """Ten minutes of one client: requests a second, and the law of the gaps between them."""

    start: float
    rate: float
    law: str
    shape: float
    scale: float


@dataclass(frozen=True)
class Client:
    name: str
    windows: tuple[Window, ...]

    @property
    def per_day(self) -> float:
        days = (self.windows[-1].start + WINDOW_SECONDS) / 86400
        return sum(window.rate for window in self.windows) * WINDOW_SECONDS / max(days, DAYS)

    @property
    def active(self) -> int:
        return sum(window.rate > 0 for window in self.windows)

    @property
    def is_scored(self) -> bool:
        """Whether it belongs to set D."""
        return 50 <= self.per_day <= 3000 and self.active >= 20


@dataclass(frozen=True)
class Made:
    """One service made of a client outside D: seconds of its requests from the trace's begin, sorted."""

    client: str
    half: Half
    thinned_by: Literal["request", "window"]
    times: Times


def clients(archive: Path) -> list[Client]:
    """The language clients, by name."""
    found = []
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.name.startswith("data/language/") and member.name.endswith(".csv"):
                stream = tar.extractfile(member)
                assert stream is not None
                rows = csv.reader(io.TextIOWrapper(stream, "utf-8"))
                windows = tuple(Window(float(t), float(r), law, float(a), float(b)) for t, r, _, law, a, b in rows)
                found.append(Client(member.name, windows))
    return sorted(found, key=lambda client: client.name)


def set_d(of: list[Client]) -> list[Times]:
    scored = [client for client in of if client.is_scored]
    return [arrivals(client.windows, np.random.default_rng([7, i])) for i, client in enumerate(scored)]


def set_e(d: list[Times]) -> list[Times]:
    return [times[np.random.default_rng([11, i]).random(len(times)) < 0.02] for i, times in enumerate(d)]


def made(of: list[Client]) -> Iterator[Made]:
    """The services of training and validation, two of each client; those with 20 requests or fewer are left out."""
    for client in of:
        if client.is_scored or client.per_day < LEAST_PER_DAY:
            continue
        number = int(hashlib.sha256(client.name.encode()).hexdigest()[:8], 16)
        half: Half = "validation" if number % 2 else "training"
        rng = np.random.default_rng([number, 5])
        by_request = _thinned_by_request(client, rng)
        by_window = _thinned_by_window(client, rng)
        if len(by_request) > 20:
            yield Made(client.name, half, "request", by_request)
        if len(by_window) > 20:
            yield Made(client.name, half, "window", by_window)


def arrivals(windows: tuple[Window, ...], rng: np.random.Generator, keep: float = 1.0) -> Times:
    """Seconds from the trace's begin, sorted, inside `HORIZON_SECONDS`, each kept with probability ``keep``."""
    bursts = []
    for window in windows:
        count = round(window.rate * WINDOW_SECONDS)
        if count <= 0:
            continue
        if window.law == "Gamma":
            gaps = rng.gamma(window.shape, window.scale, count)
        else:
            gaps = window.scale * rng.weibull(window.shape, count)
        burst = np.cumsum(gaps)
        span = burst[-1]
        if span >= WINDOW_SECONDS:
            burst, start = burst * (WINDOW_SECONDS / span) * 0.999, 0.0
        else:
            start = rng.uniform(0, WINDOW_SECONDS - span)
        bursts.append(window.start + start + burst)
    times = np.sort(np.concatenate(bursts)) if bursts else np.array([])
    times = times[times < HORIZON_SECONDS]
    return times[rng.random(len(times)) < keep] if keep < 1 else times


def _per_day(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(LEAST_PER_DAY), np.log(MOST_PER_DAY))))


def _slowed(windows: tuple[Window, ...], by: float, least_rate: float = 0.0) -> tuple[Window, ...]:
    return tuple(Window(w.start, max(w.rate * by, least_rate), w.law, w.shape, w.scale) for w in windows)


def _thinned_by_request(client: Client, rng: np.random.Generator) -> Times:
    wanted = _per_day(rng)
    if client.per_day > DRAWN_PER_DAY:
        slowed = _slowed(client.windows, DRAWN_PER_DAY / client.per_day)
        return arrivals(slowed, rng, min(1.0, wanted / DRAWN_PER_DAY))
    return arrivals(client.windows, rng, min(1.0, wanted / client.per_day))


def _thinned_by_window(client: Client, rng: np.random.Generator) -> Times:
    """Keeps 2 to 60 % of the windows, busy ones sooner, then slows them to the wanted requests a day."""
    wanted = _per_day(rng)
    active = [window for window in client.windows if window.rate > 0]
    share = np.exp(rng.uniform(np.log(0.02), np.log(0.6)))
    rates = np.array([window.rate for window in active])
    chances = np.minimum(1, share * rates / rates.mean())
    drawn = zip(active, rng.random(len(active)), chances, strict=True)
    kept = tuple(window for window, draw, chance in drawn if draw < chance)
    per_day = sum(window.rate for window in kept) * WINDOW_SECONDS / DAYS
    slow = min(1.0, wanted / max(per_day, 1e-9))
    return arrivals(_slowed(kept, slow, least_rate=1 / WINDOW_SECONDS), rng)
