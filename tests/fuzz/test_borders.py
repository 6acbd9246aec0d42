"""A few inputs at every border, the same at each run; tests/bench/fuzz_bench.py hunts for as long as it is given."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fuzz.borders import BORDERS
from fuzz.hunt import Border, Take, TookTooLong, hunt, try_out, within
from fuzz.mutations import Edit, changed, edited
from hypothesis import strategies as st

FEW = {
    "policy YAML": 25,
    "FOCUS files": 10,
    "HTTP API": 20,
    "Slack": 40,
    "files handed to commands": 12,
    "words typed": 12,
}
USUAL = 60


@pytest.mark.parametrize("border", BORDERS, ids=lambda border: border.name)
def test_nothing_that_comes_in_fails_without_a_sentence_or_acts_where_it_was_refused(border: Border) -> None:
    try_out(border, FEW.get(border.name, USUAL))


def test_the_hunt_finds_each_place_that_fails_and_shows_the_shortest_input() -> None:
    def take(text: str) -> None:
        if "a" in text:
            raise KeyError(text)
        assert "b" not in text

    @contextmanager
    def room() -> Iterator[Take]:
        yield take

    found = hunt(Border("toy", st.text("abc", max_size=4), room), 0.5, 1)

    assert found.examples > 100
    assert sorted(crash.example for crash in found.crashes.values()) == ["'a'", "'b'"]


def test_what_runs_on_without_end_is_stopped_and_told() -> None:
    with pytest.raises(TookTooLong), within(0.05):
        while time.process_time():
            pass


def test_what_took_too_long_is_told_though_somebody_caught_it_on_the_way() -> None:
    with pytest.raises(TookTooLong), within(0.05):
        try:
            while time.process_time():
                pass
        except Exception:  # noqa: BLE001 - as a handler's border does
            pass


def test_edits_change_the_one_place_and_leave_the_seed() -> None:
    seed = {"detail": {"a": 1, "b": [2]}}

    assert changed(seed, [Edit("set", 1, 0, None)]) != seed
    assert seed == {"detail": {"a": 1, "b": [2]}}
    assert edited("a: 1\nb: 2\n", [Edit("drop line", 0, 0, "")]) == "b: 2\n"
