"""The outcome of weighing the rules: a frozen value that plans, Slack, `why`, history and simulation render."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.decide.capacity import Market, Setback, Strategy
from chalicelib.decide.facts import ServiceId


class Wanted(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    LEAVE = "unchanged"


class RuleName(StrEnum):
    """The rules in their order of power (policy language, "Who decides")."""

    FREEZE_ALL = "freeze-all"
    NEVER_TOUCH = "never-touch"
    FREEZE = "freeze"
    EXCLUSION = "exclusion"
    OVERRIDE = "override"
    CLOSED = "closed"
    OPENING = "opening"
    IDLE = "idle"
    DEFAULT = "default"


class Because(StrEnum):
    """The word a policy test may ask for in ``because:``."""

    HOURS = "hours"
    HOLIDAY = "holiday"
    IDLE = "idle"
    IN_USE = "in-use"
    UNKNOWN = "unknown"
    EXCLUDE = "exclude"
    FREEZE = "freeze"
    OVERRIDE = "override"
    LIMIT = "limit"
    PREWARM = "prewarm"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measured fact: ``name`` was ``value`` ``unit`` between ``since`` and ``until`` (aware)."""

    name: str
    value: str
    unit: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placing:
    """Where the tasks of one service are to run, and why.

    ``to`` is the strategy to bring about; empty: nothing is to be changed now. ``reason`` is one sentence.
    ``setback`` is remembered of Spot together with the move. ``by_force``: tasks that run well are replaced for money's
    sake. ``until`` is the first instant at which this could change by itself. ``refused``: it cannot be moved at all.
    """

    market: Market | None
    reason: str
    to: Strategy = ()
    setback: Setback | None = None
    by_force: bool = False
    until: datetime | None = None
    refused: bool = False
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What should become of one service, and why.

    ``reason`` is one sentence a person can act on. ``look_again_at`` is the next instant at which this
    could change without an event. ``handles_opening`` is set when this decision deals with the opening
    that began then, whatever became of it. ``cuts`` says that a stop may end running work.
    """

    service: ServiceId
    wanted: Wanted
    rule: RuleName
    because: Because
    reason: str
    evidence: tuple[Evidence, ...]
    look_again_at: datetime
    handles_opening: datetime | None = None
    cuts: bool = False
    policy: str = ""
    """Name of the policy that decided."""
    placing: Placing | None = None
    """Where its tasks are to run; None where the policy leaves that alone."""
