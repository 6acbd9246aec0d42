"""Whether a policy wants a person's yes for what was decided, until when an answer is waited for, and when not to ask.

Pure. An approval turns an act into a question, never the reverse: what is not wanted is not asked for. Only acts of
the policy need a yes; a person's own stop does not. The time of ``notify.quiet`` does not count as time to answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.decide.approval_action import ApprovalAction
from chalicelib.decide.capacity import Market
from chalicelib.decide.decision import Decision, RuleName, Wanted
from chalicelib.decide.tags import zone_of
from chalicelib.policy.sections.hours import Closed, Hours
from chalicelib.policy.timetable import Timetable

if TYPE_CHECKING:
    from chalicelib.policy.model import Policy
    from chalicelib.policy.windows import Window


def needed_yes(policy: Policy, decision: Decision, now: datetime) -> ApprovalAction | None:
    """The action of ``approval.for`` that carrying out ``decision`` would be; None where nobody need be asked."""
    if policy.approval is None:
        return None
    action = act_of(policy, decision, now)
    return action if action is not None and asks_for(policy, action) else None


def asks_for(policy: Policy, action: ApprovalAction) -> bool:
    return policy.approval is not None and action.value in policy.approval.for_


def act_of(policy: Policy, decision: Decision, now: datetime) -> ApprovalAction | None:
    """Which of the acts that a policy may ask for this would be, whether it asks or not."""
    match decision.wanted, decision.rule:
        case Wanted.STOPPED, RuleName.IDLE:
            return ApprovalAction.IDLE_STOP
        case Wanted.STOPPED, RuleName.CLOSED:
            return ApprovalAction.CLOSED_STOP
        case Wanted.RUNNING, RuleName.OVERRIDE:
            return ApprovalAction.START_WHEN_CLOSED if closed_until(policy, now) else None
        case _ if decision.placing and decision.placing.by_force and decision.placing.market is Market.SPOT:
            return ApprovalAction.SPOT_MOVE
        case _:
            return None


def closed_until(policy: Policy, now: datetime) -> datetime | None:
    """The next opening, while hours are closed in a way that stops services; None otherwise.

    ``now`` itself for hours that never open again.
    """
    hours = policy.hours
    if hours is None or hours.closed in (Closed.IDLE, Closed.LEAVE):
        return None
    phase = Timetable.of(hours).phase(now)
    return None if phase.open else phase.until or now


def quiet_until(policy: Policy, at: datetime) -> datetime | None:
    """The end of the quiet time (``notify.quiet``) that ``at`` falls into; None outside of it. Windows are meant in
    the policy's zone; one that never ends counts as none."""
    if not policy.notify.quiet:
        return None
    phase = _quiet(policy.notify.quiet, zone_of(policy)).phase(at)
    return phase.until if phase.open else None


def answer_by(policy: Policy, asked_at: datetime, within: timedelta) -> datetime:
    """``within`` later, not counting quiet time."""
    if not policy.notify.quiet:
        return asked_at + within
    times, at, left = _quiet(policy.notify.quiet, zone_of(policy)), asked_at, within
    for _ in range(_MOST_WINDOWS):
        phase = times.phase(at)
        if phase.until is None:
            break
        if not phase.open:
            if at + left <= phase.until:
                break
            left -= phase.until - at
        at = phase.until
    return at + left


_MOST_WINDOWS = 1000
"""An answer's time that meets more quiet windows than this ends where they were given up."""


@lru_cache(maxsize=64)
def _quiet(windows: tuple[Window, ...], zone: ZoneInfo) -> Timetable:
    return Timetable.of(Hours(timezone=zone.key, open=tuple(str(one) for one in windows)))
