"""What `lifecycle test --record` proposes: rows for `tests:`, for each coming edge, holiday and clock change.

A proposal says what the policy decides today. Whether that is what was meant, a person reads and says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from chalicelib.decide.decision import Because
from chalicelib.decide.tags import zone_of
from chalicelib.decide.trial import Outcome, outcome_at
from chalicelib.policy.model import Policy
from chalicelib.policy.moments import clock_changes, first_instant
from chalicelib.policy.sections.expectations import Given
from chalicelib.policy.texts import duration_text
from chalicelib.policy.timetable import Timetable

EDGES_WITHIN = timedelta(days=8)
MOST_EDGES = 14
LOOK_AHEAD = timedelta(days=366)
MOST_HOLIDAYS = 30


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """One proposed row. ``note`` says which edge, holiday or clock change it is about."""

    at: str
    expect: str
    because: str
    next: str | None
    given: str
    note: str

    @property
    def yaml(self) -> str:
        """The row as a line of ``tests:``."""
        keys = [f"at: {self.at}", f"expect: {self.expect}"]
        if self.given:
            keys.insert(1, f"given: {{{self.given}}}")
        if self.because:
            keys.append(f"because: {self.because}")
        if self.next is not None:
            keys.append(f"next: {self.next}")
        return f"- {{{', '.join(keys)}}}  # {self.note}"


def record_rows(policy: Policy, now: datetime) -> tuple[RecordedRow, ...]:
    """Rows for the policy as it decides from ``now`` (aware) on, in order of time, no moment twice."""
    rows = {at: _row(policy, at, note) for at, note in sorted(_moments(policy, now), reverse=True)}
    clocked = [row for _, row in sorted(rows.items())]
    return (*clocked, *_idle_rows(policy, now))


def _moments(policy: Policy, now: datetime) -> Iterator[tuple[datetime, str]]:
    if policy.hours is None:
        return
    zone, timetable = zone_of(policy), Timetable.of(policy.hours)
    for edge in islice(timetable.transitions(now, now + EDGES_WITHIN), MOST_EDGES):
        verb = "opens" if edge.opens else "closes"
        yield edge.at, f"{verb}, {edge.holiday}" if edge.holiday else f"{verb}, {edge.window}"
    for change in clock_changes(zone, now, now + LOOK_AHEAD):
        edge_after = timetable.next_transition(change.at - timedelta(microseconds=1))
        if edge_after is not None:
            direction = "forward" if change.forward else "back"
            yield edge_after.at, f"the first edge after the clocks go {direction}"
    yield from islice(_holidays(timetable, zone, now), MOST_HOLIDAYS)


def _holidays(timetable: Timetable, zone: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, str]]:
    """Noon of each holiday, or the instant of its day at which it shows, that is: closes what would be open."""
    today = now.astimezone(zone).date()
    for day in (today + timedelta(days=n) for n in range(LOOK_AHEAD.days)):
        name = timetable.holiday_on(day)
        if name is None:
            continue
        noon = first_instant(zone, datetime.combine(day, time(12)))
        if noon > now:
            yield noon, name


def _row(policy: Policy, at: datetime, note: str) -> RecordedRow:
    zone = zone_of(policy)
    outcome = outcome_at(policy, at)
    following = Timetable.of(policy.hours).next_transition(at) if policy.hours is not None else None
    return RecordedRow(
        at=_written(at, zone),
        expect=outcome.word,
        because=_because(outcome),
        next=_written(following.at, zone) if following is not None else None,
        given="",
        note=" ".join(note.split()),
    )


def _idle_rows(policy: Policy, now: datetime) -> Iterator[RecordedRow]:
    section = policy.idle
    if section is None or isinstance(section.stop_after, str):
        return
    zone, at = zone_of(policy), now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if policy.hours is not None and not Timetable.of(policy.hours).phase(at).open:
        opening = Timetable.of(policy.hours).next_transition(at)
        if opening is None:
            return
        at = opening.at + section.stop_after + timedelta(hours=1)
    for idle_for, note in (
        (section.stop_after / 2, "used lately"),
        (section.stop_after + timedelta(minutes=5), "idle for long enough"),
    ):
        length = timedelta(minutes=idle_for // timedelta(minutes=1))
        outcome = outcome_at(policy, at, Given(idle_for=length))
        given = f"idle-for: {duration_text(length)}"
        yield RecordedRow(_written(at, zone), outcome.word, _because(outcome), None, given, note)


def _because(outcome: Outcome) -> str:
    """An open and running service is there because of the hours, whatever keeps idleness from speaking."""
    return Because.HOURS.value if outcome.by_hours else outcome.decision.because.value


def _written(at: datetime, zone: ZoneInfo) -> str:
    """Wall time, as the language writes it; with its offset where it is the second pass of a repeated hour."""
    local = at.astimezone(zone)
    if first_instant(zone, local.replace(tzinfo=None, fold=0)) == at:
        return f"{local:%Y-%m-%dT%H:%M}"
    return local.isoformat(timespec="minutes")
