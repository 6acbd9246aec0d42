"""Clock changes: each edge is one instant, in every zone, and an hour that comes twice is lived once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from chalicelib.policy.calendars import HolidayRules
from chalicelib.policy.cron import CronExpression, parse_cron
from chalicelib.policy.dates import DateRange
from chalicelib.policy.moments import clock_changes, first_instant, parse_moment
from chalicelib.policy.problems import ScalarError
from chalicelib.policy.timetable import Timetable
from chalicelib.policy.window_text import parse_window
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.wall_clock import MINUTE, PlainWindow, minutes_of, open_after_edges, open_minutes

NEW_YORK, BERLIN, TOKYO = "America/New_York", "Europe/Berlin", "Asia/Tokyo"
LORD_HOWE, CAIRO, BEIRUT, APIA = "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut", "Pacific/Apia"
HAVANA, CASABLANCA, TROLL = "America/Havana", "Africa/Casablanca", "Antarctica/Troll"


def windows(zone: str, *texts: str) -> Timetable:
    return Timetable.of_windows(ZoneInfo(zone), tuple(parse_window(text) for text in texts))


def changes(table: Timetable, day: str, days: int = 1) -> list[str]:
    """``+01:30-04:00`` for an opening, ``-05:00-05:00`` for a closing, with the offset then in force."""
    start = datetime.fromisoformat(day).replace(tzinfo=table.zone)
    end = (datetime.fromisoformat(day) + timedelta(days=days)).replace(tzinfo=table.zone)
    return [
        f"{'+' if one.opens else '-'}{one.at.astimezone(table.zone).isoformat()[11:16]}"
        f"{one.at.astimezone(table.zone).isoformat()[19:]}"
        for one in table.transitions(start, end)
    ]


@pytest.mark.parametrize(
    ("zone", "day", "window", "expected"),
    [
        # New York skips 02:00-03:00 on 8 March 2026
        (NEW_YORK, "2026-03-08", "daily 02:30-04:00", ["+03:00-04:00", "-04:00-04:00"]),
        (NEW_YORK, "2026-03-08", "daily 01:00-02:30", ["+01:00-05:00", "-03:00-04:00"]),
        (NEW_YORK, "2026-03-08", "daily 02:15-02:45", []),
        (NEW_YORK, "2026-03-08", "daily 02:00-03:00", []),
        (NEW_YORK, "2026-03-08", "daily 03:00-04:00", ["+03:00-04:00", "-04:00-04:00"]),
        (NEW_YORK, "2026-03-08", "daily 08:00-20:00", ["+08:00-04:00", "-20:00-04:00"]),
        # and lives 01:00-02:00 twice on 1 November
        (NEW_YORK, "2026-11-01", "daily 01:30-05:00", ["+01:30-04:00", "-05:00-05:00"]),
        (NEW_YORK, "2026-11-01", "daily 00:00-01:30", ["+00:00-04:00", "-01:30-04:00"]),
        (NEW_YORK, "2026-11-01", "daily 01:15-01:45", ["+01:15-04:00", "-01:45-04:00"]),
        (NEW_YORK, "2026-11-01", "daily 00:30-02:00", ["+00:30-04:00", "-02:00-05:00"]),
        (NEW_YORK, "2026-11-01", "daily 02:00-03:00", ["+02:00-05:00", "-03:00-05:00"]),
        (BERLIN, "2026-03-29", "daily 02:30-04:00", ["+03:00+02:00", "-04:00+02:00"]),
        (BERLIN, "2026-10-25", "daily 02:30-04:00", ["+02:30+02:00", "-04:00+01:00"]),
        (BERLIN, "2026-10-25", "daily 01:00-02:30", ["+01:00+02:00", "-02:30+02:00"]),
        # half an hour on Lord Howe: 02:00 -> 02:30 in October, 02:00 -> 01:30 in April
        (LORD_HOWE, "2026-10-04", "daily 02:15-03:00", ["+02:30+11:00", "-03:00+11:00"]),
        (LORD_HOWE, "2026-10-04", "daily 02:05-02:25", []),
        (LORD_HOWE, "2026-04-05", "daily 01:45-03:00", ["+01:45+11:00", "-03:00+10:30"]),
        (LORD_HOWE, "2026-04-05", "daily 01:00-01:45", ["+01:00+11:00", "-01:45+11:00"]),
        # midnight itself is skipped in Cairo and Beirut, and the hour before it comes twice
        (CAIRO, "2026-04-24", "daily 00:00-08:00", ["+01:00+03:00", "-08:00+03:00"]),
        (CAIRO, "2026-10-29", "daily 23:30-24:00", ["-00:00+03:00", "+23:30+03:00"]),
        (CAIRO, "2026-10-30", "daily 08:00-09:00", ["+08:00+02:00", "-09:00+02:00"]),
        (BEIRUT, "2026-03-29", "daily 00:30-01:30", ["+01:00+03:00", "-01:30+03:00"]),
        (HAVANA, "2026-11-01", "daily 00:30-02:00", ["+00:30-04:00", "-02:00-05:00"]),
        # Apia never had 30 December 2011
        (APIA, "2011-12-29", "daily 08:00-20:00", ["+08:00-10:00", "-20:00-10:00"]),
        (APIA, "2011-12-31", "daily 08:00-20:00", ["+08:00+14:00", "-20:00+14:00"]),
        (APIA, "2011-12-29", "2011-12-30 all-day", []),
        # no clock changes at all
        (TOKYO, "2026-03-08", "daily 02:30-04:00", ["+02:30+09:00", "-04:00+09:00"]),
    ],
)
def test_edges_on_the_day_of_a_clock_change(zone: str, day: str, window: str, expected: list[str]) -> None:
    assert changes(windows(zone, window), day) == expected


def test_an_overnight_window_over_the_lost_day_ends_when_the_calendar_goes_on() -> None:
    table = windows(APIA, "2011-12-29 22:00-06:00")

    assert changes(table, "2011-12-29", days=3) == ["+22:00-10:00", "-00:00+14:00"]


def test_transitions_from_the_instant_after_the_lost_day_are_found() -> None:
    table = windows(APIA, "daily 00:00-08:00")
    start = datetime(2011, 12, 31, tzinfo=ZoneInfo(APIA))

    assert [found.opens for found in table.transitions(start, start + timedelta(hours=9))] == [True, False]


def test_a_day_is_as_long_as_its_clock_makes_it() -> None:
    for zone, day, hours in (
        (NEW_YORK, "2026-03-08", 23),
        (NEW_YORK, "2026-11-01", 25),
        (LORD_HOWE, "2026-04-05", 24.5),
    ):
        opening, closing = windows(zone, f"{day} all-day").transitions(
            datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=2),
            datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=3),
        )
        assert closing.at - opening.at == timedelta(hours=hours)


def test_days_that_touch_at_a_skipped_midnight_are_one() -> None:
    assert changes(windows(CAIRO, "thu 20:00-24:00", "fri 00:00-04:00"), "2026-04-23", days=2) == [
        "+20:00+02:00",
        "-04:00+03:00",
    ]


@pytest.mark.parametrize(
    ("day", "start", "stop", "expected"),
    [
        ("2026-11-01", "30 1 * * *", "0 5 * * *", ["+01:30-04:00", "-05:00-05:00"]),
        ("2026-11-01", "0 0 * * *", "30 1 * * *", ["+00:00-04:00", "-01:30-04:00"]),
        ("2026-03-08", "30 2 * * *", "0 5 * * *", ["+03:00-04:00", "-05:00-04:00"]),
        ("2026-03-08", "15 2 * * *", "45 2 * * *", []),
        ("2026-03-08", "45 2 * * *", "15 2 * * *", []),
    ],
)
def test_cron_edges_on_the_day_of_a_clock_change(day: str, start: str, stop: str, expected: list[str]) -> None:
    table = Timetable.of_cron(ZoneInfo(NEW_YORK), (parse_cron(start),), (parse_cron(stop),))

    assert changes(table, day) == expected


def test_both_edges_in_a_gap_leave_the_later_one_ruling() -> None:
    def after_the_gap(start: str, stop: str) -> bool:
        table = Timetable.of_cron(ZoneInfo(NEW_YORK), (parse_cron(start),), (parse_cron(stop),))
        return table.phase(datetime(2026, 3, 8, 3, 30, tzinfo=ZoneInfo(NEW_YORK))).open

    assert after_the_gap("45 2 * * *", "15 2 * * *")
    assert not after_the_gap("15 2 * * *", "45 2 * * *")


# Against a clock that is watched minute by minute


YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "texts", "rules"),
    [
        (
            NEW_YORK,
            ("daily 01:30-05:00", "mon-fri 22:00-01:15"),
            [PlainWindow(lambda day: True, 90, 300), PlainWindow(lambda day: day.weekday() < 5, 22 * 60, 75)],
        ),
        (LORD_HOWE, ("sat-sun 01:45-02:15",), [PlainWindow(lambda day: day.weekday() >= 5, 105, 135)]),
    ],
)
def test_a_whole_year_minute_by_minute(zone: str, texts: tuple[str, ...], rules: list[PlainWindow]) -> None:
    phase = windows(zone, *texts).phase

    ours = np.array([phase(instant).open for instant in minutes_of(2026)])

    assert np.flatnonzero(ours != open_minutes(rules, ZoneInfo(zone), 2026)).tolist() == []


ZONES = st.sampled_from(
    [NEW_YORK, BERLIN, TOKYO, LORD_HOWE, CAIRO, BEIRUT, APIA, HAVANA, CASABLANCA, TROLL, "America/Santiago",
     "Europe/London", "Asia/Kathmandu", "Pacific/Chatham", "America/Asuncion", "UTC"]
)  # fmt: skip
MINUTES = st.one_of(
    st.sampled_from([0, 30, 60, 90, 105, 120, 135, 150, 165, 180, 1380, 1410]), st.integers(0, 1439)
)  # many near the hours at which clocks change
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@st.composite
def window_and_rule(draw: st.DrawFn) -> tuple[str, PlainWindow]:
    begin = draw(MINUTES)
    end = draw(MINUTES.filter(lambda minute: minute != begin))
    times = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    kind = draw(st.sampled_from(["daily", "weekdays", "last", "days", "month"]))
    if kind == "daily":
        return f"daily {times}", PlainWindow(lambda day: True, begin, end)
    if kind == "weekdays":
        chosen = draw(st.sets(st.integers(0, 6), min_size=1))
        names = ",".join(WEEKDAYS[number] for number in sorted(chosen))
        return f"{names} {times}", PlainWindow(lambda day: day.weekday() in chosen, begin, end)
    if kind == "last":
        return f"last-sun {times}", PlainWindow(
            lambda day: day.weekday() == 6 and (day + timedelta(days=7)).month != day.month, begin, end
        )
    if kind == "days":
        first = draw(st.integers(1, 28))
        return f"day {first}-31 {times}", PlainWindow(lambda day: day.day >= first, begin, end)
    return f"mar,oct,nov daily {times}", PlainWindow(lambda day: day.month in (3, 10, 11), begin, end)


def filled(table: Timetable) -> NDArray[np.bool_]:
    """For every minute of 2026: whether it is open, by the transitions alone."""
    opens, edges = [table.phase(YEAR[0]).open], [0]
    for change in table.transitions(YEAR[0] + MINUTE, YEAR[1]):
        opens.append(change.opens)
        edges.append((change.at - YEAR[0]) // MINUTE)
    lengths = np.diff([*edges, (YEAR[1] - YEAR[0]) // MINUTE])
    return np.repeat(opens, lengths)


@settings(max_examples=100, deadline=None)
@given(ZONES, st.lists(window_and_rule(), min_size=1, max_size=3))
@example(NEW_YORK, [("daily 01:30-05:00", PlainWindow(lambda day: True, 90, 300))])
def test_random_schedules_agree_with_a_watched_clock_in_every_minute_of_a_year(
    name: str, drawn: list[tuple[str, PlainWindow]]
) -> None:
    ours = filled(windows(name, *(text for text, _ in drawn)))

    theirs = open_minutes([rule for _, rule in drawn], ZoneInfo(name), 2026)

    assert [str(YEAR[0] + int(n) * MINUTE) for n in np.flatnonzero(ours != theirs)[:5]] == []


@settings(max_examples=25, deadline=None)
@given(ZONES, window_and_rule(), st.dates(date(2026, 1, 1), date(2026, 12, 20)), st.integers(0, 10))
def test_random_holidays_take_the_windows_that_begin_on_them(
    name: str, drawn: tuple[str, PlainWindow], first: date, more: int
) -> None:
    text, rule = drawn
    rest = DateRange(first, first + timedelta(days=more))
    table = Timetable.of_windows(ZoneInfo(name), (parse_window(text),), HolidayRules(extra=(rest,)))

    worked = PlainWindow(lambda day: rule.on(day) and day not in rest, rule.begin, rule.end)

    assert np.array_equal(filled(table), open_minutes([worked], ZoneInfo(name), 2026))


EDGES = st.lists(st.tuples(st.sets(st.integers(0, 6), min_size=1), MINUTES), min_size=1, max_size=2)


@settings(max_examples=40, deadline=None)
@given(ZONES, EDGES, EDGES)
def test_random_cron_edges_agree_with_a_watched_clock(
    name: str, starts: list[tuple[set[int], int]], stops: list[tuple[set[int], int]]
) -> None:
    def crons(edges: list[tuple[set[int], int]]) -> tuple[CronExpression, ...]:
        return tuple(
            parse_cron(f"{minute % 60} {minute // 60} * * {','.join(str((day + 1) % 7) for day in sorted(days))}")
            for days, minute in edges
        )

    table = Timetable.of_cron(ZoneInfo(name), crons(starts), crons(stops))

    assert np.array_equal(filled(table), open_after_edges(starts, stops, ZoneInfo(name), 2026))


@settings(max_examples=25, deadline=None)
@given(ZONES, st.lists(window_and_rule(), min_size=1, max_size=4))
def test_transitions_run_forward_alternate_and_are_what_phases_say(
    name: str, drawn: list[tuple[str, PlainWindow]]
) -> None:
    table = windows(name, *(text for text, _ in drawn))
    previous = table.phase(YEAR[0])
    for found in table.transitions(YEAR[0] + timedelta(microseconds=1), YEAR[1]):
        now = table.phase(found.at)
        assert previous.until == found.at
        assert found.opens == now.open != previous.open
        assert now.since == found.at
        assert table.phase(found.at - timedelta(microseconds=1)).open == previous.open
        assert now.window or not now.open
        previous = now


@settings(max_examples=60, deadline=None)
@given(ZONES.filter(lambda name: name not in (TOKYO, "UTC", "Asia/Kathmandu")), window_and_rule())
def test_nothing_flaps_in_an_hour_that_comes_twice(name: str, drawn: tuple[str, PlainWindow]) -> None:
    """In the second pass of a repeated hour nothing happens at all: the first has done everything."""
    table = windows(name, drawn[0])
    for change in clock_changes(ZoneInfo(name), *YEAR):
        if not change.forward:
            assert list(table.transitions(change.at, change.at + (change.before - change.after))) == []


@settings(max_examples=30, deadline=None)
@given(ZONES, st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)), st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_later_wall_times_are_never_earlier_instants(name: str, local: datetime, more: timedelta) -> None:
    zone = ZoneInfo(name)

    assert first_instant(zone, local) <= first_instant(zone, local + more)


# Moments a person writes


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-11-20T10:00", TOKYO, "2026-11-20T01:00:00+00:00"),
        ("2026-11-20T10:00Z", TOKYO, "2026-11-20T10:00:00+00:00"),
        ("2026-11-20T10:00+02:00", TOKYO, "2026-11-20T08:00:00+00:00"),
        ("2026-11-20T10:00:30-03:30", TOKYO, "2026-11-20T13:30:30+00:00"),
        ("2026-11-01T01:30", NEW_YORK, "2026-11-01T05:30:00+00:00"),
        ("2026-11-01T01:30-05:00", NEW_YORK, "2026-11-01T06:30:00+00:00"),
        ("2026-03-08T02:30-05:00", NEW_YORK, "2026-03-08T07:30:00+00:00"),
    ],
)
def test_what_instant_a_moment_is(text: str, zone: str, instant: str) -> None:
    assert parse_moment(text).resolve(ZoneInfo(zone)).isoformat() == instant
    assert str(parse_moment(text)) == text


def test_a_moment_in_a_gap_is_refused_with_the_time_to_write() -> None:
    with pytest.raises(ScalarError) as refused:
        parse_moment("2026-03-08T02:30").resolve(ZoneInfo(NEW_YORK))

    assert refused.value.message == (
        "02:30 on 2026-03-08 does not exist in America/New_York: the clocks go forward to 03:00; write 2026-03-08T03:00"
    )


@pytest.mark.parametrize(
    "text", ["2026-11-20", "2026-11-20 10:00", "2026-11-20T10", "2026-02-30T10:00", "2026-11-20T24:00", "tomorrow",
             "2026-11-20T10:00+15:00", "2026-11-20T10:00 Asia/Tokyo", "2026-11-20T10:00+0900"]
)  # fmt: skip
def test_other_moments_are_refused(text: str) -> None:
    with pytest.raises(ScalarError):
        parse_moment(text)


def test_clock_changes_are_listed_with_what_the_clock_shows() -> None:
    found = [
        (change.at.isoformat()[:16], f"{change.before:%H:%M}", f"{change.after:%H:%M}", change.forward)
        for change in clock_changes(ZoneInfo(NEW_YORK), *YEAR)
    ]

    assert found == [
        ("2026-03-08T07:00", "02:00", "03:00", True),
        ("2026-11-01T06:00", "02:00", "01:00", False),
    ]
    assert list(clock_changes(ZoneInfo(TOKYO), *YEAR)) == []


def test_the_lost_day_is_one_clock_change() -> None:
    (change,) = clock_changes(ZoneInfo(APIA), datetime(2011, 12, 1, tzinfo=UTC), datetime(2012, 1, 15, tzinfo=UTC))

    assert change.before == datetime(2011, 12, 30)
    assert change.after.date() == date(2011, 12, 31)
