"""Teaches, after every run, what the looks of that run saw: of services that a policy with an adaptive timeout governs.

Takes only readings that were made anyway, and writes one row for each service that taught something. A row that is not
written (the record is away, another run was quicker) is taught by the next look: the watermark keeps it from being
taught twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.controller.acting import Actor
from chalicelib.controller.report import Decided
from chalicelib.decide.adaptive import Costs
from chalicelib.decide.decision import Because
from chalicelib.decide.early import bet_ahead, is_due
from chalicelib.decide.facts import ActionKind, Availability, ServiceId, SignalName
from chalicelib.decide.learned import (
    Learned,
    Use,
    after_boot,
    after_looking,
    after_start,
    after_stop,
    bet_lost,
)
from chalicelib.decide.patience import costs_of, is_adaptive
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
    after = learn(one, section, outcome.kind if outcome else None, now)
    return after if after != before else None


def learn(one: Decided, section: IdleSection, acted: PlanKind | None, now: datetime) -> Learned:
    """``acted``: the action that was done on it in this run, if any."""
    learned = one.seen.learned
    costs = costs_of(section, learned, one.seen.usd_per_hour)
    if one.facts.desired_count > 0:
        learned = _while_up(one, _woken(one, learned, costs, now), costs)
        return after_stop(learned, now, costs) if acted is PlanKind.STOP else learned
    if acted is not PlanKind.START:
        return _while_down(one, section, learned, costs, now)
    because = one.decision.because if one.decision else None
    early = because is Because.PREWARM
    if early:
        learned = replace(learned, bet=bet_ahead(section, one.seen, now))
    return after_start(learned, now, costs, wanted=because is Because.OVERRIDE, ours=True, early=early)


def _woken(one: Decided, learned: Learned, costs: Costs | None, now: datetime) -> Learned:
    """It was asleep when last taught and is up: somebody's hand, or a start of ours that could not be written."""
    if learned.asleep_since is None:
        return learned
    memory = one.seen.memory
    if memory.hand_started_at is not None and memory.hand_started_at >= learned.asleep_since:
        return after_start(learned, memory.hand_started_at, costs, wanted=True, ours=False)
    pending = memory.pending
    if pending is not None and pending.kind is ActionKind.START:
        return after_start(learned, pending.since, costs, wanted=False, ours=True)
    return after_start(learned, now, costs, wanted=False, ours=False)


def _while_up(one: Decided, learned: Learned, costs: Costs | None) -> Learned:
    if one.facts.is_ready and one.facts.ready_since is not None:
        learned = after_boot(learned, one.facts.ready_since)
    reading = one.seen.signals.get(SignalName.REQUESTS)
    if reading is None or reading.availability is not Availability.READ or reading.healthy is False:
        return learned
    period = timedelta(seconds=reading.period_seconds)
    uses = [Use(point.at, point.at + period) for point in reading.points if point.value > 0]
    return after_looking(learned, uses, reading.covers_from, reading.covers_to, costs)


def _while_down(one: Decided, section: IdleSection, learned: Learned, costs: Costs | None, now: datetime) -> Learned:
    memory = one.seen.memory
    if learned.asleep_since is None:
        learned = after_stop(learned, memory.stopped_at or memory.hand_stopped_at or now, costs)
    learned = bet_lost(learned, now, costs)
    if learned.bet is not None:
        return learned
    bet = bet_ahead(section, replace(one.seen, learned=learned), now)
    return replace(learned, bet=bet) if bet is not None and is_due(bet, now) else learned
