from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import ActionKind, Pending, SavedSize, ScalingBounds, ServiceId, ServiceMemory
from chalicelib.decide.flight import Flight
from chalicelib.errors import ConditionFailed, Locked, RecordUnavailable
from chalicelib.record.states import States
from chalicelib.record.table import Table

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
DEV = ServiceId("gpu-dev", "ollama-vision")
BOUNDS = ScalingBounds(1, 4, scheduled_suspended=True)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def size(count: int, scaling: ScalingBounds | None = BOUNDS) -> SavedSize:
    return SavedSize(count, scaling, NOW)


def pending(kind: ActionKind, action_id: str = "a1") -> Pending:
    return Pending(kind, NOW, NOW + minutes(15), action_id)


def test_a_service_never_touched_has_the_empty_memory(table: Table) -> None:
    row = States(table).get(DEV)

    assert row.memory == ServiceMemory()
    assert row.fence == 0
    assert States(table).all() == {}


def test_the_lock_is_refused_while_another_holds_it_and_names_the_holder(table: Table) -> None:
    states = States(table)
    states.lock(DEV, "sweep-1", NOW, 60)

    with pytest.raises(Locked, match="sweep-1 is acting"):
        states.lock(DEV, "alarm", NOW + timedelta(seconds=59), 60)


def test_an_expired_lock_is_taken_although_the_row_still_holds_it(table: Table) -> None:
    states = States(table)
    first = states.lock(DEV, "sweep-1", NOW, 60)

    second = states.lock(DEV, "sweep-2", NOW + timedelta(seconds=60), 60)

    assert second.fence == first.fence + 1
    assert second.interrupted == "sweep-1"


def test_who_comes_back_late_can_write_nothing_any_more(table: Table) -> None:
    states = States(table)
    slow = states.lock(DEV, "slow", NOW, 60)
    states.lock(DEV, "second", NOW + minutes(2), 60)

    for write in (
        lambda: states.mark_draining(slow, NOW),
        lambda: states.save_size(slow, size(2)),
        lambda: states.mark_pending(slow, pending(ActionKind.STOP)),
        lambda: states.undrain(slow, forget_size=True),
        lambda: states.settle_running(slow),
        lambda: states.start_not_begun(slow, "no", NOW),
    ):
        with pytest.raises(ConditionFailed, match="holds-the-lock"):
            write()
    assert not states.release(slow)
    assert states.get(DEV).lock_owner == "second"


def test_the_fence_only_grows(table: Table) -> None:
    states = States(table)
    fences = []
    for turn in range(4):
        lease = states.lock(DEV, f"run-{turn}", NOW + minutes(turn), 30)
        fences.append(lease.fence)
        states.release(lease)

    assert fences == [1, 2, 3, 4]


def test_a_second_stop_never_overwrites_the_saved_size_with_a_smaller_one(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "one", NOW, 60)
    states.save_size(lease, size(3))

    with pytest.raises(ValueError, match="never saved"):
        states.save_size(lease, size(0))
    standing = states.save_size(lease, size(1, None))

    assert standing == size(3)
    assert states.get(DEV).memory.saved_size == size(3)


def test_a_larger_size_seen_before_the_first_was_given_back_replaces_it(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "one", NOW, 60)
    states.save_size(lease, size(1))

    assert states.save_size(lease, size(5, None)) == size(5, None)
    assert states.get(DEV).memory.saved_size == size(5, None)


def test_a_stop_is_remembered_from_draining_to_its_end(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "one", NOW, 60)
    states.mark_draining(lease, NOW)
    states.save_size(lease, size(2))
    states.mark_pending(lease, pending(ActionKind.STOP))
    states.release(lease)

    memory = states.get(DEV).memory
    assert (memory.draining_since, memory.saved_size, memory.stopped_at) == (NOW, size(2), NOW)
    assert memory.pending == pending(ActionKind.STOP)

    assert states.mark_stopped(DEV, "a1", NOW + minutes(3))
    memory = states.get(DEV).memory
    assert (memory.draining_since, memory.pending) == (None, None)
    assert memory.saved_size == size(2)
    assert states.all() == {DEV: memory}


def test_only_a_service_seen_ready_forgets_its_saved_size(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "one", NOW, 60)
    states.save_size(lease, size(2))
    states.mark_pending(lease, pending(ActionKind.START))
    states.release(lease)

    failure = states.mark_start_failed(DEV, "a1", "no capacity", NOW)
    assert failure is not None
    assert (failure.count, failure.reason) == (1, "no capacity")
    assert states.get(DEV).memory.saved_size == size(2)

    again = states.lock(DEV, "two", NOW, 60)
    states.mark_pending(again, pending(ActionKind.START, "a2"))
    states.release(again)
    assert states.mark_ready(DEV, "a2", NOW)
    assert states.get(DEV).memory == ServiceMemory()


def test_a_verdict_on_an_action_that_was_overtaken_changes_nothing(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "one", NOW, 60)
    states.save_size(lease, size(2))
    states.mark_pending(lease, pending(ActionKind.START, "start-1"))
    states.release(lease)
    stop = states.lock(DEV, "two", NOW, 60)

    assert not states.mark_ready(DEV, "start-1", NOW), "somebody is acting"
    states.mark_pending(stop, pending(ActionKind.STOP, "stop-2"))
    states.release(stop)
    assert not states.mark_ready(DEV, "start-1", NOW), "another action is pending"

    assert states.get(DEV).memory.saved_size == size(2)


def test_a_settled_action_shuts_out_an_actor_whose_lock_had_expired(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "slow", NOW, 60)
    states.mark_pending(lease, pending(ActionKind.STOP))

    assert states.mark_stopped(DEV, "a1", NOW + minutes(5))

    with pytest.raises(ConditionFailed):
        states.save_size(lease, size(1))


def test_an_opening_is_handled_once_and_never_turned_back(table: Table) -> None:
    states = States(table)

    assert states.handle_opening(DEV, NOW, NOW)
    assert not states.handle_opening(DEV, NOW, NOW + minutes(5))
    assert not states.handle_opening(DEV, NOW - timedelta(days=1), NOW)
    assert states.handle_opening(DEV, NOW + timedelta(days=1), NOW)
    assert states.get(DEV).memory.opening_handled == NOW + timedelta(days=1)


def test_a_hand_is_noted_once_and_not_while_an_action_of_ours_explains_it(table: Table) -> None:
    states = States(table)
    assert states.note_hand_start(DEV, NOW)
    assert not states.note_hand_start(DEV, NOW + minutes(1))
    assert states.note_hand_stop(DEV, NOW + minutes(2), size(3))
    assert not states.note_hand_stop(DEV, NOW + minutes(2), size(5))
    assert states.get(DEV).memory.saved_size == replace(size(3), scaling=None), "only the count is a person's doing"
    assert states.get(DEV).memory.hand_started_at is None

    lease = states.lock(DEV, "stop:x", NOW + minutes(3), 60)
    assert not states.note_hand_start(DEV, NOW + minutes(3)), "we are acting"
    states.mark_draining(lease, NOW + minutes(3))
    assert not states.note_hand_start(DEV, NOW + minutes(30)), "an interrupted stop of ours"


def test_a_run_that_died_doing_nothing_hides_a_hand_for_an_hour_only(table: Table) -> None:
    states = States(table)
    states.lock(DEV, "stop:x", NOW, 60)

    assert not states.note_hand_start(DEV, NOW + minutes(30))
    assert states.note_hand_start(DEV, NOW + minutes(62))


def test_a_hand_stop_never_replaces_a_larger_saved_size(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "one", NOW, 60)
    states.save_size(lease, size(4))
    states.release(lease)

    assert states.note_hand_stop(DEV, NOW + timedelta(hours=2), size(1))

    assert states.get(DEV).memory.saved_size == size(4)
    assert states.get(DEV).memory.hand_stopped_at == NOW + timedelta(hours=2)


def test_the_same_refusal_is_news_once_then_after_six_hours(table: Table) -> None:
    states = States(table)

    assert states.first_refusal(DEV, "stop:in-use", NOW)
    assert not states.first_refusal(DEV, "stop:in-use", NOW + timedelta(hours=5))
    assert states.first_refusal(DEV, "stop:unknown", NOW + timedelta(hours=5))
    assert states.first_refusal(DEV, "stop:unknown", NOW + timedelta(hours=11))


def test_a_table_that_is_not_there_is_one_clear_sentence(table: Table) -> None:
    elsewhere = States(Table(table._client, "nowhere"))

    with pytest.raises(RecordUnavailable, match="There is no table nowhere"):
        elsewhere.all()


def test_a_stop_by_hand_keeps_the_autoscaling_that_we_still_owe(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "stop:a", NOW, 60)
    states.save_size(lease, size(3))
    states.release(lease)

    assert states.note_hand_stop(DEV, NOW + minutes(5), replace(size(4), scaling=None))

    saved = states.get(DEV).memory.saved_size
    assert saved is not None
    assert (saved.desired_count, saved.scaling) == (4, size(3).scaling)


def test_a_service_that_stays_away_is_forgotten_once(table: Table) -> None:
    states = States(table)
    states.note_hand_start(DEV, NOW)
    assert [states.note_gone(DEV, NOW), states.note_gone(DEV, NOW + minutes(30))] == [True, False]

    assert [states.forget_gone(DEV, NOW, NOW + minutes(61)) for _ in range(2)] == [True, False]
    assert states.all() == {}


def test_nothing_is_noted_of_a_service_that_was_never_touched_and_is_gone(table: Table) -> None:
    assert not States(table).note_gone(DEV, NOW)
    assert States(table).all() == {}


def test_a_service_that_came_back_and_went_again_is_not_forgotten_for_the_first_time_it_was_away(table: Table) -> None:
    states = States(table)
    states.note_hand_start(DEV, NOW)
    states.note_gone(DEV, NOW)

    assert states.note_back(DEV, NOW)
    states.note_gone(DEV, NOW + minutes(30))

    assert not states.forget_gone(DEV, NOW, NOW + minutes(61))


def test_a_predecessor_of_the_same_name_is_forgotten_but_nothing_that_was_noted_since(table: Table) -> None:
    states = States(table)
    lease = states.lock(DEV, "stop:a", NOW, 60)
    states.save_size(lease, size(3))
    states.release(lease)

    assert not states.forget_predecessor(DEV, NOW - minutes(1), NOW + minutes(2))
    assert states.get(DEV).memory.saved_size is not None
    assert states.forget_predecessor(DEV, NOW + minutes(1), NOW + minutes(2))
    assert states.get(DEV).memory == ServiceMemory()


def test_nothing_is_forgotten_while_somebody_acts_but_the_lock_of_a_dead_run_keeps_nothing(table: Table) -> None:
    states = States(table)
    states.note_hand_start(DEV, NOW)
    states.note_gone(DEV, NOW)
    states.lock(DEV, "stop:a", NOW, 600)

    assert not states.forget_predecessor(DEV, NOW + minutes(1), NOW + minutes(5))
    assert not states.forget_gone(DEV, NOW, NOW + minutes(5))
    assert states.forget_predecessor(DEV, NOW + minutes(1), NOW + minutes(10))


def test_the_first_instant_of_not_knowing_stands_until_somebody_can_tell(table: Table) -> None:
    states = States(table)
    assert [states.note_unknown(DEV, NOW), states.note_unknown(DEV, NOW + minutes(5))] == [True, False]
    assert states.get(DEV).memory.unknown_since == NOW

    assert not states.note_known(DEV, NOW + minutes(5))
    assert states.note_known(DEV, NOW)
    assert states.get(DEV).memory == ServiceMemory()


def test_a_stream_is_noted_when_it_is_seen_and_when_it_is_gone(table: Table) -> None:
    states = States(table)
    seen, gone = Flight(NOW), Flight(NOW, NOW + minutes(9))

    assert [states.note_flight(DEV, None, seen), states.note_flight(DEV, None, seen)] == [True, False]
    assert states.note_flight(DEV, seen, gone)
    assert states.get(DEV).memory.flight == gone


def test_who_saw_a_stream_gone_says_nothing_of_a_later_one(table: Table) -> None:
    states = States(table)
    earlier, later = Flight(NOW), Flight(NOW + minutes(10))
    states.note_flight(DEV, None, earlier)
    states.note_flight(DEV, earlier, later)

    assert not states.note_flight(DEV, earlier, Flight(NOW, NOW + minutes(11)))
    assert states.get(DEV).memory.flight == later
