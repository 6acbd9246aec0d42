"""Keeps a one-shot entry of EventBridge Scheduler for every instant at which the clock changes what is wanted.

After each run: which edges are ahead (`decide.edges`, and the deadlines of questions to people), which entries that
takes, and what is missing or stray among those that are remembered. AWS itself is asked which there are only now and
then, because memory may be wrong and a call costs. Without the Scheduler nothing is lost: the sweep does the same work,
later; so a failure here is a line in the report and never the end of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from chalicelib.controller.acting import Actor
from chalicelib.controller.governed import Known
from chalicelib.decide.edges import next_edges
from chalicelib.decide.facts import ServiceFacts
from chalicelib.decide.govern import govern
from chalicelib.errors import ActionFailed
from chalicelib.execute.bookings import PRECISION, Desk, minute_of, name_of, whole_minute
from chalicelib.execute.doing import Clock
from chalicelib.observe.snapshot import Bookings

T = TypeVar("T")

MOST = 500
"""Entries kept at most, the nearest: later ones are booked once those have fired."""

MOST_A_RUN = 100
"""Entries booked and cancelled by one run, the nearest first; the next run does the rest."""

ROOM = timedelta(seconds=15)
"""An entry for an instant nearer than this could reach AWS after it."""

LIST_EVERY = timedelta(hours=1)
FIRED_LONG_AGO = timedelta(hours=1)
"""An entry of so long ago is a stray: AWS has delivered it and should have deleted it."""


@dataclass(frozen=True, slots=True)
class Change:
    """The entries to book and to cancel, by their minutes, the nearest first."""

    book: tuple[datetime, ...]
    cancel: tuple[datetime, ...]


def edges_ahead(services: Iterable[ServiceFacts], known: Known, since: datetime) -> frozenset[datetime]:
    """Of the services that a policy rules, and of the questions that wait for an answer."""
    overrides, freezes = known.controls.overrides, known.policies.freezes
    ahead: set[datetime] = set()
    for facts in services:
        found = govern(known.policies, facts)
        if found.ruling is not None and found.never_touch is None and not facts.unmanageable:
            ahead |= next_edges(found.ruling, facts, known.memory(facts.id), overrides, freezes, since)
    deadlines = (one.answer_by for one in known.controls.questions if one.is_pending)
    return frozenset([*ahead, *(by for by in deadlines if by is not None and by > since)])


def wanted_minutes(edges: Iterable[datetime], booked: frozenset[datetime], now: datetime) -> frozenset[datetime]:
    """The minutes in which to be woken: that of each edge, or the next where that is too near to be booked now."""
    earliest = whole_minute(now + ROOM)
    minutes = (minute if (minute := whole_minute(edge)) in booked else max(minute, earliest) for edge in edges)
    return frozenset(islice(sorted(set(minutes)), MOST))


def change(wanted: frozenset[datetime], booked: frozenset[datetime], now: datetime, *, whole: bool) -> Change:
    """``whole``: ``wanted`` is all there is, so that what else is booked is stray. What is about to fire is left."""
    missing = sorted(wanted - booked)
    stray = sorted(minute for minute in booked - wanted if minute > now + 2 * PRECISION) if whole else []
    return Change(tuple(missing[:MOST_A_RUN]), tuple(stray[:MOST_A_RUN]))


class Booker:
    """``desk`` None: this process books nothing, and hands on what others remember."""

    def __init__(self, desk: Desk | None, actor: Actor) -> None:
        self._desk = desk
        self._actor = actor

    @property
    def books(self) -> bool:
        return self._desk is not None

    def keep(
        self, edges: Iterable[datetime], booked: Bookings, now: datetime, *, whole: bool, may_list: bool
    ) -> tuple[Bookings, str]:
        """What is booked now, and in one sentence what went wrong, empty when nothing did.

        ``edges`` since the run began: one that passed meanwhile, and was not booked, is made up for in the next minute.
        ``whole``: these are all edges there are, so that strays can be told from what others need. ``may_list``:
        AWS may be asked what is booked, if that was long ago.
        """
        desk = self._desk
        if desk is None:
            return booked, ""
        wrong: list[ActionFailed] = []
        if whole and may_list and (booked.listed_at is None or now - booked.listed_at >= LIST_EVERY):
            booked = self._listed(desk, booked, now, wrong)
        due = change(wanted_minutes(edges, booked.instants, now), booked.instants, now, whole=whole)
        made = self._each(desk.book, due.book, wrong)
        gone = self._each(lambda minute: desk.cancel(name_of(minute)), due.cancel, wrong)
        told = f"The sweep does the work of missing entries, later: {wrong[0]}" if wrong else ""
        standing = (booked.instants | made) - gone
        return replace(booked, instants=frozenset(minute for minute in standing if minute > now)), told

    def _listed(self, desk: Desk, booked: Bookings, now: datetime, wrong: list[ActionFailed]) -> Bookings:
        """What stands in AWS, without what is nobody's or was left lying there."""
        try:
            found = {name: minute_of(name) for name in desk.names()}
        except ActionFailed as failed:
            wrong.append(failed)
            return booked
        stray = [name for name, minute in found.items() if minute is None or minute < now - FIRED_LONG_AGO]
        self._each(desk.cancel, stray[:MOST_A_RUN], wrong)
        return Bookings(frozenset(minute for minute in found.values() if minute is not None), now)

    def _each(self, do: Callable[[T], None], items: Sequence[T], wrong: list[ActionFailed]) -> frozenset[T]:
        """Those that were done. When the first fails, the others are not tried: each could wait as long for AWS."""

        def one(item: T) -> T | None:
            try:
                do(item)
            except ActionFailed as failed:
                wrong.append(failed)
                return None
            return item

        if not items or wrong:
            return frozenset()
        first = one(items[0])
        rest = [] if first is None else self._actor.side_by_side(one, items[1:])
        return frozenset(item for item in (first, *rest) if item is not None)


class Deadlines:
    """`ports.Timers`: books the minute in which a question's time is over. What wakes then looks at everything that
    is due, and need not be told which question."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    def at(self, when: datetime) -> None:
        """Raises ActionFailed."""
        self._desk.book(max(whole_minute(when), whole_minute(self._clock.now() + ROOM)))
