"""Starting a service shortly before it will be wanted, and stopping it when nobody came (`idle.prewarm`).

Speaks only for policies that allow it, where a wait is worth enough hours of the service, and never where a person
stopped the service by hand. What the bet is and whether it may be carried out, `prewarm` says; here it meets the hours,
the record and the clock. A bet that may not be carried out is made on paper: it is weighed, watched and settled too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chalicelib.decide.case import Case, Silent, Speaks, earliest
from chalicelib.decide.constants import HORIZON, TRUST_DELAY, UNKNOWN_RECHECK
from chalicelib.decide.decision import Because, Evidence, Wanted
from chalicelib.decide.facts import Observation
from chalicelib.decide.idle import Idle, InUse, Unknown
from chalicelib.decide.learned import Learned
from chalicelib.decide.patience import bets_allowed, calibration, costs_of
from chalicelib.decide.prewarm import Bet, next_bet, worth_betting
from chalicelib.decide.rules import Answer, start
from chalicelib.decide.spans import Span, idle_span
from chalicelib.decide.words import clock, number
from chalicelib.policy.sections.idle import Idle as IdleSection

LATE = timedelta(minutes=10)
"""A bet whose start was missed by so long is not made up: the boot would end after the need for it."""

NOT_UP = Silent("it is not running")


def bet_ahead(section: IdleSection | None, seen: Observation, now: datetime) -> Bet | None:
    """The open bet, or the next one of a service that is down; None when there is nothing to bet on."""
    learned = seen.learned
    if section is None or not bets_allowed(section) or seen.facts.desired_count > 0 or learned.habit is None:
        return None
    costs = costs_of(section, learned, seen.usd_per_hour)
    if costs is None or not worth_betting(costs) or seen.memory.hand_stopped_at is not None:
        return None
    if learned.bet is not None and now.timestamp() <= learned.bet.give_up_at:
        return learned.bet
    after = max((now - LATE).timestamp(), learned.bets_from.timestamp() if learned.bets_from else 0.0)
    return next_bet(learned.habit, learned.bets, costs, after, (now + HORIZON).timestamp())


def is_due(bet: Bet, now: datetime) -> bool:
    return bet.start_at <= now.timestamp()


def while_down(case: Case, section: IdleSection, until: datetime | None) -> Answer:
    """For a service that is down: nothing to do, a bet to wait for, or its start. ``until``: when the hours matter."""
    bet = bet_ahead(section, case.seen, case.now)
    costs = costs_of(section, case.seen.learned, case.seen.usd_per_hour)
    if bet is None or costs is None:
        return NOT_UP
    evidence = _evidence(bet, case.seen.learned)
    ready, gives_up = _at(bet.ready_at), _at(bet.give_up_at)
    if not is_due(bet, case.now):
        said = f"asleep; likely wanted about {clock(ready, case.zone)} ({_share(bet.trusted_chance)})"
        return Speaks(Wanted.LEAVE, Because.PREWARM, said, evidence, earliest(until, _at(bet.start_at)))
    if case.seen.learned.bet is not None or not case.seen.learned.bets.may_act(costs.wait_usd):
        said = f"asleep; an early start is weighed on paper only until {clock(gives_up, case.zone)}"
        return Speaks(Wanted.LEAVE, Because.PREWARM, said, evidence, earliest(until, gives_up))
    between = f"from {clock(ready, case.zone)} to {clock(gives_up, case.zone)}"
    said = f"likely wanted {between} ({_share(bet.trusted_chance)})"
    return start(case, Because.PREWARM, said, evidence, earliest(until, gives_up))


def while_unclaimed(case: Case, stop_after: timedelta, until: datetime | None) -> Speaks | None:
    """For a service that a bet brought up and nobody used yet; None once somebody did, or where there is no bet."""
    bet = case.seen.learned.bet
    if bet is None or not case.seen.learned.bet_acted:
        return None
    trusted = idle_span(stop_after, case.now)
    begun = _at(bet.start_at).replace(second=0, microsecond=0)
    gives_up, evidence = _at(bet.give_up_at), _evidence(bet, case.seen.learned)
    use = case.look(Span(min(begun, trusted.start), trusted.end), True)
    match use:
        case InUse():
            return None
        case Unknown(says, used):
            again = earliest(until, case.now + UNKNOWN_RECHECK)
            return Speaks(Wanted.LEAVE, Because.UNKNOWN, says, (*evidence, *used), again)
        case Idle(used):
            if trusted.end < gives_up:
                said = f"started early, waits for somebody until {clock(gives_up, case.zone)}"
                again = earliest(until, gives_up + TRUST_DELAY + timedelta(minutes=1))
                return Speaks(Wanted.LEAVE, Because.PREWARM, said, (*evidence, *used), again)
            said = f"started early, and nobody came until {clock(gives_up, case.zone)}"
            return Speaks(Wanted.STOPPED, Because.PREWARM, said, (*evidence, *used), until)


def _evidence(bet: Bet, learned: Learned) -> tuple[Evidence, ...]:
    return (
        Evidence("chance of use", number(bet.trusted_chance), "", _at(bet.ready_at), _at(bet.give_up_at)),
        Evidence("expected gain", number(bet.expected_gain_usd), "USD"),
        *calibration(learned),
    )


def _share(chance: float) -> str:
    return f"{round(100 * chance)} %"


def _at(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)
