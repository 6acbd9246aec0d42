"""Both forms of cron: five fields as croniter reads them, AWS's six as its reference tells them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from chalicelib.policy.cron import parse_cron
from chalicelib.policy.problems import ScalarError
from croniter import croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st


def firings(text: str, first: str, days: int) -> list[str]:
    """``11-20 08:00`` for each firing in ``days`` days from ``first`` on."""
    expression = parse_cron(text)
    start = date.fromisoformat(first)
    return [
        f"{day:%m-%d} {at:%H:%M}"
        for day in (start + timedelta(days=n) for n in range(days))
        for at in expression.times_on(day)
    ]


@pytest.mark.parametrize(
    ("text", "first", "days", "expected"),
    [
        ("0 8 * * 1-5", "2026-11-20", 4, ["11-20 08:00", "11-23 08:00"]),
        ("0 8 * * mon-fri", "2026-11-20", 4, ["11-20 08:00", "11-23 08:00"]),
        ("30 7,19 * * 0", "2026-11-20", 4, ["11-22 07:30", "11-22 19:30"]),
        ("0 8 * * 7", "2026-11-20", 4, ["11-22 08:00"]),
        ("0 8 * * fri-sun", "2026-11-20", 4, ["11-20 08:00", "11-21 08:00", "11-22 08:00"]),
        ("*/30 8 1 * *", "2026-11-20", 15, ["12-01 08:00", "12-01 08:30"]),
        ("0 8 L * *", "2026-11-20", 15, ["11-30 08:00"]),
        ("0 8 * * fri#3", "2026-11-01", 30, ["11-20 08:00"]),
        ("0 8 * * L5", "2026-11-01", 30, ["11-27 08:00"]),
        ("cron(0 8 ? * MON-FRI *)", "2026-11-20", 4, ["11-20 08:00", "11-23 08:00"]),
        ("cron(0 8 ? * 2-6 *)", "2026-11-20", 4, ["11-20 08:00", "11-23 08:00"]),
        ("cron(0 8 ? * 1 *)", "2026-11-20", 4, ["11-22 08:00"]),
        ("cron(0 8 ? * MON-MON *)", "2026-11-20", 4, ["11-23 08:00"]),
        ("cron(0 8 ? * 6L *)", "2026-11-01", 30, ["11-27 08:00"]),
        ("cron(0 8 ? * L *)", "2026-11-20", 4, ["11-21 08:00"]),
        ("cron(0 8 ? * FRI#3 *)", "2026-11-01", 30, ["11-20 08:00"]),
        ("cron(0 8 L * ? *)", "2026-11-01", 40, ["11-30 08:00"]),
        ("cron(0 8 LW 1 ? *)", "2027-01-01", 31, ["01-29 08:00"]),
        ("cron(0 8 1W * ? *)", "2026-08-01", 31, ["08-03 08:00"]),
        ("cron(0 8 15W * ? *)", "2026-11-01", 30, ["11-16 08:00"]),
        ("cron(0 8 14W * ? *)", "2026-11-01", 30, ["11-13 08:00"]),
        ("cron(0 8 31W * ? *)", "2026-10-01", 61, ["10-30 08:00"]),
        ("cron(0 8 31W * ? *)", "2026-05-01", 31, ["05-29 08:00"]),
        ("cron(0 22-2/2 ? * SAT *)", "2026-11-20", 4, ["11-21 00:00", "11-21 02:00", "11-21 22:00"]),
        ("cron(0/20 8 1 * ? 2027)", "2027-01-01", 1, ["01-01 08:00", "01-01 08:20", "01-01 08:40"]),
        ("cron(0 8 1 * ? 2028)", "2027-01-01", 365, []),
        ("cron(0 8 ? NOV-FEB FRI-MON *)", "2026-11-19", 4, ["11-20 08:00", "11-21 08:00", "11-22 08:00"]),
        ("cron(0 8 ? NOV-FEB FRI-MON *)", "2026-10-23", 4, []),
    ],
)  # fmt: skip
def test_when_an_expression_fires(text: str, first: str, days: int, expected: list[str]) -> None:
    assert firings(text, first, days) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 10 * * ? *", "six fields are AWS's form and stand in cron(...): write cron(0 10 * * ? *)"),
        ("0 0 8 * * 1", "six fields: seconds or a year?"),
        ("*/0 8 * * *", "a step of 0 never moves"),
        ("cron(0 0/0 ? * * *)", "a step of 0 never moves"),
        ("0 8 * * MON-MON", "MON-MON is a range of one; write MON"),
        ("0 8 * * 5-5", "5-5 is a range of one; write 5"),
        ("0 8 1 * 1", "either this day of the month or this weekday"),
        ("0 8 ? * 1", "? belongs to AWS's form"),
        ("0 8 15W * *", "the nearest weekday (W) is AWS's"),
        ("0 8 * * mon,fri#3", '"mon,fri#3" is no weekday'),
        ("R 8 * * *", "is no cron field"),
        ("61 8 * * *", '"61" is no minute; it holds numbers from 0 to 59'),
        ("0 24 * * *", '"24" is no hour'),
        ("0 8 32 * *", '"32" is no day of the month'),
        ("0 8 * FOO *", '"FOO" is no month; it holds numbers from 1 to 12 or JAN to DEC'),
        ("0 8 * * 1-9", '"1-9" is no weekday'),
        ("0 8 * *", "cron has five fields"),
        ("@daily", "cron has five fields"),
        ("0 0 30 2 *", "never fires"),
        ("cron(0 0 29 2 ? 2027)", "never fires"),
        ("* * * * *", "fires 1440 times a day"),
        ("cron(0 8 * * * *)", "exactly one of the day fields"),
        ("cron(0 8 ? * ? *)", "exactly one of the day fields"),
        ("cron(0 8 ? * MON-FRI)", "six fields"),
        ("cron(0 8 ? * 0 *)", '"0" is no day-of-week; it holds numbers from 1 to 7 or SUN to SAT'),
        ("cron(0 8 ? * FRI#6 *)", "one weekday and its number"),
        ("cron(0 8 ? * FRI#1,FRI#3 *)", "one weekday and its number"),
        ("cron(0 8 L-3 * ? *)", "AWS does not say"),
        ("cron(0 8 20-10 * ? *)", "ends before it begins"),
        ("cron(0 24 ? * MON *)", '"24" is no hour'),
        ("cron(0 8 ? * MON *", "closing )"),
        ("cron(0 8 ? * MON 1969)", '"1969" is no year'),
    ],
)
def test_what_cron_refuses(text: str, said: str) -> None:
    with pytest.raises(ScalarError) as refused:
        parse_cron(text)

    assert said in refused.value.message


def test_an_expression_gives_its_text_back() -> None:
    assert str(parse_cron("cron(0 8 ? * MON-FRI *)")) == "cron(0 8 ? * MON-FRI *)"


minute_fields = st.sampled_from(["0", "30", "*/20", "5,35", "10-50/20"])
hour_fields = st.sampled_from(["0", "8", "20-22", "22-2", "*/6", "1,13"])
day_fields = st.sampled_from(["*", "1", "15", "28-31", "L", "1,L", "*/10"])
month_fields = st.sampled_from(["*", "2", "apr-jun", "nov-feb", "*/3"])
weekday_fields = st.sampled_from(["*", "1-5", "sun", "fri-mon", "tue,thu", "mon#1", "fri#5", "L5", "7"])


@settings(max_examples=60, deadline=None)
@given(
    minute_fields, hour_fields, day_fields, month_fields, weekday_fields, st.dates(date(2024, 1, 1), date(2030, 1, 1))
)
def test_five_fields_fire_when_croniter_says(
    minute: str, hour: str, day: str, month: str, weekday: str, start: date
) -> None:
    assume(day == "*" or weekday == "*")
    text = f"{minute} {hour} {day} {month} {weekday}"
    theirs = croniter(text, datetime(start.year, start.month, start.day) - timedelta(minutes=1))
    expected = [theirs.get_next(datetime) for _ in range(40)]

    expression, ours, at = parse_cron(text), [], start
    while len(ours) < 40:
        ours += [datetime.combine(at, time) for time in expression.times_on(at)]
        at += timedelta(days=1)

    assert ours[:40] == expected


@given(st.text(alphabet="0123456789*/,-?LW# MONFRIcron()", max_size=30))
def test_any_text_is_either_cron_or_refused_in_a_sentence(text: str) -> None:
    for written in (text, f"cron({text})"):
        try:
            parse_cron(written)
        except ScalarError as refused:
            assert refused.message
