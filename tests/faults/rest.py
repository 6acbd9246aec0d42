"""Whether the town is at rest, and what is left to do: told by looks that write nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.execute.plan import PlanKind
from faults.fleet import MONDAY

if TYPE_CHECKING:
    from chalicelib.record.history import Entry
    from faults.town import Town

SWEEPS_TO_REST = 12
"""What the last sweep began needs its time: a start that does not come up is given up within the hour."""


def unhealed(here: Town) -> dict[str, str]:
    """What is still to be done, by service or instance: why. Both what is true of them says it (`faults.wanted`), and
    our own survey, which also knows what a dead run left half-way."""
    survey = here.judge.controller.survey(here.clock.now(), in_force=True)
    return (
        here.wants.unmet()
        | here.parts.unhealed()
        | {
            str(one.facts.id): f"{one.facts.id}: {one.decision.reason if one.decision else one.plan.kind}"
            for one in survey.decided
            if one.plan
            and one.plan.steps
            and not one.plan.refusal
            and not one.held
            and not one.awaits_yes
            and not (one.plan.kind is PlanKind.STOP and here.watch.may_wait(one.facts.id))
        }
    )


def under_way(here: Town) -> list[str]:
    """Which services a lock, a pending action or an interrupted one stands on. None: all is at rest."""
    now = here.clock.true
    return [
        str(id)
        for id, row in ((id, here.judge.states.get(id)) for id in here.truths)
        if row.memory.pending is not None
        or row.memory.draining_since is not None
        or (row.lock_until is not None and row.lock_until > now)
    ]


def waiting(here: Town) -> Iterator[Mapping[str, Any]]:
    """Letters that nobody has sent yet."""
    for item in list(here.aws.rows.partition("OUTBOX")):
        if item["sk"]["S"].startswith("TO#"):
            yield here.watch.plain(item)


def history(here: Town) -> tuple[Entry, ...]:
    return tuple(here.judge.history.since(MONDAY, here.clock.true + timedelta(days=1)))
