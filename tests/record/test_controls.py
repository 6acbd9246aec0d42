from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import Override, OverrideKind, ServiceId, Switches
from chalicelib.record.codec import Item
from chalicelib.record.conditions import Condition
from chalicelib.record.controls import Controls, ControlState
from chalicelib.record.table import Table

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEV = ServiceId("gpu-dev", "ollama-vision")
KEEP = Override("o1", DEV, OverrideKind.KEEP, NOW + 2 * HOUR, "ada", "demo", NOW)
EXCLUDE = Override("o2", DEV, OverrideKind.EXCLUDE, None, "ben", "never touch", NOW)


def test_an_override_holds_until_its_end_and_not_a_moment_longer(table: Table) -> None:
    controls = Controls(table)
    controls.add_override(KEEP)

    assert controls.read(NOW + 2 * HOUR - timedelta(microseconds=1)).overrides == (KEEP,)
    assert controls.read(NOW + 2 * HOUR).overrides == ()


def test_dynamodb_is_asked_to_delete_an_override_after_its_end_never_before(table: Table) -> None:
    Controls(table).add_override(replace(KEEP, until=NOW + timedelta(seconds=90, milliseconds=1)))

    row = table.get("CONTROL", "OVERRIDE#gpu-dev/ollama-vision#word")

    assert row is not None
    assert row["expires_at_epoch"] == int(NOW.timestamp()) + 91


def test_the_later_word_replaces_the_earlier_and_an_earlier_one_that_arrives_late_is_told_so(table: Table) -> None:
    controls = Controls(table)
    stop = replace(KEEP, id="o3", kind=OverrideKind.STOP, made_at=NOW + HOUR, until=NOW + 3 * HOUR, force=True)

    assert controls.add_override(stop)
    assert not controls.add_override(KEEP)

    assert controls.read(NOW + HOUR).overrides == (stop,)


def test_an_exclusion_stands_beside_a_word_and_may_hold_for_good(table: Table) -> None:
    controls = Controls(table)
    controls.add_override(KEEP)
    controls.add_override(EXCLUDE)

    assert controls.read(NOW + 1000 * HOUR).overrides == (EXCLUDE,)
    assert controls.end_override(DEV, "ada", NOW, kinds=(OverrideKind.KEEP, OverrideKind.STOP)) == (KEEP,)
    assert controls.end_override(DEV, "ada", NOW) == (EXCLUDE,)
    assert controls.end_override(DEV, "ada", NOW) == ()
    assert controls.read(NOW) == ControlState()


def test_an_override_that_was_over_when_it_was_made_is_a_mistake(table: Table) -> None:
    with pytest.raises(ValueError, match="was over when it was made"):
        Controls(table).add_override(replace(KEEP, until=NOW))


def test_the_first_freeze_stands_until_it_is_lifted(table: Table) -> None:
    controls = Controls(table)
    first = controls.freeze_all("ada", "incident 12", NOW)

    assert first == Switches("ada", "incident 12", NOW)
    assert controls.freeze_all("ben", "test", NOW + HOUR) == first
    assert controls.read(NOW + HOUR).switches == first
    assert controls.unfreeze("ben", NOW + HOUR) == first
    assert controls.unfreeze("ben", NOW + HOUR) is None
    assert controls.read(NOW).switches == Switches()


def test_stop_slots_come_back_after_an_hour_one_by_one(table: Table) -> None:
    controls = Controls(table)

    assert controls.reserve_stops("vision", 3, 5, NOW) == 3
    assert controls.reserve_stops("vision", 3, 5, NOW + timedelta(minutes=30)) == 2
    assert controls.reserve_stops("vision", 1, 5, NOW + timedelta(minutes=59)) == 0
    assert controls.reserve_stops("vision", 9, 5, NOW + HOUR) == 3
    assert controls.reserve_stops("speech", 1, 5, NOW + HOUR) == 1, "each policy has its own"


def test_a_slot_that_was_not_used_is_given_back(table: Table) -> None:
    controls = Controls(table)
    controls.reserve_stops("vision", 5, 5, NOW)

    controls.give_back_stops("vision", 2, NOW)

    assert controls.reserve_stops("vision", 5, 5, NOW) == 2


def test_a_limit_of_zero_stops_nothing(table: Table) -> None:
    assert Controls(table).reserve_stops("vision", 1, 0, NOW) == 0


class Interrupted(Table):
    """Somebody else writes between our read and our delete."""

    def __init__(self, table: Table, meanwhile: Callable[[], object]) -> None:
        super().__init__(table._client, table.name)
        self._meanwhile = meanwhile

    def delete(self, pk: str, sk: str, condition: Condition, values: Item | None = None) -> None:
        self._meanwhile()
        super().delete(pk, sk, condition, values)


def test_ending_an_override_spares_the_one_that_somebody_made_meanwhile(table: Table) -> None:
    newer = replace(KEEP, id="o9", by="ben", made_at=NOW + timedelta(seconds=1))
    Controls(table).add_override(KEEP)

    ended = Controls(Interrupted(table, lambda: Controls(table).add_override(newer))).end_override(DEV, "ada", NOW)

    assert ended == ()
    assert Controls(table).read(NOW).overrides == (newer,)


def test_unfreezing_spares_the_freeze_that_somebody_put_on_meanwhile(table: Table) -> None:
    controls = Controls(table)
    controls.freeze_all("ada", "incident 12", NOW)

    def meanwhile() -> None:
        controls.unfreeze("ben", NOW)
        controls.freeze_all("ben", "incident 13", NOW + HOUR)

    assert Controls(Interrupted(table, meanwhile)).unfreeze("ada", NOW + HOUR) is None
    assert controls.read(NOW).switches.frozen_reason == "incident 13"
