"""The picture that one run hands to the next: read from the table each time, unpacked only when it is another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.controller.memo import Memo
from chalicelib.decide.facts import ServiceId
from chalicelib.observe.fleet import Fleet
from chalicelib.observe.snapshot import Look, Snapshot
from chalicelib.record.snapshots import Snapshots
from chalicelib.record.table import Table
from faults.cloud import WholeAws
from observe.test_snapshot import service

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHAT, VISION = service(1), service(2)


@pytest.fixture
def table() -> Table:
    return Table(WholeAws(NOW).client("dynamodb"), "t")


def save(memo: Memo, *services: object, at: datetime = NOW) -> None:
    fleet = Fleet({one.id: one for one in services}, {}, NOW)  # type: ignore[attr-defined]
    memo.save(fleet, {id: Look(at) for id in fleet.services}, fleet.services, at)


def known(picture: Snapshot | None) -> set[ServiceId]:
    assert picture
    return set(picture.fleet.services)


def test_a_picture_that_nobody_changed_is_the_very_one_that_was_seen_before(table: Table) -> None:
    save(Memo(Snapshots(table)), CHAT)
    memo = Memo(Snapshots(table))
    seen = memo.load()

    assert memo.load() is seen
    assert known(seen) == {CHAT.id}


def test_what_a_process_saved_it_gets_back_as_any_other_process_reads_it(table: Table) -> None:
    memo = Memo(Snapshots(table))
    save(memo, CHAT, VISION)

    mine, theirs = memo.load(), Memo(Snapshots(table)).load()

    assert mine is memo.load()
    assert mine == theirs


def test_a_picture_that_another_process_saved_since_is_seen(table: Table) -> None:
    memo, other = Memo(Snapshots(table)), Memo(Snapshots(table))
    save(memo, CHAT)
    other.load()
    save(other, CHAT, VISION, at=NOW + timedelta(minutes=1))

    assert known(memo.load()) == {CHAT.id, VISION.id}


def test_a_picture_that_is_gone_from_the_table_is_not_remembered(table: Table) -> None:
    memo = Memo(Snapshots(table))
    save(memo, CHAT)
    for row in list(table.query("SNAPSHOT")):
        table.drop("SNAPSHOT", row["sk"])

    assert memo.load() is None
