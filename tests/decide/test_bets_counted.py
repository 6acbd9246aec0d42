"""What each bet on an early start leaves in the record, and that none is made where the boot outweighs what it wins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from chalicelib.decide.adaptive import Costs
from chalicelib.decide.learned import Learned, bet_met
from chalicelib.decide.prewarm import TRUST_DECAY, Bet, BetRecord, Habit, next_bet

DAY, HOUR, MINUTE = 86_400.0, 3600.0, 60.0
COSTS = Costs(price_usd_per_hour=3600.0, boot_seconds=240.0, wait_usd=5000.0)
"""A dollar a second."""
BET = Bet(1000.0, 1240.0, 4840.0, 0.5, 0.6, 1.0)
BEFORE = BetRecord(expected=1.0, came=1.0, bets=4, hits=3, net_usd=10.0, idle_usd=2.0)


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize(
    ("first_use", "came", "hit", "spent"),
    [
        (1100.0, 1, 0, 100.0),
        (1239.0, 1, 0, 239.0),
        (1240.0, 1, 1, 240.0),
        (4840.0, 1, 1, 3840.0),
        (4841.0, 0, 0, 3840.0),
    ],
)
def test_a_bet_counts_whether_somebody_came_found_it_ready_and_what_it_cost(
    first_use: float, came: int, hit: int, spent: float, acted: bool
) -> None:
    after = BEFORE.settled(BET, first_use, COSTS, acted=acted)

    assert (after.bets, after.hits) == (5, 3 + hit)
    assert after.expected == pytest.approx(TRUST_DECAY + BET.chance)
    assert after.came == pytest.approx(TRUST_DECAY + came)
    assert after.net_usd == pytest.approx(10.0 + 5000.0 * hit - spent)
    assert after.idle_usd == pytest.approx(2.0 + (spent if acted else 0.0))


@pytest.mark.parametrize("acted", [True, False])
def test_only_a_bet_that_was_carried_out_cost_idling(acted: bool) -> None:
    learned = Learned(bet=BET, bet_acted=acted, bets=BEFORE)

    after = bet_met(learned, datetime.fromtimestamp(2000, UTC), COSTS)

    assert (after.bet, after.bet_acted, after.bets.hits) == (None, False, 4)
    assert after.bets.idle_usd == pytest.approx(1002.0 if acted else 2.0)


def nine_each_morning(days: int) -> Habit:
    habit = Habit.beginning(0)
    for day in range(days):
        habit = habit.used(day * DAY + 9 * HOUR, day * DAY + 9 * HOUR + 20 * MINUTE)
    return habit


def test_a_habit_of_few_days_is_weighed_by_the_days_that_there_are() -> None:
    slots_a_day = int(DAY // (10 * MINUTE))
    at_nine = [days * slots_a_day + 54 for days in (3, 5, 14)]

    chances = [nine_each_morning(days).chance(slot, slot) for days, slot in zip((3, 5, 14), at_nine, strict=True)]

    assert chances == sorted(chances)
    assert 0 < chances[0] < chances[2] < 1


def test_no_bet_is_made_that_wins_less_than_its_boot_costs() -> None:
    proven, habit = BetRecord(expected=20.0, came=20.0), nine_each_morning(14)

    assert next_bet(habit, proven, Costs(1.0, 240.0, 4.0), 14 * DAY, 15 * DAY) is not None
    assert next_bet(habit, proven, Costs(1.0, 8 * HOUR, 4.0), 14 * DAY, 15 * DAY) is None
