"""One service at one instant, as the rules see it, and what a rule may answer.

A rule gets a `Case` and either speaks or is silent; both say why in a sentence. Signals are reached only through
``Case.look``, so that it can be found out which of them a decision needs before any of them is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib.decide.constants import IN_FLIGHT_RECHECK
from chalicelib.decide.decision import Because, Evidence, Wanted
from chalicelib.decide.facts import Observation, Override, ServiceFacts, ServiceMemory
from chalicelib.decide.idle import InUse, Use, judge, rules_of
from chalicelib.decide.same import Same
from chalicelib.decide.spans import Span
from chalicelib.decide.tags import zone_of
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.sections.hours import Hours, Opening
from chalicelib.policy.timetable import BEGINNING, Phase, Timetable

Look = Callable[[Span, bool], Use]
"""Judges use over a span; the flag says whether quiet must be proven by a primary signal."""


@dataclass(frozen=True, slots=True)
class Speaks:
    """The rule decides. ``until`` is the first instant at which it could answer otherwise; None: not by itself."""

    wanted: Wanted
    because: Because
    reason: str
    evidence: tuple[Evidence, ...] = ()
    until: datetime | None = None
    handles: datetime | None = None
    cuts: bool = False


@dataclass(frozen=True, slots=True)
class Silent:
    """The rule has nothing to say about this service now. The words are made only for who reads them."""

    words: str | Callable[[], str]

    @property
    def says(self) -> str:
        return self.words if isinstance(self.words, str) else self.words()


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a rule may look at. ``overrides`` are this service's, and live."""

    policy: Policy
    policies: PolicySet
    facts: ServiceFacts
    memory: ServiceMemory
    seen: Observation
    overrides: tuple[Override, ...]
    now: datetime
    zone: ZoneInfo
    phase: Phase | None
    look: Look

    @property
    def is_up(self) -> bool:
        """Whether tasks are wanted. Tasks that are still ending do not count."""
        return self.facts.desired_count > 0

    @property
    def opening(self) -> datetime | None:
        """The opening that holds now: its instant, when the policy starts at openings. Hours that never change have
        none."""
        phase, hours = self.phase, self.policy.hours
        if phase is None or hours is None or not phase.open or hours.opening is not Opening.START:
            return None
        return phase.since if phase.since > BEGINNING else None

    @property
    def opening_due(self) -> datetime | None:
        """The opening that holds now, when nobody has dealt with it yet, or when our start for it failed."""
        begun, memory = self.opening, self.memory
        if begun is None:
            return None
        if memory.opening_handled is None or memory.opening_handled < begun:
            return begun
        failure = memory.start_failure
        return begun if self.failed_to_start and failure is not None and failure.last_at >= begun else None

    @property
    def failed_to_start(self) -> bool:
        """Whether our last start did not come up, and it has not come up by itself since."""
        return self.memory.start_failure is not None and not self.facts.is_ready


def make_case(
    policy: Policy,
    seen: Observation,
    overrides: Sequence[Override],
    now: datetime,
    policies: PolicySet,
    look: Look | None = None,
) -> Case:
    """Sets the table: live overrides of this service, the phase of the hours, the signals behind ``look``."""
    facts = seen.facts
    mine = facts.id
    live = tuple(o for o in overrides if o.service == mine and (o.until is None or o.until > now)) if overrides else ()
    zone = zone_of(policy)
    phase = timetable(policy.hours).phase(now) if policy.hours is not None else None
    rules = rules_of(policy.idle)

    def read(span: Span, proof_needed: bool) -> Use:
        return judge(seen.signals, span, rules, zone, proof_needed=proof_needed, flight=seen.memory.flight)

    return Case(policy, policies, facts, seen.memory, seen, live, now, zone, phase, look or read)


def timetable(hours: Hours) -> Timetable:
    """The timetable of these hours, found by the object: hashing their value costs more than a decision."""
    return _timetable(Same(hours))


@lru_cache(maxsize=2048)
def _timetable(same: Same[Hours]) -> Timetable:
    return Timetable.of(same.one)


def again_in_use(case: Case, use: InUse, quiet_at: datetime) -> datetime:
    """When to look at a service in use again: once it may be quiet, and often while only a probe can tell so."""
    flight = case.memory.flight
    watched = use.unseen or (flight is not None and flight.is_open)
    return min(quiet_at, case.now + IN_FLIGHT_RECHECK) if watched else quiet_at


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of the instants that there are."""
    there = [at for at in instants if at is not None]
    return min(there) if there else None
