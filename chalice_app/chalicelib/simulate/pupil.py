"""What the controller would have learned of the simulated service, look by look, with the same functions.

As live: gaps from the minutes in which the load balancer counted requests, from a stop to the start that somebody asked
for, boots from their begin to ready, and how bets on it went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.decide.adaptive import LEAST_SHARE
from chalicelib.decide.decision import Because, Decision
from chalicelib.decide.early import bet_ahead, is_due
from chalicelib.decide.facts import Observation, SignalName
from chalicelib.decide.learned import (
    UNLEARNED,
    Use,
    after_boot,
    after_looking,
    after_start,
    after_stop,
    bet_lost,
)
from chalicelib.decide.patience import LEAST, LONGEST, costs_of, is_adaptive
from chalicelib.policy.sections.idle import Idle as IdleSection
from chalicelib.simulate.service import SimulatedService, instant


class Pupil:
    """Learns only under a policy with an adaptive timeout."""

    def __init__(self, section: IdleSection | None, service: SimulatedService, usd_per_hour: float | None) -> None:
        self._section = section if is_adaptive(section) else None
        self._service = service
        self._usd_per_hour = usd_per_hour
        self.learned = UNLEARNED

    def look(
        self, seen: Observation, decision: Decision, acted: bool, uses: Sequence[tuple[float, float]], now: datetime
    ) -> None:
        """After one look; ``uses`` are the stretches of minutes with requests since the last one."""
        section = self._section
        if section is None:
            return
        learned, costs = self.learned, costs_of(section, self.learned, self._usd_per_hour)
        if seen.facts.desired_count > 0:
            if learned.asleep_since is not None:
                hand = seen.memory.hand_started_at
                wanted = hand is not None and hand >= learned.asleep_since
                learned = after_start(learned, hand if hand and wanted else now, costs, wanted=wanted, ours=False)
            if seen.facts.is_ready and seen.facts.ready_since is not None:
                learned = after_boot(learned, seen.facts.ready_since)
            reading = seen.signals.get(SignalName.REQUESTS)
            if reading is not None and reading.healthy is not False:
                found = [Use(instant(begin), instant(end)) for begin, end in uses]
                since = learned.known_until if learned.known_until is not None else reading.covers_from
                since = min(since, reading.covers_to)
                learned = after_looking(learned, found, since, reading.covers_to, costs)
            self.learned = after_stop(learned, now, costs) if acted and not self._service.up else learned
            return
        if acted:
            early = decision.because is Because.PREWARM
            if early:
                learned = replace(learned, bet=bet_ahead(section, replace(seen, learned=learned), now))
            wanted = decision.because is Because.OVERRIDE
            self.learned = after_start(learned, now, costs, wanted=wanted, ours=True, early=early)
            return
        if learned.asleep_since is None:
            learned = after_stop(learned, seen.memory.stopped_at or seen.memory.hand_stopped_at or now, costs)
        learned = bet_lost(learned, now, costs)
        bet = None if learned.bet is not None else bet_ahead(section, replace(seen, learned=learned), now)
        self.learned = replace(learned, bet=bet) if bet is not None and is_due(bet, now) else learned


def least_patience(section: IdleSection, usd_per_hour: float | None) -> float:
    """No timeout of this section is shorter, in seconds, whatever is learned meanwhile."""
    if not isinstance(section.stop_after, str):
        return section.stop_after.total_seconds()
    longest = (section.max or LONGEST).total_seconds()
    least = section.min.total_seconds() if section.min is not None else min(LEAST.total_seconds(), longest)
    value = section.cold_start_value
    if usd_per_hour is None or value is None or value.currency != "USD":
        return least
    break_even = float(value.amount) / usd_per_hour * 3600
    return min(max(least, LEAST_SHARE * break_even), longest)
