"""A service with a learned timeout and early starts, through the deployed handlers and through `simulate`.

Five days, because nothing is started early before a habit is known for three.
"""

from __future__ import annotations

from datetime import UTC, time, timedelta
from pathlib import Path

import pytest
from chalicelib.decide.facts import ServiceId
from chalicelib.local.scenario import MONDAY, TOKYO, Blueprint, Scenario, StartedInConsole
from chalicelib.local.traffic import EVERY_DAY, Busy
from support.agreement import Act, Lived, live_through, simulated

DAYS = 5
ODD_HOURS = Blueprint(
    ServiceId("gpu", "odd-hours"), "dev", "g6.xlarge", (Busy(EVERY_DAY, time(7), time(22), per_hour=1.5, seconds=40),)
)
POLICY = """lifecycle: v1
policies:
  learning:
    match: {everything: true}
    idle: {stop-after: adaptive, cold-start-value: 5.00 USD, prewarm: when-it-pays}
    mode: enforce
"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "learning.lifecycle.yaml").write_text(POLICY)
    asked = [(MONDAY + timedelta(days=day, hours=13, minutes=40)).astimezone(UTC) for day in range(DAYS)]
    deeds = tuple(StartedInConsole(at, ODD_HOURS.id, 1) for at in asked)
    return live_through(Scenario(MONDAY.astimezone(UTC), DAYS, TOKYO, (ODD_HOURS,), deeds, policies=Path(folder)))


def test_the_days_have_every_kind_of_action_that_is_learned(lived: Lived) -> None:
    assert lived.kinds == {("stop", "idle"), ("start", "prewarm"), ("stop", "prewarm")}
    assert any("learned from" in act.words for act in lived.acts[ODD_HOURS.id])


def test_what_is_learned_starts_and_stops_it_at_the_same_instants_live_and_in_simulation(lived: Lived) -> None:
    """Words may differ in the number of gaps: a live look that only asked Ollama teaches later than one here."""
    assert [_deed(act) for act in simulated(lived, ODD_HOURS)] == [_deed(act) for act in lived.acts[ODD_HOURS.id]]


def _deed(act: Act) -> tuple[object, ...]:
    return act.at, act.kind, act.because
