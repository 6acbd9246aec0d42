"""Leads services through the house: observe, decide, plan, execute, record, tell.

A *sweep* looks at every service whose time has come; a *look* at the services somebody named. Both work out the
wanted state from the world, the policies and the clock alone, so that a lost, doubled or late trigger changes only
the moment. Between sweeps a picture of the fleet is kept: it saves calls and is never the ground of an action,
because the executor describes its service again. A *survey* does all the looking and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from chalicelib.controller import forgetting, gating, host_watch, remembering, settling, surveying, telling
from chalicelib.controller.book import Book
from chalicelib.controller.booking import edges_ahead
from chalicelib.controller.governed import Known
from chalicelib.controller.parts import Parts
from chalicelib.controller.report import Report, Survey
from chalicelib.controller.run import Run
from chalicelib.controller.standing import standing_of
from chalicelib.decide.facts import ServiceId
from chalicelib.execute.plan import Plan
from chalicelib.observe.fleet import Fleet
from chalicelib.observe.snapshot import NOT_BOOKED, Bookings

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Controller:
    def __init__(self, parts: Parts, full_refresh_every: timedelta) -> None:
        self._parts = parts
        self._full_refresh_every = full_refresh_every

    def sweep(self, now: datetime, *, full: bool | None = None, seconds: float | None = None) -> Report:
        """Looks at every service whose time has come. ``full`` True describes every service anew, False none.

        ``seconds``: how long this run may take; what does not fit is left to the next sweep. Raises AwsUnreachable,
        ObservationError or RecordUnavailable when nothing can be seen or remembered.
        """
        deadline = self._parts.actor.deadline(seconds)
        known, book = self._know(now)
        picture = self._parts.memo.load()
        before = picture.fleet if picture else None
        looks = dict(picture.looks) if picture else {}
        overdue = before is None or now - before.refreshed_at >= self._full_refresh_every
        seen_at = self._parts.clock.now()
        whole = before is None or bool(full) or (full is None and overdue)
        if before is None or whole:
            fleet = self._parts.inventory.refresh_all(seen_at, before)
        else:
            fleet = self._parts.inventory.steady(before, seen_at)
            fleet = self._parts.inventory.refresh_into(fleet, _unsettled(known, fleet), seen_at)
        booked = picture.booked if picture else NOT_BOOKED
        run = Run(known, book, fleet, looks, now, before, whole, booked=booked)
        return self._go(run, list(fleet.services), deadline, touched_all=whole)

    def look_at(
        self, ids: Iterable[ServiceId], now: datetime, *, why: str, force: bool = True, seconds: float | None = None
    ) -> Report:
        """Looks at these services now. ``why`` stands in the report, and decides nothing.

        ``force`` False looks only at those of them that changed or whose time has come. A name that is no service
        (any more) is passed over. ``seconds`` and what it raises: as for `sweep`.
        """
        deadline = self._parts.actor.deadline(seconds)
        known, book = self._know(now)
        picture = self._parts.memo.load()
        before = picture.fleet if picture else Fleet.empty(LONG_AGO)
        wanted = sorted(set(ids))
        fleet = self._parts.inventory.refresh_into(before, wanted, self._parts.clock.now())
        looks = dict(picture.looks) if picture else {}
        booked = picture.booked if picture else NOT_BOOKED
        run = Run(known, book, fleet, looks, now, before, scope=frozenset(wanted), booked=booked)
        present = [id for id in wanted if id in fleet.services]
        return replace(self._go(run, present, deadline, force=force, touched_all=True), why=why)

    def survey(self, now: datetime, *, ids: Iterable[ServiceId] | None = None, in_force: bool = False) -> Survey:
        """See `surveying.survey`."""
        return surveying.survey(self._parts, now, ids=ids, in_force=in_force)

    def apply(self, plans: Sequence[Plan], now: datetime, *, who: str) -> Report:
        """See `surveying.apply`."""
        return surveying.apply(self._parts, plans, now, who=who)

    def services_behind(self, target_groups: Iterable[str]) -> frozenset[ServiceId]:
        """The services last seen behind these target groups (``targetgroup/name/id``)."""
        wanted = set(target_groups)
        picture = self._parts.memo.load()
        services = picture.fleet.services.values() if picture else ()
        return frozenset(
            facts.id for facts in services if wanted & {group.target_group for group in facts.target_groups}
        )

    # --- the stages

    def _know(self, now: datetime) -> tuple[Known, Book]:
        book = self._parts.book.open(now)
        return Known(book.policies, self._parts.states.all(), self._parts.controls.read(now)), book

    def _go(
        self, run: Run, ids: Sequence[ServiceId], deadline: float, *, force: bool = False, touched_all: bool = False
    ) -> Report:
        parts = self._parts
        asked_before = parts.signals.metrics_asked
        run.notices += parts.teller.of_policies(run.book.news, run.book.changes, run.now)
        run.notices += telling.of_unread(run.before, run.fleet, run.now)
        settling.write_owed_lines(parts, run)
        forgetting.forget(parts, run, ids)
        settling.settle(parts, run, ids)
        host_watch.watch(parts, run)
        gating.tend(parts, run)
        granted = gating.to_carry_out(run)
        due = [run.fleet.services[id] for id in ids if force or id in granted or remembering.is_due(run, id)]
        decided = parts.looker.look(due, run.known, run.looks, run.now)
        remembering.handle_openings(parts, decided)
        decided = gating.gate(parts, run, decided)
        acted = parts.actor.act(
            decided,
            lambda candidates: parts.recount(candidates, run.fleet, run.known),
            run.book.since,
            lambda one: parts.look_again(one.facts.id, run.known, run.looks),
            run.now,
            deadline,
        )
        run.outcomes += acted.outcomes
        remembering.remember(parts, run, acted)
        parts.learning.keep(parts.actor, acted.decided, acted.outcomes, run.now)
        self._after_acting(run, [one.service for one in acted.outcomes])
        run.notices += [notice for one in run.outcomes if (notice := telling.of_outcome(one, run.now))]
        if acted.left:
            run.notices.append(telling.of_left(len(acted.left), run.now))
        parts.notifier.tell(run.to_tell())
        booked, unbooked = self._book(run, work_is_left=bool(acted.left))
        if due or run.fleet != run.before or booked != run.booked:
            touched = ids if touched_all else [facts.id for facts in due]
            parts.memo.save(run.fleet, MappingProxyType(run.looks), touched, run.now, booked)
        asked = parts.signals.metrics_asked - asked_before
        known = run.known
        return Report(
            run.now, len(ids), len(due), asked, acted.decided, tuple(run.outcomes), tuple(run.notices), len(acted.left),
            unbooked=unbooked,
            standing=standing_of(known.memories.values(), known.controls.questions, run.book.held, run.now),
        )  # fmt: skip

    def _book(self, run: Run, *, work_is_left: bool) -> tuple[Bookings, str]:
        """Entries for what this run was about; for everything after a sweep, and when policies changed."""
        booker = self._parts.booker
        if not booker.books:
            return run.booked, ""
        services = run.fleet.services
        whole = run.scope is None or bool(run.book.changes and run.before and run.before.services)
        about = services.values() if whole else [facts for id, facts in services.items() if run.is_about(id)]
        ahead = edges_ahead(about, run.known, run.now)
        now = self._parts.clock.now()
        if work_is_left:
            ahead |= {now}
        may_list = run.scope is None and not run.whole  # a sweep that describes everything makes calls enough
        return booker.keep(ahead, run.booked, now, whole=whole, may_list=may_list)

    def _after_acting(self, run: Run, acted: Sequence[ServiceId]) -> None:
        """The picture must show our own deeds, or the next run would take them for somebody's hand."""
        if acted:
            run.fleet = self._parts.inventory.refresh_into(run.fleet, acted, self._parts.clock.now())
        run.looks = {id: look for id, look in run.looks.items() if id in run.fleet.services}


def _unsettled(known: Known, fleet: Fleet) -> list[ServiceId]:
    """What may have changed by our own hand since the picture was made: also what a run that died was about."""
    granted = {one.service for one in known.controls.questions if one.is_granted}
    pending = {id for id, memory in known.memories.items() if memory.pending or memory.spot.short_since}
    return [id for id in sorted(granted | pending) if id in fleet.services]
