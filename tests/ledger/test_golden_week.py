"""The week that was counted by hand in `support.golden_week`: every figure to the cent, and before rounding."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from chalicelib.ledger import sums
from chalicelib.ledger.values import Ledger
from chalicelib.prices import Market
from support import golden_week
from support.golden_week import BERLIN, CHAT, ODD, PAIR, SPOT, TRIAL


@pytest.fixture(scope="module")
def counted() -> Ledger:
    return golden_week.counted()


def exact(amount: Decimal | None) -> Decimal:
    """Without the last of 28 digits, in which a third of an hour ends."""
    assert amount is not None
    return round(amount, 12)


def test_the_week_of_the_clock_change_has_169_hours(counted: Ledger) -> None:
    assert sums.by_service(counted)[TRIAL].ran.host_hours == 169
    sunday = [row for row in counted.rows if row.service == TRIAL and row.since.astimezone(BERLIN).day == 25]
    assert len(sunday) == 25


@pytest.mark.parametrize(
    ("service", "ran_hours", "ran", "baseline"),
    [
        (CHAT, "132.6", "133.3956", "170.014"),
        (PAIR, "310", "163.06", "173.843"),
        (SPOT, "169", "143.192", "204.828"),
        (TRIAL, "169", "170.014", "170.014"),
    ],
    ids=lambda one: str(one),
)
def test_each_service_costs_what_was_counted_by_hand(
    counted: Ledger, service: object, ran_hours: str, ran: str, baseline: str
) -> None:
    told = next(tally for one, tally in sums.by_service(counted).items() if one == service)
    assert exact(told.ran.host_hours) == Decimal(ran_hours)
    assert exact(told.ran.usd) == Decimal(ran)
    assert exact(told.baseline.usd) == Decimal(baseline)


def test_each_hour_is_saved_once_by_the_policy_whose_stop_was_in_force(counted: Ledger) -> None:
    told = {credit.name: exact(tally.saved.usd) for credit, tally in sums.by_credit(counted).items()}
    assert told == {
        "save-spot": Decimal("61.636"),
        "nights-off": Decimal("36.3669"),
        "asked for by people": Decimal("10.783"),
        "idle-off": Decimal("0.2515"),
    }
    assert sum(told.values()) == exact(counted.total.saved.usd) == Decimal("109.0374")


def test_the_total_is_that_of_everything_with_a_price(counted: Ledger) -> None:
    assert exact(counted.total.baseline.usd) == Decimal("718.699")
    assert exact(counted.total.ran.usd) == Decimal("609.6616")
    assert counted.unpriced == (ODD,)
    assert counted.total.unpriced_hours == 169


def test_what_has_no_price_has_hours_and_no_dollars(counted: Ledger) -> None:
    odd = sums.by_service(counted)[ODD]
    assert odd.saved.host_hours == Decimal("0.75")
    assert all(row.saved.usd is None for row in counted.rows if row.service == ODD and row.ran.host_hours)
    assert (odd.ran.usd, odd.baseline.usd, odd.saved.usd) == (None, None, None)


def test_hours_in_which_spot_was_dearer_count_against_the_policy(counted: Ledger) -> None:
    dear = [row for row in counted.rows if row.service == SPOT and row.saved.usd and row.saved.usd < 0]
    assert [row.saved.usd for row in dear] == [Decimal("-0.088")] * 2
    assert {row.market for row in dear} == {Market.SPOT}


def test_days_are_those_of_the_zone_and_add_up(counted: Ledger) -> None:
    days = sums.by_day(counted, BERLIN)
    saved = {day: exact(tally.saved.usd) for day, tally in days.items()}
    chat_saturday, chat_sunday = Decimal("3.75") * Decimal("1.006"), Decimal(9) * Decimal("1.006")
    assert saved[date(2026, 10, 24)] == chat_saturday + 24 * Decimal("0.7272")
    assert saved[date(2026, 10, 25)] == chat_sunday + Decimal("16.5496")
    assert sum(saved.values()) == Decimal("109.0374")


def test_what_somebody_stopped_by_hand_saves_us_nothing(counted: Ledger) -> None:
    friday = [row for row in counted.rows if row.service == PAIR and row.since.astimezone(BERLIN).day == 23]
    assert sum(row.ran.host_hours for row in friday) == 2 * (24 - Decimal("3.75"))
    assert all(row.saved.usd == 0 for row in friday)


def test_what_dry_run_policies_would_have_saved_stands_apart_and_once(counted: Ledger) -> None:
    wished = {policy: sums.worth(wishes)[0] for policy, wishes in sums.wished_by_policy(counted).items()}
    assert {policy: exact(usd) for policy, usd in wished.items()} == {
        "try-it": Decimal("11.8205"),
        "idle-try": Decimal("1.006"),
    }


def test_actions_are_counted_once_each(counted: Ledger) -> None:
    told = {account.service: account.counts for account in counted.accounts}
    assert (told[CHAT].stops, told[CHAT].starts, told[CHAT].by_hand) == (5, 3, 1)
    assert (told[PAIR].stops, told[PAIR].starts, told[PAIR].by_hand) == (1, 1, 2)
