"""The instants at which the clock alone can change what is wanted of a service: pure, from policy, words and record.

They are the hours' openings and closings, the warning before a closing, the end of the time that running work gets
after one, ends of overrides, exclusions and starts by hand, begins and ends of freezes, and ends of waits for Spot.
What only signals can tell (idleness, quiet, a failed start's next try) is none: it has no instant to wait for, and the
sweep looks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from chalicelib.decide import tags
from chalicelib.decide.case import timetable
from chalicelib.decide.facts import Override, ServiceFacts, ServiceMemory
from chalicelib.decide.placement import wait_ends
from chalicelib.decide.rules import is_excluded_by
from chalicelib.policy.model import Freeze, Policy
from chalicelib.policy.sections.hours import Closed, Hours


def next_edges(
    policy: Policy,
    facts: ServiceFacts,
    memory: ServiceMemory,
    overrides: Sequence[Override],
    freezes: Sequence[Freeze],
    now: datetime,
) -> frozenset[datetime]:
    """Of each kind the next one later than ``now``, in UTC. ``overrides`` may hold those of other services."""
    instants = [
        *_of_hours(policy.hours, facts, memory, now),
        *(word.until for word in overrides if word.service == facts.id and word.until is not None),
        *(instant for freeze in freezes for instant in (freeze.from_, freeze.to)),
        *_of_exclusions(policy, facts),
        *_of_spot(policy, facts, memory),
    ]
    return frozenset(instant for instant in instants if instant > now)


def _of_hours(hours: Hours | None, facts: ServiceFacts, memory: ServiceMemory, now: datetime) -> Iterator[datetime]:
    if hours is None:
        return
    phase = timetable(hours).phase(now)
    if phase.until is not None:
        yield phase.until
        is_warned = bool(hours.warn_before) and hours.closed in (Closed.STOP, Closed.CUT) and facts.desired_count > 0
        if phase.open and is_warned:
            yield phase.until - hours.warn_before
    if facts.desired_count == 0:
        return
    if not phase.open and hours.closed is Closed.CUT:
        yield phase.since + (hours.cut_after or timedelta())
    if not phase.open and memory.hand_started_at is not None:
        yield memory.hand_started_at + hours.started_by_hand


def _of_spot(policy: Policy, facts: ServiceFacts, memory: ServiceMemory) -> Iterator[datetime]:
    """The end of the wait for Spot: falling back five minutes late is an outage of five minutes."""
    ends = wait_ends(policy.spot, facts, memory) if policy.spot is not None else None
    if ends is not None:
        yield ends


def _of_exclusions(policy: Policy, facts: ServiceFacts) -> Iterator[datetime]:
    for line in policy.exclude:
        if line.until is not None and is_excluded_by(line, facts):
            yield tags.end_of(line.until, tags.zone_of(policy))
    tagged = tags.exclusion(policy, facts.tags)
    if isinstance(tagged, tags.TagExclusion) and tagged.ends is not None:
        yield tagged.ends
