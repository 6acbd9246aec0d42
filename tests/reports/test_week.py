from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from chalicelib.decide.facts import ActionKind, ServiceId
from chalicelib.prices import Price
from chalicelib.record.history import Entry, EntryKind

from reports.figures import Shape, WeekReport
from reports.week import week

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
CHAT = ServiceId("gpu-dev", "chat")
DOLLAR = Price(Decimal("1.00"), "a list", date(2026, 7, 20))


def act(
    hour: float,
    action: ActionKind,
    *,
    outcome: str = "done",
    id: str = "",
    kind: EntryKind = EntryKind.ACTED,
    n: int = 1,
) -> Entry:
    return Entry(
        at=MONDAY + timedelta(hours=hour),
        kind=kind,
        who="controller",
        reason="because",
        service=CHAT,
        outcome=outcome,
        action=action,
        action_id=id or f"{action.value}-{hour}",
        desired_count=n,
    )


def one_day(*entries: Entry, shape: Shape | None = None, linger: timedelta = timedelta(0)) -> WeekReport:
    shape = shape or Shape(CHAT, 1, DOLLAR, gpus_per_task=4)
    return week(entries, [shape], MONDAY, MONDAY + timedelta(days=1), host_scale_in=linger)


def test_a_service_nobody_touched_costs_its_baseline() -> None:
    report = one_day()

    assert report.ran.usd == report.baseline.usd == Decimal(24)
    assert report.saved.usd == 0
    assert report.ran.gpu_hours == 96


def test_a_night_off_is_saved_hour_by_hour() -> None:
    report = one_day(act(2, ActionKind.STOP), act(10, ActionKind.START))

    (row,) = report.rows
    assert row.saved.host_hours == 8
    assert row.saved.usd == Decimal(8)
    assert (row.stops, row.starts) == (1, 1)
    assert report.saved_share == Decimal(8) / Decimal(24)


def test_a_stop_counts_from_the_moment_its_tasks_had_ended_and_a_start_from_the_moment_it_was_asked_for() -> None:
    report = one_day(
        act(2, ActionKind.STOP, outcome="begun", id="s"),
        act(3, ActionKind.STOP, outcome="done", id="s"),
        act(10, ActionKind.START, outcome="begun", id="t"),
        act(11, ActionKind.START, outcome="done", id="t"),
    )

    (row,) = report.rows
    assert row.saved.host_hours == 7
    assert (row.stops, row.starts) == (1, 1)


def test_the_host_outlives_its_last_task_but_not_the_next_start() -> None:
    linger = timedelta(minutes=30)

    assert one_day(act(2, ActionKind.STOP), linger=linger).ran.host_hours == Decimal("2.5")
    assert one_day(act(2, ActionKind.STOP), act(2.25, ActionKind.START), linger=linger).saved.host_hours == 0
    assert one_day(act(23.75, ActionKind.STOP), linger=linger).ran.host_hours == 24


def test_a_failed_stop_and_a_refusal_save_nothing() -> None:
    report = one_day(
        act(2, ActionKind.STOP, kind=EntryKind.FAILED, outcome="failed"),
        act(4, ActionKind.STOP, kind=EntryKind.REFUSED, outcome="refused"),
        act(5, ActionKind.STOP, kind=EntryKind.WOULD, outcome=""),
    )

    assert report.saved.usd == 0
    assert report.rows[0].stops == 0


def test_a_hand_start_is_paid_for_and_counted_as_such() -> None:
    report = one_day(act(2, ActionKind.STOP), act(20, ActionKind.START, kind=EntryKind.HAND, id="-"))

    assert report.ran.host_hours == 6
    assert report.rows[0].by_hand == 1


def test_a_stop_that_a_person_undid_before_its_tasks_were_seen_to_end_saves_nothing() -> None:
    report = one_day(
        act(2, ActionKind.STOP, outcome="begun", id="s"),
        act(3, ActionKind.STOP, kind=EntryKind.HAND, outcome="undone", id="s"),
    )

    assert report.saved.host_hours == 0


def test_a_service_of_two_tasks_is_compared_with_two_tasks() -> None:
    shape = Shape(CHAT, 2, DOLLAR)
    report = one_day(act(12, ActionKind.STOP, n=2), shape=shape)

    assert (report.ran.usd, report.baseline.usd) == (Decimal(24), Decimal(48))


def test_an_unknown_price_stays_unknown_and_is_named() -> None:
    report = one_day(act(12, ActionKind.STOP), shape=Shape(CHAT, 1))

    assert report.rows[0].ran.usd is None
    assert report.rows[0].ran.host_hours == 12
    assert report.unpriced == (CHAT,)
    assert report.saved_share is None


def test_entries_outside_the_span_do_not_count() -> None:
    report = one_day(act(-1, ActionKind.STOP), act(30, ActionKind.STOP))

    assert report.saved.usd == 0


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_entries_does_not_matter(order: int) -> None:
    entries = [act(2, ActionKind.STOP), act(10, ActionKind.START), act(20, ActionKind.STOP)][::order]

    assert one_day(*entries).saved.host_hours == 12
