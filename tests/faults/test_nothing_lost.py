"""A few days of faults, drawn by Hypothesis: every invariant holds after every step. The bench plays a thousand."""

from __future__ import annotations

import pytest
from faults.injection import Fault
from faults.play import play
from faults.schedule import Episode, Mishap, Schedule, schedules
from faults.watch import Invariant
from hypothesis import HealthCheck, given, settings

EVERY = [*(fault for fault in Fault if not fault.name.startswith("DEATH")), *Mishap]


@settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(schedules(days=2, episodes_a_day=5))
def test_nothing_is_lost_whatever_happens(schedule: Schedule) -> None:
    assert play(schedule).violations == []


def test_every_kind_of_fault_leaves_every_invariant_standing() -> None:
    """One day with each, so that none depends on what Hypothesis happens to draw."""
    episodes = tuple(Episode(what, 20, 25, 6, "", number) for number, what in enumerate(EVERY))

    played = play(Schedule(7, 4, episodes), short=True)

    assert played.violations == []
    assert set(played.checked) >= set(Invariant)


@pytest.mark.parametrize("lie", [Invariant.SIZE_SAVED, Invariant.ONE_RECORD])
def test_the_watch_sees_what_it_is_there_to_see(lie: Invariant) -> None:
    """A house whose record forgets: the watch must say so, or its silence would prove nothing."""
    with pytest.MonkeyPatch.context() as patch:
        if lie is Invariant.SIZE_SAVED:
            patch.setattr("chalicelib.record.states.States.save_size", lambda self, lease, size: size)
        else:
            patch.setattr("chalicelib.record.history.History.append", lambda self, entry: False)
        played = play(Schedule(1, 1, ()), short=True)
    assert lie in {violation.invariant for violation in played.violations}
