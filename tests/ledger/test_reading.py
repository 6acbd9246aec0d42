"""What is read back from before the time that is counted: as far as it must be, and no further."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.ledger.reading import read, read_habits
from chalicelib.record.history import Entry, EntryKind, History
from support.moto_record import moto_client, new_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = timedelta(days=7)
CHAT = ServiceId("gpu-dev", "chat")


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    with moto_client() as client:
        yield client


@pytest.fixture
def history(dynamodb: DynamoDBClient) -> History:
    return History(new_table(dynamodb))


def entry(hours: float, kind: EntryKind = EntryKind.ACTED, **more: object) -> Entry:
    """``hours`` from Monday on."""
    told = Entry(MONDAY + timedelta(hours=hours), kind, "us", "so", CHAT, desired_count=1)
    return replace(told, **more)  # type: ignore[arg-type]


def act(hours: float, action: ActionKind, outcome: str = "begun", **more: object) -> Entry:
    because = Because.HOURS if outcome == "begun" else None
    return entry(hours, action=action, outcome=outcome, because=because, **{"action_id": f"{hours}", **more})


def hours_read(history: History, *told: Entry) -> list[float]:
    for one in told:
        history.append(one)
    return [(one.at - MONDAY) / timedelta(hours=1) for one in read(history, [CHAT], MONDAY, MONDAY + WEEK)]


def test_a_stop_is_read_back_to_the_entry_that_names_its_policy(history: History) -> None:
    notices = [entry(-10 + n / 10, EntryKind.NOTICE) for n in range(60)]
    begun, done = act(-20, ActionKind.STOP), act(-19.5, ActionKind.STOP, "done", action_id="-20")
    found = hours_read(history, act(-40, ActionKind.START), begun, done, *notices, entry(3, EntryKind.NOTICE))
    assert (found[0], found[1], len(found), found[-1]) == (-20, -19.5, 63, 3)


def test_what_runs_on_spot_is_read_back_to_who_moved_it(history: History) -> None:
    moved = act(-100, ActionKind.MOVE, "done", market="spot", moved_from="on-demand")
    starts = [act(-24 * n - 4, ActionKind.START, market="spot") for n in range(4)]
    assert hours_read(history, act(-200, ActionKind.START, market="on-demand"), moved, *starts)[0] == -100


def test_what_people_put_on_spot_is_read_back_to_where_it_was_before(history: History) -> None:
    before = act(-90, ActionKind.START, market="on-demand")
    assert hours_read(history, act(-200, ActionKind.STOP), before, act(-4, ActionKind.START, market="spot"))[0] == -90


def test_a_service_that_the_record_does_not_know_is_asked_for_in_vain(history: History) -> None:
    assert hours_read(history) == []


def test_a_habit_is_learned_from_the_whole_record_of_a_service(history: History) -> None:
    for day in range(21):
        history.append(entry(-24 * day - 4, EntryKind.HAND, action=ActionKind.STOP))
        history.append(entry(-24 * day - 16, EntryKind.HAND, action=ActionKind.START))
    history.append(act(18, ActionKind.STOP))

    habit = read_habits(history, [CHAT], MONDAY + WEEK, ZoneInfo("UTC"))[CHAT]

    tuesday = MONDAY + timedelta(days=1)
    assert [habit.at(tuesday + timedelta(hours=hour)) for hour in (7, 8, 19, 20)] == [0, 1, 1, 0]
    assert habit.at(MONDAY + timedelta(hours=12)) == Decimal("0.75"), "on our Monday nobody started it"
