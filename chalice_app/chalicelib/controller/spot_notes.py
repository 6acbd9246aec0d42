"""What is remembered of where tasks run: since when some are missing, and no setback that says nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from chalicelib.controller.parts import Parts
from chalicelib.controller.report import Decided
from chalicelib.decide.in_place import short
from chalicelib.decide.spot_wait import REMEMBERED
from chalicelib.errors import RecordUnavailable


def note_spot(parts: Parts, decided: Sequence[Decided], now: datetime) -> None:
    """Written when something begins or ends to be missing; a note that is lost is made by the next look."""
    parts.actor.side_by_side(lambda one: _note(parts, one, now), [one for one in decided if _is_news(one, now)])


def _speaks_of_spot(one: Decided) -> bool:
    ruling = (one.policy,) if one.policy else ()
    return any(policy.spot is not None for policy in (*ruling, *(shadow for shadow, _ in one.shadows)))


def _is_short(one: Decided) -> bool:
    return _speaks_of_spot(one) and short(one.facts) > 0


def _is_news(one: Decided, now: datetime) -> bool:
    memory = one.seen.memory.spot
    old = bool(memory.setbacks) and memory.setbacks[0].at <= now - REMEMBERED
    return old or _is_short(one) != (memory.short_since is not None)


def _note(parts: Parts, one: Decided, now: datetime) -> None:
    memory, id = one.seen.memory.spot, one.facts.id
    keep = [setback for setback in memory.setbacks if setback.at > now - REMEMBERED]
    with suppress(RecordUnavailable):
        if _is_short(one) and memory.short_since is None:
            parts.states.note_short(id, now)
        elif not _is_short(one) and memory.short_since is not None:
            parts.states.note_whole(id, memory.short_since)
        if len(keep) < len(memory.setbacks):
            parts.states.forget_setbacks(id, memory.setbacks, keep)
