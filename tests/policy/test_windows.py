"""What a window's text means, and what is said when it means nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from chalicelib.policy.problems import ScalarError
from chalicelib.policy.window_text import parse_window
from chalicelib.policy.windows import MONTHS, WEEKDAYS
from hypothesis import given
from hypothesis import strategies as st


def days_of(text: str, month: str) -> list[int]:
    """The days of one month (``2026-11``) on which a window begins."""
    window = parse_window(text)
    day = date.fromisoformat(f"{month}-01")
    found = []
    while f"{day:%Y-%m}" == month:
        if window.begins_on(day):
            found.append(day.day)
        day += timedelta(days=1)
    return found


@pytest.mark.parametrize(
    ("days", "month", "expected"),
    [
        ("daily", "2027-02", list(range(1, 29))),
        ("mon-fri", "2026-11", [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25, 26, 27, 30]),
        ("mon,wed,fri", "2027-02", [1, 3, 5, 8, 10, 12, 15, 17, 19, 22, 24, 26]),
        ("fri-mon", "2027-02", [1, 5, 6, 7, 8, 12, 13, 14, 15, 19, 20, 21, 22, 26, 27, 28]),
        ("mon-tue,sat", "2027-02", [1, 2, 6, 8, 9, 13, 15, 16, 20, 22, 23, 27]),
        ("1st-mon", "2026-11", [2]),
        ("2nd-sun", "2026-11", [8]),
        ("3rd-tue", "2026-11", [17]),
        ("4th-wed", "2026-11", [25]),
        ("5th-mon", "2026-11", [30]),
        ("5th-tue", "2026-11", []),
        ("last-fri", "2026-11", [27]),
        ("last-mon", "2026-11", [30]),
        ("last-sun", "2028-02", [27]),
        ("day 1", "2026-11", [1]),
        ("day 10-15", "2026-11", [10, 11, 12, 13, 14, 15]),
        ("day 31", "2026-11", []),
        ("day 29-31", "2027-02", []),
        ("day 29-31", "2028-02", [29]),
        ("last-day", "2027-02", [28]),
        ("last-day", "2028-02", [29]),
        ("last-day", "2026-11", [30]),
        ("2026-11-23", "2026-11", [23]),
        ("2026-10-30..2026-11-02", "2026-11", [1, 2]),
        ("apr-jun daily", "2026-11", []),
        ("nov mon", "2026-11", [2, 9, 16, 23, 30]),
        ("nov-feb day 5", "2027-01", [5]),
        ("nov-feb day 5", "2027-03", []),
        ("dec,jan 1st-fri", "2027-01", [1]),
        ("jan-mar,nov last-day", "2026-11", [30]),
    ],
)
def test_days_on_which_a_window_begins(days: str, month: str, expected: list[int]) -> None:
    assert days_of(f"{days} 08:00-20:00", month) == expected


@pytest.mark.parametrize(
    ("times", "hours"),
    [
        ("08:00-20:00", 12),
        ("00:00-24:00", 24),
        ("all-day", 24),
        ("22:00-06:00", 8),
        ("22:00-00:00", 2),
        ("00:01-00:00", 24),
    ],
)
def test_a_window_lasts_until_its_end_even_when_that_is_tomorrow(times: str, hours: int) -> None:
    begin, end = parse_window(f"daily {times}").on(date(2026, 11, 20))

    assert begin.date() == date(2026, 11, 20)
    assert round((end - begin) / timedelta(hours=1)) == hours


def test_a_window_gives_its_text_back() -> None:
    assert str(parse_window("mon-fri  08:00-20:00")) == "mon-fri 08:00-20:00"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Mon-Fri 8:00-20:00", "write 08:00. Days are lower case: mon-fri 08:00-20:00"),
        ("mon-fri 8:00-20:00", "write 08:00: mon-fri 08:00-20:00"),
        ("mon-fri 18:00-9:30", "write 18:00: mon-fri 18:00-09:30"),
        ("mon-fri 8am-8:30pm", "write 08:00: mon-fri 08:00-20:30"),
        ("mon-fri 12am-12pm", "write 00:00: mon-fri 00:00-12:00"),
        ("mon-fri 9-17", "write 09:00: mon-fri 09:00-17:00"),
        ("mon-fri 0900-1700", "write 09:00: mon-fri 09:00-17:00"),
        ("mon-fri 08:00:00-20:00:00", "times have no seconds: mon-fri 08:00-20:00"),
        ("mon-fri 08:00 - 20:00", "no spaces around the hyphen: mon-fri 08:00-20:00"),
        ("mon to fri 08:00-20:00", "no spaces around the hyphen: mon-fri 08:00-20:00"),
        ("mon–fri 08:00–20:00", "write a plain hyphen: mon-fri 08:00-20:00"),
        ("mon, wed 08:00-20:00", "no space after the comma: mon,wed 08:00-20:00"),
        ("08:00-20:00", "write daily: daily 08:00-20:00"),
        ("everyday 08:00-20:00", "days are written daily, mon-fri or sat-sun: daily 08:00-20:00"),
        ("weekdays all day", "write all-day. Days are written daily, mon-fri or sat-sun: mon-fri all-day"),
        ("monday-friday all-day", "days and months have three letters: mon-fri all-day"),
        ("last fri 20:00-02:00", "write 1st-mon or last-fri: last-fri 20:00-02:00"),
        (
            "Mon-Fri 07:30-20:30 Europe/Berlin",
            "the time zone stands in hours.timezone. Days are lower case: mon-fri 07:30-20:30",
        ),
        ("sat-sun 03:00-03:00", "empty or all day? write all-day, as in sat-sun all-day"),
        ("Sat-Sun 03:00-03:00", "empty or all day? write all-day, as in sat-sun all-day"),
        ("apr-jun 08:00-20:00", "which days of these months? write daily: apr-jun daily 08:00-20:00"),
        ("mon-mon all-day", "mon-mon names one day; write mon"),
        ("mon-fri,tue all-day", "mon-fri,tue names tue twice"),
        ("thr all-day", 'there is no day "thr"; did you mean thu?'),
        ("daily 24:00-06:00", "24:00 is only an end; a day begins at 00:00"),
        ("daily 08:00-24:30", "24:00 is only an end; a day begins at 00:00"),
        ("dec 2026-12-31 all-day", "a date needs no month; write 2026-12-31 all-day"),
        ("2026-02-30 all-day", "there is no 2026-02-30 in the calendar"),
        ("2027-01-03..2026-12-29 all-day", "the range ends before it begins; write 2026-12-29..2027-01-03"),
        ("1st-mon,3rd-mon all-day", "one such day per window; write a window of its own for each"),
    ],
)
def test_a_wrong_window_is_answered_with_what_to_write(written: str, said: str) -> None:
    with pytest.raises(ScalarError) as refused:
        parse_window(written)

    assert refused.value.message == said


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("mon", 'stands on a "- " line or in quotes'),
        ("mon-fri", "mon-fri 08:00-20:00 or mon-fri all-day"),
        ("0 8 * * 1-5", "hours.cron.start"),
        ("cron(0 8 ? * MON-FRI *)", "hours.cron.start"),
        ("day 1,15 all-day", "write day 1 or day 10-15"),
        ("day 0 all-day", "from 1 to 31"),
        ("day 15-10 all-day", "write day 10-15"),
        ("day all-day", "which day of the month?"),
        ("daily 08:00-25:00", "no clock shows"),
        ("daily 08:60-20:00", "no clock shows"),
        ("mon-fri 08:00", "write the times as 08:00-20:00"),
        ("mon 08:00-20:00 tue", "a window is [MONTHS] DAYS TIMES"),
        ("mon tue all-day", "more than one choice of days"),
        ("off=(m-f,19)", "a window is [MONTHS] DAYS TIMES"),
        ("6th-mon all-day", "there is no day"),
        ("", "empty"),
    ],
)
def test_every_other_mistake_is_named_in_one_sentence(written: str, hint: str) -> None:
    with pytest.raises(ScalarError, match=r".") as refused:
        parse_window(written)

    assert hint in refused.value.message
    assert "\n" not in refused.value.message


def test_days_that_no_year_has_can_never_begin() -> None:
    assert not parse_window("feb day 30-31 all-day").can_begin
    assert not parse_window("feb,apr day 31 all-day").can_begin
    assert parse_window("feb day 29 all-day").can_begin
    assert parse_window("feb 5th-mon all-day").can_begin


def test_a_day_taken_for_a_saturday_begins_the_windows_of_saturdays() -> None:
    monday = date(2026, 11, 23)

    assert parse_window("sat 10:00-14:00").begins_on(monday, as_weekday=5)
    assert not parse_window("mon-fri 08:00-20:00").begins_on(monday, as_weekday=5)
    assert parse_window("daily 08:00-20:00").begins_on(monday, as_weekday=5)
    assert not parse_window("4th-mon 08:00-20:00").begins_on(monday, as_weekday=5)
    assert parse_window("day 23 08:00-20:00").begins_on(monday, as_weekday=5)


weekday_lists = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True).map(",".join)
month_lists = st.lists(st.sampled_from(MONTHS), min_size=1, max_size=11, unique=True).map(",".join)


@given(st.one_of(st.just(""), month_lists), weekday_lists, st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_lists_of_days_and_months_mean_their_members(months: str, days: str, day: date) -> None:
    window = parse_window(f"{months} {days} all-day")

    in_month = not months or MONTHS[day.month - 1] in months.split(",")
    assert window.begins_on(day) == (in_month and WEEKDAYS[day.weekday()] in days.split(","))


@given(st.text(max_size=40))
def test_any_text_is_either_a_window_or_refused_in_a_sentence(text: str) -> None:
    try:
        parse_window(text)
    except ScalarError as refused:
        assert refused.message
        assert refused.code.startswith("LC")


pieces = st.sampled_from(
    ["mon", "mon-fri", "daily", "day", "1", "10-15", "last-day", "last-fri", "dec", "apr-jun", "08:00-20:00", "8-20",
     "all-day", "22:00-22:00", "2026-12-31", "2026-12-31..2027-01-02", "Mon", "8am", ",", "-", "UTC", "24:00-24:00"]
)  # fmt: skip


@given(st.lists(pieces, max_size=5).map(" ".join))
def test_nearly_right_windows_are_read_or_refused_but_never_crash(text: str) -> None:
    try:
        window = parse_window(text)
    except ScalarError as refused:
        assert refused.message
    else:
        assert 0 <= window.begin < 1440
        assert window.begin < window.end <= window.begin + 1440
