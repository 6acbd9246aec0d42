from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from chalicelib.local.traffic import Busy, MinuteOfUse, Request, Streams, Timetable, draw, measure

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = datetime(2026, 11, 23, tzinfo=TOKYO).astimezone(UTC)
WEEK = timedelta(days=7)


def test_the_same_seed_draws_the_same_week() -> None:
    pattern = (Busy(frozenset({1}), time(9), time(12), per_hour=30),)

    first, second = (draw(pattern, MONDAY, MONDAY + WEEK, TOKYO, Random("a")) for _ in range(2))

    assert first == second
    assert draw(pattern, MONDAY, MONDAY + WEEK, TOKYO, Random("b")) != first


def test_people_ask_only_in_their_hours_in_their_zone() -> None:
    requests = draw((Busy(frozenset({1, 3}), time(9), time(12), per_hour=30),), MONDAY, MONDAY + WEEK, TOKYO, Random(1))

    local = [request.at.astimezone(TOKYO) for request in requests]
    assert {at.weekday() for at in local} == {1, 3}
    assert {at.hour for at in local} == {9, 10, 11}
    assert 120 < len(requests) < 240


def test_hours_over_midnight_belong_to_the_day_they_begin() -> None:
    requests = draw((Busy(frozenset({0}), time(22), time(2), per_hour=60),), MONDAY, MONDAY + WEEK, TOKYO, Random(1))

    local = [request.at.astimezone(TOKYO) for request in requests]
    assert {at.hour for at in local} == {22, 23, 0, 1}
    assert {(at.weekday(), at.hour >= 22) for at in local} == {(0, True), (1, False)}


def test_streams_leave_no_pause_longer_than_theirs() -> None:
    requests = draw((Streams((100, 300), (5, 35)),), MONDAY, MONDAY + WEEK, TOKYO, Random(1))

    pauses = [after.at - before.until for before, after in pairwise(requests)]
    assert all(timedelta(minutes=5) <= pause <= timedelta(minutes=35) for pause in pauses)


def test_a_stream_is_one_arrival_and_keeps_the_gpu_busy_for_all_its_minutes() -> None:
    table = Timetable([Request(MONDAY + timedelta(seconds=30), 600)])

    minutes = list(table.minutes(MONDAY, MONDAY + timedelta(minutes=12)))

    assert [minute.arrived for minute in minutes] == [1] + [0] * 11
    assert [minute.streaming_seconds for minute in minutes] == [30.0] + [60.0] * 9 + [30.0, 0.0]


def test_two_answers_at_once_keep_the_gpu_busy_only_once() -> None:
    table = Timetable([Request(MONDAY, 40), Request(MONDAY + timedelta(seconds=20), 30)])

    (minute,) = table.minutes(MONDAY, MONDAY + timedelta(minutes=1))

    assert minute.streaming_seconds == 50


def test_the_load_balancer_counts_only_minutes_in_which_something_arrived() -> None:
    quiet = measure(MinuteOfUse(MONDAY, 0, 60.0), 2, alb_silent=False)
    busy = measure(MinuteOfUse(MONDAY, 3, 20.0), 2, alb_silent=False)
    silent = measure(MinuteOfUse(MONDAY, 3, 20.0), 2, alb_silent=True)

    assert (quiet.requests, quiet.healthy_hosts) == (None, 2)
    assert quiet.gpu_percent > 90
    assert busy.requests == 3
    assert (silent.requests, silent.healthy_hosts) == (None, None)
    assert measure(MinuteOfUse(MONDAY, 0, 0.0), 1, alb_silent=False).gpu_percent == 0
