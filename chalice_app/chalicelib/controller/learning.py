"""Teaches, after every run, what the looks of that run saw: of services that a policy with an adaptive timeout governs.

Takes only readings that were made anyway, and writes one row for each service that taught something. A row that is not
written (the record is away, another run was quicker) is taught by the next look: the watermark keeps it from being
taught twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

from chalicelib.controller.acting import Actor
from chalicelib.controller.report import Decided
from chalicelib.decide.facts import ActionKind, Availability, Observation, ServiceId, SignalName
from chalicelib.decide.learned import Learned, Use
from chalicelib.decide.lessons import Watched, learn
from chalicelib.decide.patience import is_adaptive
from chalicelib.errors import RecordUnavailable
from chalicelib.execute.outcome import Outcome, OutcomeStatus
from chalicelib.execute.plan import PlanKind
from chalicelib.policy.sections.idle import Idle as IdleSection
from chalicelib.record.learned import LearnedRows


class Learning:
    def __init__(self, rows: LearnedRows) -> None:
        self._rows = rows

    def keep(self, actor: Actor, decided: Sequence[Decided], outcomes: Sequence[Outcome], now: datetime) -> None:
        """``outcomes`` are those of the actions of this run."""
        done = {one.service: one for one in outcomes if one.status is OutcomeStatus.DONE}

        def write(taught: tuple[ServiceId, Learned]) -> None:
            with suppress(RecordUnavailable):
                self._rows.save(*taught, now)

        taught = [(one.facts.id, after) for one in decided if (after := _taught(one, done, now)) is not None]
        actor.side_by_side(write, taught)


def adaptive_section(one: Decided) -> IdleSection | None:
    """Of the ruling policy, else of the first shadow that has one."""
    policies = (*([one.policy] if one.policy else []), *(shadow for shadow, _ in one.shadows))
    return next((policy.idle for policy in policies if is_adaptive(policy.idle)), None)


def _taught(one: Decided, done: Mapping[ServiceId, Outcome], now: datetime) -> Learned | None:
    """What stands after this run, None when nothing new does."""
    section = adaptive_section(one)
    if section is None:
        return None
    before = one.seen.learned
    outcome = done.get(one.facts.id)
    acted = _action(outcome.kind) if outcome else None
    after = learn(one.seen, one.decision, section, acted, _watched(one.seen), now)
    return after if after != before else None


def _watched(seen: Observation) -> Watched | None:
    """What a reading of its requests tells; None where it cannot be trusted."""
    reading = seen.signals.get(SignalName.REQUESTS)
    if reading is None or reading.availability is not Availability.READ or reading.healthy is False:
        return None
    period = timedelta(seconds=reading.period_seconds)
    uses = [Use(point.at, point.at + period) for point in reading.points if point.value > 0]
    return Watched(uses, reading.covers_from, reading.covers_to)


def _action(kind: PlanKind) -> ActionKind | None:
    match kind:
        case PlanKind.START:
            return ActionKind.START
        case PlanKind.STOP:
            return ActionKind.STOP
        case PlanKind.MOVE | PlanKind.MEND:
            return None
        case other:
            assert_never(other)
