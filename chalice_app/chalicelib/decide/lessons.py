"""What one look at a service with an adaptive timeout teaches: the same live and in simulation.

The look comes as what was observed, what was decided and what was done; `learned` says how each part adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.decide.adaptive import Costs
from chalicelib.decide.decision import Because, Decision
from chalicelib.decide.early import bet_ahead, is_due
from chalicelib.decide.facts import ActionKind, Observation
from chalicelib.decide.learned import (
    Learned,
    Use,
    after_boot,
    after_looking,
    after_start,
    after_stop,
    bet_lost,
)
from chalicelib.decide.patience import costs_of
from chalicelib.policy.sections.idle import Idle as IdleSection


@dataclass(frozen=True, slots=True)
class Watched:
    """When it was used, of all that is known of ``[since, until)``."""

    uses: Sequence[Use]
    since: datetime
    until: datetime


def learn(
    seen: Observation,
    decision: Decision | None,
    section: IdleSection,
    acted: ActionKind | None,
    watched: Watched | None,
    now: datetime,
) -> Learned:
    """``acted``: what was done on it after this look; ``watched``: None where its use could not be told."""
    learned = seen.learned
    costs = costs_of(section, learned, seen.usd_per_hour)
    if seen.facts.desired_count > 0:
        learned = _while_up(seen, _woken(seen, learned, costs, now), watched, costs)
        return after_stop(learned, now, costs) if acted is ActionKind.STOP else learned
    if acted is not ActionKind.START:
        return _while_down(seen, section, learned, costs, now)
    because = decision.because if decision else None
    early = because is Because.PREWARM
    if early:
        learned = replace(learned, bet=bet_ahead(section, seen, now))
    return after_start(learned, now, costs, wanted=because is Because.OVERRIDE, ours=True, early=early)


def _woken(seen: Observation, learned: Learned, costs: Costs | None, now: datetime) -> Learned:
    """It was asleep when last taught and is up: somebody's hand, or a start of ours that could not be written."""
    if learned.asleep_since is None:
        return learned
    memory = seen.memory
    if memory.hand_started_at is not None and memory.hand_started_at >= learned.asleep_since:
        return after_start(learned, memory.hand_started_at, costs, wanted=True, ours=False)
    pending = memory.pending
    if pending is not None and pending.kind is ActionKind.START:
        return after_start(learned, pending.since, costs, wanted=False, ours=True)
    return after_start(learned, now, costs, wanted=False, ours=False)


def _while_up(seen: Observation, learned: Learned, watched: Watched | None, costs: Costs | None) -> Learned:
    if seen.facts.is_ready and seen.facts.ready_since is not None:
        learned = after_boot(learned, seen.facts.ready_since)
    if watched is None:
        return learned
    return after_looking(learned, watched.uses, watched.since, watched.until, costs)


def _while_down(
    seen: Observation, section: IdleSection, learned: Learned, costs: Costs | None, now: datetime
) -> Learned:
    memory = seen.memory
    if learned.asleep_since is None:
        learned = after_stop(learned, memory.stopped_at or memory.hand_stopped_at or now, costs)
    learned = bet_lost(learned, now, costs)
    if learned.bet is not None:
        return learned
    bet = bet_ahead(section, replace(seen, learned=learned), now)
    return replace(learned, bet=bet) if bet is not None and is_due(bet, now) else learned
