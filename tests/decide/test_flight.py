"""What is remembered of a request that only a probe saw, and how long it holds a service."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from chalicelib.decide.decision import Because, Wanted
from chalicelib.decide.facts import Availability, OverrideKind, ServiceMemory, SignalName, SignalReading
from chalicelib.decide.flight import Flight, after
from chalicelib.decide.needs import after_asking
from support.observations import MINUTE, Scene, at, in_flight, on_call, override
from support.policies import policy

NOW = at("2026-11-20T15:00")
SCENE = Scene(policy("idle: {stop-after: 1h}"), uses=on_call(at("2026-11-20T12:00")))
FIVE = timedelta(minutes=5)


def remembering(seen: str, gone: str | None) -> Scene:
    return SCENE.but(memory=ServiceMemory(flight=Flight(at(seen), at(gone) if gone else None)))


def answered(name: SignalName, availability: Availability = Availability.READ) -> SignalReading:
    return SignalReading(name, availability, NOW, NOW)


def test_a_request_that_a_probe_sees_is_looked_at_again_within_five_minutes() -> None:
    decision = SCENE.but(probes=(in_flight(1, NOW - 3 * 60 * MINUTE, NOW),)).decide(NOW)

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.IN_USE)
    assert decision.look_again_at == NOW + FIVE


def test_idleness_counts_from_the_first_look_that_saw_the_stream_gone() -> None:
    scene = remembering("2026-11-20T12:05", "2026-11-20T14:40")

    decision = scene.decide(NOW)

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.IN_USE)
    assert decision.reason == (
        "in use: a request that no metric shows ran until 05:40 at the latest; "
        "idle Fri 20 Nov 06:42 UTC at the earliest"
    )
    assert decision.look_again_at == at("2026-11-20T15:42")
    assert scene.decide(at("2026-11-20T15:41")).wanted is Wanted.LEAVE
    assert scene.decide(at("2026-11-20T15:42")).wanted is Wanted.STOPPED


def test_a_request_that_was_in_flight_when_last_asked_keeps_the_service() -> None:
    decision = remembering("2026-11-20T12:05", None).decide(NOW)

    assert (decision.wanted, decision.because) == (Wanted.LEAVE, Because.IN_USE)
    assert "in flight when its probes were last asked" in decision.reason


def test_while_a_stream_runs_beside_other_requests_it_is_watched_all_the_same() -> None:
    scene = remembering("2026-11-20T12:05", None).but(uses=[NOW - 4 * MINUTE])

    decision = scene.decide(NOW)

    assert "1 request since" in decision.reason
    assert decision.look_again_at == NOW + FIVE


def test_out_of_hours_five_quiet_minutes_count_from_the_end_of_the_stream_too() -> None:
    closed = policy("hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-14:00]}")
    scene = remembering("2026-11-20T14:00", "2026-11-20T14:57").but(policy=closed)

    assert scene.decide(NOW).because is Because.IN_USE
    assert scene.decide(NOW).look_again_at == at("2026-11-20T15:04")
    assert scene.decide(at("2026-11-20T15:04")).wanted is Wanted.STOPPED


def test_a_persons_stop_waits_for_the_stream_unless_it_is_forced() -> None:
    stop = override(OverrideKind.STOP, "2026-11-21T08:00", made="2026-11-20T14:59")
    scene = remembering("2026-11-20T14:00", None)

    assert scene.but(overrides=(stop,)).decide(NOW).wanted is Wanted.LEAVE
    assert scene.but(overrides=(replace(stop, force=True),)).decide(NOW).wanted is Wanted.STOPPED


def test_doubt_is_stronger_than_memory() -> None:
    scene = remembering("2026-11-20T12:05", None).but(missing=frozenset({SignalName.REQUESTS}))

    assert scene.decide(NOW).because is Because.UNKNOWN


SEEN = Flight(NOW - 2 * FIVE)
GONE = Flight(NOW - 2 * FIVE, NOW - FIVE)
BUSY = in_flight(1, NOW - MINUTE, NOW)
QUIET = answered(SignalName.TASK_PROTECTION)
MUTE = answered(SignalName.OLLAMA_PS, Availability.MISSING)
PS = answered(SignalName.OLLAMA_PS)
LEASES = replace(answered(SignalName.LEASES), covers_from=NOW - FIVE)
NO_SOURCE = answered(SignalName.OLLAMA_PS, Availability.ABSENT)


@pytest.mark.parametrize(
    ("before", "answers", "then"),
    [
        (None, (QUIET,), None),
        (None, (QUIET, BUSY), Flight(NOW)),
        (None, (MUTE,), None),
        (None, (QUIET, PS), Flight(NOW, NOW)),
        (None, (LEASES,), Flight(NOW - FIVE, NOW - FIVE)),
        (SEEN, (BUSY,), SEEN),
        (SEEN, (QUIET,), Flight(SEEN.seen_at, NOW)),
        (SEEN, (QUIET, MUTE), SEEN),
        (SEEN, (QUIET, NO_SOURCE), Flight(SEEN.seen_at, NOW)),
        (SEEN, (), Flight(SEEN.seen_at, NOW)),
        (GONE, (QUIET,), GONE),
        (GONE, (MUTE,), GONE),
        (GONE, (BUSY,), Flight(NOW)),
    ],
)
def test_only_a_clear_answer_ends_a_flight(
    before: Flight | None, answers: tuple[SignalReading, ...], then: Flight | None
) -> None:
    assert after(before, answers, NOW) == then


def test_what_ended_before_anybody_asked_counts_as_use_where_quiet_must_be_proven() -> None:
    scene = remembering("2026-11-20T14:40", "2026-11-20T14:40")
    closed = policy("hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-14:00]}")

    decision = scene.decide(NOW)

    assert decision.wanted is Wanted.LEAVE
    assert "nobody asked its probes before 05:40" in decision.reason
    assert scene.decide(at("2026-11-20T15:42")).wanted is Wanted.STOPPED
    assert scene.but(policy=closed).decide(at("2026-11-20T14:41")).wanted is Wanted.STOPPED


def test_the_silence_that_a_policy_takes_for_absence_ends_a_flight() -> None:
    taken_for_absent = frozenset({SignalName.OLLAMA_PS})

    assert after(SEEN, (MUTE,), NOW, optional=taken_for_absent) == Flight(SEEN.seen_at, NOW)


def test_long_lost_sweeps_count_for_the_stream() -> None:
    """Nobody asked for three hours: it may have ended a minute ago."""
    back: datetime = NOW + timedelta(hours=3)

    ended = after(SEEN, (answered(SignalName.TASK_PROTECTION),), back)

    assert ended == Flight(SEEN.seen_at, back)


def test_a_policy_may_take_the_silence_of_a_probe_for_absence() -> None:
    """Only what it says is optional may be silent."""
    flight = Flight(at("2026-11-20T12:05"))
    silent = (answered(SignalName.TASK_PROTECTION, Availability.MISSING),)
    strict = policy("idle: {stop-after: 1h}")
    lenient = policy("idle: {stop-after: 1h, signals: {task-protection: {missing: absent}}}")

    assert after_asking(strict, flight, silent, NOW) == flight
    assert after_asking(lenient, flight, silent, NOW) == flight.ended(NOW)
