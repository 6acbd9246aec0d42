"""When hours are open: the cases people bring from other schedulers, holidays, cron edges, and what is said of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from chalicelib.policy.calendars import HolidayRules, nearest_country
from chalicelib.policy.cron import parse_cron
from chalicelib.policy.dates import parse_date_range
from chalicelib.policy.sections.hours import Hours
from chalicelib.policy.timetable import BEGINNING, Timetable
from chalicelib.policy.window_text import parse_window

TOKYO = "Asia/Tokyo"
NEW_YORK = "America/New_York"


def windows(zone: str, *texts: str, holidays: HolidayRules | None = None) -> Timetable:
    return Timetable.of_windows(ZoneInfo(zone), tuple(parse_window(text) for text in texts), holidays)


def cron(zone: str, start: Sequence[str], stop: Sequence[str], holidays: HolidayRules | None = None) -> Timetable:
    return Timetable.of_cron(
        ZoneInfo(zone), tuple(parse_cron(text) for text in start), tuple(parse_cron(text) for text in stop), holidays
    )


def at(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def week(table: Timetable, first: str, days: int = 7) -> list[str]:
    """``fri 08:00 open`` for every transition of some days, by the table's own clock."""
    start = at(table.zone.key, first)
    return [
        f"{found.at.astimezone(table.zone):%a %H:%M} {'open' if found.opens else 'close'}".lower()
        for found in table.transitions(start, start + timedelta(days=days))
    ]


WORKING_WEEK = ["mon-fri 08:00-20:00"]
OVERNIGHT = ["sun-thu 22:00-06:00"]
SPLIT_DAY = ["mon-fri 08:00-12:00", "mon-fri 13:00-18:00"]
TUESDAY_GAP = ["tue 00:00-18:00", "tue 19:00-24:00", "wed-mon all-day"]


@pytest.mark.parametrize(
    ("hours", "zone", "instant", "is_open"),
    [
        # half-open: the second before, the very instant, the second after
        (WORKING_WEEK, TOKYO, "2026-11-20T07:59:59", False),
        (WORKING_WEEK, TOKYO, "2026-11-20T08:00:00", True),
        (WORKING_WEEK, TOKYO, "2026-11-20T19:59:59.999999", True),
        (WORKING_WEEK, TOKYO, "2026-11-20T20:00:00", False),
        (WORKING_WEEK, TOKYO, "2026-11-21T12:00:00", False),
        # the day that counts is the policy's, not UTC's: Monday 08:00 in Sydney is Sunday in UTC
        (["mon 00:00-11:00"], "Australia/Sydney", "2026-11-23T00:00:00", True),
        (["sun 00:00-11:00"], "Australia/Sydney", "2026-11-23T00:00:00", False),
        # overnight: the named day is the one on which it begins
        (OVERNIGHT, NEW_YORK, "2026-11-20T05:59:00", True),
        (OVERNIGHT, NEW_YORK, "2026-11-20T06:00:00", False),
        (OVERNIGHT, NEW_YORK, "2026-11-20T23:00:00", False),
        (OVERNIGHT, NEW_YORK, "2026-11-22T22:00:00", True),
        (["last-fri 20:00-02:00"], TOKYO, "2026-11-28T01:30:00", True),
        (["last-fri 20:00-02:00"], TOKYO, "2026-11-27T01:30:00", False),
        # months and dates too are those of the day it begins
        (["nov daily 22:00-06:00"], TOKYO, "2026-12-01T03:00:00", True),
        (["nov daily 22:00-06:00"], TOKYO, "2026-11-01T03:00:00", False),
        (["2026-12-31 22:00-06:00"], TOKYO, "2027-01-01T05:00:00", True),
        (["2026-12-29..2027-01-03 all-day"], TOKYO, "2027-01-03T23:59:00", True),
        (["2026-12-29..2027-01-03 all-day"], TOKYO, "2027-01-04T00:00:00", False),
        # a lunch break, and one hour off a week
        (SPLIT_DAY, TOKYO, "2026-11-20T12:30:00", False),
        (SPLIT_DAY, TOKYO, "2026-11-20T13:00:00", True),
        (TUESDAY_GAP, TOKYO, "2026-11-24T18:00:00", False),
        (TUESDAY_GAP, TOKYO, "2026-11-24T19:00:00", True),
        (TUESDAY_GAP, TOKYO, "2026-11-25T18:00:00", True),
        # 24:00 and 00:00 as an end
        (["daily 18:00-24:00"], TOKYO, "2026-11-20T23:59:59", True),
        (["daily 18:00-24:00"], TOKYO, "2026-11-21T00:00:00", False),
        (["daily 18:00-00:00"], TOKYO, "2026-11-20T23:59:59", True),
        # days of a month, and all fields together: not cron's "either"
        (["day 1-7 08:00-20:00"], TOKYO, "2026-11-07T12:00:00", True),
        (["1st-mon 08:00-20:00"], TOKYO, "2026-11-09T12:00:00", False),
        (["last-day 08:00-20:00"], TOKYO, "2028-02-29T12:00:00", True),
        # whole weekends, the way people mean "Sat-Sun 00:00-24:00"
        (["sat-sun all-day"], TOKYO, "2026-11-22T23:59:59", True),
        (["sat-sun all-day"], TOKYO, "2026-11-23T00:00:00", False),
        # offsets whose names run against their sign
        (["daily 00:00-12:00"], "Etc/GMT+10", "2026-06-09T02:00:00", True),
        (["daily 00:00-12:00"], "Etc/GMT-10", "2026-06-09T22:00:00", False),
    ],
)  # fmt: skip
def test_open_or_closed(hours: list[str], zone: str, instant: str, is_open: bool) -> None:
    assert windows(zone, *hours).phase(at(zone, instant)).open is is_open


def test_a_week_of_a_working_week() -> None:
    assert week(windows(TOKYO, *WORKING_WEEK), "2026-11-20T00:00", days=4) == [
        "fri 08:00 open", "fri 20:00 close", "mon 08:00 open", "mon 20:00 close",
    ]  # fmt: skip


def test_touching_windows_are_one() -> None:
    table = windows(TOKYO, "mon-fri 08:00-12:00", "mon-fri 12:00-20:00", "fri 20:00-02:00")

    noon = table.phase(at(TOKYO, "2026-11-20T12:00"))

    assert week(table, "2026-11-20T00:00", days=2) == ["fri 08:00 open", "sat 02:00 close"]
    assert noon.since == at(TOKYO, "2026-11-20T08:00")
    assert noon.until == at(TOKYO, "2026-11-21T02:00")
    assert noon.window == "mon-fri 12:00-20:00"


def test_where_windows_overlap_the_one_that_ends_last_rules() -> None:
    table = windows(TOKYO, "daily 05:00-20:00", "daily 12:00-14:00", "fri 19:00-23:00")

    assert table.phase(at(TOKYO, "2026-11-20T12:30")).window == "daily 05:00-20:00"
    assert table.phase(at(TOKYO, "2026-11-20T19:30")).window == "fri 19:00-23:00"


def test_a_transition_names_the_window_that_begins_or_ends() -> None:
    table = windows(TOKYO, "mon-fri 08:00-20:00", "sat 10:00-14:00")

    opening = table.next_transition(at(TOKYO, "2026-11-20T20:00"))
    assert opening is not None
    closing = table.next_transition(opening.at)
    assert closing is not None

    assert (opening.opens, opening.window) == (True, "sat 10:00-14:00")
    assert (closing.opens, closing.window) == (False, "sat 10:00-14:00")
    assert closing.at == at(TOKYO, "2026-11-21T14:00")
    assert closing.at.tzinfo is UTC


def test_the_next_transition_is_strictly_later() -> None:
    table = windows(TOKYO, *WORKING_WEEK)
    opening = at(TOKYO, "2026-11-20T08:00")

    before = table.next_transition(opening - timedelta(microseconds=1))
    after = table.next_transition(opening)

    assert before is not None and before.at == opening
    assert after is not None and after.at == at(TOKYO, "2026-11-20T20:00")


def test_transitions_include_the_start_and_leave_out_the_end() -> None:
    table = windows(TOKYO, *WORKING_WEEK)

    found = list(table.transitions(at(TOKYO, "2026-11-20T08:00"), at(TOKYO, "2026-11-20T20:00")))

    assert [one.opens for one in found] == [True]


def test_hours_that_never_change_have_no_next_transition() -> None:
    always = windows(TOKYO, "mon-fri all-day", "sat,sun all-day").phase(at(TOKYO, "2026-11-20T12:00"))
    past = windows(TOKYO, "2020-01-01 all-day").phase(at(TOKYO, "2026-11-20T12:00"))

    assert (always.open, always.since, always.until) == (True, BEGINNING, None)
    assert (past.open, past.since, past.until) == (False, at(TOKYO, "2020-01-02T00:00"), None)


def test_a_phase_may_last_for_decades() -> None:
    rare = windows("UTC", "feb 5th-mon 08:00-20:00").phase(at("UTC", "2026-11-20T12:00"))

    assert rare.since == at("UTC", "2016-02-29T20:00")
    assert rare.until == at("UTC", "2044-02-29T08:00")


def test_a_date_far_ahead_costs_no_more_than_a_near_one() -> None:
    table = windows(NEW_YORK, *WORKING_WEEK)

    assert table.phase(at(NEW_YORK, "2089-11-18T12:00")).open


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        windows(TOKYO, *WORKING_WEEK).phase(datetime(2026, 11, 20, 12))
    with pytest.raises(ValueError, match="aware"):
        next(windows(TOKYO, *WORKING_WEEK).transitions(datetime(2026, 11, 20, 12), datetime(2026, 11, 21, 12)))


def test_equal_hours_share_one_timetable() -> None:
    assert windows(TOKYO, *WORKING_WEEK) is windows(TOKYO, *WORKING_WEEK)


# From a policy, and light to import


def test_a_policys_hours_become_a_timetable() -> None:
    def hours(**more: object) -> Hours:
        common = {"timezone": TOKYO, "warn-before": "0s", "started-by-hand": "2h"}
        return Hours.model_validate(common | {"holidays": {"country": "JP", "day-is": "sat"}} | more)

    by_windows = Timetable.of(hours(open=["mon-fri 08:00-20:00", "sat 10:00-14:00"]))
    by_cron = Timetable.of(hours(cron={"start": ["0 8 * * 1-5"], "stop": ["cron(0 20 ? * * *)"]}))

    assert week(by_windows, "2026-11-23T00:00", days=1) == ["mon 10:00 open", "mon 14:00 close"]
    assert week(by_cron, "2026-11-20T00:00", days=1) == ["fri 08:00 open", "fri 20:00 close"]
    assert Timetable.of(hours(open=["daily all-day"])) is Timetable.of(hours(open=["daily all-day"]))


def test_a_policy_without_cron_and_holidays_loads_no_package_for_them() -> None:
    program = (
        "import sys; from chalicelib.policy.timetable import Timetable;"
        "from chalicelib.policy.window_text import parse_window;"
        "from zoneinfo import ZoneInfo; from datetime import datetime, UTC;"
        "Timetable.of_windows(ZoneInfo('Asia/Tokyo'), (parse_window('daily 08:00-20:00'),)).phase(datetime.now(UTC));"
        "print([name for name in ('croniter', 'holidays', 'pydantic', 'boto3') if name in sys.modules])"
    )
    path = os.pathsep.join(path for path in sys.path if path.endswith("chalice_app"))
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


# Holidays


JAPAN = HolidayRules("JP", extra=(parse_date_range("2026-12-29..2027-01-03"),))


def test_a_holiday_closes_the_day_and_is_named() -> None:
    table = windows(TOKYO, *WORKING_WEEK, holidays=JAPAN)

    would_be_open = table.phase(at(TOKYO, "2026-11-23T10:00"))
    closed_anyway = table.phase(at(TOKYO, "2026-11-23T03:00"))

    assert (would_be_open.open, would_be_open.holiday) == (False, "Labor Thanksgiving Day")
    assert (closed_anyway.open, closed_anyway.holiday) == (False, None)
    assert would_be_open.since == closed_anyway.since == at(TOKYO, "2026-11-20T20:00")
    assert would_be_open.until == closed_anyway.until == at(TOKYO, "2026-11-24T08:00")


def test_extra_days_close_and_ignored_ones_do_not() -> None:
    extra = windows(TOKYO, *WORKING_WEEK, holidays=JAPAN)
    worked = windows(TOKYO, *WORKING_WEEK, holidays=HolidayRules("JP", ignore=(parse_date_range("2026-11-23"),)))

    new_year = extra.phase(at(TOKYO, "2026-12-31T10:00"))

    assert new_year.holiday == "2026-12-29..2027-01-03 (holidays.extra)"
    assert new_year.until == at(TOKYO, "2027-01-04T08:00")
    assert worked.phase(at(TOKYO, "2026-11-23T10:00")).open


def test_an_overnight_window_that_began_before_the_holiday_runs_to_its_end() -> None:
    table = windows(TOKYO, "daily 20:00-04:00", holidays=HolidayRules(extra=(parse_date_range("2026-11-25"),)))

    assert table.phase(at(TOKYO, "2026-11-25T03:00")).open
    assert not table.phase(at(TOKYO, "2026-11-25T21:00")).open
    assert table.phase(at(TOKYO, "2026-11-26T03:00")).holiday == "2026-11-25 (holidays.extra)"


@pytest.mark.parametrize(
    ("day_is", "expected"),
    [
        ("closed", []),
        ("sat", ["wed 10:00 open", "wed 14:00 close"]),
        ("sun", ["wed 12:00 open", "wed 13:00 close"]),
        ("ordinary", ["wed 08:00 open", "wed 20:00 close"]),
    ],
)
def test_what_kind_of_day_a_holiday_is(day_is: str, expected: list[str]) -> None:
    rules = HolidayRules(extra=(parse_date_range("2026-11-25"),), day_is=day_is)  # type: ignore[arg-type]
    table = windows(TOKYO, "mon-fri 08:00-20:00", "sat 10:00-14:00", "sun 12:00-13:00", holidays=rules)

    assert week(table, "2026-11-25T00:00", days=1) == expected


def test_a_day_that_closes_early_for_a_holiday_says_so() -> None:
    rules = HolidayRules(extra=(parse_date_range("2026-11-25"),), day_is="sat")
    table = windows(TOKYO, "mon-fri 08:00-20:00", "sat 10:00-14:00", holidays=rules)

    closing = table.next_transition(at(TOKYO, "2026-11-25T12:00"))

    assert closing is not None
    assert closing.holiday == "2026-11-25 (holidays.extra)"
    assert table.phase(at(TOKYO, "2026-11-25T11:00")).holiday is None


def test_a_date_that_is_a_holiday_is_found() -> None:
    table = windows(TOKYO, *WORKING_WEEK, holidays=HolidayRules("JP"))

    assert table.holiday_on(date(2027, 1, 1)) == "New Year's Day"
    assert table.holiday_on(date(2027, 1, 5)) is None


def test_holidays_belong_to_a_subdivision() -> None:
    epiphany = at("Europe/Berlin", "2027-01-06T10:00")

    assert not windows("Europe/Berlin", *WORKING_WEEK, holidays=HolidayRules("DE", "BY")).phase(epiphany).open
    assert windows("Europe/Berlin", *WORKING_WEEK, holidays=HolidayRules("DE", "BE")).phase(epiphany).open


@pytest.mark.parametrize(
    ("written", "meant"),
    [("jp", "JP"), ("JPN", "JP"), ("Japan", "JP"), ("UK", "GB"), ("germny", "DE"), ("USA", "US"), ("QQ", None)],
)
def test_the_country_that_was_meant_is_found(written: str, meant: str | None) -> None:
    assert nearest_country(written) == meant


# Cron edges


def test_the_later_of_the_last_start_and_the_last_stop_rules() -> None:
    table = cron(TOKYO, ["0 8 * * 1-5"], ["0 20 * * *"])

    assert week(table, "2026-11-20T00:00", days=4) == [
        "fri 08:00 open", "fri 20:00 close", "mon 08:00 open", "mon 20:00 close",
    ]  # fmt: skip
    assert table.phase(at(TOKYO, "2026-11-20T12:00")).window == "0 8 * * 1-5"
    assert table.phase(at(TOKYO, "2026-11-20T21:00")).window == "0 20 * * *"


def test_a_stop_on_fridays_only_lets_the_week_run_through() -> None:
    table = cron(TOKYO, ["cron(0 8 ? * MON *)"], ["cron(0 20 ? * FRI *)"])

    assert week(table, "2026-11-16T00:00", days=7) == ["mon 08:00 open", "fri 20:00 close"]


def test_a_second_start_while_open_is_no_opening() -> None:
    table = cron(TOKYO, ["0 8 * * *", "0 10 * * *"], ["0 20 * * *"])

    assert week(table, "2026-11-20T00:00", days=1) == ["fri 08:00 open", "fri 20:00 close"]
    assert table.phase(at(TOKYO, "2026-11-20T11:00")).since == at(TOKYO, "2026-11-20T08:00")


def test_a_start_and_a_stop_at_one_time_leave_it_open() -> None:
    table = cron(TOKYO, ["0 8 * * *"], ["0 8 * * *", "0 20 * * *"])

    assert table.phase(at(TOKYO, "2026-11-20T08:00")).open


def test_edges_that_always_fall_together_never_close_and_cost_little() -> None:
    begun = process_time()
    table = cron(TOKYO, ["*/15 * * * *"], ["*/15 * * * *"])

    assert table.phase(at(TOKYO, "2026-11-20T11:00")).until is None
    assert process_time() - begun < 2
    assert not cron(TOKYO, [], []).phase(at(TOKYO, "2026-11-20T11:00")).open


def test_an_edge_of_another_year_still_rules() -> None:
    table = cron(TOKYO, ["cron(0 8 1 4 ? *)"], ["cron(0 20 31 8 ? *)"])

    winter = table.phase(at(TOKYO, "2027-02-01T12:00"))

    assert (winter.open, winter.window) == (False, "cron(0 20 31 8 ? *)")
    assert winter.since == at(TOKYO, "2026-08-31T20:00")
    assert winter.until == at(TOKYO, "2027-04-01T08:00")


def test_before_the_first_edge_of_all_it_is_closed() -> None:
    table = cron(TOKYO, ["cron(0 8 1 1 ? 2030)"], ["cron(0 20 1 1 ? 2030)"])

    waiting = table.phase(at(TOKYO, "2026-11-20T12:00"))

    assert (waiting.open, waiting.since, waiting.until) == (False, BEGINNING, at(TOKYO, "2030-01-01T08:00"))
    assert table.phase(at(TOKYO, "2031-01-01T12:00")).until is None


def test_a_holiday_takes_the_start_but_not_the_stop() -> None:
    table = cron(TOKYO, ["0 8 * * 1-5"], ["0 20 * * *"], HolidayRules("JP"))

    monday = table.phase(at(TOKYO, "2026-11-23T10:00"))

    assert (monday.open, monday.holiday) == (False, "Labor Thanksgiving Day")
    assert table.phase(at(TOKYO, "2026-11-23T21:00")).holiday is None
    assert monday.until == at(TOKYO, "2026-11-24T08:00")


def test_an_ordinary_holiday_starts_by_cron() -> None:
    table = cron(TOKYO, ["0 8 * * 1-5"], ["0 20 * * *"], HolidayRules("JP", day_is="ordinary"))

    assert table.phase(at(TOKYO, "2026-11-23T10:00")).open


# What lint asks


def test_hours_that_can_never_open_are_seen() -> None:
    dead = windows(TOKYO, "feb day 30 08:00-20:00")
    half = windows(TOKYO, "feb day 30 08:00-20:00", "daily 08:00-20:00")

    assert not dead.can_open
    assert half.can_open
    assert [str(window) for window in half.dead_windows()] == ["feb day 30 08:00-20:00"]
    assert not cron(TOKYO, [], ["0 20 * * *"]).can_open


def test_overlapping_windows_are_named_with_their_first_day() -> None:
    table = windows(TOKYO, "mon-fri 08:00-20:00", "last-fri 19:00-02:00", "sat 01:00-03:00", "fri 20:00-24:00")

    found = [(one.first, one.second, str(one.on)) for one in table.overlaps(date(2026, 11, 20))]

    assert found == [
        ("mon-fri 08:00-20:00", "last-fri 19:00-02:00", "2026-11-27"),
        ("last-fri 19:00-02:00", "fri 20:00-24:00", "2026-11-27"),
        ("last-fri 19:00-02:00", "sat 01:00-03:00", "2026-11-28"),
    ]


def test_touching_windows_do_not_overlap() -> None:
    assert windows(TOKYO, "mon-fri 08:00-20:00", "last-fri 20:00-02:00").overlaps(date(2026, 1, 1)) == ()


def test_a_warm_timetable_answers_two_hundred_thousand_times_a_second() -> None:
    table = windows(TOKYO, "mon-fri 08:00-20:00", "sat 10:00-14:00", holidays=JAPAN)
    start = at(TOKYO, "2026-11-20T00:00").astimezone(UTC)
    instants = [start + timedelta(minutes=n) for n in range(20_000)]
    for instant in instants:
        table.phase(instant)

    best = float("inf")
    for _ in range(5):
        begun = process_time()
        for instant in instants:
            table.phase(instant)
        best = min(best, process_time() - begun)

    assert len(instants) / best > 200_000
