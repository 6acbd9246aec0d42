"""When tasks that run well may be replaced for money's sake, and why not now. Pure.

Whoever uses the service must not notice: nobody asks it anything, its hours are open, nobody has said a word about
it, and no stop is due within a day, after which it starts on the right side anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import assert_never

from chalicelib.decide.case import Case, again_in_use
from chalicelib.decide.constants import UNKNOWN_RECHECK
from chalicelib.decide.decision import Decision, RuleName
from chalicelib.decide.facts import ServiceFacts
from chalicelib.decide.idle import Idle, InUse, Unknown
from chalicelib.decide.rules import quiet_use
from chalicelib.decide.spans import quiet_at
from chalicelib.decide.words import clock, sentence
from chalicelib.policy.sections.hours import Closed

STOP_SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NotNow:
    """``until``: the first instant at which that could be otherwise; None: not by itself."""

    says: str
    until: datetime | None = None


def why_not_by_force(case: Case, decision: Decision) -> NotNow | None:
    """None when its running tasks may be replaced now."""
    facts, memory = case.facts, case.memory
    if memory.pending is not None or memory.draining_since is not None:
        return NotNow(f"a {memory.pending.kind if memory.pending else 'stop'} of it is under way")
    if not facts.is_ready or facts.running_count < facts.desired_count:
        return NotNow("it is not ready with all its tasks", case.now + UNKNOWN_RECHECK)
    if decision.rule is RuleName.OVERRIDE:
        return NotNow(f"somebody's word holds ({sentence(decision.reason)})", decision.look_again_at)
    return _not_by_hours(case) or _no_room(facts) or _not_quiet(case)


def why_not_at_once(case: Case) -> NotNow | None:
    """None when tasks may be replaced now because some are missing or being taken."""
    return _not_quiet(case) if cuts_running_work(case.facts) else None


def cuts_running_work(facts: ServiceFacts) -> bool:
    """Whether a deployment stops tasks that nobody takes before their replacements run. What is said of one task alone
    is lost anyway; ECS keeps all where its minimum is 100 %, which it is if nothing else is known."""
    if facts.desired_count <= 1 or facts.running_count == 0 or facts.healthy_percent is None:
        return False
    return ceil(facts.desired_count * facts.healthy_percent[0] / 100) < facts.running_count


def _not_by_hours(case: Case) -> NotNow | None:
    hours, phase = case.policy.hours, case.phase
    if hours is None or phase is None or hours.closed in (Closed.IDLE, Closed.LEAVE):
        return None
    if not phase.open:
        return NotNow("its hours are closed", phase.until)
    if phase.until is not None and phase.until - case.now <= STOP_SOON:
        return NotNow(f"it is stopped {clock(phase.until, case.zone)}, and starts on the right side then", phase.until)
    return None


def _no_room(facts: ServiceFacts) -> NotNow | None:
    """A deployment that may neither stop a task nor start one more never ends."""
    if facts.healthy_percent is None:
        return None
    least, most = facts.healthy_percent
    fewest, largest = ceil(facts.desired_count * least / 100), facts.desired_count * most // 100
    if fewest < facts.desired_count or largest > facts.desired_count:
        return None
    return NotNow(
        f"its deployment configuration ({least}/{most} %) lets no task be replaced; set minimumHealthyPercent to 0, "
        "or maximumPercent to 200 where there is a host to spare"
    )


def _not_quiet(case: Case) -> NotNow | None:
    use = quiet_use(case)
    match use:
        case InUse(says, _, last_use):
            return NotNow(f"in use: {says}", again_in_use(case, use, quiet_at(last_use)))
        case Unknown(says, _):
            return NotNow(says, case.now + UNKNOWN_RECHECK)
        case Idle():
            return None
        case other:
            assert_never(other)
