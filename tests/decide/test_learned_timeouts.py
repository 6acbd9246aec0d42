"""`stop-after: adaptive` in a decision: which clause applied, what `why` says, and starts before anybody asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.adaptive import Costs, GapLaw
from chalicelib.decide.decision import Because, Wanted
from chalicelib.decide.early import bet_ahead
from chalicelib.decide.facts import SavedSize, ServiceMemory
from chalicelib.decide.learned import (
    Learned,
    Use,
    after_boot,
    after_looking,
    after_start,
    after_stop,
    law_of_stops,
    reading_from,
)
from chalicelib.decide.patience import LONGEST
from chalicelib.decide.prewarm import BetRecord, Habit
from chalicelib.decide.spans import period_seconds
from support.observations import DAY, HOUR, MINUTE, Scene, at, on_call, service
from support.policies import policy

ADAPTIVE = policy("idle: {stop-after: adaptive, cold-start-value: 1.00 USD, warm-up: 10m}")
EARLY = policy("idle: {stop-after: adaptive, cold-start-value: 4.00 USD, prewarm: when-it-pays}")
NIGHTS = Learned(gaps=GapLaw().with_gaps([14 * 3600.0] * 60))
G5 = 1.006
COSTS = Costs(G5, 240.0, 1.0)
NOW = at("2026-11-20T15:00")
SCENE = Scene(ADAPTIVE, usd_per_hour=G5)
DOWN = ServiceMemory(saved_size=SavedSize(1, None, at("2026-11-01T00:00")), stopped_at=at("2026-11-19T20:00"))


def used_daily_at_nine(until: datetime) -> Learned:
    """Tokyo's nine o'clock, for twenty days."""
    first = until - 20 * DAY
    habit = Habit.beginning(first.timestamp())
    for day in range(20):
        nine = (first + day * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        habit = habit.used(nine.timestamp(), nine.timestamp() + 1800)
    return Learned(habit=habit, bets=BetRecord(expected=20, came=20))


def test_a_service_of_which_nothing_is_known_is_stopped_at_break_even() -> None:
    quiet_for_an_hour = SCENE.but(uses=on_call(at("2026-11-20T13:58")))
    quiet_for_longer = SCENE.but(uses=on_call(at("2026-11-20T13:50")))

    assert quiet_for_an_hour.decide(NOW).wanted is Wanted.LEAVE
    decision = quiet_for_longer.decide(NOW)
    assert (decision.wanted, decision.because) == (Wanted.STOPPED, Because.IDLE)
    assert decision.reason.endswith("(adaptive: 1 h 4 min, break-even, because only 0 gaps of its own were seen)")


def test_a_service_that_sleeps_through_its_nights_is_stopped_sooner_and_says_what_it_learned() -> None:
    decision = SCENE.but(uses=on_call(at("2026-11-20T14:28")), learned=NIGHTS).decide(NOW)

    assert decision.wanted is Wanted.STOPPED
    assert "learned from 60 gaps of its own" in decision.reason
    shown = {fact.name: f"{fact.value} {fact.unit}" for fact in decision.evidence}
    assert shown["own idle gaps"] == "60 gaps"
    assert shown["break-even timeout"] == "63.6 min"
    assert shown["boot time"] == "240 s (not measured yet)"
    assert "times the cost of knowing each gap" in shown["worst case"]


def test_why_names_the_clause_while_the_service_is_in_use() -> None:
    lines = SCENE.but(uses=[at("2026-11-20T14:50")], learned=NIGHTS).why(NOW)

    assert any("idle: in use" in line and "adaptive:" in line for line in lines)


def test_without_a_price_it_waits_as_long_as_the_policy_allows() -> None:
    scene = SCENE.but(usd_per_hour=None, learned=NIGHTS, uses=on_call(at("2026-11-20T11:05")))

    decision = scene.decide(NOW)

    assert decision.wanted is Wanted.LEAVE
    assert "adaptive: 4 h, the longest allowed, because what an hour of it costs is not known" in decision.reason


def test_a_wait_valued_in_another_currency_is_never_weighed_against_dollars() -> None:
    yen = policy("idle: {stop-after: adaptive, cold-start-value: 150 JPY, max: 2h}")

    said = SCENE.but(policy=yen, uses=[at("2026-11-20T14:50")]).decide(NOW).reason

    assert "adaptive: 2 h, the longest allowed, because a cold-start-value in JPY cannot be weighed" in said


def test_the_policys_least_timeout_holds_whatever_was_learned() -> None:
    slow = policy("idle: {stop-after: adaptive, cold-start-value: 1.00 USD, min: 50m}")

    decision = SCENE.but(policy=slow, learned=NIGHTS, uses=on_call(at("2026-11-20T14:20"))).decide(NOW)

    assert decision.wanted is Wanted.LEAVE
    assert "50 min, learned from 60 gaps of its own, no shorter by idle.min" in decision.reason


# --- early starts


def test_a_service_used_at_nine_each_day_is_started_before_nine() -> None:
    six = at("2026-11-20T06:00")
    scene = Scene(EARLY, service(up=False), memory=DOWN, usd_per_hour=1.0, learned=used_daily_at_nine(six))

    waiting = scene.decide(six)
    due = scene.decide(waiting.look_again_at)

    assert (waiting.wanted, waiting.because) == (Wanted.LEAVE, Because.PREWARM)
    assert at("2026-11-20T08:00") < waiting.look_again_at < at("2026-11-20T09:00")
    assert (due.wanted, due.because) == (Wanted.RUNNING, Because.PREWARM)
    assert "calibration" in {fact.name for fact in due.evidence}


@pytest.mark.parametrize("spoilt", ["never", "by hand", "too cheap", "no price"])
def test_nothing_is_started_early_where_it_may_not_or_does_not_pay(spoilt: str) -> None:
    six = at("2026-11-20T06:00")
    scene = Scene(EARLY, service(up=False), memory=DOWN, usd_per_hour=1.0, learned=used_daily_at_nine(six))
    match spoilt:
        case "never":
            scene = scene.but(policy=policy("idle: {stop-after: adaptive, cold-start-value: 4.00 USD}"))
        case "by hand":
            scene = scene.but(memory=replace(DOWN, hand_stopped_at=six, stopped_at=None))
        case "too cheap":
            scene = scene.but(usd_per_hour=1.2)
        case _:
            scene = scene.but(usd_per_hour=None)

    for minutes in range(0, 240, 10):
        assert scene.decide(six + minutes * MINUTE).wanted is Wanted.LEAVE


def test_after_too_many_lost_bets_it_is_weighed_on_paper_only() -> None:
    six = at("2026-11-20T06:00")
    learned = used_daily_at_nine(six)
    broke = replace(learned, bets=replace(learned.bets, net_usd=-50.0))
    scene = Scene(EARLY, service(up=False), memory=DOWN, usd_per_hour=1.0, learned=broke)

    due = scene.decide(scene.decide(six).look_again_at)

    assert due.wanted is Wanted.LEAVE
    assert "on paper only" in due.reason


def test_who_was_started_early_and_never_asked_for_is_stopped_when_the_bet_ends() -> None:
    six = at("2026-11-20T06:00")
    asleep = Scene(EARLY, service(up=False), memory=DOWN, usd_per_hour=1.0, learned=used_daily_at_nine(six))
    bet = bet_ahead(EARLY.idle, asleep.seen(six), six)
    assert bet is not None
    started = datetime.fromtimestamp(bet.start_at, UTC)
    ended = datetime.fromtimestamp(bet.give_up_at, UTC)
    learned = replace(asleep.learned, bet=bet, bet_acted=True)
    up = Scene(EARLY, service(ready=started + 4 * MINUTE), usd_per_hour=1.0, learned=learned)

    assert up.decide(ended - 5 * MINUTE).wanted is Wanted.LEAVE
    unclaimed = up.decide(ended + 3 * MINUTE)
    assert (unclaimed.wanted, unclaimed.because) == (Wanted.STOPPED, Because.PREWARM)
    claimed = up.but(uses=[ended - 20 * MINUTE]).decide(ended + 3 * MINUTE)
    assert (claimed.wanted, claimed.because) == (Wanted.LEAVE, Because.IN_USE)


# --- what a look teaches


def use(begin: datetime, minutes: int = 1) -> Use:
    return Use(begin, begin + minutes * MINUTE)


def test_the_same_look_twice_teaches_once() -> None:
    uses = [use(NOW), use(NOW + 20 * MINUTE)]

    once = after_looking(Learned(), uses, NOW - HOUR, NOW + HOUR, COSTS)

    assert once.gaps.seen == 1
    assert sum(once.gaps.sums) == pytest.approx(19 * 60)
    assert after_looking(once, uses, NOW - HOUR, NOW + HOUR, COSTS) == once


def test_looks_that_overlap_teach_each_gap_once() -> None:
    first = after_looking(Learned(), [use(NOW), use(NOW + 20 * MINUTE)], NOW - HOUR, NOW + 30 * MINUTE, COSTS)
    second = after_looking(
        first, [use(NOW + 20 * MINUTE), use(NOW + 50 * MINUTE)], NOW + 10 * MINUTE, NOW + HOUR, COSTS
    )

    assert second.gaps.seen == 2


def test_a_gap_that_ran_into_a_hole_is_given_up() -> None:
    before = after_looking(Learned(), [use(NOW)], NOW - HOUR, NOW + HOUR, COSTS)

    after = after_looking(before, [use(NOW + 5 * HOUR)], NOW + 4 * HOUR, NOW + 6 * HOUR, COSTS)

    assert after.gaps.seen == 0
    assert after.used_until == NOW + 5 * HOUR + MINUTE


def test_sleep_is_no_hole_and_who_wakes_it_ends_the_gap() -> None:
    awake = after_looking(Learned(), [use(NOW)], NOW - HOUR, NOW + HOUR, COSTS)
    asleep = after_stop(awake, NOW + HOUR + 2 * MINUTE, COSTS)

    woken = after_start(asleep, NOW + 9 * HOUR, COSTS, wanted=True, ours=True)

    assert woken.gaps.seen == 1
    assert sum(woken.gaps.sums) == pytest.approx((9 * HOUR - MINUTE).total_seconds())
    assert woken.cold_starts == 1


def test_a_start_by_the_clock_leaves_the_gap_open_until_somebody_comes() -> None:
    awake = after_looking(Learned(), [use(NOW)], NOW - HOUR, NOW + HOUR, COSTS)
    opened = after_start(after_stop(awake, NOW + HOUR, COSTS), NOW + 9 * HOUR, COSTS, wanted=False, ours=True)
    used = after_looking(opened, [use(NOW + 10 * HOUR)], NOW + 9 * HOUR, NOW + 11 * HOUR, COSTS)

    assert (opened.gaps.seen, opened.cold_starts) == (0, 0)
    assert sum(used.gaps.sums) == pytest.approx((10 * HOUR - MINUTE).total_seconds())


def test_boots_of_our_own_starts_are_measured() -> None:
    started = after_start(after_stop(Learned(), NOW, None), NOW + HOUR, None, wanted=True, ours=True)

    first = after_boot(started, NOW + HOUR + timedelta(seconds=300))
    again = after_start(after_stop(first, NOW + 2 * HOUR, None), NOW + 3 * HOUR, None, wanted=True, ours=True)
    second = after_boot(again, NOW + 3 * HOUR + timedelta(seconds=200))

    assert (first.boot_seconds, first.boots) == (300.0, 1)
    assert second.boot_seconds == pytest.approx(270.0)


def test_the_wait_of_who_woke_it_is_measured_and_is_no_idle_gap() -> None:
    before = after_looking(Learned(), [use(NOW)], NOW - HOUR, NOW + HOUR, COSTS)
    woken = after_start(after_stop(before, NOW + HOUR, COSTS), NOW + 9 * HOUR, COSTS, wanted=True, ours=True)
    ready = after_boot(woken, NOW + 9 * HOUR + 4 * MINUTE)

    served = after_looking(ready, [use(NOW + 9 * HOUR + 4 * MINUTE)], NOW + 9 * HOUR, NOW + 10 * HOUR, COSTS)

    assert served.gaps.seen == woken.gaps.seen == 1
    assert served.answer_seconds == 240.0
    assert served.woken_at is None


def test_a_boot_of_which_we_do_not_know_the_begin_measures_nothing() -> None:
    by_hand = after_start(after_stop(Learned(), NOW, None), NOW + HOUR, None, wanted=True, ours=False)

    assert after_boot(by_hand, NOW + HOUR + 5 * MINUTE).boots == 0


def test_reading_begins_where_the_last_look_ended_while_points_stay_fine() -> None:
    known = Learned(known_until=NOW - 2 * HOUR)

    assert reading_from(known, NOW - HOUR, NOW) == NOW - 2 * HOUR
    assert reading_from(replace(known, known_until=NOW - 6 * HOUR), NOW - HOUR, NOW) == NOW - HOUR
    assert reading_from(Learned(), NOW - HOUR, NOW) == NOW - HOUR


def test_the_gap_after_a_start_is_read_whole_though_the_first_look_comes_hours_later() -> None:
    taught = Learned(known_until=NOW)
    look = NOW + 10 * MINUTE + LONGEST + 4 * MINUTE

    assert reading_from(taught, look - LONGEST, look) == NOW
    assert period_seconds(look - NOW) == 60


def test_a_law_rebuilt_from_stops_keeps_the_short_gaps_that_left_no_trace() -> None:
    law = law_of_stops([(8 * 3600.0, 1800.0)] * 10)

    assert law.seen == 10
    short = sum(law.counts[:9])
    assert short > sum(law.counts) - short  # the pooled law has more gaps below half an hour than above
