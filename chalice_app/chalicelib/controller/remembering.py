"""When each service is due, and what is remembered of it until then: the next look, what people were told, doubts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.controller.acting import Acted
from chalicelib.controller.memo import basis
from chalicelib.controller.news import News, ended_wishes, news_of
from chalicelib.controller.parts import Parts
from chalicelib.controller.report import Decided
from chalicelib.controller.run import Run
from chalicelib.controller.spot_notes import note_spot
from chalicelib.decide.constants import HORIZON
from chalicelib.decide.decide import closing_warning
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.flight import Flight
from chalicelib.errors import RecordUnavailable
from chalicelib.execute.outcome import OutcomeStatus
from chalicelib.execute.plan import retry_at
from chalicelib.notify.notice import Notice
from chalicelib.observe.snapshot import Look


def is_due(run: Run, id: ServiceId) -> bool:
    look = run.looks.get(id)
    return look is None or look.look_again_at <= run.now or look.basis != basis(run.fleet.services[id], run.known)


def remember(parts: Parts, run: Run, acted: Acted) -> None:
    """When to look at each again, and what people were told. What was not done is looked at in the next sweep."""
    undone = {one.service for one in acted.outcomes if one.status is not OutcomeStatus.DONE}
    hopeless = {one.facts.id for one in acted.decided if one.plan and one.plan.refusal}
    open_ends = acted.left | undone - hopeless
    _note_doubts(parts, acted.decided, run.now)
    _note_flights(parts, run, acted.decided)
    note_spot(parts, acted.decided, run.now)
    heard = [_heard(run, one) for one in acted.decided]
    for notices in parts.actor.side_by_side(
        lambda one: _tell(parts, one, run.now), [one for one in heard if one.fresh or one.ended]
    ):
        run.notices += notices
    for one, news in zip(acted.decided, heard, strict=True):
        look = run.looks.get(one.facts.id) or Look(run.now)
        run.looks[one.facts.id] = replace(
            look.having_seen(one.seen.signals, run.now),
            look_again_at=run.now if one.facts.id in open_ends else _look_again_at(one, run.now),
            basis=basis(one.facts, run.known),
            told=news.holds,
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    """``fresh``: news that nobody heard yet; ``ended``: wishes that were told and hold no more; ``holds``: the names of
    all news that holds."""

    facts: ServiceFacts
    fresh: Sequence[News]
    ended: Sequence[News]
    holds: frozenset[str]


def _heard(run: Run, one: Decided) -> _Heard:
    closing = None
    if one.policy and one.decision:
        closing = closing_warning(
            one.policy, one.seen, run.known.controls.overrides, run.now, policies=run.known.policies
        )
    news = news_of(one, unknown_since=_unknown_since(one, run.now), closing_at=closing, now=run.now)
    last = run.looks.get(one.facts.id)
    told = last.told if last else frozenset()
    fresh = [item for item in news if item.name not in told]
    return _Heard(one.facts, fresh, tuple(ended_wishes(one, told)), frozenset(item.name for item in news))


def _tell(parts: Parts, one: _Heard, now: datetime) -> Sequence[Notice]:
    notices = parts.teller.of_news(one.facts, one.fresh, now)
    parts.teller.of_ended(one.facts, one.ended, now)
    return notices


def handle_openings(parts: Parts, decided: Sequence[Decided]) -> None:
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
    parts.actor.side_by_side(lambda pair: parts.states.handle_opening(*pair, parts.clock.now()), found)


def _note_doubts(parts: Parts, decided: Sequence[Decided], now: datetime) -> None:
    """Written when a doubt begins or ends; a note that is lost is made by the next sweep."""

    def note(one: Decided) -> None:
        since = one.seen.memory.unknown_since
        with suppress(RecordUnavailable):
            if _is_unknown(one):
                parts.states.note_unknown(one.facts.id, now)
            elif since:
                parts.states.note_known(one.facts.id, since)

    turned = [one for one in decided if _is_unknown(one) != bool(one.seen.memory.unknown_since)]
    parts.actor.side_by_side(note, turned)


def _note_flights(parts: Parts, run: Run, decided: Sequence[Decided]) -> None:
    """Written when a request that only a probe sees is first seen, and when it is gone, at the latest with the stop."""

    def note(turn: tuple[ServiceId, Flight]) -> None:
        id, flight = turn
        with suppress(RecordUnavailable):
            parts.states.note_flight(id, run.known.memory(id).flight, flight)

    flights = [
        (one.facts.id, flight if one.facts.is_running else flight.ended(run.now))
        for one in decided
        if (flight := one.seen.memory.flight)
    ]
    parts.actor.side_by_side(note, [turn for turn in flights if turn[1] != run.known.memory(turn[0]).flight])


def _is_unknown(one: Decided) -> bool:
    return one.decision is not None and one.decision.because is Because.UNKNOWN


def _unknown_since(one: Decided, now: datetime) -> datetime | None:
    return (one.seen.memory.unknown_since or now) if _is_unknown(one) else None


def _look_again_at(one: Decided, now: datetime) -> datetime:
    decisions = [*([one.decision] if one.decision else []), *(decision for _, decision in one.shadows)]
    instants = [decision.look_again_at for decision in decisions]
    retry = retry_at(one.seen.memory.start_failure)
    if retry and retry > now:
        instants.append(retry)
    return min(instants, default=now + HORIZON)
