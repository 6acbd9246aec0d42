"""In which order services are stopped, and how quickly one action may follow another.

AWS takes changes of services at a rate, and refuses what comes quicker. So that hundreds of services with one edge do
not spend their tries on refusals, actions wait here for a token of the same kind of bucket; and as some must wait,
those go first whose stop saves the most.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.controller.report import Decided
from chalicelib.decide.case import timetable
from chalicelib.decide.decision import RuleName
from chalicelib.decide.facts import OverrideKind
from chalicelib.execute.entries import PriceOf

BURST = 50
PER_SECOND = 5.0
"""What Amazon ECS allows an account and region of CreateService, UpdateService and DeleteService together (developer
guide, "Request throttling for the Amazon ECS API", service modify actions)."""


class Pace:
    """A bucket of ``burst`` tokens that fills again at ``per_second``; a token is one action.

    ``stopwatch`` gives seconds that only grow, ``sleep`` waits for seconds.
    """

    def __init__(
        self,
        stopwatch: Callable[[], float],
        sleep: Callable[[float], None],
        *,
        burst: float = BURST,
        per_second: float = PER_SECOND,
    ) -> None:
        self.stopwatch = stopwatch
        self._sleep = sleep
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._counted_at = stopwatch()
        self._lock = threading.Lock()

    def take(self, deadline: float) -> bool:
        """Waits for a token. False, and at once, when none comes free before ``deadline`` (of the stopwatch)."""
        with self._lock:
            now = self.stopwatch()
            self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._per_second)
            self._counted_at = now
            wait = max(0.0, (1 - self._tokens) / self._per_second)
            if now + wait > deadline:
                return False
            self._tokens -= 1
        if wait:
            self._sleep(wait)
        return True


@dataclass(frozen=True, slots=True)
class Saving:
    """What a stop saves for certain: ``usd`` at list price (zero where no price is known), ``task_seconds`` always."""

    usd: float = 0.0
    task_seconds: float = 0.0

    @property
    def rank(self) -> tuple[float, float]:
        """The largest first when sorted."""
        return -self.usd, -self.task_seconds


def saving_of(one: Decided, price_of: PriceOf, now: datetime) -> Saving:
    """Until hours open again, or a person's stop ends; how long an idle service stays unused nobody knows."""
    until = _down_until(one, now)
    if until is None:
        return Saving()
    task_seconds = (until - now).total_seconds() * max(1, one.facts.desired_count)
    price = price_of(one.facts)
    hourly = float(price.usd_per_hour) if price else 0.0
    return Saving(hourly * task_seconds / 3600, task_seconds)


def _down_until(one: Decided, now: datetime) -> datetime | None:
    decision, policy = one.decision, one.policy
    if decision is None or policy is None:
        return None
    if decision.rule is RuleName.OVERRIDE:
        facts = next((fact for fact in decision.evidence if fact.value == OverrideKind.STOP.value), None)
        return facts.until if facts else None
    if decision.rule is RuleName.CLOSED and policy.hours is not None:
        return timetable(policy.hours).phase(now).until
    return None
