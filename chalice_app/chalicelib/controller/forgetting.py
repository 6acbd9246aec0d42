"""Forgets what is remembered of services that do not exist any more, and of earlier services of the same name.

A service counts as gone when everything was listed and it was not there: never while its cluster could not be listed,
it could not be described, or its cluster is none that we look after. It is forgotten after it stayed away for a while,
longer where a size waits to be given back. A service that was made anew inherits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.controller import telling
from chalicelib.controller.parts import Parts
from chalicelib.controller.run import Run
from chalicelib.decide.facts import ServiceId, ServiceMemory
from chalicelib.decide.govern import govern

AWAY_FOR = timedelta(hours=1)
"""At least two full looks, half an hour apart, miss it."""

AWAY_FOR_WITH_A_SIZE = timedelta(days=1)

MOST_A_RUN = 50
"""Rows written for this by one run; the rest waits for the next one."""


def forget(parts: Parts, run: Run, ids: Sequence[ServiceId]) -> None:
    """Before hands are noticed: what is of a predecessor would be taken for the service's own past."""
    changed = _predecessors(parts, run, ids)
    if run.whole:
        changed = _gone(parts, run) or changed
    if changed:
        run.known = replace(run.known, memories=parts.states.all())


def _predecessors(parts: Parts, run: Run, ids: Sequence[ServiceId]) -> bool:
    strangers = ((id, at) for id in ids if (at := run.fleet.services[id].created_at) and _is_older(run, id, at))
    changed = False
    for id, created_at in islice(strangers, MOST_A_RUN):
        memory, now = run.known.memory(id), parts.clock.now()
        if parts.states.forget_predecessor(id, created_at, now):
            changed = True
            run.looks.pop(id, None)
            ruling = govern(run.known.policies, run.fleet.services[id]).ruling
            text = telling.made_anew(id, created_at, memory, ruling)
            run.notices.append(parts.teller.of_forgotten(id, text, now, created_at, is_made_anew=True))
    return changed


def _is_older(run: Run, id: ServiceId, created_at: datetime) -> bool:
    """Whether what we remember is of a service that existed before ``created_at``."""
    memory = run.known.memories.get(id)
    if memory is None:
        return False
    saved = memory.saved_size
    instants = _instants(memory)
    return bool((saved and saved.saved_at < created_at) or (instants and max(instants) < created_at))


def _instants(memory: ServiceMemory) -> list[datetime]:
    found = (
        memory.hand_started_at,
        memory.hand_stopped_at,
        memory.saved_size.saved_at if memory.saved_size else None,
        memory.draining_since,
        memory.pending.since if memory.pending else None,
        memory.start_failure.last_at if memory.start_failure else None,
        memory.stopped_at,
        memory.unknown_since,
        memory.flight.seen_at if memory.flight else None,
        memory.gone_since,
    )
    return [at for at in found if at is not None]


def _gone(parts: Parts, run: Run) -> bool:
    changed = False
    for id, memory in islice(_to_note(parts, run), MOST_A_RUN):
        now = parts.clock.now()
        if id in run.fleet.services:
            changed = bool(memory.gone_since and parts.states.note_back(id, memory.gone_since)) or changed
        elif memory.gone_since is None:
            changed = parts.states.note_gone(id, now) or changed
        elif parts.states.forget_gone(id, memory.gone_since, now):
            changed = True
            run.notices.append(parts.teller.of_forgotten(id, telling.gone(id, memory), now, memory.gone_since))
    return changed


def _to_note(parts: Parts, run: Run) -> list[tuple[ServiceId, ServiceMemory]]:
    """Services that came back, are missed for the first time, or stayed away for long enough."""
    unread = {problem.service for problem in run.fleet.problems}
    unlisted = {problem.cluster for problem in run.fleet.problems if problem.service is None}
    found: list[tuple[ServiceId, ServiceMemory]] = []
    for id, memory in run.known.memories.items():
        since = memory.gone_since
        if id in run.fleet.services:
            due = since is not None
        elif id in unread or id.cluster in unlisted or not parts.inventory.looks_after(id):
            due = False
        else:
            due = since is None or run.now - since > _patience(memory)
        if due:
            found.append((id, memory))
    return found


def _patience(memory: ServiceMemory) -> timedelta:
    return AWAY_FOR_WITH_A_SIZE if memory.saved_size else AWAY_FOR
