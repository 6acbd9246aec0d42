"""Places on the load balancers and what one person may run, with many who want them at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from chalicelib.errors import NotAllowed, TooMany
from chalicelib.fleet.limits import Limits
from chalicelib.fleet.model import InstanceState
from chalicelib.fleet.slots import FIRST_PRIORITY, PER_LISTENER, Slots
from support.moto_record import race
from support.workbench import ADA, BEN, Workbench, add_listener

ONE, TWO = "arn:listener-1", "arn:listener-2"


def limits(bench: Workbench) -> Limits:
    return Limits(bench.table, bench.instances, bench.settings)


def test_two_instances_never_share_a_priority(bench: Workbench) -> None:
    slots = Slots(bench.table, [ONE])

    taken = race(30, lambda number: slots.take(f"inst-{number}"))

    priorities = [priority for slot in taken for priority in (slot.priority, slot.priority + 1)]
    assert len(set(priorities)) == 60
    assert min(priorities) >= FIRST_PRIORITY


def test_an_instance_that_asks_again_gets_its_own_place(bench: Workbench) -> None:
    slots = Slots(bench.table, [ONE, TWO])

    assert slots.take("inst-a") == slots.take("inst-a") == slots.find("inst-a")


def test_a_full_load_balancer_is_followed_by_the_next_and_then_by_a_refusal(bench: Workbench) -> None:
    slots = Slots(bench.table, [ONE, TWO])
    taken = [slots.take(f"inst-{number}") for number in range(2 * PER_LISTENER)]

    assert {slot.listener_arn for slot in taken[:PER_LISTENER]} == {ONE}
    assert {slot.listener_arn for slot in taken[PER_LISTENER:]} == {TWO}
    with pytest.raises(NotAllowed, match="All 98 places"):
        slots.take("inst-late")
    slots.give_back(taken[7], "inst-7")
    assert slots.take("inst-late") == taken[7]


def test_a_place_is_given_back_by_its_holder_only(bench: Workbench) -> None:
    slots = Slots(bench.table, [ONE])
    slot = slots.take("inst-a")

    slots.give_back(slot, "inst-b")
    assert slots.find("inst-a") == slot

    slots.give_back(slot, "inst-a")
    slots.give_back(slot, "inst-a")
    assert slots.find("inst-a") is None


def test_a_start_without_a_place_leaves_no_row_and_no_promise(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_instances_per_user=1)
    slots = Slots(bench.table, bench.settings.listener_arns)
    held = [slots.take(f"inst-{number}") for number in range(PER_LISTENER)]

    with pytest.raises(NotAllowed, match="add a listener"):
        bench.start(key="k")

    assert bench.instances.all() == ()
    slots.give_back(held[0], "inst-0")
    assert bench.start(key="k").state is InstanceState.STARTING


def test_a_second_load_balancer_gets_its_own_way_to_the_wake_function(bench: Workbench) -> None:
    slots = Slots(bench.table, bench.settings.listener_arns)
    first = bench.start(key="a")
    for number in range(PER_LISTENER - 1):
        slots.take(f"inst-{number}")
    bench.settings = replace(
        bench.settings, listener_arns=(*bench.settings.listener_arns, add_listener(bench, "models-2"))
    )

    second = bench.start(key="b")

    assert second.resources.slot is not None
    assert second.resources.slot.listener_arn == bench.settings.listener_arns[1]
    assert first.resources.wake_target_group_arn != second.resources.wake_target_group_arn


def test_the_number_of_instances_of_one_person_is_limited(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_instances_per_user=2)
    bench.start()
    bench.start()

    with pytest.raises(TooMany, match="may have 2 instances"):
        bench.start()
    assert bench.start(caller=BEN).state is InstanceState.STARTING


def test_many_starts_at_once_do_not_get_past_the_limit(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_instances_per_user=3)
    counted = limits(bench)

    results = race(12, lambda number: counted.admit("sub-ada", f"inst-{number}", Decimal(1), bench.clock.now()))

    assert results.count(None) == 3
    assert sum(isinstance(one, TooMany) for one in results) == 9


def test_what_was_admitted_and_never_came_is_forgotten_after_a_while(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_instances_per_user=1)
    limits(bench).admit("sub-ada", "inst-never", None, bench.clock.now())

    with pytest.raises(TooMany):
        bench.start()
    bench.later(minutes=6)
    assert bench.start().state is InstanceState.STARTING


def test_money_is_limited_by_what_may_run(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_usd_per_hour_per_user=Decimal("1.5"))
    first, _ = bench.start("codellama-13b"), bench.start("codellama-13b")

    with pytest.raises(TooMany, match=r"2\.13 USD an hour"):
        bench.start("codellama-13b")

    bench.later(minutes=6)
    bench.instances.change(first.id, lambda row: replace(row, state=InstanceState.STOPPED))
    assert bench.start("codellama-13b").state is InstanceState.STARTING


def test_stopped_instances_that_are_woken_at_once_count_before_they_run(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_usd_per_hour_per_user=Decimal("1.5"))
    rows = [bench.start("codellama-13b", key=f"{number}") for number in range(2)]
    bench.later(minutes=6)
    for row in rows:
        bench.instances.change(row.id, lambda one: replace(one, state=InstanceState.STOPPED))
    third = bench.start("codellama-13b")
    bench.later(minutes=6)

    counted = limits(bench)
    counted.admit(ADA.sub, rows[0].id, Decimal("0.71"), bench.clock.now())

    with pytest.raises(TooMany):
        counted.admit(ADA.sub, rows[1].id, Decimal("0.71"), bench.clock.now())
    assert third.state is InstanceState.STARTING


def test_starts_are_limited_by_the_minute_and_a_refusal_says_how_long_to_wait(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_starts_per_minute=2)
    bench.start()
    bench.later(seconds=20)
    bench.start()
    bench.later(seconds=10)

    with pytest.raises(TooMany) as refused:
        bench.start()

    assert refused.value.retry_after_seconds == 31
    bench.clock.advance(timedelta(seconds=31))
    assert bench.start().state is InstanceState.STARTING


def test_a_failed_instance_holds_no_place_among_the_limits(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_instances_per_user=1)
    first = bench.start()
    bench.instances.change(first.id, lambda row: replace(row, state=InstanceState.FAILED, resources=row.resources))

    assert bench.start().state is InstanceState.STARTING


def test_where_nobody_may_start_it_says_so(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_starts_per_minute=0)

    with pytest.raises(TooMany, match="nobody"):
        bench.start()
