"""The snapshot, the policies in force, and the table they stand in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from chalicelib.errors import ConditionFailed, RecordUnavailable
from chalicelib.record import conditions
from chalicelib.record.codec import Item, epoch, when, when_text
from chalicelib.record.conditions import Condition
from chalicelib.record.policies import PART_BYTES, InForce, PoliciesInForce, PolicySince
from chalicelib.record.snapshots import Snapshots
from chalicelib.record.state_conditions import HAND_START_ONCE
from chalicelib.record.table import TABLE, Changes, Table

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def test_a_snapshot_comes_back_and_a_shorter_one_leaves_no_old_shards(table: Table) -> None:
    snapshots = Snapshots(table)
    assert snapshots.load() == []

    assert snapshots.save([b"one", b"two", b"three"])
    assert Snapshots(table).load() == [b"one", b"two", b"three"]
    assert snapshots.save([b"only"])

    assert Snapshots(table).load() == [b"only"]
    assert len(list(table.query("SNAPSHOT"))) == 1


def test_who_saves_over_a_newer_snapshot_gives_up(table: Table) -> None:
    first, second = Snapshots(table), Snapshots(table)
    first.load()
    second.load()

    assert first.save([b"first"])
    assert not second.save([b"second"])
    assert Snapshots(table).load() == [b"first"]


def test_a_torn_snapshot_is_answered_as_none_and_can_be_replaced(table: Table) -> None:
    Snapshots(table).save([b"one", b"two"])
    _, other = table.query("SNAPSHOT")
    table.drop("SNAPSHOT", other["sk"])

    again = Snapshots(table)
    assert again.load() == []
    assert again.save([b"new"])
    assert Snapshots(table).load() == [b"new"]


def test_who_reads_between_the_writes_of_a_new_snapshot_finds_the_old_one_whole(table: Table) -> None:
    found: list[list[bytes]] = []

    class Watched(Table):
        def put(self, item: Item, condition: Condition, values: Item | None = None) -> None:
            super().put(item, condition, values)
            found.append(Snapshots(table).load())

    Snapshots(table).save([b"old one", b"old two"])
    writer = Snapshots(Watched(table._client, table.name))
    writer.load()

    assert writer.save([b"new one", b"new two", b"new three"])

    old, new = [b"old one", b"old two"], [b"new one", b"new two", b"new three"]
    assert found == [old, old, new]
    assert len(list(table.query("SNAPSHOT"))) == 3, "nothing of the old one is left"


def test_the_loser_of_two_savers_takes_its_shards_away(table: Table) -> None:
    first, second = Snapshots(table), Snapshots(table)

    assert first.save([b"first", b"1"])
    assert not second.save([b"second", b"2", b"3"])

    assert Snapshots(table).load() == [b"first", b"1"]
    assert len(list(table.query("SNAPSHOT"))) == 2


def test_a_shard_that_does_not_fit_is_a_mistake_said_at_once(table: Table) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Snapshots(table).save([b"x" * 400_000])


def test_policies_in_force_come_back_with_their_versions(table: Table) -> None:
    store = PoliciesInForce(table)
    assert store.load() is None

    first = store.save(
        InForce(
            {"vision.yaml": "lifecycle: v1\n"}, "v1", {"vision-dev": PolicySince("abc", NOW)}, {"vision.yaml": "e1"}
        ),
        None,
    )

    assert first.revision == 1
    assert PoliciesInForce(table).load() == first


def test_policies_larger_than_an_item_are_kept_in_parts_and_old_parts_go(table: Table) -> None:
    import random

    store = PoliciesInForce(table)
    noise = random.Random(1).randbytes(PART_BYTES).hex()
    large = store.save(InForce({"a.yaml": noise}, "v1"), None)
    assert len(list(table.query("POLICIES"))) > 2
    assert store.load() == large

    small = store.save(InForce({"a.yaml": "small"}, "v2"), large)

    assert store.load() == small
    assert len(list(table.query("POLICIES"))) == 2


def test_a_set_compared_with_another_than_the_one_in_force_does_not_take_force(table: Table) -> None:
    store = PoliciesInForce(table)
    first = store.save(InForce({}, "v1"), None)
    second = store.save(InForce({}, "v2"), first)

    for replaces in (None, first):
        with pytest.raises(ConditionFailed):
            store.save(InForce({}, "v3"), replaces)

    assert store.load() == second


def test_a_set_handed_in_as_it_was_before_its_save_is_known_by_its_version(table: Table) -> None:
    store = PoliciesInForce(table)
    first, second = InForce({}, "v1"), InForce({}, "v2")
    store.save(first, None)

    assert store.save(second, first).revision == 2
    with pytest.raises(ConditionFailed):
        store.save(InForce({}, "v3"), first)
    assert store.save(InForce({}, "v3"), second).revision == 3


def test_a_lost_part_is_said_and_not_taken_for_no_policies(table: Table) -> None:
    store = PoliciesInForce(table)
    store.save(InForce({}, "v1"), None)
    (part,) = [row for row in table.query("POLICIES") if row["sk"].startswith("PART#")]
    table.drop("POLICIES", part["sk"])

    with pytest.raises(RecordUnavailable, match="a part of them is lost"):
        store.load()


def test_the_tables_shape_is_data_that_a_template_can_be_compared_with() -> None:
    keys = {one["AttributeName"] for one in TABLE["KeySchema"]}
    index = {one["AttributeName"] for one in TABLE["GlobalSecondaryIndexes"][0]["KeySchema"]}

    assert keys == {"pk", "sk"}
    assert keys | index == {one["AttributeName"] for one in TABLE["AttributeDefinitions"]}


def test_a_query_pages_through_more_than_one_answer_and_stops_at_its_limit(table: Table) -> None:
    for number in range(5):
        item = {"pk": "BIG", "sk": f"{number}", "body": b"x" * 390_000}
        table.put(item, conditions.NEW_ENTRY)

    assert [row["sk"] for row in table.query("BIG")] == ["0", "1", "2", "3", "4"]
    assert [row["sk"] for row in table.query("BIG", limit=4, newest_first=True)] == ["4", "3", "2", "1"]
    assert [row["sk"] for row in table.query("BIG", since="1", before="3")] == ["1", "2"]


def test_setting_an_attribute_to_none_removes_it(table: Table) -> None:
    table.put({"pk": "A", "sk": "1", "kept": 1, "gone": 2, "none": None}, conditions.NEW_ENTRY)

    after = table.update("A", "1", Changes(set={"gone": None, "kept": 3}, remove=("kept",)), HAND_START_ONCE)

    assert after == {"pk": "A", "sk": "1", "kept": 3}


def test_times_are_texts_of_one_width_that_sort() -> None:
    early = when_text(NOW.replace(year=210))
    texts = [early, *(when_text(NOW.replace(microsecond=micro)) for micro in (0, 1, 999_999))]

    assert texts == sorted(texts)
    assert len({len(text) for text in texts}) == 1
    assert when(texts[2]) == NOW.replace(microsecond=1)
    assert epoch(NOW.replace(microsecond=1)) == int(NOW.timestamp()) + 1
    with pytest.raises(ValueError, match="no zone"):
        when_text(NOW.replace(tzinfo=None))
