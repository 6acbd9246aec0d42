"""What the probes make of an answer, and of no answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import Availability, Point, ServiceFacts, ServiceId, SignalName, SignalReading
from chalicelib.observe.probes import Leases, LeasesSeen, NoAddress, OllamaPs
from chalicelib.observe.signals import ask_all

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHAT = ServiceFacts(ServiceId("gpu-dev", "chat"), "arn", 1, 1, 0, NOW)
FIVE_MINUTES = timedelta(minutes=5)


def held(**expires_at: datetime) -> str:
    return json.dumps({"models": [{"name": name, "expires_at": at.isoformat()} for name, at in expires_at.items()]})


def ps(*looks: Sequence[str], keep_alive: timedelta | None = FIVE_MINUTES) -> SignalReading:
    """The reading from these looks, one after another; the last one repeats."""
    left = list(looks)

    def fetch(_: ServiceFacts) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return OllamaPs(fetch, keep_alive=keep_alive, pause=lambda _: None).ask(CHAT, NOW)


def test_a_model_past_its_expiry_is_answering_a_request() -> None:
    reading = ps([held(llama=NOW - timedelta(minutes=41))])

    assert reading.in_flight == 1
    assert reading.in_flight_since == NOW - timedelta(minutes=41)


def test_a_model_whose_expiry_moves_between_two_looks_is_loading() -> None:
    reading = ps([held(llama=NOW + FIVE_MINUTES)], [held(llama=NOW + FIVE_MINUTES + timedelta(seconds=2))])

    assert reading.in_flight == 1


def test_a_model_that_appears_between_two_looks_is_in_use() -> None:
    two = held(llama=NOW + timedelta(minutes=2), qwen=NOW + FIVE_MINUTES)

    assert ps([held(llama=NOW + timedelta(minutes=2))], [two]).in_flight == 1


def test_a_model_that_waits_for_its_expiry_was_last_used_one_keep_alive_before() -> None:
    reading = ps([held(llama=NOW + timedelta(minutes=3))])

    assert reading.availability is Availability.READ
    assert reading.in_flight == 0
    assert reading.points == (Point(NOW - timedelta(minutes=2), 1.0),)


def test_a_model_held_longer_than_keep_alive_says_nothing() -> None:
    reading = ps([held(llama=NOW + timedelta(minutes=30))])

    assert reading.availability is Availability.MISSING
    assert reading.note == "holds llama for 30 min more, used or not"


def test_a_model_held_for_ever_says_nothing() -> None:
    reading = ps([held(llama=NOW.replace(year=2318))], keep_alive=None)

    assert reading.availability is Availability.MISSING
    assert "for ever" in reading.note


def test_an_ollama_that_holds_no_model_is_idle_for_one_keep_alive_at_most() -> None:
    known, unknown = ps([held()]), ps([held()], keep_alive=None)

    assert known.availability is unknown.availability is Availability.READ
    assert known.covers_from == NOW - FIVE_MINUTES
    assert unknown.covers_from == unknown.covers_to == NOW


def test_one_busy_task_among_several_is_in_flight() -> None:
    assert ps([held(), held(llama=NOW - timedelta(minutes=1)), held()]).in_flight == 1


def test_go_s_nanoseconds_and_offsets_are_understood() -> None:
    body = '{"models": [{"name": "llama", "expires_at": "2026-11-20T20:59:00.123456789+09:00"}]}'

    assert ps([body]).in_flight_since == datetime(2026, 11, 20, 11, 59, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("body", ["", "<html>busy</html>", "[]", '{"models": [{"name": "llama"}]}', '{"models": null}'])
def test_an_answer_that_is_not_ollama_s_is_no_answer(body: str) -> None:
    assert ps([body]).availability is Availability.MISSING


def test_no_answer_is_missing_and_counts_as_busy() -> None:
    def fetch(_: ServiceFacts) -> Sequence[str]:
        raise TimeoutError("timed out")

    reading = OllamaPs(fetch, pause=lambda _: None).ask(CHAT, NOW)

    assert reading.availability is Availability.MISSING
    assert reading.note == "gave no answer (timed out), which counts as busy"
    assert ps([]).availability is Availability.MISSING


def test_a_service_that_cannot_be_reached_by_design_has_no_such_signal() -> None:
    def fetch(_: ServiceFacts) -> Sequence[str]:
        raise NoAddress

    assert OllamaPs(fetch, pause=lambda _: None).ask(CHAT, NOW).availability is Availability.ABSENT


class Book:
    def __init__(self, seen: LeasesSeen | OSError | None) -> None:
        self.seen = seen

    def of(self, facts: ServiceFacts, now: datetime) -> LeasesSeen | None:
        if isinstance(self.seen, OSError):
            raise self.seen
        return self.seen


def test_a_gateway_s_leases_tell_requests_in_flight_and_the_last_end() -> None:
    since, end = NOW - timedelta(minutes=9), NOW - timedelta(minutes=1)

    reading = Leases(Book(LeasesSeen(2, since, end, NOW - timedelta(hours=1)))).ask(CHAT, NOW)

    assert (reading.in_flight, reading.in_flight_since, reading.points) == (2, since, (Point(end, 1.0),))
    assert reading.covers_from == NOW - timedelta(hours=1)


def test_a_service_without_a_gateway_has_no_leases_and_an_unreadable_book_is_missing() -> None:
    assert Leases(Book(None)).ask(CHAT, NOW).availability is Availability.ABSENT
    assert Leases(Book(OSError("table gone"))).ask(CHAT, NOW).availability is Availability.MISSING


def test_a_probe_that_breaks_is_missing_and_not_silently_absent() -> None:
    def broken(_: ServiceFacts) -> list[str]:
        raise ZeroDivisionError("a mistake of ours")

    answers = ask_all([OllamaPs(broken, pause=lambda _: None)], CHAT, frozenset({SignalName.OLLAMA_PS}), NOW)

    assert answers[SignalName.OLLAMA_PS].availability is Availability.MISSING
    assert "ZeroDivisionError" in answers[SignalName.OLLAMA_PS].note


def test_only_the_probes_asked_for_are_asked() -> None:
    probes = [Leases(Book(LeasesSeen(0))), OllamaPs(lambda _: [held()], pause=lambda _: None)]

    assert set(ask_all(probes, CHAT, frozenset({SignalName.LEASES}), NOW)) == {SignalName.LEASES}
