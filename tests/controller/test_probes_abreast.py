"""Probes of several services: a look waits for the slowest of them, not for their sum, and asks for many at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

from chalicelib.decide.facts import Availability, ServiceFacts, SignalName, SignalReading
from support.stage import staged

TWO_IDLE_SERVICES = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    idle: {stop-after: 30m}
    mode: enforce
"""


class Meeting:
    """A probe that answers only when the probe of another service is under way too."""

    name = SignalName.OLLAMA_PS

    def __init__(self) -> None:
        self._both = Barrier(2, timeout=10)
        self.met = 0

    def ask(self, facts: ServiceFacts, now: datetime) -> SignalReading:
        try:
            self._both.wait()
        except BrokenBarrierError:
            return SignalReading(self.name, Availability.MISSING, now, now, note="asked alone")
        self.met += 1
        return SignalReading(self.name, Availability.READ, now, now, unit="requests")


def test_two_services_that_are_about_to_stop_are_asked_side_by_side(tmp_path: Path) -> None:
    with staged(tmp_path, TWO_IDLE_SERVICES, at="2026-11-18T12:00+09:00") as stage:
        for name in ("chat", "vision"):
            stage.add(name, requests=lambda at: 0.0)
        looker: Any = stage.app.controller._parts.looker
        looker._probes = (meeting := Meeting(),)

        stage.app.controller.survey(stage.clock.now())

        assert meeting.met == 2


def test_an_evening_on_which_many_would_be_stopped_asks_ecs_for_their_tasks_together(tmp_path: Path) -> None:
    policy = TWO_IDLE_SERVICES.replace("mode: enforce", "mode: dry-run")
    with staged(tmp_path, policy, at="2026-11-18T12:00+09:00") as stage:
        chats = [stage.add(f"chat-{number}", requests=0.0) for number in range(40)]
        chats[7].tasks[0].protected_until = stage.clock.now() + timedelta(hours=1)

        stage.sweep()

        assert stage.aws.calls["ecs.GetTaskProtection"] == 1
        told = [kind for one in chats for kind, _ in stage.told(one)]
        assert told == ["would"] * 39
        assert stage.told(chats[7]) == []
