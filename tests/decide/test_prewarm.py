"""Starting before anybody asks: only for a known habit, only when it pays, and not for long when it does not."""

from __future__ import annotations

from chalicelib.decide.adaptive import Costs
from chalicelib.decide.prewarm import SLOTS_A_DAY, Bet, BetRecord, Habit, next_bet, worth_betting
from hypothesis import given
from hypothesis import strategies as st

DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0
DEAR = Costs(price_usd_per_hour=1.0, boot_seconds=240.0, wait_usd=4.0)
PROVEN = BetRecord(expected=20.0, came=20.0)


def nine_each_morning(days: int) -> Habit:
    habit = Habit.beginning(0)
    for day in range(days):
        habit = habit.used(day * DAY + 9 * HOUR, day * DAY + 9 * HOUR + 20 * MINUTE)
    return habit


def bet_at_nine() -> Bet:
    bet = next_bet(nine_each_morning(14), PROVEN, DEAR, 14 * DAY, 15 * DAY)
    assert bet is not None
    return bet


def test_a_service_used_each_morning_at_nine_is_ready_by_nine() -> None:
    bet = bet_at_nine()

    assert 14 * DAY + 8 * HOUR <= bet.ready_at <= 14 * DAY + 9 * HOUR < bet.give_up_at
    assert bet.start_at == bet.ready_at - 240
    assert 0.5 < bet.trusted_chance <= bet.chance <= 1
    assert bet.expected_gain_usd > 0


def test_it_gives_up_within_the_hour_when_nobody_comes() -> None:
    bet = bet_at_nine()

    assert bet.ready_at < bet.give_up_at <= bet.ready_at + HOUR


def test_a_wait_worth_less_than_three_and_a_half_hours_never_starts_anything() -> None:
    cheap = Costs(1.0, 240.0, 3.49)

    assert not worth_betting(cheap)
    assert next_bet(nine_each_morning(14), PROVEN, cheap, 14 * DAY, 15 * DAY) is None
    assert worth_betting(Costs(1.0, 240.0, 3.5))


def test_without_a_price_nothing_is_started_early() -> None:
    assert not worth_betting(Costs(0.0, 240.0, 4.0))


def test_two_days_are_no_habit() -> None:
    assert next_bet(nine_each_morning(2), PROVEN, DEAR, 2 * DAY, 3 * DAY) is None


def test_a_service_that_is_never_used_is_never_started_early() -> None:
    assert next_bet(Habit.beginning(0), PROVEN, DEAR, 14 * DAY, 15 * DAY) is None


def test_bets_that_are_lost_lower_the_trust_until_there_are_no_more() -> None:
    habit, record = nine_each_morning(14), PROVEN
    bets = 0
    while (bet := next_bet(habit, record, DEAR, 14 * DAY, 15 * DAY)) and bets < 200:
        record, bets = record.settled(bet, bet.give_up_at + DAY, DEAR, acted=True), bets + 1

    assert 0 < bets < 200
    assert record.trust < 0.5


def test_losses_beyond_the_allowance_are_made_on_paper_only_until_won_back() -> None:
    bet, record = bet_at_nine(), PROVEN.idled(10.0)
    while record.may_act(DEAR.wait_usd):
        record = record.settled(bet, bet.give_up_at + 1, DEAR, acted=True)
    lost = record

    assert lost.net_usd < -(0.02 * lost.idle_usd + 4.0)
    on_paper = lost.settled(bet, bet.ready_at + 1, DEAR, acted=False)
    assert on_paper.net_usd > lost.net_usd
    assert on_paper.idle_usd == lost.idle_usd
    assert on_paper.may_act(DEAR.wait_usd)


def test_a_request_that_came_during_the_boot_is_a_use_but_not_a_hit() -> None:
    bet = bet_at_nine()

    early = BetRecord().settled(bet, bet.start_at + 60, DEAR, acted=True)

    assert (early.came, early.hits) == (1.0, 0)
    assert early.net_usd < 0


def test_days_that_no_longer_matter_are_forgotten() -> None:
    habit = nine_each_morning(200)

    assert len(habit.days) <= 15
    assert habit.since_day == 0


def test_a_service_first_seen_at_noon_has_its_first_whole_day_tomorrow() -> None:
    assert Habit.beginning(10 * DAY + 12 * HOUR).since_day == 11
    assert Habit.beginning(10 * DAY).since_day == 10


@given(st.lists(st.tuples(st.integers(0, 30 * SLOTS_A_DAY), st.floats(0, 2 * DAY)), max_size=40))
def test_a_chance_is_a_chance(uses: list[tuple[int, float]]) -> None:
    habit = Habit.beginning(0)
    for slot, seconds in sorted(uses):
        habit = habit.used(slot * 600.0, slot * 600.0 + seconds)

    now = 30 * SLOTS_A_DAY
    for slot in range(now, now + SLOTS_A_DAY, 7):
        assert 0 <= habit.chance(slot, slot) < 1
