"""A limit counts what may have happened, not only what was heard to have happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from faults.fleet import STOPS_PER_HOUR
from faults.injection import Fault
from faults.town import Town, town


@pytest.fixture
def here() -> Iterator[Town]:
    with town(0) as made:
        yield made


def test_a_stop_that_no_answer_came_to_keeps_its_place_in_the_hour(here: Town) -> None:
    office = [truth for truth in here.truths.values() if truth.blueprint.environment == "dev"]
    for truth in office:
        truth.use.at = lambda moment: False  # type: ignore[method-assign]
    here.sweep()
    monday_noon = here.clock.true.astimezone(ZoneInfo("Asia/Tokyo")).replace(hour=12)
    here.go_to(monday_noon)
    for truth in office:
        truth.fake.set_desired(truth.blueprint.size, started=monday_noon - timedelta(hours=3))
    here.aws.trouble.always(Fault.TIMEOUT_AFTER, "ecs.UpdateService")
    before = len(here.watch.acts)

    for _ in range(4):
        here.go_to(here.clock.true + timedelta(minutes=5))
        here.sweep(full=True)

    stopped = [act for act in here.watch.acts[before:] if act.became == 0 and act.service.name.startswith("dev-")]
    assert len(stopped) == STOPS_PER_HOUR
    assert here.verdicts.violations == []
