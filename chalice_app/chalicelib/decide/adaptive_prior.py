"""The pooled law of idle gaps that a service starts with, until its own gaps outweigh it.

Written by tests/bench/learn_prior.py from 278 services: the training half of the ServeGen language clients.
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
        0.122488,
        0.052309,
        0.075430,
        0.062424,
        0.094579,
        0.112778,
        0.056137,
        0.041272,
        0.030882,
        0.030101,
        0.025705,
        0.032556,
        0.023223,
        0.017793,
        0.027204,
        0.016067,
        0.017895,
        0.020470,
        0.023706,
        0.013553,
        0.023079,
        0.038559,
        0.041790,
    ),
    mean_seconds=(
        84.18,
        148.34,
        235.15,
        356.40,
        511.68,
        734.51,
        1034.10,
        1351.08,
        1641.90,
        1987.59,
        2463.90,
        3153.88,
        4038.82,
        4997.35,
        6284.49,
        8056.17,
        9985.62,
        12436.27,
        17582.32,
        25344.81,
        35495.55,
        63993.69,
        306364.05,
    ),
)
