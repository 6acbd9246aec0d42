"""What happened since the last look, put into the record before anything is decided: hands, and effects of actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from chalicelib.controller.hands import Hand, hand
from chalicelib.controller.parts import Parts
from chalicelib.controller.run import Run
from chalicelib.decide.facts import SavedSize, ServiceFacts, ServiceId, ServiceMemory


def settle(parts: Parts, run: Run, ids: Sequence[ServiceId]) -> None:
    """Notes whose hand turned a service, then whether what was begun has had its effect."""
    if _notice_hands(parts, run, ids):
        run.known = replace(run.known, memories=parts.states.all())
    pending: list[tuple[ServiceFacts, ServiceMemory]] = [
        (run.fleet.services[id], memory) for id in ids if (memory := run.known.memory(id)).pending
    ]
    settled = parts.executor.verify_all(pending, parts.clock.now()) if pending else ()
    if settled:
        run.outcomes += settled
        run.known = replace(run.known, memories=parts.states.all())


def write_owed_lines(parts: Parts, run: Run) -> None:
    """What a run that died had settled and not written down: before anything else, of services that are gone too."""
    owed = {id: memory.owed_line for id, memory in run.known.memories.items() if memory.owed_line}
    if owed:
        parts.executor.write_owed(owed)
        run.known = replace(run.known, memories=parts.states.all())


def _notice_hands(parts: Parts, run: Run, ids: Sequence[ServiceId]) -> bool:
    """Whether any hand was noted: who was started or stopped without us decides differently."""
    noticed = False
    for id in ids:
        facts, memory = run.fleet.services[id], run.known.memory(id)
        last = run.before.services.get(id) if run.before else None
        turned = hand(last, facts, memory)
        if turned is None or not run.is_governed(id):
            continue
        now = parts.clock.now()
        match turned:
            case Hand.STARTED:
                noted = parts.states.note_hand_start(id, now)
            case Hand.STOPPED:
                size = SavedSize(last.desired_count, None, now) if last else None
                noted = parts.states.note_hand_stop(id, now, size)
            case other:
                assert_never(other)
        if noted:
            noticed = True
            run.notices.append(parts.teller.of_hand(turned, facts, now))
    return noticed
