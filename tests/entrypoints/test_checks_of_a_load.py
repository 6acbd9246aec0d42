"""What `make bench` looks for after a load of API calls: each way in which an accepted call can go wrong is seen."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from load_calls import Answered, Asked, Cast, Mine, minute_of
from load_effects import Effects, wrongs

CAST = Cast(
    users=["ada", "ben"],
    to_stop=[Mine("ada", "inst-s")],
    to_wake=[Mine("ada", "inst-w")],
    to_keep=[Mine("ben", "inst-k")],
    launching=["ada"],
)
RIGHT = Effects(
    services=Counter(["ollama-inst-s", "ollama-inst-w", "ollama-inst-k", "ollama-inst-n"]),
    desired={"ollama-inst-s": 0, "ollama-inst-w": 1, "ollama-inst-k": 1, "ollama-inst-n": 1},
    rows=frozenset({"inst-s", "inst-w", "inst-k", "inst-n"}),
    actions={"ollama-inst-s": {"stop": 1}, "ollama-inst-w": {"start": 1}},
    kept={"ollama-inst-w": 1, "ollama-inst-k": 1},
)
CALLS = minute_of(CAST, per_second=10, seconds=6)


def answer(asked: Asked, status: int | None = None, launched: str = "inst-n") -> Answered:
    text = json.dumps({"instance_id": launched}) if asked.kind == "launch" else "{}"
    return Answered(asked, status or asked.right[0], text, 0.01)


ANSWERS = [answer(one) for one in CALLS]


def test_each_write_is_sent_twice_under_its_own_key_and_most_calls_read() -> None:
    writes = Counter((one.method, one.path, one.key) for one in CALLS if one.kind in ("stop", "wake", "keep", "launch"))

    assert len(CALLS) == 60
    assert set(writes.values()) == {2}
    assert len(writes) == 4
    assert all(0 <= one.at <= 6 for one in CALLS)
    assert [one.at for one in CALLS] == sorted(one.at for one in CALLS)


def test_a_load_that_had_every_effect_once_is_right() -> None:
    assert wrongs(CAST, ANSWERS, RIGHT) == []


def launches() -> list[int]:
    return [index for index, one in enumerate(CALLS) if one.kind == "launch"]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (replace(RIGHT, services=RIGHT.services - Counter(["ollama-inst-n"])), "service ollama-inst-n is missing"),
        (replace(RIGHT, services=RIGHT.services + Counter(["ollama-inst-n"])), "service ollama-inst-n is nobody's"),
        (replace(RIGHT, rows=RIGHT.rows - {"inst-n"}), "launched inst-n has no row"),
        (replace(RIGHT, desired={**RIGHT.desired, "ollama-inst-n": 0}), "launched inst-n is not on"),
        (replace(RIGHT, desired={**RIGHT.desired, "ollama-inst-s": 1}), "inst-s: desired count"),
        (replace(RIGHT, actions={**RIGHT.actions, "ollama-inst-s": {"stop": 2}}), "inst-s: desired count"),
        (replace(RIGHT, actions={"ollama-inst-s": {"stop": 1}}), "inst-w: desired count"),
        (replace(RIGHT, kept={"ollama-inst-w": 1}), "inst-k: desired count"),
        (replace(RIGHT, kept={**RIGHT.kept, "ollama-inst-k": 2}), "inst-k: desired count"),
        (replace(RIGHT, rows=RIGHT.rows - {"inst-k"}), "inst-k: its row is gone"),
    ],
)
def test_an_effect_that_is_missing_or_there_twice_is_seen(after: Effects, said: str) -> None:
    (found,) = wrongs(CAST, ANSWERS, after)

    assert found.startswith(said)


def test_a_key_that_is_answered_with_two_instances_is_seen() -> None:
    answers = list(ANSWERS)
    answers[launches()[1]] = answer(CALLS[launches()[1]], launched="inst-w")

    assert any("answered with 2 instances" in one for one in wrongs(CAST, answers, RIGHT))


@pytest.mark.parametrize("status", [500, 503, 0, 200])
def test_an_answer_that_may_not_be_is_seen(status: int) -> None:
    answers = list(ANSWERS)
    stop = next(index for index, one in enumerate(CALLS) if one.kind == "stop")
    answers[stop] = replace(answers[stop], status=status)

    (found,) = wrongs(CAST, answers, RIGHT)
    assert found.startswith(f"stop: {status} for DELETE")
