"""Sixteen threads at once, on every condition that names a winner."""

from __future__ import annotations

import importlib.resources
import re
from datetime import UTC, datetime, timedelta

from chalicelib.decide.facts import ActionKind, Override, OverrideKind, Pending, ServiceId
from chalicelib.errors import ConditionFailed, Locked
from chalicelib.record.controls import Controls
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.policies import InForce, PoliciesInForce
from chalicelib.record.snapshots import Snapshots
from chalicelib.record.states import Lease, States
from chalicelib.record.table import Table
from support.conditions import EVERY
from support.moto_record import race

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
DEV = ServiceId("gpu-dev", "ollama-vision")
CROWD = 16


def test_of_sixteen_that_want_the_lock_exactly_one_gets_it_in_every_round(table: Table) -> None:
    states = States(table)
    for number in range(5):
        at = NOW + timedelta(minutes=2 * number)

        results = race(CROWD, lambda who, at=at: states.lock(DEV, f"run-{who}", at, 60))

        won = [one for one in results if isinstance(one, Lease)]
        assert len(won) == 1
        assert won[0].fence == number + 1
        assert sum(isinstance(one, Locked) for one in results) == CROWD - 1


def test_of_sixteen_that_handle_an_opening_exactly_one_does(table: Table) -> None:
    states = States(table)

    results = race(CROWD, lambda _: states.handle_opening(DEV, NOW, NOW))

    assert results.count(True) == 1


def test_of_sixteen_that_verify_one_action_exactly_one_settles_it(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "one", NOW, 60)
    states.mark_pending(lease, Pending(ActionKind.START, NOW, NOW, "a1"))
    states.release(lease)

    results = race(CROWD, lambda _: states.mark_start_failed(DEV, "a1", "no capacity", NOW))

    assert sum(one is not None for one in results) == 1
    failure = states.get(DEV).memory.start_failure
    assert failure is not None
    assert failure.count == 1


def test_of_sixteen_that_note_a_hand_or_a_refusal_exactly_one_tells_it(table: Table) -> None:
    states = States(table)

    assert race(CROWD, lambda _: states.note_hand_start(DEV, NOW)).count(True) == 1
    assert race(CROWD, lambda _: states.first_refusal(DEV, "in-use", NOW)).count(True) == 1


def test_sixteen_that_reserve_stops_get_no_more_than_the_limit_together(table: Table) -> None:
    controls = Controls(table)

    results = race(CROWD, lambda _: controls.reserve_stops("vision", 2, 5, NOW))

    assert sum(results) == 5, results


def test_of_words_that_arrive_in_any_order_the_latest_stands(table: Table) -> None:
    controls = Controls(table)

    def say(number: int) -> bool:
        made_at = NOW + timedelta(seconds=number)
        word = OverrideKind.KEEP if number % 2 else OverrideKind.STOP
        return controls.add_override(
            Override(f"o{number}", DEV, word, NOW + timedelta(hours=1), "ada", "test", made_at)
        )

    race(CROWD, say)

    assert [one.id for one in controls.read(NOW).overrides] == [f"o{CROWD - 1}"]


def test_of_sixteen_freezes_one_stands_and_all_are_told_of_it(table: Table) -> None:
    controls = Controls(table)

    results = race(CROWD, lambda number: controls.freeze_all(f"person-{number}", "incident", NOW))

    assert len({one.frozen_by for one in results}) == 1
    assert controls.read(NOW).switches == results[0]


def test_one_entry_written_by_sixteen_stands_once(table: Table) -> None:
    history = History(table)
    entry = Entry(NOW, EntryKind.NOTICE, "test", "once", service=DEV)

    assert race(CROWD, lambda _: history.append(entry)).count(True) == 1
    assert list(history.of_day(NOW.date())) == [entry]


def test_shards_of_pictures_saved_at_once_never_mix(table: Table) -> None:
    def save(number: int) -> bool:
        snapshots = Snapshots(table)
        snapshots.load()
        return snapshots.save([bytes([number]), bytes([number])])

    results = race(CROWD, save)

    assert any(results)
    loaded = Snapshots(table).load()
    assert loaded == [] or loaded[0] == loaded[1]


def test_of_sixteen_new_sets_of_policies_one_takes_force_and_is_whole(table: Table) -> None:
    in_force = PoliciesInForce(table)
    first = in_force.save(InForce({"a.yaml": "one"}, "v1"), None)

    results = race(CROWD, lambda number: in_force.save(InForce({"a.yaml": f"{number}"}, f"v2-{number}"), first))

    won = [one for one in results if isinstance(one, InForce)]
    assert len(won) == 1
    assert sum(isinstance(one, ConditionFailed) for one in results) == CROWD - 1
    assert in_force.load() == won[0]


def test_no_condition_uses_a_word_that_dynamodb_reserves() -> None:
    reserved = set(
        importlib.resources.files("moto.dynamodb.parsing").joinpath("reserved_keywords.txt").read_text().split()
    )
    for condition in EVERY:
        names = set(re.findall(r"(?<![:\w])[a-z_]+", condition.expression))
        assert not {name.upper() for name in names - {"attribute_not_exists"}} & reserved, condition.name


def test_every_condition_has_a_name_of_its_own() -> None:
    names = [one.name for one in EVERY]

    assert len(names) == len(set(names)) > 10
