"""The function that EventBridge Scheduler calls at an edge of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import app as deployed
import pytest
from chalicelib.entrypoints import transitions
from chalicelib.errors import MalformedEvent
from support.stub_controller import NOW, StubController, installed


@dataclass
class Context:
    function_name: str = "transition"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:lifecycle-transition"
    aws_request_id: str = "0"

    def get_remaining_time_in_millis(self) -> float:
        return 270_000


@pytest.fixture
def controller() -> Iterator[StubController]:
    with installed(StubController()) as stub:
        yield stub


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    times: list[float] = []
    monkeypatch.setattr(transitions.time, "sleep", times.append)
    return times


def wake(event: Any) -> Any:
    return deployed.transition(event, Context())


def test_it_looks_at_what_is_due_by_the_clock_however_late_the_event_is(
    controller: StubController, slept: list[float]
) -> None:
    answer = wake({"instant": (NOW - timedelta(days=3)).isoformat()})

    assert answer["looked"] == 14
    assert controller.sweeps == [NOW]
    assert controller.seconds == [255.0]
    assert slept == []


def test_one_that_is_a_little_early_waits_for_its_edge_and_one_far_too_early_does_not(
    controller: StubController, slept: list[float]
) -> None:
    wake({"instant": (NOW + timedelta(seconds=2)).isoformat()})
    assert slept == [2.0]

    wake({"instant": (NOW + timedelta(hours=2)).isoformat()})
    assert slept == [2.0]
    assert len(controller.sweeps) == 2


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"instant": 5},
        {"instant": "8 pm"},
        {"instant": "2026-11-20T20:00:00"},
        {"instant": "0001-01-01T00:00:00+23:59"},
        [],
    ],
)
def test_an_event_without_an_instant_is_refused_by_name(controller: StubController, event: Any) -> None:
    with pytest.raises(MalformedEvent, match="instant is"):
        wake(event)

    assert controller.sweeps == []
