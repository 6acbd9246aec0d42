"""Whether a service is in use, idle, or neither can be told: the signals of one stretch of time, weighed.

Any signal that shows use means in use. Else any signal that should be there and is not means unknown. Else, where
idleness must be proven, at least one primary signal has to cover the whole stretch; without one it is unknown too.
Only then is it idle. The words of the policy language hold: a *missing* signal is unknown, zero, or taken for absent,
as its row says; an *absent* one is one that this service never had, and has no say.

Refuses to guess: quiet is what was read as quiet, never what could not be read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from operator import attrgetter, itemgetter
from typing import cast

from chalicelib.decide import use_words as words
from chalicelib.decide.constants import PRIMARIES, PROBES
from chalicelib.decide.decision import Evidence
from chalicelib.decide.facts import Availability, Point, SignalName, SignalReading
from chalicelib.decide.flight import Flight
from chalicelib.decide.spans import Span
from chalicelib.decide.words import number
from chalicelib.policy.sections.idle import Idle as IdleSection
from chalicelib.policy.sections.idle import SignalRule


@dataclass(frozen=True, slots=True)
class InUse:
    """Used at ``last_use`` (the end of the last use that was seen). ``unseen``: it lasts, and only a probe sees it."""

    says: str
    evidence: tuple[Evidence, ...]
    last_use: datetime
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell. ``structural``: the service has no signal that could ever prove it idle."""

    says: str
    evidence: tuple[Evidence, ...]
    structural: bool = False


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing was used. ``measured`` is False when the service has no signal at all."""

    evidence: tuple[Evidence, ...]
    measured: bool


@dataclass(frozen=True, slots=True)
class WarmingUp:
    """Too young to be idle: it cannot be before ``until``, whatever the signals say."""

    says: str
    until: datetime


Use = InUse | Unknown | Idle
Rules = Mapping[str, SignalRule]
"""A policy's own rows of the table of signals, by signal name."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the language's table of signals."""

    busy_above: float
    missing: str
    unit: str
    sums: bool
    """Whether the values of a stretch add up (requests), or the largest tells (percentages)."""


_TABLE: Mapping[SignalName, _Row] = {
    SignalName.LEASES: _Row(0.0, "unknown", "requests", True),
    SignalName.OLLAMA_PS: _Row(0.0, "unknown", "requests", True),
    SignalName.TASK_PROTECTION: _Row(0.0, "unknown", "protected tasks", False),
    SignalName.REQUESTS: _Row(0.0, "zero-while-healthy", "requests", True),
    SignalName.GPU: _Row(5.0, "unknown", "%", False),
    SignalName.CPU: _Row(20.0, "absent", "%", False),
    SignalName.NETWORK_OUT: _Row(50.0 * 1024, "absent", "B/s", False),
}
_ORDER = tuple(_TABLE)
_at = attrgetter("at")
_value = attrgetter("value")


def judge(
    readings: Mapping[SignalName, SignalReading],
    span: Span,
    rules: Rules,
    zone: tzinfo,
    *,
    proof_needed: bool,
    flight: Flight | None = None,
) -> Use:
    """Weighs every signal over ``span``. ``rules`` are the policy's own, by signal name; the table fills the rest.

    ``proof_needed``: quiet vetoes are not enough, a primary signal must have been there for the whole span.
    ``flight`` is what is remembered of a request that only a probe saw: it turns idle into in use, and nothing else.
    That nobody had looked for one before matters only where quiet must be proven. One that ended within ``span`` is
    use whatever metrics say: they need not be read.
    """
    scale = _Scale(span, zone)
    for name in _ORDER:
        reading = readings.get(name)
        if reading is None or reading.availability is Availability.ABSENT:
            continue
        rule = rules.get(name.value) if rules else None
        if rule is None or not rule.ignore:
            scale.weigh(name, reading, rule)
    use = scale.verdict(proof_needed=proof_needed)
    if flight is None or isinstance(use, InUse) or not (flight.was_seen or proof_needed):
        return use
    asked_nothing_else = PROBES.issuperset(readings) and not flight.is_open
    return _in_flight_lately(flight, use, span, zone) if asked_nothing_else or isinstance(use, Idle) else use


class _Scale:
    """What the signals weighed so far say over one stretch of time."""

    __slots__ = ("_busy", "_evidence", "_missing", "_proven", "_silent", "_span", "_zone")

    def __init__(self, span: Span, zone: tzinfo) -> None:
        self._span = span
        self._zone = zone
        self._evidence: list[Evidence] = []
        self._busy: list[tuple[datetime, str, bool]] = []
        self._missing: list[str] = []
        self._proven = self._silent = False

    def weigh(self, name: SignalName, reading: SignalReading, rule: SignalRule | None) -> None:
        row = _TABLE[name]
        if reading.in_flight > 0:
            self._busy.append((reading.covers_to, words.in_flight(reading, self._zone), True))
            self._evidence.append(words.in_flight_evidence(reading))
            return
        missing = rule.missing if rule is not None and rule.missing is not None else row.missing
        lack = _lack(reading, self._span, missing)
        if lack is None:
            limit = row.busy_above if rule is None or rule.busy_above is None else float(rule.busy_above)
            self._measure(name, row, reading, limit)
        elif lack:
            self._missing.append(f"{name.value} {lack}")
            self._evidence.append(Evidence(name.value, "missing", "", self._span.start, self._span.end))
        else:
            self._silent = True

    def _measure(self, name: SignalName, row: _Row, reading: SignalReading, limit: float) -> None:
        """Use is what lies above ``limit``; quiet proves idleness only where a primary signal covers the whole span."""
        span = self._span
        points = _within(reading, span)
        amount = sum(map(_value, points)) if row.sums else max(map(_value, points), default=0.0)
        self._evidence.append(Evidence(name.value, number(amount), row.unit, span.start, span.end))
        last = _last_above(points, limit) if amount > limit else None
        if last is not None:
            ended = last.at + timedelta(seconds=reading.period_seconds)
            self._busy.append(
                (ended, words.busy(name, row.unit, last, amount, limit, span, self._zone, sums=row.sums), False)
            )
        elif reading.points and reading.healthy is False:
            self._missing.append(f"{name.value} {reading.note or 'cannot be trusted'}")
        elif name in PRIMARIES and reading.covers_from <= span.start:
            self._proven = True

    def verdict(self, *, proof_needed: bool) -> Use:
        """Any use is use; else it is quiet, unless a signal is missing or none that could prove quiet was there."""
        evidence = tuple(self._evidence)
        if self._busy:
            last_use, says, _ = max(self._busy, key=itemgetter(0))
            return InUse(says, evidence, last_use, unseen=any(in_flight for _, _, in_flight in self._busy))
        if self._silent and not evidence:
            return Unknown("cannot tell: none of its signals could be read", ())
        if self._missing:
            return Unknown("cannot tell: " + ", ".join(self._missing), evidence)
        if proof_needed and not self._proven:
            return Unknown("cannot tell: it has no signal of requests that could prove it idle", evidence, True)
        return Idle(evidence, bool(evidence))


def rules_of(section: IdleSection | None) -> Rules:
    """The rows that a policy brings; none for a policy without an idle rule."""
    return {} if section is None else cast(Rules, section.signals)


def watched(rules: Rules) -> frozenset[SignalName]:
    """The signals that a policy with these rules reads."""
    return frozenset(name for name in _ORDER if not ((rule := rules.get(name.value)) and rule.ignore))


def optional(rules: Rules) -> frozenset[SignalName]:
    """The signals whose silence a policy with these rules takes for absence."""
    return frozenset(
        name
        for name, row in _TABLE.items()
        if ((rule.missing if (rule := rules.get(name.value)) else None) or row.missing) == "absent"
    )


def _in_flight_lately(flight: Flight, quiet: Idle | Unknown, span: Span, zone: tzinfo) -> Use:
    """Not in use by all that was read now, and yet within ``span``, if a probe saw what metrics do not show."""
    gone_by = flight.gone_by
    if gone_by is not None and gone_by <= span.start:
        return quiet
    evidence = (*quiet.evidence, Evidence(words.UNSEEN, "seen", "", flight.seen_at, gone_by))
    if gone_by is None:
        return InUse(words.still_in_flight(flight.seen_at, zone), evidence, span.end, unseen=True)
    says = words.in_flight_until(gone_by, zone) if flight.was_seen else words.first_asked(gone_by, zone)
    return InUse(says, evidence, gone_by)


def _lack(reading: SignalReading, span: Span, missing: str) -> str | None:
    """None: it was read. Empty: it is not there and has no say. Else: why nobody can tell, in words."""
    if reading.availability is Availability.MISSING:
        return "" if missing == "absent" else reading.note or "missing"
    if reading.covers_to < span.end:
        return "not read for the newest minutes"
    if reading.name in PROBES:
        return None  # an answer is a fact about now; what it does not cover, it does not prove
    if reading.covers_from > span.start:
        return "not read for the whole time"
    if reading.points or missing == "zero":
        return None
    if missing == "absent":
        return ""
    if missing == "zero-while-healthy":
        return None if reading.healthy else reading.note or "missing while no healthy target reported"
    return reading.note or "missing"


def _within(reading: SignalReading, span: Span) -> tuple[Point, ...]:
    """The points from the span's begin on; a minute that began before it and ran into it counts.

    Newer points than the span's end count too: that none is there says nothing yet, but one that is there is use.
    """
    points = reading.points
    touching = span.start - timedelta(seconds=reading.period_seconds)
    return points if not points or points[0].at > touching else points[bisect_right(points, touching, key=_at) :]


def _last_above(points: tuple[Point, ...], limit: float) -> Point | None:
    for point in reversed(points):
        if point.value > limit:
            return point
    return None
