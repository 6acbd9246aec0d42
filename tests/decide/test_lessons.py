"""What one look at a service teaches: asleep or up, woken by whom, started by what, and how its bets ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from chalicelib.decide.adaptive import Costs
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.early import bet_ahead
from chalicelib.decide.facts import ActionKind, Observation, Pending, ServiceFacts, ServiceMemory
from chalicelib.decide.learned import (
    BOOT_UNKNOWN_SECONDS,
    LONGEST_BOOT,
    NEWEST_BOOT_WEIGHT,
    Learned,
    Use,
    after_boot,
    after_looking,
    after_start,
    after_stop,
    bet_lost,
    bet_met,
)
from chalicelib.decide.lessons import Watched, learn
from chalicelib.decide.prewarm import Bet, BetRecord, Habit
from support.observations import DAY, HOUR, MINUTE, VISION, at, service
from support.policies import policy

NOW = at("2026-11-20T15:00")
SECTION = policy("idle: {stop-after: adaptive, cold-start-value: 4.00 USD, prewarm: when-it-pays}").idle
COSTS = Costs(1.0, BOOT_UNKNOWN_SECONDS, 4.0)
ASLEEP, SINCE = NOW - 3 * HOUR, NOW - 5 * HOUR
SLEPT = Learned(used_until=SINCE, known_until=ASLEEP, asleep_since=ASLEEP)
DOWN = service(up=False)


def bet(start: datetime, end: datetime) -> Bet:
    return Bet(start.timestamp(), start.timestamp() + 240, end.timestamp(), 0.9, 0.8, 2.0)


def decided(because: Because) -> Decision:
    return Decision(VISION, Wanted.RUNNING, RuleName.OVERRIDE, because, "", (), NOW)


def taught(
    before: Learned,
    facts: ServiceFacts,
    acted: ActionKind | None = None,
    *,
    because: Because | None = None,
    watched: Watched | None = None,
    memory: ServiceMemory | None = None,
) -> Learned:
    assert SECTION is not None
    seen = Observation(facts, memory=memory or ServiceMemory(), learned=before, usd_per_hour=1.0)
    return learn(seen, decided(because) if because else None, SECTION, acted, watched, NOW)


UP = service(ready=NOW - HOUR)


def test_a_look_at_a_service_that_is_up_teaches_its_use() -> None:
    watched = Watched([Use(NOW - 50 * MINUTE, NOW - 49 * MINUTE)], NOW - HOUR, NOW - 2 * MINUTE)
    before = Learned(used_until=NOW - 2 * HOUR, known_until=NOW - HOUR)

    found = taught(before, UP, watched=watched)

    assert found == after_looking(before, watched.uses, watched.since, watched.until, COSTS)
    assert found.gaps.seen == 1
    assert found.bets.idle_usd > 0
    first = Habit.beginning((NOW - HOUR).timestamp())
    assert found.habit == first.used((NOW - 50 * MINUTE).timestamp(), (NOW - 49 * MINUTE).timestamp() - 1)
    assert taught(before, UP) == before


def test_a_stop_is_remembered_with_what_it_idled_until_then() -> None:
    before = Learned(used_until=NOW - HOUR, waking_since=NOW - 2 * HOUR, woken_at=NOW - 2 * HOUR)

    found = taught(replace(before, woken_at=None, waking_since=None), UP, ActionKind.STOP)

    assert (found.asleep_since, found.known_until, found.bets_from) == (NOW, NOW, NOW)
    assert found.bets.idle_usd == pytest.approx(1.0)
    stopped = after_stop(before, NOW, None)
    assert (stopped.waking_since, stopped.woken_at, stopped.bets) == (None, None, before.bets)
    assert after_stop(stopped, NOW + HOUR, COSTS) == stopped


def test_a_start_by_hand_ends_the_gap_at_its_own_time() -> None:
    hand = NOW - 30 * MINUTE

    found = taught(SLEPT, service(ready=None, running=0), memory=ServiceMemory(hand_started_at=hand))

    assert found == after_start(SLEPT, hand, COSTS, wanted=True, ours=False)
    assert (found.used_until, found.woken_at, found.waking_since, found.cold_starts) == (hand, hand, None, 1)
    assert found.gaps.seen == 1
    assert sum(found.gaps.sums) == pytest.approx(4.5 * 3600)


def test_who_wakes_it_by_hand_meets_an_open_bet() -> None:
    held = replace(SLEPT, bet=bet(NOW - HOUR, NOW + HOUR))

    found = taught(held, service(ready=None, running=0), memory=ServiceMemory(hand_started_at=NOW - 30 * MINUTE))

    assert (found.bet, found.bets.bets) == (None, 1)


def test_an_older_start_by_hand_woke_nobody_this_time() -> None:
    older = ServiceMemory(hand_started_at=ASLEEP - MINUTE)
    same = ServiceMemory(hand_started_at=ASLEEP)
    up = service(ready=None, running=0)

    assert taught(SLEPT, up, memory=older).woken_at is None
    assert taught(SLEPT, up, memory=same).woken_at == ASLEEP


@pytest.mark.parametrize(
    ("kind", "began", "known"),
    [(ActionKind.START, NOW - 5 * MINUTE, NOW - 5 * MINUTE), (ActionKind.MOVE, None, NOW), (None, None, NOW)],
)
def test_a_start_that_could_not_be_written_is_known_by_what_is_awaited(
    kind: ActionKind | None, began: datetime | None, known: datetime
) -> None:
    pending = Pending(kind, NOW - 5 * MINUTE, NOW + HOUR, "a") if kind else None

    found = taught(SLEPT, service(ready=None, running=0), memory=ServiceMemory(pending=pending))

    assert (found.asleep_since, found.waking_since, found.known_until, found.woken_at) == (None, began, known, None)
    assert found.used_until == SINCE


def test_a_boot_is_measured_when_it_is_seen_ready() -> None:
    waking = Learned(waking_since=NOW - HOUR - 5 * MINUTE)

    assert taught(waking, UP).boot_seconds == 300
    assert taught(waking, replace(UP, running_count=0)).boot_seconds is None


@pytest.mark.parametrize(
    ("because", "wanted", "early"),
    [
        (Because.OVERRIDE, True, False),
        (Because.HOURS, False, False),
        (Because.PREWARM, False, True),
        (None, False, False),
    ],
)
def test_a_start_of_ours_is_remembered_by_what_wanted_it(because: Because | None, wanted: bool, early: bool) -> None:
    habit = Habit.beginning((NOW - 20 * DAY).timestamp())
    for day in range(20):
        quarter_past = (NOW - day * DAY + 15 * MINUTE).timestamp()
        habit = habit.used(quarter_past, quarter_past + 1800)
    before = replace(SLEPT, habit=habit, bets=BetRecord(expected=20, came=20))

    found = taught(before, DOWN, ActionKind.START, because=because)

    assert (found.asleep_since, found.waking_since) == (None, NOW)
    assert found.cold_starts == (1 if wanted else 0)
    assert found.bet_acted is early
    seen = Observation(DOWN, learned=before, usd_per_hour=1.0)
    assert found.bet == (bet_ahead(SECTION, seen, NOW) if early else None)
    assert (found.bet is not None) is early


def test_a_service_found_down_was_stopped_when_the_record_says() -> None:
    awake = Learned(used_until=NOW - 4 * HOUR)
    ours, hand = NOW - 2 * HOUR, NOW - HOUR

    for memory, slept in (
        (ServiceMemory(stopped_at=ours, hand_stopped_at=hand), ours),
        (ServiceMemory(hand_stopped_at=hand), hand),
        (ServiceMemory(), NOW),
    ):
        found = taught(awake, DOWN, memory=memory)
        assert found.asleep_since == slept
        assert found.bets.idle_usd == pytest.approx((slept - (NOW - 4 * HOUR)).total_seconds() / 3600)


def test_a_bet_that_nobody_met_is_lost_once_its_time_is_over() -> None:
    over = replace(SLEPT, bet=bet(NOW - 2 * HOUR, NOW - HOUR), bet_acted=True)
    open_still = replace(SLEPT, bet=bet(NOW - HOUR, NOW + HOUR))

    found = taught(over, DOWN)

    assert (found.bet, found.bet_acted, found.bets_from) == (None, False, NOW - HOUR)
    assert (found.bets.bets, found.bets.hits, found.bets.came) == (1, 0, over.bets.came)
    assert found.bets.net_usd < 0
    assert taught(open_still, DOWN) == open_still
    assert bet_lost(over, NOW - HOUR, COSTS) == over
    assert bet_lost(over, NOW, None) == over


def test_a_use_within_its_time_meets_the_bet() -> None:
    begin, end = NOW - HOUR, NOW
    held = replace(SLEPT, bet=bet(begin, end), bet_acted=True)

    for met_at in (begin, NOW - 10 * MINUTE, end):
        found = bet_met(held, met_at, COSTS)
        assert (found.bet, found.bet_acted, found.bets_from, found.bets.bets) == (None, False, met_at, 1)
        assert found.bets.came > held.bets.came
    assert bet_met(held, begin - MINUTE, COSTS) == held
    assert bet_met(held, end + MINUTE, COSTS) == held
    assert bet_met(held, NOW, None) == held


def test_who_starts_it_meets_the_bet_and_begins_a_habit() -> None:
    held = replace(SLEPT, bet=bet(NOW - HOUR, NOW + HOUR))

    found = after_start(held, NOW, COSTS, wanted=True, ours=True)

    assert (found.bet, found.bets.bets, found.waking_since) == (None, 1, NOW)
    assert found.habit == Habit.beginning(NOW.timestamp()).used(NOW.timestamp(), NOW.timestamp())
    assert after_start(held, NOW, COSTS, wanted=False, ours=False, early=True).bet_acted
    assert not after_start(SLEPT, NOW, COSTS, wanted=False, ours=False, early=True).bet_acted
    assert not after_start(held, NOW, COSTS, wanted=False, ours=False).bet_acted


def test_boots_are_averaged_and_one_of_hours_is_none() -> None:
    once = after_boot(Learned(waking_since=NOW), NOW + 100 * MINUTE)
    again = after_boot(replace(once, waking_since=NOW), NOW + MINUTE)

    assert (once.boot_seconds, once.boots, once.waking_since) == (6000.0, 1, None)
    assert again.boot_seconds == pytest.approx(6000 + NEWEST_BOOT_WEIGHT * (60 - 6000))
    assert again.boots == 2
    assert after_boot(Learned(waking_since=NOW), NOW + LONGEST_BOOT).boots == 1
    endless = after_boot(Learned(waking_since=NOW), NOW + LONGEST_BOOT + MINUTE)
    assert (endless.boots, endless.waking_since) == (0, None)
    assert after_boot(Learned(waking_since=NOW), NOW - MINUTE).waking_since == NOW
    asked = Learned(woken_at=NOW, used_until=NOW)
    assert after_boot(asked, NOW + 5 * MINUTE).used_until == NOW + 5 * MINUTE
    assert after_boot(asked, NOW).used_until == NOW
    assert after_boot(Learned(used_until=NOW), NOW + MINUTE).used_until == NOW
    assert after_boot(Learned(woken_at=NOW), NOW + MINUTE).used_until is None


def test_a_bet_that_is_due_is_opened_on_paper() -> None:
    habit = Habit.beginning((NOW - 20 * DAY).timestamp())
    for day in range(1, 20):
        habit = habit.used((NOW - day * DAY).timestamp(), (NOW - day * DAY).timestamp() + 1800)
    before = replace(SLEPT, habit=habit, bets=BetRecord(expected=20, came=20))

    found = taught(before, DOWN)

    assert found.bet is not None
    assert found.bet.start_at <= NOW.timestamp()
    assert not found.bet_acted
    early = replace(before, habit=None)
    assert taught(early, DOWN).bet is None


def test_an_answer_of_hours_is_none() -> None:
    asked = Learned(woken_at=NOW - 3 * HOUR, used_until=NOW - 3 * HOUR, known_until=NOW - 3 * HOUR)
    late = Use(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
    soon = Use(NOW - 3 * HOUR + 5 * MINUTE, NOW - 3 * HOUR + 6 * MINUTE)

    unanswered = after_looking(asked, [late], NOW - 3 * HOUR, NOW, COSTS)
    answered = after_looking(asked, [soon], NOW - 3 * HOUR, NOW, COSTS)

    assert (unanswered.woken_at, unanswered.answer_seconds) == (None, None)
    assert (answered.woken_at, answered.answer_seconds) == (None, 300.0)
