"""When a service is idle, in use, unknown, or too young to tell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from chalicelib.decide.decide import decide
from chalicelib.decide.decision import Because, RuleName, Wanted
from chalicelib.decide.facts import Availability, Point, SignalName, SignalReading
from chalicelib.decide.needs import needs, probes
from support.observations import DAY, HOUR, MINUTE, Scene, at, in_flight, on_call, service
from support.policies import policy

HALF_AN_HOUR = policy("idle: {stop-after: 30m, warm-up: 10m}")
SCENE = Scene(HALF_AN_HOUR)
NOW = at("2026-11-20T15:00")


def test_half_an_hour_without_a_request_stops_it_and_shows_the_numbers() -> None:
    decision = SCENE.but(uses=on_call(at("2026-11-20T14:28"))).decide(NOW)

    assert (decision.wanted, decision.rule, decision.because) == (Wanted.STOPPED, RuleName.IDLE, Because.IDLE)
    assert decision.reason == "idle: not used for 30 min until 05:58"  # no hours, so UTC
    requests = next(fact for fact in decision.evidence if fact.name == "requests")
    assert (requests.value, requests.since, requests.until) == ("0", NOW - 32 * MINUTE, NOW - 2 * MINUTE)


def test_one_request_within_the_window_keeps_it() -> None:
    decision = SCENE.but(uses=[at("2026-11-20T14:28")]).decide(NOW)

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.IN_USE)
    assert "1 request since" in decision.reason


def test_it_is_looked_at_again_exactly_when_it_could_be_idle() -> None:
    scene = SCENE.but(uses=[at("2026-11-20T14:45")])

    again = scene.decide(NOW).look_again_at

    assert again == at("2026-11-20T15:18")  # the use ended 14:46, 30 min, and 2 min that are not trusted
    assert scene.decide(again - timedelta(seconds=1)).wanted is Wanted.LEAVE
    assert scene.decide(again).wanted is Wanted.STOPPED


def test_closing_comes_before_idleness() -> None:
    both = policy("hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}\nidle: {stop-after: 30m}")

    scene = SCENE.but(policy=both, uses=[at("2026-11-20T19:40")])

    assert scene.decide("2026-11-20T19:45").look_again_at == at("2026-11-20T20:00")


def test_seconds_of_the_clock_do_not_matter() -> None:
    scene = SCENE.but(uses=[at("2026-11-20T14:45")])
    again = scene.decide(NOW + timedelta(seconds=41)).look_again_at

    assert scene.decide(again - timedelta(microseconds=1)).wanted is Wanted.LEAVE
    assert scene.decide(again).wanted is Wanted.STOPPED


def test_a_window_over_five_hours_is_read_in_five_minute_steps() -> None:
    scene = SCENE.but(policy=policy("idle: {stop-after: 6h}"), uses=[at("2026-11-20T14:41")])
    need = needs(scene.policy, scene.seen(NOW), (), scene.policies, NOW)

    assert need is not None
    assert (need.window_from, need.window_to) == (at("2026-11-20T08:55"), at("2026-11-20T14:58"))
    again = scene.decide(NOW).look_again_at
    assert again == at("2026-11-20T20:47")
    assert scene.decide(again).wanted is Wanted.STOPPED


def test_the_newest_use_is_seen_over_a_long_window_too() -> None:
    """Three minutes old: within the five-minute period that is not over yet."""
    scene = SCENE.but(policy=policy("idle: {stop-after: 6h}"), uses=[NOW - 3 * MINUTE])

    decision = scene.decide(NOW)

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.IN_USE)
    assert decision.look_again_at == NOW + timedelta(hours=6, minutes=2)


def test_it_is_too_young_until_warm_up_and_the_whole_window_have_passed() -> None:
    scene = SCENE.but(facts=service(ready=at("2026-11-20T14:30")))

    decision = scene.decide(NOW)

    assert decision.wanted is Wanted.LEAVE
    assert decision.look_again_at == at("2026-11-20T15:12")
    assert "too early to be idle: ready since" in decision.reason
    assert scene.decide("2026-11-20T15:11:59").wanted is Wanted.LEAVE
    assert scene.decide("2026-11-20T15:12").wanted is Wanted.STOPPED


def test_a_service_too_young_to_be_idle_is_not_asked_for_metrics() -> None:
    scene = SCENE.but(facts=service(ready=at("2026-11-20T14:30")))

    assert needs(HALF_AN_HOUR, scene.seen(NOW), (), scene.policies, NOW) is None


def test_a_service_that_is_still_starting_is_never_idle() -> None:
    decision = SCENE.but(facts=service(running=0)).decide(NOW)

    assert decision.wanted is Wanted.LEAVE
    assert "still starting" in decision.reason


def test_an_opening_wakes_so_idle_time_counts_from_it() -> None:
    hours = policy("hours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00], closed: idle}\nidle: {stop-after: 30m}")
    quiet_all_night = SCENE.but(policy=hours)

    assert quiet_all_night.decide("2026-11-20T07:59").wanted is Wanted.STOPPED
    assert quiet_all_night.decide("2026-11-20T08:31").wanted is Wanted.LEAVE
    assert "opened Fri 20 Nov 08:00 JST" in quiet_all_night.decide("2026-11-20T08:31").reason
    assert quiet_all_night.decide("2026-11-20T08:32").wanted is Wanted.STOPPED


def test_gpu_above_five_percent_is_use() -> None:
    decision = SCENE.but(gpu={at("2026-11-20T14:40"): 5.1}).decide(NOW)

    assert decision.because is Because.IN_USE
    assert "gpu up to 5.1 %, last above 5 % at" in decision.reason


def test_gpu_at_five_percent_is_not_use() -> None:
    assert SCENE.but(gpu={at("2026-11-20T14:40"): 5.0}).decide(NOW).wanted is Wanted.STOPPED


def test_a_policy_may_set_another_threshold() -> None:
    tolerant = policy("idle:\n  stop-after: 30m\n  signals: {gpu: {busy-above: 20%}}")

    assert SCENE.but(policy=tolerant, gpu={at("2026-11-20T14:40"): 19.0}).decide(NOW).wanted is Wanted.STOPPED


def test_a_stream_without_new_requests_is_seen_in_flight() -> None:
    stream = in_flight(1, since=NOW - 41 * MINUTE, now=NOW)

    decision = SCENE.but(probes=(stream,)).decide(NOW)

    assert decision.wanted is Wanted.LEAVE
    assert "1 request in flight since 05:19 (41 min)" in decision.reason
    assert decision.look_again_at == NOW + 5 * MINUTE  # nothing else tells that it ended


def test_a_use_too_new_to_be_trusted_as_quiet_is_use_all_the_same() -> None:
    ended = (Point(NOW - timedelta(seconds=40), 1.0),)
    lease = SignalReading(SignalName.LEASES, Availability.READ, NOW - HOUR, NOW, ended)

    decision = SCENE.but(probes=(lease,)).decide(NOW)

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.IN_USE)


def test_a_protected_task_is_use() -> None:
    protected = in_flight(2, since=NOW - MINUTE, now=NOW, name=SignalName.TASK_PROTECTION)

    assert "2 protected tasks" in SCENE.but(probes=(protected,)).decide(NOW).reason


@pytest.mark.parametrize(
    ("absent", "wanted", "because"),
    [
        ({SignalName.GPU}, Wanted.STOPPED, Because.IDLE),
        ({SignalName.REQUESTS}, Wanted.LEAVE, Because.UNKNOWN),
        ({SignalName.REQUESTS, SignalName.GPU}, Wanted.LEAVE, Because.UNKNOWN),
    ],
)
def test_idleness_needs_a_primary_signal(absent: set[SignalName], wanted: Wanted, because: Because) -> None:
    decision = SCENE.but(absent=SCENE.absent | absent).decide(NOW)

    assert (decision.wanted, decision.because) == (wanted, because)


def test_a_quiet_task_protection_proves_nothing() -> None:
    unprotected = SignalReading(SignalName.TASK_PROTECTION, Availability.READ, NOW - DAY, NOW)

    scene = SCENE.but(absent=SCENE.absent | {SignalName.REQUESTS}, probes=(unprotected,))

    assert scene.decide(NOW).because is Because.UNKNOWN


@pytest.mark.parametrize("name", [SignalName.REQUESTS, SignalName.GPU])
def test_a_missing_signal_makes_it_unknown_and_unknown_never_stops(name: SignalName) -> None:
    decision = SCENE.but(missing=frozenset({name})).decide(NOW)

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.UNKNOWN)
    assert f"cannot tell: {name.value} no datapoint since" in decision.reason
    assert decision.look_again_at == NOW + 5 * MINUTE


def test_no_request_counts_as_zero_only_while_a_healthy_target_reports() -> None:
    gone = SCENE.but(healthy=False).decide(NOW)

    assert gone.because is Because.UNKNOWN
    assert "no healthy target reported" in gone.reason


def test_missing_cpu_is_absent_but_a_busy_cpu_is_use() -> None:
    silent = SCENE.but(absent=frozenset(), missing=frozenset({SignalName.CPU, SignalName.NETWORK_OUT}))

    assert silent.decide(NOW).wanted is Wanted.STOPPED


def test_a_missing_signal_is_not_absent_when_nothing_else_was_read() -> None:
    outage = SCENE.but(absent=frozenset(SignalName) - {SignalName.CPU}, missing=frozenset({SignalName.CPU}))

    assert outage.decide(NOW).because is Because.UNKNOWN


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("zero", Wanted.STOPPED), ("unknown", Wanted.LEAVE), ("zero-while-healthy", Wanted.LEAVE)],
)
def test_a_policy_says_what_no_request_means(word: str, wanted: Wanted) -> None:
    worded = policy(f"idle:\n  stop-after: 30m\n  signals: {{requests: {{missing: {word}}}}}")

    assert SCENE.but(policy=worded, healthy=False).decide(NOW).wanted is wanted


def test_an_ignored_signal_is_neither_asked_nor_weighed() -> None:
    deaf = policy("idle:\n  stop-after: 30m\n  signals: {gpu: {ignore: true}, ollama-ps: {ignore: true}}")
    scene = SCENE.but(policy=deaf, gpu={NOW - 10 * MINUTE: 90.0})
    need = needs(deaf, scene.seen(NOW), (), scene.policies, NOW)

    assert scene.decide(NOW).wanted is Wanted.STOPPED
    assert need is not None
    assert need.names == {SignalName.REQUESTS, SignalName.CPU, SignalName.NETWORK_OUT}
    assert probes(deaf) == {SignalName.LEASES, SignalName.TASK_PROTECTION}


def test_a_reading_of_an_older_time_proves_nothing() -> None:
    stale = SCENE.seen(NOW - HOUR)

    decision = decide(HALF_AN_HOUR, stale, (), NOW, policies=SCENE.policies)

    assert decision.because is Because.UNKNOWN
    assert "not read for the newest minutes" in decision.reason


def test_a_missing_probe_is_unknown() -> None:
    mute = SignalReading(SignalName.OLLAMA_PS, Availability.MISSING, NOW, NOW, note="no answer within 2 s")

    decision = SCENE.but(probes=(mute,)).decide(NOW)

    assert decision.because is Because.UNKNOWN
    assert "ollama-ps no answer within 2 s" in decision.reason


def test_a_service_that_does_not_run_is_left_alone_by_the_idle_rule() -> None:
    decision = SCENE.but(facts=service(up=False)).decide(NOW)

    assert (decision.wanted, decision.rule) == (Wanted.LEAVE, RuleName.DEFAULT)


def test_doubt_is_said_once() -> None:
    held = SignalReading(
        SignalName.OLLAMA_PS, Availability.MISSING, NOW, NOW, note="holds llama for 4 min more, used or not"
    )

    decision = SCENE.but(probes=(held,)).decide(NOW)

    assert decision.reason == "cannot tell: ollama-ps holds llama for 4 min more, used or not"
