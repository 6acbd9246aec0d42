"""A few days of faults, drawn by Hypothesis: every invariant holds after every step. The bench plays a thousand."""

from __future__ import annotations

from faults.invariants import Invariant
from faults.play import play
from faults.schedule import CALLS, Episode, Mishap, Schedule, schedules
from faults.wire import WireFault
from hypothesis import HealthCheck, Phase, given, settings

EVERY = sorted([*CALLS, *WireFault, *Mishap], key=lambda what: what is Mishap.NO_SPOT)
"""Spot's want last: it is left alone for a day then, and no host of its could be taken."""


@settings(
    max_examples=2, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(schedules(days=1, episodes_a_day=8))
def test_nothing_is_lost_whatever_happens(schedule: Schedule) -> None:
    assert play(schedule).violations == []


def test_every_kind_of_fault_leaves_every_invariant_standing() -> None:
    """One after the other, so that none depends on what Hypothesis happens to draw."""
    episodes = tuple(Episode(what, 20, 25, 6, "", number) for number, what in enumerate(EVERY))

    played = play(Schedule(8, 4, episodes), short=True)

    assert played.violations == []
    assert {what.value for what in EVERY} <= {what for what, count in played.injected.items() if count}
    assert set(played.checked) >= set(Invariant)
