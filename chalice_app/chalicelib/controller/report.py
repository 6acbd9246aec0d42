"""What one look at the fleet found and did: frozen values for the log, the command line and the demo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from chalicelib.controller.standing import NOTHING_STANDS, Standing
from chalicelib.decide.decision import Decision
from chalicelib.decide.facts import Observation, ServiceFacts
from chalicelib.execute.outcome import Outcome
from chalicelib.execute.plan import Plan
from chalicelib.notify.notice import Notice
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.problems import Problem
from chalicelib.record.approval import Question
from chalicelib.record.controls import ControlState


class WhyNot(StrEnum):
    """Why nobody may act on a service."""

    NO_POLICY = "no-policy"
    TIE = "tie"
    BAD_TAG = "bad-tag"
    UNMANAGEABLE = "unmanageable"


@dataclass(frozen=True, slots=True)
class Decided:
    """One service after the rules were weighed.

    ``refused`` says in words why no policy may act on it, ``why_not`` which kind of reason that is; ``held`` why a
    wanted action waits (a limit, a yes). ``shadows`` are the wishes of dry-run policies. ``spared``: it was about to
    be stopped when a probe saw use. ``awaits_yes``: it waits for people, who were asked ``question``; one that does
    not wait is done because of the yes in ``question``.
    """

    facts: ServiceFacts
    seen: Observation
    policy: Policy | None = None
    decision: Decision | None = None
    shadows: tuple[tuple[Policy, Decision], ...] = ()
    plan: Plan | None = None
    held: str = ""
    refused: str = ""
    why_not: WhyNot | None = None
    spared: bool = False
    awaits_yes: bool = False
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One sweep, or one look at some services. ``metrics_asked`` is what CloudWatch bills ($0.01 per 1,000)."""

    at: datetime
    looked: int
    due: int
    metrics_asked: int
    decided: tuple[Decided, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    notices: tuple[Notice, ...] = ()
    left: int = 0
    """Actions that this run had no room for; the next sweep finds them still wanted."""
    why: str = "sweep"
    """What set the look off, in words."""
    unbooked: str = ""
    """Why entries of EventBridge Scheduler could not be kept as they should be; empty when they could."""
    standing: Standing = NOTHING_STANDS


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything observed and decided, nothing written."""

    at: datetime
    decided: tuple[Decided, ...]
    policies: PolicySet
    problems: tuple[Problem, ...]
    controls: ControlState
    remembered: bool = True
    """False when no record could be read: then nothing is known of saved sizes, overrides and openings."""
    unheard: tuple[str, ...] = ()
    """The signals that policies name and the deployment does not ask, a sentence each; none without a deployment."""
    asks: frozenset[str] = frozenset()
    """The signals that see a request in flight and that the deployment asks; none without a deployment."""
    held: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    """Policies ruled by their last good version, because their file has errors; when that version took force."""
