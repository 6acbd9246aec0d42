"""Leads services through the house: observe, decide, plan, execute, record, tell.

A *sweep* looks at every service whose time has come; a *look* at the services somebody named. Both work out the
wanted state from the world, the policies and the clock alone, so that a lost, doubled or late trigger changes only
the moment. Between sweeps a picture of the fleet is kept: it saves calls and is never the ground of an action,
because the executor describes its service again. A *survey* does all the looking and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import assert_never

from chalicelib.controller import surveying, telling
from chalicelib.controller.acting import Acted
from chalicelib.controller.book import Book
from chalicelib.controller.hands import Hand, hand
from chalicelib.controller.looking import Known
from chalicelib.controller.memo import basis
from chalicelib.controller.news import ended_wishes, news_of
from chalicelib.controller.parts import Parts
from chalicelib.controller.report import Decided, Report, Survey
from chalicelib.decide.constants import HORIZON
from chalicelib.decide.decide import closing_warning
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import SavedSize, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.decide.govern import govern
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import Plan, retry_at
from chalicelib.notify.notice import Notice
from chalicelib.observe.fleet import Fleet
from chalicelib.observe.snapshot import Look

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Run:
    """One run while it lasts: what is known, what is seen, what was told."""

    known: Known
    book: Book
    fleet: Fleet
    looks: dict[ServiceId, Look]
    now: datetime
    notices: list[Notice]
    outcomes: list[Outcome]


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
        run = _Run(known, book, fleet, looks, now, [], [])
        return self._go(run, before, list(fleet.services), deadline, touched_all=whole)

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
        run = _Run(known, book, fleet, dict(picture.looks) if picture else {}, now, [], [])
        present = [id for id in wanted if id in fleet.services]
        return replace(self._go(run, before, present, deadline, force=force, touched_all=True), why=why)

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
        self,
        run: _Run,
        before: Fleet | None,
        ids: Sequence[ServiceId],
        deadline: float,
        *,
        force: bool = False,
        touched_all: bool = False,
    ) -> Report:
        asked_before = self._parts.signals.metrics_asked
        run.notices += self._parts.teller.of_policies(run.book.news, run.book.changes, run.now)
        run.notices += telling.of_unread(before, run.fleet, run.now)
        self._notice_hands(run, before, ids)
        self._verify(run, ids)
        due = [run.fleet.services[id] for id in ids if force or self._is_due(run, id)]
        decided = self._parts.looker.look(due, run.known, run.looks, run.now)
        self._handle_openings(decided, run.now)
        acted = self._parts.actor.act(
            decided,
            lambda candidates: self._parts.recount(candidates, run.fleet, run.known),
            run.book.since,
            lambda one: self._parts.look_again(one.facts.id, run.known, run.looks),
            run.now,
            deadline,
        )
        run.outcomes += acted.outcomes
        self._remember(run, acted)
        self._after_acting(run, [one.service for one in acted.outcomes])
        run.notices += [notice for one in run.outcomes if (notice := telling.of_outcome(one, run.now))]
        if acted.left:
            run.notices.append(telling.of_left(len(acted.left), run.now))
        self._parts.notifier.tell(run.notices)
        if due or run.fleet != before:
            touched = ids if touched_all else [facts.id for facts in due]
            self._parts.memo.save(run.fleet, MappingProxyType(run.looks), touched, run.now)
        asked = self._parts.signals.metrics_asked - asked_before
        return Report(
            run.now, len(ids), len(due), asked, acted.decided, tuple(run.outcomes), tuple(run.notices), len(acted.left)
        )

    def _notice_hands(self, run: _Run, before: Fleet | None, ids: Sequence[ServiceId]) -> None:
        """Who was started or stopped without us is noted first, because the decision depends on it."""
        changed = False
        for id in ids:
            facts, memory = run.fleet.services[id], run.known.memory(id)
            last = before.services.get(id) if before else None
            turned = hand(last, facts, memory)
            if turned is None or not _is_governed(run, facts):
                continue
            match turned:
                case Hand.STARTED:
                    noted = self._parts.states.note_hand_start(id, run.now)
                case Hand.STOPPED:
                    size = SavedSize(last.desired_count, None, run.now) if last else None
                    noted = self._parts.states.note_hand_stop(id, run.now, size)
                case other:
                    assert_never(other)
            if noted:
                changed = True
                run.notices.append(self._parts.teller.of_hand(turned, facts, run.now))
        if changed:
            run.known = replace(run.known, memories=self._parts.states.all())

    def _verify(self, run: _Run, ids: Sequence[ServiceId]) -> None:
        """Whether what was begun has had its effect."""
        pending: list[tuple[ServiceFacts, ServiceMemory]] = [
            (run.fleet.services[id], memory) for id in ids if (memory := run.known.memory(id)).pending
        ]
        settled = self._parts.executor.verify_all(pending, run.now) if pending else ()
        if settled:
            run.outcomes += settled
            run.known = replace(run.known, memories=self._parts.states.all())

    def _is_due(self, run: _Run, id: ServiceId) -> bool:
        look = run.looks.get(id)
        return look is None or look.look_again_at <= run.now or look.basis != basis(run.fleet.services[id], run.known)

    def _handle_openings(self, decided: Sequence[Decided], now: datetime) -> None:
        """An opening that finds the service up is dealt with, before anything stops it: what idleness stops stays down.

        Where the opening calls for a start, the start deals with it.
        """
        found = [
            (one.facts.id, begun)
            for one in decided
            if one.decision
            and (begun := one.decision.handles_opening)
            and one.facts.desired_count > 0
            and one.seen.memory.opening_handled != begun
        ]
        self._parts.actor.side_by_side(lambda pair: self._parts.states.handle_opening(*pair, now), found)

    def _remember(self, run: _Run, acted: Acted) -> None:
        """When to look at each again, and what people were told. What was not done is looked at in the next sweep."""
        undone = {one.service for one in acted.outcomes if one.status is not OutcomeStatus.DONE}
        hopeless = {one.facts.id for one in acted.decided if one.plan and one.plan.refusal}
        open_ends = acted.left | undone - hopeless
        for one in acted.decided:
            id, last = one.facts.id, run.looks.get(one.facts.id)
            unknown_since = _unknown_since(one, last, run.now)
            closing = None
            if one.policy and one.decision:
                closing = closing_warning(
                    one.policy, one.seen, run.known.controls.overrides, run.now, policies=run.known.policies
                )
            news = news_of(one, unknown_since=unknown_since, closing_at=closing, now=run.now)
            told = last.told if last else frozenset()
            fresh = [item for item in news if item.name not in told]
            run.notices += self._parts.teller.of_news(one.facts, fresh, run.now)
            self._parts.teller.of_ended(one.facts, ended_wishes(one, told), run.now)
            look = last or Look(run.now)
            run.looks[id] = replace(
                look.having_seen(one.seen.signals, run.now),
                look_again_at=run.now if id in open_ends else _look_again_at(one, run.now),
                basis=basis(one.facts, run.known),
                told=frozenset(item.name for item in news),
                unknown_since=unknown_since,
            )

    def _after_acting(self, run: _Run, acted: Sequence[ServiceId]) -> None:
        """The picture must show our own deeds, or the next run would take them for somebody's hand."""
        if acted:
            run.fleet = self._parts.inventory.refresh_into(run.fleet, acted, self._parts.clock.now())
        run.looks = {id: look for id, look in run.looks.items() if id in run.fleet.services}


def _unsettled(known: Known, fleet: Fleet) -> list[ServiceId]:
    return [id for id, memory in known.memories.items() if memory.pending and id in fleet.services]


def _is_governed(run: _Run, facts: ServiceFacts) -> bool:
    found = govern(run.known.policies, facts)
    return bool(found.ruling or found.shadows or found.tied)


def _unknown_since(one: Decided, last: Look | None, now: datetime) -> datetime | None:
    if one.decision is None or one.decision.because is not Because.UNKNOWN:
        return None
    return last.unknown_since if last and last.unknown_since else now


def _look_again_at(one: Decided, now: datetime) -> datetime:
    decisions = [*([one.decision] if one.decision else []), *(decision for _, decision in one.shadows)]
    instants = [decision.look_again_at for decision in decisions]
    retry = retry_at(one.seen.memory.start_failure)
    if retry and retry > now:
        instants.append(retry)
    return min(instants, default=now + HORIZON)
