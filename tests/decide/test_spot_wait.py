"""How long Spot rests after it failed: by what happened and when, whoever tells it in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.decide.spot_wait import LONGEST_WAIT, Rest, mean_time_between_losses, rest
from hypothesis import given
from hypothesis import strategies as st

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


def at(hours: float, kind: SetbackKind = SetbackKind.NO_CAPACITY) -> Setback:
    return Setback(NOON + hours * HOUR, kind, f"{hours}")


def rests(setbacks: list[Setback], now: datetime = NOON, most: int = 3) -> Rest | None:
    return rest(setbacks, now, try_again_after=2 * HOUR, most_losses=most, zone=UTC_ZONE)


def test_after_one_setback_spot_rests_for_the_plain_wait() -> None:
    found = rests([at(-1)])

    assert found is not None
    assert found.until == NOON + HOUR
    assert rests([at(-2)]) is None


def test_setbacks_in_a_row_double_the_wait_from_the_fourth_on() -> None:
    third = rests([at(-4.2), at(-2.1), at(0)])
    fourth = rests([at(-6.3), at(-4.2), at(-2.1), at(0)])

    assert third is not None
    assert fourth is not None
    assert third.until == NOON + 2 * HOUR
    assert fourth.until == NOON + 4 * HOUR


def test_a_stay_that_lasted_ends_the_row() -> None:
    found = rests([at(-12), at(-9.9), at(-7.8), at(-5.7), at(0)])

    assert found is not None
    assert found.until == NOON + 2 * HOUR


def test_hosts_taken_one_after_the_other_are_one_loss() -> None:
    together = [at(-0.05 * number, SetbackKind.LOST) for number in range(4)]

    assert mean_time_between_losses(together, NOON) is None
    found = rests(together)
    assert found is not None
    assert found.until == NOON + 2 * HOUR


def test_as_many_losses_as_allowed_do_not_end_the_day() -> None:
    found = rests([at(-number, SetbackKind.LOST) for number in (8, 4, 0)])

    assert found is not None
    assert found.until == NOON + 2 * HOUR


def test_only_losses_of_the_last_week_count_for_the_mean() -> None:
    lost = [at(-number, SetbackKind.LOST) for number in (24 * 8, 30, 10, 0)]

    assert mean_time_between_losses([*lost, at(-20), at(-5)], NOON) == 15 * HOUR


def test_a_stay_of_less_than_a_quarter_of_the_wait_is_one_more_in_the_row() -> None:
    """Each stay begins when the wait of two hours is over; half an hour is a quarter of it."""
    short = [at(-7.35), at(-4.9), at(-2.45), at(0)]
    long = [at(-7.5), at(-5), at(-2.5), at(0)]

    assert [found.until for found in (rests(short), rests(long)) if found] == [NOON + 4 * HOUR, NOON + 2 * HOUR]


def test_more_losses_than_allowed_end_spot_until_midnight_of_the_policys_zone() -> None:
    lost = [at(-number, SetbackKind.LOST) for number in range(0, 13, 4)]

    found = rests(lost)
    abroad = rest(lost, NOON, try_again_after=2 * HOUR, most_losses=3, zone=ZoneInfo("Asia/Tokyo"))

    assert found is not None
    assert abroad is not None
    assert found.until == datetime(2026, 11, 19, tzinfo=UTC)
    assert abroad.until == datetime(2026, 11, 18, 15, tzinfo=UTC)
    assert "4 interruptions today, more than 3" in found.says


@given(st.lists(st.floats(-160, 0), max_size=30), st.permutations(range(30)))
def test_the_order_in_which_it_is_told_changes_nothing_and_no_rest_is_endless(
    hours: list[float], order: list[int]
) -> None:
    setbacks = [at(one, SetbackKind.LOST if one < -5 else SetbackKind.NO_CAPACITY) for one in hours]
    shuffled = [setbacks[index] for index in order if index < len(setbacks)]

    found = rests(setbacks)

    assert found == rests(shuffled + setbacks)
    assert found is None or found.until <= NOON + LONGEST_WAIT
