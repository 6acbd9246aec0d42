from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from chalicelib.decide.decision import Because, Evidence, Wanted
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.table import Table

NOW = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
DEV = ServiceId("gpu-dev", "ollama-vision")
FULL = Entry(
    at=NOW,
    kind=EntryKind.ACTED,
    who="controller",
    reason="idle since 23:05",
    service=DEV,
    policy="vision-dev",
    policy_version="v7",
    wanted=Wanted.STOPPED,
    because=Because.IDLE,
    evidence=(Evidence("requests", "0", "requests", NOW - timedelta(minutes=45), NOW), Evidence("gpu", "1.5", "%")),
    steps=("set desired count 2 -> 0",),
    outcome="begun",
    action=ActionKind.STOP,
    action_id="a1",
    desired_count=2,
    price_usd_per_hour=Decimal("1.006"),
    price_source="list prices",
    price_as_of=date(2026, 11, 1),
)
BARE = Entry(at=NOW, kind=EntryKind.FREEZE, who="ada", reason="incident 12")


def test_an_entry_comes_back_as_it_was_written(table: Table) -> None:
    history = History(table)

    assert history.append(FULL)
    assert history.append(BARE)

    assert list(history.of_day(NOW.date())) == [BARE, FULL], "a freeze sorts before what was done at that instant"
    assert history.of_service(DEV) == (FULL,), "only entries of a service are in the index"


def test_the_same_entry_written_twice_stands_once(table: Table) -> None:
    history = History(table)

    assert history.append(FULL)
    assert not history.append(FULL)
    assert history.append(replace(FULL, reason="something else"))
    assert len(history.of_service(DEV)) == 2


def test_a_service_is_read_newest_first_up_to_a_limit_and_back_to_a_time(table: Table) -> None:
    history = History(table)
    for hours in range(6):
        history.append(replace(FULL, at=NOW + timedelta(hours=hours)))

    assert [one.at.hour for one in history.of_service(DEV, limit=2)] == [4, 3]
    assert len(history.of_service(DEV, since=NOW + timedelta(hours=3))) == 3


def test_a_span_of_days_is_read_oldest_first_and_ends_where_it_says(table: Table) -> None:
    history = History(table)
    times = [NOW + timedelta(hours=12 * number) for number in range(6)]
    for at in times:
        history.append(replace(BARE, at=at))

    assert [one.at for one in history.since(times[1], times[4])] == times[1:5]


def test_entries_may_be_given_a_last_day(table: Table) -> None:
    History(table, keep=timedelta(days=10)).append(BARE)

    (row,) = table.query("HISTORY#2026-11-20")

    assert row["expires_at_epoch"] == int((NOW + timedelta(days=10)).timestamp())
