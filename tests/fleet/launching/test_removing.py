"""Removing an instance: only after its tasks have ended and drained, in any number of tries; and finding orphans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from chalicelib.errors import Conflict, NotFound
from chalicelib.fleet.model import Instance, InstanceState, Model, Resources
from chalicelib.fleet.removing import ORDER
from chalicelib.fleet.steps import SERVICE, STEPS
from chalicelib.fleet.workshop import Workshop
from support.moto_record import race
from support.workbench import ADA, SMALL, Killed, Workbench


def stop(bench: Workbench, instance: Instance) -> None:
    """As the controller does it; moto's tasks end at once."""
    bench.clients.ecs.update_service(cluster="models", service=instance.service.name, desiredCount=0)


def remove(bench: Workbench, instance: Instance) -> Instance:
    return bench.remover.go_on(bench.remover.remove(instance.id), bench.clock.now())


def test_a_stopped_instance_is_removed_with_everything_that_was_made_for_it(bench: Workbench) -> None:
    instance = bench.start(key="k")
    stop(bench, instance)

    removed = remove(bench, instance)

    assert removed.state is InstanceState.REMOVED
    assert bench.left_over() == []
    with pytest.raises(NotFound):
        bench.instances.get(instance.id)
    assert bench.orphans.find(bench.clock.now()) == ()


def test_an_instance_whose_tasks_are_wanted_is_not_removed_yet(bench: Workbench) -> None:
    instance = bench.start()
    before = bench.left_over()

    waiting = remove(bench, instance)

    assert waiting.state is InstanceState.REMOVING
    assert bench.left_over() == before
    stop(bench, instance)
    assert bench.remover.go_on(waiting, bench.clock.now()).state is InstanceState.REMOVED


def test_an_instance_that_drains_is_not_removed_yet(bench: Workbench) -> None:
    instance = bench.start()
    stop(bench, instance)
    draining = {"TargetHealthDescriptions": [{"Target": {"Id": "10.0.0.9"}, "TargetHealth": {"State": "draining"}}]}
    name = "after-call.elastic-load-balancing-v2.DescribeTargetHealth"

    def drain(parsed: dict[str, Any], **_: Any) -> None:
        parsed.update(draining)

    bench.clients.elb.meta.events.register(name, drain)
    try:
        waiting = remove(bench, instance)
    finally:
        bench.clients.elb.meta.events.unregister(name, drain)

    assert waiting.state is InstanceState.REMOVING
    assert len(bench.services()) == 1
    assert bench.remover.go_on(waiting, bench.clock.now()).state is InstanceState.REMOVED


def test_what_is_not_to_be_removed_stays(bench: Workbench) -> None:
    instance = bench.start()
    stop(bench, instance)

    assert bench.remover.go_on(instance, bench.clock.now()) == instance
    assert len(bench.services()) == 1


def test_the_name_of_a_removed_instance_is_not_used_again(bench: Workbench) -> None:
    instance = bench.start(key="k")
    stop(bench, instance)
    remove(bench, instance)

    with pytest.raises(Conflict, match="was removed; use a new key"):
        bench.start(key="k")
    assert bench.left_over() == []


def test_an_instance_that_is_still_being_made_cannot_be_removed(bench: Workbench) -> None:
    with pytest.raises(Killed):
        half(bench)
    (row,) = bench.instances.all()

    with pytest.raises(Conflict, match="still being made"):
        bench.remover.remove(row.id)

    bench.launcher().heal(bench.later(minutes=5))
    assert bench.remover.remove(row.id).state is InstanceState.REMOVING


def half(bench: Workbench) -> None:
    def dies(shop: Workshop, instance: Instance, model: Model) -> Resources:
        raise Killed

    bench.launcher(tuple(replace(step, do=dies) if step is SERVICE else step for step in STEPS)).start(SMALL, ADA, "k")


def test_removing_twice_is_removing_once(bench: Workbench) -> None:
    instance = bench.start()

    assert bench.remover.remove(instance.id) == bench.remover.remove(instance.id)


def test_a_failed_instance_is_removed_at_once(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, vpc_id="vpc-none")
    instance = bench.start()
    assert instance.state is InstanceState.FAILED

    assert remove(bench, instance).state is InstanceState.REMOVED


@pytest.mark.parametrize("where", range(len(ORDER)))
@pytest.mark.parametrize("noted", [False, True])
def test_a_removal_that_died_is_gone_on_with(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, where: int, noted: bool
) -> None:
    instance = bench.start()
    stop(bench, instance)
    step = ORDER[where]

    def dies(shop: Workshop, row: Instance) -> Resources:
        if noted:
            raise Killed
        step.undo(shop, row)
        raise Killed

    order = tuple(replace(one, undo=dies) if one is step else one for one in ORDER)
    monkeypatch.setattr("chalicelib.fleet.removing.ORDER", order)
    with pytest.raises(Killed):
        remove(bench, instance)
    monkeypatch.undo()

    assert remove(bench, instance).state is InstanceState.REMOVED
    assert bench.left_over() == []


def test_several_sweeps_remove_an_instance_once(bench: Workbench) -> None:
    instance = bench.start()
    stop(bench, instance)
    removing = bench.remover.remove(instance.id)

    results = race(4, lambda _: bench.remover.go_on(removing, bench.clock.now()))

    assert {one.state for one in results} <= {InstanceState.REMOVED, InstanceState.REMOVING}, results
    bench.remover.go_on(results[0], bench.clock.now())
    assert bench.left_over() == []


def test_instances_beside_it_are_not_touched(bench: Workbench) -> None:
    gone, stays = bench.start(key="a"), bench.start(key="b")
    stop(bench, gone)

    remove(bench, gone)

    assert [one["serviceName"] for one in bench.services()] == [stays.service.name]
    assert len(bench.rules()) == 2
    assert len(bench.task_definitions()) == 1
    health = bench.clients.elb.describe_target_health(TargetGroupArn=stays.resources.wake_target_group_arn)
    assert health["TargetHealthDescriptions"]


def test_what_no_row_knows_is_reported_and_left_where_it_is(bench: Workbench) -> None:
    lost, _ = bench.start(key="a"), bench.start(key="b")
    bench.table.drop("INSTANCE", lost.id)
    before = bench.left_over()

    notices = bench.orphans.find(bench.clock.now())

    assert sorted(notice.text.partition(" was made")[0] for notice in notices) == [
        f"The rule {lost.resources.slot.priority} for {lost.host_name}",  # type: ignore[union-attr]
        f"The rule {lost.resources.slot.priority + 1} for {lost.host_name}",  # type: ignore[union-attr]
        f"The service {lost.service.name}",
        f"The target group {lost.service.name}",
        "The task definition ollama-tinyllama:1",
    ]
    assert {notice.service for notice in notices} == {lost.service}
    assert bench.left_over() == before


def test_an_instance_that_is_made_while_we_look_is_no_orphan(bench: Workbench) -> None:
    orphans = bench.orphans
    list_families = bench.clients.ecs.list_task_definition_families

    def meanwhile(**arguments: Any) -> Any:
        bench.start(key="just now")
        return list_families(**arguments)

    bench.clients.ecs.list_task_definition_families = meanwhile  # type: ignore[method-assign]
    try:
        assert orphans.find(bench.clock.now()) == ()
    finally:
        bench.clients.ecs.list_task_definition_families = list_families  # type: ignore[method-assign]


def test_resources_of_others_are_no_orphans(bench: Workbench) -> None:
    bench.clients.elb.create_target_group(
        Name="website", TargetType="ip", Protocol="HTTP", Port=80, VpcId=bench.settings.vpc_id
    )
    bench.clients.ecs.register_task_definition(
        family="ollama-by-hand", containerDefinitions=[{"name": "x", "image": "x", "memory": 128}]
    )
    bench.clients.ecs.create_service(
        cluster="models", serviceName="ollama-by-hand", taskDefinition="ollama-by-hand", desiredCount=0
    )

    assert bench.orphans.find(bench.clock.now()) == ()
