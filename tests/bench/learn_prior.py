"""Writes chalicelib/decide/adaptive_prior.py: the pooled law of idle gaps of the training services.

    python tests/bench/learn_prior.py servegen_rate_traces.tar.gz

A gap lies between two requests, less the ten seconds that the first one is served; those above a minute count. Every
service counts once, however many gaps it has. Clients of set D, and the validation half, take no part.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "chalice_app"), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
from servegen import Times, clients, made  # noqa: E402

SERVED_SECONDS = 10.0
MINUTES = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 37, 45, 60, 75, 90, 120, 150, 180, 240, 360, 480, 720, 1440)
EDGES = np.array(MINUTES) * 60.0
TARGET = ROOT / "chalice_app" / "chalicelib" / "decide" / "adaptive_prior.py"

MODULE = '''"""The pooled law of idle gaps that a service starts with, until its own gaps outweigh it.

Written by tests/bench/learn_prior.py from {services} services: the training half of the ServeGen language clients.
The clients of sets D and E and the validation half took no part. Each service counts once. Change the script, not
this file.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PriorLaw:
    """Per bin of `adaptive.EDGES_SECONDS`: the share of all gaps above a minute, and their mean length in seconds."""

    shares: tuple[float, ...]
    mean_seconds: tuple[float, ...]


PRIOR = PriorLaw(
    shares=(
{shares}
    ),
    mean_seconds=(
{means}
    ),
)
'''


def pooled(services: list[Times]) -> tuple[list[float], list[float]]:
    """Share of all gaps, and mean seconds, by bin."""
    counts, sums = np.zeros(len(EDGES)), np.zeros(len(EDGES))
    for times in services:
        gaps = np.diff(times) - SERVED_SECONDS
        gaps = gaps[gaps > EDGES[0]]
        bins = np.searchsorted(EDGES, gaps, side="right") - 1
        weight = 1 / max(1, len(gaps))
        np.add.at(counts, bins, weight)
        np.add.at(sums, bins, weight * gaps)
    return list(counts / counts.sum()), list(sums / counts)


def written(services: list[Times]) -> str:
    shares, means = pooled(services)
    return MODULE.format(
        services=len(services),
        shares="\n".join(f"        {share:.6f}," for share in shares),
        means="\n".join(f"        {mean:.2f}," for mean in means),
    )


def main(archive: str) -> None:
    training = [one.times for one in made(clients(Path(archive))) if one.half == "training"]
    TARGET.write_text(written(training))
    print(f"{len(training)} services -> {TARGET.name}")


if __name__ == "__main__":
    main(sys.argv[1])
