"""The replay of the real decisions over a trace."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ActionKind, Override, OverrideKind
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.simulate.replay import Setting, StartByHand, facts_for, replay
from chalicelib.simulate.result import Assumptions, Outcome
from chalicelib.simulate.service import NoCapacity
from chalicelib.simulate.tape import Sources
from chalicelib.simulate.trace import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from support.policies import policy
from support.seconds import walk_sweeps

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
HALF_AN_HOUR = policy("idle: {stop-after: 30m}")
OFFICE = policy("hours: {timezone: UTC, open: [mon-fri 08:00-20:00]}\nidle: {stop-after: 30m}")


def at(clock: str, day: int = 0) -> float:
    hours, minutes = clock.split(":")
    return (MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))).timestamp()


def run(
    ruling: Policy,
    requests: list[Request],
    *,
    days: float = 1,
    assumed: Assumptions | None = None,
    running: bool = False,
    **more: object,
) -> Outcome:
    service = facts_for("chat", MONDAY)
    setting = Setting(
        service, ruling, PolicySet(policies=(ruling,)), MONDAY, MONDAY + timedelta(days=days), running=running, **more
    )  # type: ignore[arg-type]
    return replay(setting, iter(requests), assumed or Assumptions(usd_per_hour=1.0))


def told(found: Outcome) -> list[tuple[str, str, str]]:
    return [(f"{one.at:%a %H:%M}", one.kind.value, one.because.value) for one in found.actions]


def test_a_request_wakes_it_and_half_an_hour_after_the_last_one_it_stops() -> None:
    found = run(HALF_AN_HOUR, [(at("09:00"), 10.0), (at("09:20"), 10.0), (at("15:00"), 10.0)])
    assert told(found) == [("Mon 09:55", "stop", "idle"), ("Mon 15:50", "stop", "idle")]
    assert (found.cold_starts, found.waited, found.longest_wait_seconds, found.stops) == (2, 2, 240.0, 2)
    assert found.hours == pytest.approx((57 + 52) / 60)
    assert found.usd == pytest.approx(found.hours)


def test_a_service_that_is_asleep_today_is_simulated_with_a_task() -> None:
    asleep = replace(facts_for("chat", MONDAY), desired_count=0, running_count=0, ready_since=None)
    setting = Setting(
        asleep, HALF_AN_HOUR, PolicySet(policies=(HALF_AN_HOUR,)), MONDAY, MONDAY + timedelta(days=1), running=False
    )
    found = replay(setting, iter([(at("09:00"), 10.0)]), Assumptions(usd_per_hour=1.0))
    assert told(found) == [("Mon 09:50", "stop", "idle")]


def test_hours_start_and_stop_it_and_out_of_hours_requests_are_refused_where_nobody_wakes_it() -> None:
    asked = [at("07:00"), *(at("08:10") + 600 * n for n in range(71)), at("20:20"), at("21:00")]
    found = run(OFFICE, [(one, 1.0) for one in asked], assumed=Assumptions(wakes=False, usd_per_hour=1.0))
    assert told(found) == [("Mon 08:00", "start", "hours"), ("Mon 20:00", "stop", "hours")]
    assert (found.refused, found.waited, found.cold_starts) == (3, 0, 0)


def test_a_stop_after_which_somebody_comes_within_half_an_hour_is_regretted() -> None:
    found = run(HALF_AN_HOUR, [(at("09:00"), 1.0), (at("10:05"), 1.0), (at("14:00"), 1.0)])
    assert (found.stops, found.regrets) == (3, 1)


def test_a_long_answer_keeps_it_only_where_ollama_is_asked_though_the_load_balancer_counts_its_begin() -> None:
    answer = [(at("09:00"), 4 * 3600.0)]
    asked = run(HALF_AN_HOUR, answer, sources=Sources(ollama=True)).actions[0].at
    assert f"{asked:%H:%M}" > "13:30"
    assert told(run(HALF_AN_HOUR, answer)) == [("Mon 09:50", "stop", "idle")]


def test_missing_metrics_stop_nothing() -> None:
    night = Sources(missing=((at("09:05"), at("23:00")),))
    found = run(HALF_AN_HOUR, [(at("09:00"), 1.0)], sources=night)
    assert [f"{one.at:%H:%M}" for one in found.actions] == ["23:05"]


def test_a_person_who_keeps_it_and_one_who_starts_it_by_hand_are_heard() -> None:
    id = facts_for("chat", MONDAY).id
    keep = Override("k", id, OverrideKind.KEEP, MONDAY + timedelta(hours=12), "mika", "", MONDAY + timedelta(hours=9))
    found = run(HALF_AN_HOUR, [(at("09:10"), 1.0)], running=True, deeds=(keep,))
    assert told(found) == [
        ("Mon 00:00", "stop", "idle"), ("Mon 09:00", "start", "override"), ("Mon 12:00", "stop", "idle")
    ]  # fmt: skip
    by_hand = run(OFFICE, [], deeds=(StartByHand(MONDAY + timedelta(hours=21)),), days=2)
    assert told(by_hand)[2:4] == [("Mon 23:05", "stop", "hours"), ("Tue 08:00", "start", "hours")]


def test_where_there_is_no_capacity_the_start_is_tried_again() -> None:
    gap = NoCapacity(MONDAY + timedelta(hours=7, minutes=55), MONDAY + timedelta(hours=8, minutes=20))
    found = run(OFFICE, [(at("08:15"), 1.0)], no_capacity=(gap,))
    starts = [f"{one.at:%H:%M}" for one in found.actions if one.kind is ActionKind.START]
    assert starts == ["08:00", "08:10"]
    assert found.longest_wait_seconds == 9 * 60


def test_what_was_asked_before_the_begin_counts_for_nothing_but_keeps_it_busy() -> None:
    found = run(HALF_AN_HOUR, [(at("00:00") - 600, 1.0)], running=True)
    assert (found.requests, told(found)) == (0, [("Mon 00:25", "stop", "idle")])
    assert found.actions[0].because is Because.IDLE


traces = st.lists(st.tuples(st.integers(0, 86_399), st.integers(1, 300)), max_size=30).map(sorted)


@settings(max_examples=40, deadline=None)
@given(traces, st.sampled_from([5, 15, 30, 60]), st.sampled_from([60, 240]), st.sampled_from([60, 300, 900]))
def test_walking_through_every_second_of_the_controllers_day_gives_the_same(
    requests: list[tuple[int, int]], minutes: int, boot: int, sweep: int
) -> None:
    begin = MONDAY.timestamp()
    assumed = Assumptions(boot_seconds=boot, sweep_seconds=sweep, minimum_billing_seconds=0)
    shifted: list[Request] = [(begin + second, float(length)) for second, length in requests]
    ruling = policy(f"idle: {{stop-after: {minutes}m, warm-up: 10m}}")
    found = run(ruling, shifted, assumed=assumed, sources=Sources(ollama=False))
    walked = walk_sweeps(requests, stop_after=minutes * 60, warm_up=600, boot=boot, sweep=sweep, drain=120, end=86_400)
    assert (found.cold_starts, found.waited, found.stops) == (walked.cold_starts, walked.waited, walked.stops)
    assert found.on_seconds == pytest.approx(walked.on_seconds, rel=0.005, abs=1)


def test_memory_does_not_grow_with_the_trace() -> None:
    assert peak(60) < 1.5 * peak(6) + 100_000


def peak(days: int) -> int:
    def requests() -> Iterator[Request]:
        chance, now = random.Random(1), MONDAY.timestamp()
        while True:
            now += chance.expovariate(1 / 60)
            yield now, 10.0

    ruling = policy("idle: {stop-after: 1h}")
    service = facts_for("chat", MONDAY)
    setting = Setting(service, ruling, PolicySet(policies=(ruling,)), MONDAY, MONDAY + timedelta(days=days))
    tracemalloc.start()
    replay(setting, requests(), Assumptions())
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest
