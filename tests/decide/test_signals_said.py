"""Why nobody can tell whether a service is used, in words, and which silence counts as absence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from chalicelib.decide.facts import Availability, Point, SignalName, SignalReading
from chalicelib.decide.flight import Flight
from chalicelib.decide.idle import Idle, InUse, Unknown, judge, optional, rules_of, watched
from chalicelib.decide.spans import Span
from chalicelib.decide.use_words import first_asked, in_flight, in_flight_until, still_in_flight
from chalicelib.policy.sections.idle import SignalRule
from support.observations import HOUR, MINUTE, at
from support.policies import policy

END = at("2026-11-20T15:00")
SPAN = Span(END - 30 * MINUTE, END)
TOKYO = ZoneInfo("Asia/Tokyo")
READ = SignalReading(SignalName.GPU, Availability.READ, SPAN.start, SPAN.end, (Point(SPAN.start, 0.0),))
LOST = replace(READ, availability=Availability.MISSING, points=())
ASKED = replace(READ, name=SignalName.REQUESTS, points=(), healthy=True)


def says(*readings: SignalReading, rules: Mapping[str, SignalRule] | None = None) -> str:
    found = judge({one.name: one for one in readings}, SPAN, rules or {}, UTC, proof_needed=False)
    return found.says if isinstance(found, Unknown) else type(found).__name__


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (LOST, "cannot tell: gpu missing"),
        (replace(LOST, note="the agent is silent"), "cannot tell: gpu the agent is silent"),
        (replace(READ, covers_to=SPAN.end - MINUTE), "cannot tell: gpu not read for the newest minutes"),
        (replace(READ, covers_from=SPAN.start + MINUTE), "cannot tell: gpu not read for the whole time"),
        (replace(READ, points=()), "cannot tell: gpu missing"),
        (replace(READ, points=(), note="no datapoint"), "cannot tell: gpu no datapoint"),
        (replace(ASKED, healthy=False), "cannot tell: requests missing while no healthy target reported"),
        (replace(ASKED, healthy=False, note="no target"), "cannot tell: requests no target"),
        (
            replace(ASKED, healthy=False, points=(Point(SPAN.start, 0.0),)),
            "cannot tell: requests cannot be trusted",
        ),
        (replace(LOST, name=SignalName.CPU), "cannot tell: none of its signals could be read"),
        (replace(READ, name=SignalName.CPU, points=()), "cannot tell: none of its signals could be read"),
        (ASKED, "Idle"),
        (READ, "Idle"),
    ],
)
def test_what_cannot_be_told_is_told_why(reading: SignalReading, said: str) -> None:
    assert says(reading) == said


def test_several_missing_signals_are_all_named() -> None:
    assert says(LOST, replace(ASKED, healthy=False)) == (
        "cannot tell: requests missing while no healthy target reported, gpu missing"
    )
    assert says(replace(LOST, name=SignalName.CPU), READ) == "Idle"


def test_the_latest_use_of_several_is_the_one_that_is_told() -> None:
    gpu = replace(READ, points=(Point(END - 9 * MINUTE, 70.0),))
    requests = replace(ASKED, points=(Point(END - 20 * MINUTE, 2.0),))

    found = judge({one.name: one for one in (gpu, requests)}, SPAN, {}, TOKYO, proof_needed=False)

    assert isinstance(found, InUse)
    assert found.says == "gpu up to 70 %, last above 5 % at 14:51"
    assert found.last_use == END - 9 * MINUTE + timedelta(seconds=gpu.period_seconds)


def test_a_policys_rows_say_whose_silence_is_absence() -> None:
    rows = rules_of(
        policy("idle: {stop-after: 30m, signals: {requests: {missing: absent}, cpu: {missing: unknown}}}").idle
    )

    assert optional({}) == {SignalName.CPU, SignalName.NETWORK_OUT}
    assert optional(rows) == {SignalName.REQUESTS, SignalName.NETWORK_OUT}
    assert says(replace(ASKED, healthy=False), READ, rules=rows) == "Idle"
    assert SignalName.CPU in watched(rows)
    ignoring = rules_of(policy("idle: {stop-after: 30m, signals: {gpu: {ignore: true}}}").idle)
    assert watched(ignoring) == frozenset(SignalName) - {SignalName.GPU}


def test_what_is_remembered_of_a_flight_is_said_in_the_policys_zone() -> None:
    assert still_in_flight(END, TOKYO) == (
        "a request was in flight when its probes were last asked, first seen at 15:00"
    )
    assert in_flight_until(END, TOKYO) == "a request that no metric shows ran until 15:00 at the latest"
    assert first_asked(END, TOKYO) == (
        "nobody asked its probes before 15:00: what no metric shows may have run until then"
    )
    seen = Flight(END - HOUR, END - 10 * MINUTE)
    found = judge({SignalName.REQUESTS: ASKED}, SPAN, {}, TOKYO, proof_needed=True, flight=seen)
    assert isinstance(found, InUse)
    assert (found.last_use, found.unseen) == (END - 10 * MINUTE, False)
    still = judge({SignalName.REQUESTS: ASKED}, SPAN, {}, TOKYO, proof_needed=True, flight=Flight(END - HOUR))
    assert isinstance(still, InUse)
    assert still.says.endswith("first seen at 14:00")
    assert (still.last_use, still.unseen) == (END, True)
    over = Flight(END - HOUR, SPAN.start)
    assert isinstance(judge({SignalName.REQUESTS: ASKED}, SPAN, {}, TOKYO, proof_needed=True, flight=over), Idle)


@pytest.mark.parametrize(
    ("name", "count", "since", "said"),
    [
        (SignalName.LEASES, 2, None, "2 requests in flight"),
        (SignalName.LEASES, 1, END - 5 * MINUTE, "1 request in flight since 14:55 (5 min)"),
        (SignalName.TASK_PROTECTION, 1, None, "1 protected task"),
        (SignalName.TASK_PROTECTION, 3, END - 5 * MINUTE, "3 protected tasks since 14:55 (5 min)"),
    ],
)
def test_what_is_in_flight_is_counted_with_its_age(name: SignalName, count: int, since: object, said: str) -> None:
    reading = replace(READ, name=name, in_flight=count, in_flight_since=since)  # type: ignore[arg-type]

    assert in_flight(reading, TOKYO) == said
