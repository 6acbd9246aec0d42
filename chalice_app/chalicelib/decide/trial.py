"""One ordinary service before the rules of a policy: what `tests:` and their proposals ask.

It is running, ready since yesterday, was used a minute ago, every signal is there and its opening was dealt with. So
only the clock speaks, and what is *given* changes what it names. "Used a minute ago" keeps an open service from being
idle, but is too new to be trusted, so it does not keep a closed one from stopping. Freezes and service tags hold only
where they are given; limits need a fleet and do not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, assert_never

from chalicelib.decide.constants import TRUST_DELAY
from chalicelib.decide.decide import decide
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import (
    Availability,
    Observation,
    Override,
    OverrideKind,
    Point,
    SavedSize,
    ServiceFacts,
    ServiceId,
    ServiceMemory,
    SignalName,
    SignalReading,
    Switches,
)
from chalicelib.decide.idle import rules_of, watched
from chalicelib.decide.tags import with_tags
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.policy.sections.expectations import Given
from chalicelib.policy.sections.hours import Closed
from chalicelib.policy.timetable import Phase, Timetable

Word = Literal["running", "stopped", "unchanged", "asking"]
"""What a test may expect."""

_SERVICE = ServiceId("tests", "a-service")
_ALONE = PolicySet()
_A_DAY = timedelta(days=1)
_A_MINUTE = timedelta(minutes=1)
NOTHING_GIVEN = Given()
_CASUAL = frozenset({Because.HOURS, Because.HOLIDAY, Because.IN_USE})
"""What an open, running service is usually left alone for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy decides about the service of a test. ``word`` is what ``expect`` would have to say."""

    word: Word
    decision: Decision
    phase: Phase | None
    is_up: bool

    @property
    def by_hours(self) -> bool:
        """It runs because the hours are open, and no other rule has anything against it."""
        return self.word == "running" and self.decision.because in _CASUAL

    def meets(self, expect: Word) -> bool:
        """``running``: allowed to and does. ``stopped``: it is, and stays so. ``unchanged``: nothing is done."""
        if self.word == expect:
            return True
        if self.decision.wanted is not Wanted.LEAVE:
            return False
        match expect:
            case "running":
                return self.is_up and (self.phase is None or self.phase.open)
            case "stopped":
                return not self.is_up
            case "unchanged":
                return True
            case "asking":
                return False
            case other:
                assert_never(other)

    def is_because(self, because: str | None) -> bool:
        return because is None or self.decision.because.value == because or (because == "hours" and self.by_hours)


def outcome_at(policy: Policy, at: datetime, given: Given = NOTHING_GIVEN) -> Outcome:
    """What the policy decides about the service of a test at ``at`` (aware), given what is given."""
    at = at.astimezone(UTC)
    tagged = with_tags(policy, given.tags or {})
    policy = tagged.policy
    phase = Timetable.of(policy.hours).phase(at) if policy.hours is not None else None
    is_up = given.state == "running"
    seen = Observation(
        facts=_facts(at, given, is_up=is_up),
        signals=_signals(policy, phase, at, given),
        memory=_memory(phase, at, given),
        switches=Switches("a test", "", at) if given.freeze else Switches(),
    )
    decision = decide(policy, seen, _overrides(at, given), at, policies=_ALONE)
    if tagged.problem:  # nobody acts on a service whose tag does not parse
        decision = _left_alone(decision, tagged.problem)
    return Outcome(_word(policy, decision, phase, is_up=is_up), decision, phase, is_up)


def _word(policy: Policy, decision: Decision, phase: Phase | None, *, is_up: bool) -> Word:
    match decision.wanted:
        case Wanted.STOPPED:
            return "asking" if is_up and _asks(policy, decision) else "stopped"
        case Wanted.RUNNING:
            return "running"
        case Wanted.LEAVE:
            allowed = phase is None or phase.open
            return "running" if is_up and allowed and decision.because in _CASUAL else "unchanged"
        case other:
            assert_never(other)


def _asks(policy: Policy, decision: Decision) -> bool:
    """Whether the policy wants a person's yes for this stop."""
    if policy.approval is None:
        return False
    kind = {RuleName.IDLE: "idle-stop", RuleName.CLOSED: "closed-stop"}.get(decision.rule)
    return kind in policy.approval.for_


def _left_alone(decision: Decision, problem: str) -> Decision:
    return Decision(
        service=decision.service,
        wanted=Wanted.LEAVE,
        rule=RuleName.EXCLUSION,
        because=Because.EXCLUDE,
        reason=f"left alone: {problem}",
        evidence=(),
        look_again_at=decision.look_again_at,
        policy=decision.policy,
    )


def _facts(at: datetime, given: Given, *, is_up: bool) -> ServiceFacts:
    ready_since = at - (given.ready_for if given.ready_for is not None else _A_DAY)
    count = 1 if is_up else 0
    return ServiceFacts(
        id=_SERVICE,
        arn="",
        desired_count=count,
        running_count=count,
        pending_count=0,
        described_at=at,
        tags=given.tags or {},
        ready_since=ready_since if is_up else None,
    )


def _memory(phase: Phase | None, at: datetime, given: Given) -> ServiceMemory:
    by_hand = None
    if given.started == "by-hand":
        by_hand = at - _A_MINUTE
        if phase is not None and not phase.open:
            by_hand = max(by_hand, phase.since)
    stopped_at = at - _A_DAY if given.state == "stopped" else None
    return ServiceMemory(
        opening_handled=at if given.opening == "handled" else None,
        hand_started_at=by_hand,
        saved_size=SavedSize(1, None, stopped_at) if stopped_at is not None else None,
        stopped_at=stopped_at,
    )


def _overrides(at: datetime, given: Given) -> tuple[Override, ...]:
    kinds = {"keep-until": OverrideKind.KEEP, "stop-until": OverrideKind.STOP}
    return tuple(
        Override(f"test-{word}", _SERVICE, kinds[word], until, "a test", "", at - _A_MINUTE)
        for word, until in (given.override or {}).items()
    )


def _signals(policy: Policy, phase: Phase | None, at: datetime, given: Given) -> dict[SignalName, SignalReading]:
    """Every signal, read for as long as any rule looks back; the requests show the last use."""
    read_from = at - 400 * _A_DAY
    last_use = _last_use(policy, phase, at, given)
    used = (Point(last_use - _A_MINUTE, 1.0),) if last_use is not None else ()
    readings = {
        name: SignalReading(name, Availability.READ, read_from, at, (Point(read_from, 0.0),)) for name in SignalName
    }
    readings[SignalName.REQUESTS] = SignalReading(
        SignalName.REQUESTS, Availability.READ, read_from, at, used, healthy=True
    )
    for name in given.missing:
        readings[SignalName(name)] = SignalReading(SignalName(name), Availability.MISSING, read_from, at)
    if given.in_flight:
        seen_by = next(name for name in SignalName if name in watched(rules_of(policy.idle)))
        readings[seen_by] = SignalReading(seen_by, Availability.READ, read_from, at, in_flight=given.in_flight)
    return readings


def _last_use(policy: Policy, phase: Phase | None, at: datetime, given: Given) -> datetime | None:
    """The end of the last use that the signals show. What is newer than can be trusted is shown as just trusted."""
    if given.idle_for is not None:
        return at - max(given.idle_for, TRUST_DELAY)
    stops_at_close = policy.hours is not None and policy.hours.closed in (Closed.STOP, Closed.CUT)
    closing = phase is not None and not phase.open and stops_at_close
    asked_to_stop = given.override is not None and "stop-until" in given.override
    return None if closing or asked_to_stop else at - TRUST_DELAY
