"""The weekly report of a week counted by hand, and of weeks in which there is little or nothing to tell."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.errors import ReportError
from chalicelib.ledger.values import Account, Amount, Counts, Ledger, Row
from chalicelib.prices import Market, Price
from support import golden_week
from support.weekly_given import WEEK, Charge, at_noon, each_day, given

from reports.build import Given, build
from reports.making.labels import Hold, Label, Labels
from reports.making.use import Use
from reports.model import Dimension, Rate, Totals, WeeklyReport
from reports.render.writing import document
from reports.sections import Forecast, GpuHours, Honesty, Savings, Spot, Waste
from reports.sources.frames import Kind, Pricing
from reports.values import Known, Money, Section, Sentence, Unknown, Week
from reports.writing import forms

Value = TypeVar("Value")
CHAT = ServiceId("gpu", "chat")
HOUR = timedelta(hours=1)
PRICE = Price(Decimal("1.006"), "a list", date(2026, 7, 20))


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def known(section: Section[Value]) -> Value:
    assert isinstance(section, Known), section
    return section.value


def rows_of(hours: int, gpus: int | None = 1, market: Market = Market.ON_DEMAND) -> tuple[Row, ...]:
    """One host held from the week's begin on."""
    ran = Amount(Decimal(1), None if gpus is None else Decimal(gpus), PRICE.usd_per_hour)
    return tuple(
        Row(CHAT, WEEK.since + HOUR * n, WEEK.since + HOUR * (n + 1), "g5.xlarge", market, PRICE, PRICE, ran, ran)
        for n in range(hours)
    )


def ledger_of(rows: tuple[Row, ...]) -> Ledger:
    return Ledger(WEEK.since, WEEK.until, (Account(CHAT, 1, rows, (), Counts()),), ())


THIS_WEEK = (
    *each_day(WEEK, "24.144", workload="chat", owner="ml", environment="prod"),
    *each_day(WEEK, "12.624", workload="pair", owner="ml", environment="dev", things=2, quantity="48"),
    *each_day(WEEK, "3.10", product="Amazon S3", quantity="10"),
    Charge(date(2026, 10, 21), "-50.00", kind=Kind.CREDIT),
    Charge(date(2026, 10, 22), "-7.25", kind=Kind.REFUND),
    Charge(date(2026, 10, 23), "19.99", kind=Kind.TAX, product="Tax", quantity="1"),
)
"""7 x (24.144 + 12.624 + 3.10) + 19.99 = 299.066 before credits and refunds."""
LAST_WEEK = (
    *each_day(WEEK.back(1), "24.144", workload="chat", owner="ml", environment="prod"),
    *each_day(WEEK.back(1), "6.312", workload="pair", owner="ml", environment="dev", things=1, quantity="24"),
    *each_day(WEEK.back(1), "2.48", product="Amazon S3", quantity="8"),
)
"""7 x (24.144 + 6.312 + 2.48) = 230.552."""
A_MONTH_AGO = tuple(each_day(WEEK.back(4), "30.00", workload="chat", owner="ml"))


@pytest.fixture(scope="module")
def golden() -> WeeklyReport:
    return build(given((*THIS_WEEK, *LAST_WEEK, *A_MONTH_AGO), golden_week.counted()))


def test_the_total_is_before_credits_and_refunds_and_stands_beside_both_earlier_weeks(golden: WeeklyReport) -> None:
    totals = known(golden.totals)
    assert totals.spent == usd("299.066")
    assert known(totals.last_week.before) == usd("230.552")
    assert totals.last_week.change == usd("68.514")
    assert known(totals.same_week_of_last_month.before) == usd("210.00")
    assert totals.same_week_of_last_month.change == usd("89.066")


def test_credits_refunds_and_what_is_ours_stand_apart_and_add_up(golden: WeeklyReport) -> None:
    honest = known(golden.honesty)
    assert isinstance(honest, Honesty)
    assert (honest.spent, honest.credits, honest.refunds) == (usd("299.066"), usd("-50.00"), usd("-7.25"))
    assert honest.billed == usd("241.816") == honest.spent + honest.credits + honest.refunds
    assert known(honest.attributed) == usd("257.376")


def test_every_breakdown_adds_up_to_the_total(golden: WeeklyReport) -> None:
    for breakdown in known(golden.breakdowns):
        now = sum((line.amount.now for line in breakdown.lines), usd("0"))
        before = sum((known(line.amount.before) for line in breakdown.lines), usd("0"))
        assert (now, before) == (usd("299.066"), usd("230.552")), breakdown.dimension


def test_the_movers_say_whether_it_was_the_price_the_hours_or_the_count(golden: WeeklyReport) -> None:
    by_name = {mover.line.name: mover.line for mover in known(golden.movers)}
    pair = known(by_name["pair"].drivers)
    assert (pair.price, pair.hours, pair.count) == (usd("0"), usd("0"), usd("44.184"))
    assert by_name["pair"].amount.change == usd("44.184")


def test_more_hours_of_the_same_things_at_another_price_are_told_apart() -> None:
    """1 thing: 10 h at $2 a day, then 12 h at $3: 12 x 1 more for the price, 2 x 2 more for the hours."""
    charges = (
        *each_day(WEEK, "36", quantity="12", workload="a"),
        *each_day(WEEK.back(1), "20", quantity="10", workload="a"),
    )
    (mover,) = known(build(given(charges)).movers)
    drivers = known(mover.line.drivers)
    assert (drivers.price, drivers.hours, drivers.count) == (usd("84"), usd("28"), usd("0"))
    assert drivers.count is not None
    assert drivers.price + drivers.hours + drivers.count == mover.line.amount.change


def test_what_policies_saved_is_the_hand_counted_week_to_the_cent(golden: WeeklyReport) -> None:
    savings = known(golden.savings)
    assert isinstance(savings, Savings)
    shown = {line.policy: round(line.amount.amount, 2) for line in savings.lines}
    assert shown == {
        "save-spot": Decimal("61.64"),
        "nights-off": Decimal("36.37"),
        "asked for by people": Decimal("10.78"),
        "idle-off": Decimal("0.25"),
    }
    assert round(savings.amount.amount, 4) == Decimal("109.0374")
    assert round(sum(line.amount.amount for line in savings.lines), 4) == Decimal("109.0374")
    assert {line.policy: round(line.amount.amount, 4) for line in savings.would} == {
        "try-it": Decimal("11.8205"),
        "idle-try": Decimal("1.0060"),
    }
    assert savings.unpriced == (str(golden_week.ODD),)


def test_the_days_of_saving_are_those_of_the_zone_with_the_clock_change(golden: WeeklyReport) -> None:
    totals = known(golden.totals)
    saved = [day.saved for day in totals.days if day.saved is not None]
    assert len(saved) == 7
    assert round(sum(one.amount for one in saved), 4) == Decimal("109.0374")


def test_the_hand_counted_figures_stand_in_mail_and_file(golden: WeeklyReport) -> None:
    made = forms(golden, "en", {"days.png": b"", "weeks.png": b""})
    for text in ("$299.07", "$230.55", "+$68.51", "−$50.00", "−$7.25", "$241.82", "$109.04", "$36.37", "$61.64"):
        assert text in made.html({name: name for name in made.pictures}), text
        assert text in made.text, text
    rows = list(csv.DictReader(io.StringIO(made.csv.lstrip("\ufeff"))))
    (nights_off,) = [row for row in rows if row["line"] == "nights-off" and row["column"] == "saved"]
    assert nights_off["value"] == "36.3669"


def test_spot_is_the_share_of_host_hours_and_the_saving_is_the_ledgers_where_the_bill_does_not_say() -> None:
    spot = known(build(given(None, golden_week.counted())).spot)
    assert isinstance(spot, Spot)
    assert round(spot.share * spot.hours, 6) == 87
    assert known(spot.saving) == Money(Decimal("61.636"), "USD")


def test_what_spot_saved_is_the_bills_word_where_it_has_one() -> None:
    charges = each_day(WEEK, "5", workload="a", pricing=Pricing.DYNAMIC, listed="12")
    spot = known(build(given(charges, ledger_of(rows_of(10, market=Market.SPOT)))).spot)
    assert known(spot.saving) == usd("49")


def test_a_quiet_week_says_so_and_is_no_fault() -> None:
    report = build(given(each_day(WEEK.back(1), "0") + each_day(WEEK, "0"), ledger_of(())))
    told = document(report, "en")
    assert told.headline[0] == "A quiet week: nothing ran and nothing was charged."
    assert known(report.totals).spent == usd("0")
    assert known(report.movers) == ()
    assert told.part("movers").says == ("Nothing changed by more than a cent.",)
    assert isinstance(report.unit_costs.per_gpu_hour, Unknown)


def test_a_first_week_has_nothing_to_be_compared_with() -> None:
    report = build(given(each_day(WEEK, "10", workload="a")))
    totals = known(report.totals)
    assert totals.spent == usd("70")
    assert isinstance(totals.last_week.before, Unknown) and totals.last_week.change is None
    assert isinstance(report.movers, Unknown)
    assert isinstance(report.forecast, Unknown)
    told = document(report, "en")
    assert told.headline[0] == "$70.00 spent. There is no week before to compare with."
    assert told.tiles[0].note == "no earlier week"
    assert told.part("breakdowns").tables[0].rows[0][2:] == ("unknown", "unknown")


def test_a_week_without_gpus_still_counts_its_hosts() -> None:
    report = build(given(None, ledger_of(rows_of(24, gpus=0))))
    gpus = known(report.gpu_hours)
    assert isinstance(gpus, GpuHours)
    assert (gpus.run, gpus.services) == (Decimal(0), ())
    assert isinstance(report.unit_costs.per_gpu_hour, Unknown)
    assert round(known(report.unit_costs.per_running_service).amount, 3) == Decimal("1.006")
    assert document(report, "en").part("gpu_hours").says == ("No GPU service ran this week.",)


def test_without_a_bill_the_record_tells_what_was_spent_at_list_price_and_says_so() -> None:
    report = build(given(None, ledger_of(rows_of(24))))
    assert known(report.totals).spent == usd("24.144")
    assert isinstance(report.honesty, Unknown)
    said = document(report, "en").part("honesty").missing
    assert said.startswith("No bill was given.") and "at list price" in said
    assert isinstance(report.untagged, Unknown)


def test_without_the_record_the_bill_is_told_all_the_same() -> None:
    gone = Unknown(Sentence.told("The table cannot be read."))
    report = build(replace(given(THIS_WEEK), recorded=gone))
    assert known(report.totals).spent == usd("299.066")
    assert report.savings == report.gpu_hours == report.waste == gone
    assert document(report, "en").part("savings").missing == "The table cannot be read."


def test_days_that_are_not_over_are_not_told_and_the_same_days_are_compared() -> None:
    report = build(at_noon(given((*THIS_WEEK, *LAST_WEEK))))
    totals = known(report.totals)
    assert totals.compared_days == 6
    assert known(totals.last_week.before) == usd("197.616")
    assert totals.days[-1].spent is None
    assert known(report.honesty).missing_days == (date(2026, 10, 25),)
    assert any("Only 6 days" in note for note in document(report, "en").part("totals").notes)


def busy(hours: int, idle: int) -> Given:
    """A host held for ``hours``, of which the last ``idle`` are proven idle."""
    quiet = frozenset(WEEK.since + HOUR * n for n in range(hours - idle, hours))
    return given(None, ledger_of(rows_of(hours)), Use({CHAT: {WEEK.since: 500}}, {CHAT: quiet}))


def test_idle_hours_are_paid_for_and_somebody_can_end_them() -> None:
    label = Label(owner="rin", policy="nights-off", hold=Hold.DRY_RUN)
    report = build(replace(busy(24, 6), labels=Labels({CHAT: label})))
    waste, gpus = known(report.waste), known(report.gpu_hours)
    assert isinstance(waste, Waste)
    (line,) = waste.lines
    assert (line.idle_hours, line.amount, line.who) == (Decimal(6), usd("6.036"), "rin")
    assert line.how == Sentence("how_promote", {"policy": "nights-off", "service": "gpu/chat"})
    assert (known(gpus.needed), known(gpus.idle)) == (Decimal(18), Decimal(6))
    assert known(report.unit_costs.per_thousand_requests) == usd("48.288")


def test_a_service_that_nobody_counts_is_neither_idle_nor_needed() -> None:
    report = build(given(None, ledger_of(rows_of(24)), Use()))
    assert isinstance(known(report.gpu_hours).needed, Unknown)
    assert isinstance(report.waste, Unknown)


def test_the_labels_of_services_cut_the_records_money() -> None:
    labels = Labels({CHAT: Label(environment="prod", owner="ml")})
    report = build(replace(given(None, ledger_of(rows_of(24))), labels=labels))
    cuts = {one.dimension: one.lines[0].name for one in known(report.breakdowns)}
    assert cuts == {Dimension.SERVICE: "gpu/chat", Dimension.ENVIRONMENT: "prod", Dimension.OWNER: "ml"}


def test_what_has_no_owner_is_a_share_of_the_bill() -> None:
    untagged = known(build(given(THIS_WEEK)).untagged)
    assert untagged.amount == usd("41.69")
    assert untagged.share == Decimal("41.69") / Decimal("299.066")


def test_a_rate_turns_every_amount_into_yen_and_is_told() -> None:
    rate = Rate("USD", "JPY", Decimal("150"), date(2026, 10, 1))
    report = build(replace(given((*THIS_WEEK, *LAST_WEEK), golden_week.counted()), rate=rate))
    assert known(report.totals).spent == Money(Decimal("44859.9"), "JPY")
    made = forms(report, "ja", {"days.png": b"", "weeks.png": b""})
    page = made.html({name: name for name in made.pictures})
    assert "¥44,860" in page
    assert "$" not in page
    assert "1 USD = 150 JPY" in page


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(ReportError, match="USD and EUR cannot be added up"):
        usd("1") + Money(Decimal(1), "EUR")


def test_a_bill_in_another_currency_stands_beside_the_records_dollars() -> None:
    made = given(None, golden_week.counted())
    euro = build(replace(made, gathered=replace(made.gathered, bill=Known(_in_euro()))))
    assert known(euro.totals).spent == Money(Decimal(70), "EUR")
    assert all(day.saved is None for day in known(euro.totals).days)
    assert known(euro.savings).amount.currency == "USD"


def _in_euro() -> object:
    from support.weekly_given import bill

    return bill(each_day(WEEK, "10", workload="a"), currency="EUR")


def test_a_month_is_forecast_from_its_weekdays_where_no_source_does() -> None:
    first = date(2026, 9, 21)
    charges = [Charge(first + timedelta(days=n), "10" if n % 7 < 5 else "4", workload="a") for n in range(35)]
    forecast = known(build(given(charges)).forecast)
    assert isinstance(forecast, Forecast)
    assert forecast.month == date(2026, 10, 1)
    weekdays, weekend_days = 22, 9
    assert forecast.amount == usd(str(weekdays * 10 + weekend_days * 4))
    assert forecast.low == forecast.high == forecast.amount


def test_a_forecast_of_uneven_days_has_a_wide_interval_and_never_less_than_was_paid() -> None:
    first = date(2026, 9, 21)
    charges = [Charge(first + timedelta(days=n), "100" if n // 7 % 2 else "1", workload="a") for n in range(35)]
    report = build(given(charges))
    forecast, totals = known(report.forecast), known(report.totals)
    assert isinstance(totals, Totals)
    paid = sum(Decimal("100" if (first + timedelta(days=n) - first).days // 7 % 2 else "1") for n in range(10, 35))
    assert forecast.low.amount >= paid
    assert forecast.high - forecast.low > usd("100")


@pytest.mark.parametrize("text", ["2026-46", "2026-W54", "W46", "2026-W00", ""])
def test_a_week_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ReportError, match="ISO week"):
        Week.parse(text, WEEK.zone)


def test_a_week_is_as_long_as_its_zone_makes_it() -> None:
    assert WEEK.until - WEEK.since == timedelta(hours=169)
    assert Week.parse("2026-W43", WEEK.zone) == WEEK == Week.of(datetime(2026, 10, 25, 22, 30, tzinfo=UTC), WEEK.zone)
    assert str(Week(2026, 1, WEEK.zone).back(1)) == "2025-W52"


def test_a_week_before_all_that_is_known_is_unknown_and_not_free() -> None:
    later = [Charge(WEEK.days[-1] + timedelta(days=n), "10", workload="a") for n in range(20, 30)]
    report = build(replace(given(later), generated_at=datetime(2026, 12, 1, tzinfo=UTC)))
    assert isinstance(report.totals, Unknown)
    told = document(report, "en")
    assert told.headline[0] == "What the week cost is not known."
    assert "has no whole day of this week" in told.part("totals").missing
