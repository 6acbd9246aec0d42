"""Where tasks may run and what is known of it: capacity providers, setbacks of Spot, what was heard of capacity.

Frozen values; decides nothing. A setback is remembered as what happened and when, never as a conclusion: how long
Spot is left alone after it is worked out anew at every look (`spot_wait`), from the policy in force then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FARGATE, FARGATE_SPOT = "FARGATE", "FARGATE_SPOT"
FARGATE_PROVIDERS = frozenset({FARGATE, FARGATE_SPOT})


@dataclass(frozen=True, slots=True)
class CapacityProviderUse:
    """One item of a capacity provider strategy."""

    name: str
    base: int = 0
    weight: int = 0


Strategy = tuple[CapacityProviderUse, ...]


class Market(StrEnum):
    """How capacity is bought."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True, slots=True)
class Provider:
    """One capacity provider as its tags describe it: ``lifecycle:market`` and ``lifecycle:pool``."""

    name: str
    market: Market
    pool: str = ""


class SetbackKind(StrEnum):
    LOST = "lost"
    """AWS took the capacity back: an interruption."""
    NO_CAPACITY = "no-capacity"
    QUOTA = "quota"
    """Our own limit of Spot requests is used up: only a request to AWS ends that."""
    FAILED = "failed"
    """The move to Spot did not come up."""


@dataclass(frozen=True, slots=True, order=True)
class Setback:
    """Spot failed this service at ``at`` (aware). ``key`` names what did it (a host, a task, an action), so that the
    same one heard twice is one."""

    at: datetime
    kind: SetbackKind
    key: str = ""


@dataclass(frozen=True, slots=True)
class SpotMemory:
    """``setbacks`` in the order of time, each once. ``short_since``: since when tasks are missing where they are to
    run; None while they are all there."""

    setbacks: tuple[Setback, ...] = ()
    short_since: datetime | None = None


NO_SETBACKS = SpotMemory()


class CapacityWord(StrEnum):
    NONE = "no-capacity"
    QUOTA = "quota"
    PLACED = "placed"
    """Every missing task has a host already, and only boots."""
    BROKEN = "broken"
    """Tasks get hosts and do not stay up: no other capacity would help."""
    SILENT = "silent"
    """Nothing was said: the age of the wait alone speaks."""


@dataclass(frozen=True, slots=True)
class CapacityNews:
    """What AWS says of tasks that are missing. ``says`` is its own sentence."""

    word: CapacityWord
    says: str = ""
