"""Closed hours, openings, what people do by hand, and failed starts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from chalicelib.decide.decide import closing_warning
from chalicelib.decide.decision import Because, RuleName, Wanted
from chalicelib.decide.facts import OverrideKind, SavedSize, ServiceMemory, SignalName, StartFailure
from chalicelib.decide.needs import needs
from support.observations import HOUR, MINUTE, Scene, at, in_flight, override, service
from support.policies import policy, policy_set

WEEKDAYS = "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]"
NIGHTS_OFF = policy(WEEKDAYS + "}")
SCENE = Scene(NIGHTS_OFF)
DOWN = service(up=False)
SAVED = SavedSize(2, None, at("2026-11-19T20:00"))
EVENING = "2026-11-20T20:00"  # a Friday


def stopped_last_night(**more: object) -> ServiceMemory:
    return ServiceMemory(saved_size=SAVED, stopped_at=SAVED.saved_at, opening_handled=at("2026-11-19T08:00"), **more)  # type: ignore[arg-type]


def test_it_is_open_until_the_very_instant_of_closing() -> None:
    assert SCENE.decide("2026-11-20T19:59:59").wanted is Wanted.LEAVE
    assert SCENE.decide(EVENING).wanted is Wanted.STOPPED


def test_closing_says_until_when_and_looks_again_at_the_opening() -> None:
    decision = SCENE.but(facts=DOWN).decide(EVENING)

    assert (decision.rule, decision.because) == (RuleName.CLOSED, Because.HOURS)
    assert decision.reason == "closed until Mon 23 Nov 08:00 JST"
    assert decision.look_again_at == at("2026-11-21T20:00")  # a day at most; the opening is further away


def test_an_open_service_is_looked_at_again_at_closing() -> None:
    assert SCENE.decide("2026-11-20T19:00").look_again_at == at(EVENING)


def test_a_holiday_closes_and_is_named() -> None:
    resting = policy(WEEKDAYS + ", holidays: {country: JP}}")

    decision = SCENE.but(policy=resting).decide("2026-11-23T10:00")

    assert (decision.wanted, decision.because) == (Wanted.STOPPED, Because.HOLIDAY)
    assert "closed for" in decision.reason


def test_closing_waits_while_it_is_used_and_stops_five_quiet_minutes_later() -> None:
    scene = SCENE.but(uses=[at("2026-11-20T19:59")])

    waiting = scene.decide("2026-11-20T20:03")

    assert (waiting.wanted, waiting.because) == (Wanted.LEAVE, Because.IN_USE)
    assert waiting.look_again_at == at("2026-11-20T20:07")
    assert scene.decide("2026-11-20T20:06:59").wanted is Wanted.LEAVE
    assert scene.decide("2026-11-20T20:07").wanted is Wanted.STOPPED


def test_closing_waits_for_a_request_in_flight() -> None:
    now = at("2026-11-20T21:00")

    decision = SCENE.but(probes=(in_flight(1, now - HOUR, now),)).decide(now)

    assert decision.because is Because.IN_USE
    assert "1 request in flight since 20:00 (1 h)" in decision.reason


def test_closing_waits_while_a_known_signal_is_missing() -> None:
    decision = SCENE.but(missing=frozenset({SignalName.REQUESTS})).decide("2026-11-20T21:00")

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.UNKNOWN)


def test_a_service_that_never_had_a_signal_is_stopped_by_the_clock_and_it_is_said() -> None:
    decision = SCENE.but(absent=frozenset(SignalName)).decide("2026-11-20T21:00")

    assert decision.wanted is Wanted.STOPPED
    assert "no signal of use, so the clock alone decides" in decision.reason


def test_a_service_none_of_whose_tasks_runs_is_stopped_without_asking_for_signals() -> None:
    scene = SCENE.but(facts=service(running=0), missing=frozenset({SignalName.REQUESTS}))

    assert scene.decide("2026-11-20T21:00").wanted is Wanted.STOPPED


def test_cut_ends_running_work_after_its_time() -> None:
    cutting = policy(WEEKDAYS + ", closed: cut, cut-after: 1h}")
    now = at("2026-11-20T20:59")
    scene = SCENE.but(policy=cutting, probes=(in_flight(1, now - HOUR, now),), uses=[at("2026-11-20T20:56")])

    before, after = scene.decide(now), scene.decide("2026-11-20T21:00")

    assert (before.wanted, before.cuts, before.look_again_at) == (Wanted.LEAVE, False, at("2026-11-20T21:00"))
    assert "at the latest Fri 20 Nov 21:00 JST" in before.reason
    assert (after.wanted, after.cuts) == (Wanted.STOPPED, True)


@pytest.mark.parametrize("closed", ["idle", "leave"])
def test_closed_idle_and_leave_do_not_stop_by_the_clock(closed: str) -> None:
    lenient = policy(WEEKDAYS + f", closed: {closed}}}")

    assert SCENE.but(policy=lenient).decide("2026-11-21T03:00").wanted is Wanted.LEAVE


def test_closed_leave_keeps_the_idle_rule_from_stopping_at_night() -> None:
    night = "2026-11-21T03:00"
    for closed, wanted in (("idle", Wanted.STOPPED), ("leave", Wanted.LEAVE)):
        lenient = policy(WEEKDAYS + f", closed: {closed}}}\nidle: {{stop-after: 30m}}")
        assert SCENE.but(policy=lenient).decide(night).wanted is wanted


def test_a_start_by_hand_while_closed_is_kept_for_two_hours() -> None:
    scene = SCENE.but(memory=ServiceMemory(hand_started_at=at("2026-11-20T22:10")))

    kept = scene.decide("2026-11-20T22:15")

    assert (kept.wanted, kept.because) == (Wanted.RUNNING, Because.OVERRIDE)
    assert kept.look_again_at == at("2026-11-21T00:10")
    assert "started by hand Fri 20 Nov 22:10 JST: kept until Sat 21 Nov 00:10 JST" in kept.reason
    assert scene.decide("2026-11-21T00:10").wanted is Wanted.STOPPED


def test_a_start_by_hand_while_only_idleness_stops_is_kept_for_as_long() -> None:
    closed_idle = policy(WEEKDAYS + ", closed: idle}\nidle: {stop-after: 30m}")
    started = at("2026-11-20T22:10")
    scene = SCENE.but(
        policy=closed_idle, facts=service(ready=started + MINUTE), memory=ServiceMemory(hand_started_at=started)
    )

    kept = scene.decide("2026-11-21T00:09:59")

    assert (kept.wanted, kept.rule, kept.because) == (Wanted.RUNNING, RuleName.CLOSED, Because.OVERRIDE)
    assert kept.look_again_at == at("2026-11-21T00:10")
    idle = scene.decide("2026-11-21T00:10")
    assert (idle.wanted, idle.rule) == (Wanted.STOPPED, RuleName.IDLE)


def test_a_start_by_hand_in_open_hours_does_not_outlast_them() -> None:
    scene = SCENE.but(memory=ServiceMemory(hand_started_at=at("2026-11-20T19:50")))

    assert scene.decide("2026-11-20T20:00").wanted is Wanted.STOPPED


def test_an_opening_starts_once() -> None:
    morning = "2026-11-20T08:00"
    due = SCENE.but(facts=DOWN, memory=stopped_last_night()).decide(morning)
    handled = SCENE.but(facts=DOWN, memory=ServiceMemory(saved_size=SAVED, opening_handled=at(morning)))

    assert (due.wanted, due.rule, due.handles_opening) == (Wanted.RUNNING, RuleName.OPENING, at(morning))
    assert handled.decide("2026-11-20T08:01").wanted is Wanted.LEAVE
    assert "asleep until somebody starts it" in handled.decide("2026-11-20T08:01").reason


def test_an_opening_missed_in_an_outage_is_made_up_but_yesterdays_is_not() -> None:
    late = SCENE.but(facts=DOWN, memory=stopped_last_night())

    assert late.decide("2026-11-20T13:37").handles_opening == at("2026-11-20T08:00")
    assert late.decide("2026-11-20T21:00").wanted is Wanted.STOPPED


def test_an_opening_without_a_saved_size_says_that_none_is_invented() -> None:
    decision = SCENE.but(facts=DOWN).decide("2026-11-20T08:00")

    assert decision.wanted is Wanted.RUNNING
    assert "a size is never invented" in decision.reason


def test_an_opening_is_dealt_with_too_when_the_service_already_runs() -> None:
    decision = SCENE.decide("2026-11-20T08:00")

    assert (decision.wanted, decision.handles_opening) == (Wanted.LEAVE, at("2026-11-20T08:00"))


def test_what_idleness_stops_an_opening_not_dealt_with_does_not_restart() -> None:
    both = policy(WEEKDAYS + "}\nidle: {stop-after: 30m}")

    decision = SCENE.but(policy=both).decide("2026-11-20T15:00")

    assert (decision.wanted, decision.handles_opening) == (Wanted.STOPPED, at("2026-11-20T08:00"))


def test_a_stop_by_hand_after_the_opening_is_respected() -> None:
    memory = stopped_last_night(hand_stopped_at=at("2026-11-20T09:00"))

    decision = SCENE.but(facts=DOWN, memory=memory).decide("2026-11-20T10:00")

    assert (decision.wanted, decision.handles_opening) == (Wanted.LEAVE, at("2026-11-20T08:00"))


def test_a_policy_that_only_stops_does_not_start() -> None:
    stop_only = policy(WEEKDAYS + ", opening: leave}")

    decision = SCENE.but(policy=stop_only, facts=DOWN, memory=stopped_last_night()).decide("2026-11-20T08:00")

    assert (decision.wanted, decision.handles_opening) == (Wanted.LEAVE, None)


def test_hours_that_never_close_have_no_opening() -> None:
    always = policy("hours: {timezone: Asia/Tokyo, open: [daily all-day]}")

    assert SCENE.but(policy=always, facts=DOWN).decide("2026-11-20T08:00").wanted is Wanted.LEAVE


@pytest.mark.parametrize(("failures", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (50, 60)])
def test_a_failed_start_is_tried_again_with_longer_and_longer_waits(failures: int, minutes: int) -> None:
    failed_at = at("2026-11-20T08:10")
    failure = StartFailure(failures, failed_at, "no container instance has a free GPU.")
    memory = ServiceMemory(saved_size=SAVED, opening_handled=at("2026-11-20T08:00"), start_failure=failure)
    scene = SCENE.but(facts=DOWN, memory=memory)

    waits = scene.decide(failed_at + timedelta(seconds=1))
    tries = scene.decide(failed_at + minutes * MINUTE)

    assert (waits.wanted, waits.look_again_at) == (Wanted.LEAVE, failed_at + minutes * MINUTE)
    assert "(no container instance has a free GPU)" in waits.reason
    assert tries.wanted is Wanted.RUNNING


def test_people_are_warned_before_closing_unless_it_is_kept() -> None:
    warned = policy(WEEKDAYS + ", warn-before: 15m}")
    scene = SCENE.but(policy=warned)
    now = at("2026-11-20T19:45")
    keep = override(OverrideKind.KEEP, "2026-11-20T22:00", made="2026-11-20T19:00")

    assert scene.decide("2026-11-20T18:00").look_again_at == now
    assert closing_warning(warned, scene.seen(now), (), now, policies=scene.policies) == at(EVENING)
    assert closing_warning(warned, scene.seen(now), (keep,), now, policies=scene.policies) is None
    earlier = now - MINUTE
    assert closing_warning(warned, scene.seen(earlier), (), earlier, policies=scene.policies) is None


def test_signals_are_needed_only_where_they_matter() -> None:
    def need(scene: Scene, moment: str) -> object:
        return needs(scene.policy, scene.seen(at(moment)), scene.overrides, scene.policies, at(moment))

    assert need(SCENE, "2026-11-20T10:00") is None  # open, and no idle rule
    assert need(SCENE.but(facts=DOWN), "2026-11-20T21:00") is None
    assert need(SCENE, "2026-11-20T21:00") is not None
    frozen = policy_set("""
        policies: {dev: {match: {everything: true}, hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}}}
        freezes:
          - {name: launch, from: 2026-11-20T00:00+09:00, to: 2026-11-21T00:00+09:00, hold: [stop], reason: launch}
    """)
    assert need(SCENE.but(policies=frozen), "2026-11-20T21:00") is None
