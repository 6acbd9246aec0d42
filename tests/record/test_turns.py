"""The turn to stop services of one policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.errors import Locked
from chalicelib.record.table import Table
from chalicelib.record.turns import Turn, Turns
from support.moto_record import race

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def test_of_many_that_take_a_turn_at_once_one_gets_it(table: Table) -> None:
    taken = race(8, lambda number: Turns(table).take("vision", f"run:{number}", NOW, 600))

    assert len([one for one in taken if isinstance(one, Turn)]) == 1
    assert len([one for one in taken if isinstance(one, Locked)]) == 7


def test_the_turn_of_one_policy_is_nothing_to_another(table: Table) -> None:
    Turns(table).take("vision", "run:1", NOW, 600)

    assert Turns(table).take("chat", "run:2", NOW, 600).fence == 1


def test_a_turn_ends_by_the_clock_and_its_late_owner_cannot_give_the_next_one_back(table: Table) -> None:
    turns = Turns(table)
    first = turns.take("vision", "run:1", NOW, 600)
    with pytest.raises(Locked, match=r"run:1, at the longest until 2026-11-20T20:10"):
        turns.take("vision", "run:2", NOW + timedelta(seconds=599), 600)

    second = turns.take("vision", "run:2", NOW + timedelta(seconds=600), 600)

    assert second.fence == first.fence + 1
    assert not turns.release(first)
    with pytest.raises(Locked):
        turns.take("vision", "run:3", NOW + timedelta(seconds=601), 600)
    assert turns.release(second)
    assert turns.take("vision", "run:3", NOW + timedelta(seconds=602), 600).fence == 3
