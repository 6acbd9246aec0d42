"""Starting a model on the embedded AWS: what is made, what a refusal leaves, what a death leaves, what a race makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalicelib.errors import Conflict, Forbidden, NotAllowed, NotFound, SwitchedOff, TooMany, Unfit
from chalicelib.fleet.asking import instance_id
from chalicelib.fleet.model import INSTANCE_TAG, Instance, InstanceState, Model, Resources, Weights, WeightsFrom
from chalicelib.fleet.steps import STEPS, Step
from chalicelib.fleet.workshop import Workshop
from chalicelib.local.listener_rules import Asked, Forward, take
from support.moto_record import race
from support.workbench import ADA, BEN, READER, SMALL, Killed, Workbench

PARTS = 6
"""Service, target group, two rules, task definition, slot."""


# --- what a start makes


def test_a_start_answers_with_an_instance_that_has_everything_it_needs(bench: Workbench) -> None:
    instance = bench.start("tinyllama", key="k", time_to_live=timedelta(hours=8))

    assert instance.state is InstanceState.STARTING
    assert instance.work_until is None
    assert instance.endpoint_url == f"https://ollama-{instance.id}.models.example.com"
    assert instance.placement.usd_per_hour is not None
    assert instance.expires_at == bench.clock.now() + timedelta(hours=8)
    assert instance.ready_by is not None and instance.ready_by > bench.clock.now()
    (service,) = bench.services()
    assert service["serviceArn"] == instance.resources.service_arn
    assert service["desiredCount"] == 1
    assert service["loadBalancers"][0]["targetGroupArn"] == instance.resources.target_group_arn
    tags = {tag["key"]: tag["value"] for tag in service["tags"]}
    assert tags[INSTANCE_TAG] == instance.id
    assert tags["lifecycle:owner"] == "ada@example.com"
    assert tags["model"] == "tinyllama"
    assert tags["environment"] == "dev"
    assert bench.instances.get(instance.id) == instance
    assert len(bench.left_over()) == PARTS


def test_requests_go_to_whoever_wakes_until_the_model_answers_and_only_with_a_token(bench: Workbench) -> None:
    instance = bench.start()

    admin, everybody = sorted(bench.rules(), key=lambda rule: int(rule["Priority"]))
    for rule in (admin, everybody):
        check, forward = rule["Actions"]
        assert check["Type"] == "jwt-validation"
        assert check["JwtValidationConfig"]["Issuer"] == "https://issuer.example/pool-1"
        assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == [instance.host_name]
    weights = {one["TargetGroupArn"]: one["Weight"] for one in forward["ForwardConfig"]["TargetGroups"]}
    assert weights == {instance.resources.wake_target_group_arn: 1, instance.resources.target_group_arn: 0}
    for rule, groups in ((admin, ["Admin"]), (everybody, ["User", "Admin"])):
        claims = {one["Name"]: one["Values"] for one in rule["Actions"][0]["JwtValidationConfig"]["AdditionalClaims"]}
        assert claims == {"aud": ["client-1"], "token_use": ["id"], "cognito:groups": groups}


@pytest.mark.parametrize(
    ("path", "to"), [("/api/%64elete", "admin"), ("/api/pull", "admin"), ("/api/chat", "all"), ("/v1/models", "all")]
)
def test_a_load_balancer_that_reads_the_rules_closes_administration(bench: Workbench, path: str, to: str) -> None:
    bench.settings = replace(bench.settings, demand_token=False)
    made = bench.start().resources
    host = bench.instances.all()[0].host_name

    taken = take(bench.rules(), Asked("POST", host, path, ""), lambda address: b"")

    assert taken == Forward(made.target_group_arn if to == "admin" else made.wake_target_group_arn)


def test_long_generations_are_let_end(bench: Workbench) -> None:
    instance = bench.start()

    elb = bench.clients.elb
    found = elb.describe_target_group_attributes(TargetGroupArn=instance.resources.target_group_arn)["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "900"} in found
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    waits = elb.describe_load_balancer_attributes(LoadBalancerArn=balancers[0]["LoadBalancerArn"])["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "600"} in waits


def test_a_load_balancer_that_waits_longer_keeps_its_own_patience(bench: Workbench) -> None:
    elb = bench.clients.elb
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    patient: Any = [{"Key": "idle_timeout.timeout_seconds", "Value": "3600"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=patient)

    bench.start()

    waits = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "3600"} in waits


def test_a_gpu_model_goes_to_the_capacity_provider_of_its_host(bench: Workbench) -> None:
    sent: list[dict[str, Any]] = []
    bench.clients.ecs.meta.events.register(
        "before-parameter-build.ecs.CreateService", lambda params, **_: sent.append(dict(params))
    )

    instance = bench.start("codellama-13b")

    assert instance.placement.instance_type == "g4dn.xlarge"
    assert sent[0]["capacityProviderStrategy"] == [{"capacityProvider": "gpu-t4", "weight": 1, "base": 0}]
    assert "launchType" not in sent[0]
    assert {"key": "instance-type", "value": "g4dn.xlarge"} in sent[0]["tags"]
    described = bench.clients.ecs.describe_task_definition(taskDefinition=instance.resources.task_definition_arn)
    (container,) = described["taskDefinition"]["containerDefinitions"]
    assert container["resourceRequirements"] == [{"type": "GPU", "value": "1"}]


def test_instances_of_one_load_balancer_share_one_way_to_the_wake_function(bench: Workbench) -> None:
    first, second = bench.start(key="a"), bench.start(key="b")

    assert first.resources.wake_target_group_arn == second.resources.wake_target_group_arn
    health = bench.clients.elb.describe_target_health(TargetGroupArn=first.resources.wake_target_group_arn)
    assert [one["Target"]["Id"] for one in health["TargetHealthDescriptions"]] == [bench.settings.wake_function_arn]


def test_a_start_without_a_key_is_a_new_one_each_time(bench: Workbench) -> None:
    assert bench.start().id != bench.start().id


# --- what is refused before anything is made


def test_who_only_reads_starts_nothing(bench: Workbench) -> None:
    with pytest.raises(Forbidden, match="ReadOnly"):
        bench.start(caller=READER)

    assert bench.left_over() == []


def test_without_a_user_pool_nothing_is_opened_to_the_world(bench: Workbench) -> None:
    bench.pool = None

    with pytest.raises(SwitchedOff, match="user pool"):
        bench.start()

    assert bench.left_over() == []


def test_an_unknown_model_is_not_found(bench: Workbench) -> None:
    with pytest.raises(NotFound, match="gpt-9"):
        bench.start("gpt-9")


def test_closed_hours_refuse_a_start_and_cost_no_place_among_the_limits(bench: Workbench) -> None:
    bench.gate.closed = "closed until Mon 08:00"

    with pytest.raises(NotAllowed, match="Mon 08:00"):
        bench.start(key="k")

    assert bench.instances.all() == ()
    bench.gate.closed = ""
    assert bench.start(key="k").state is InstanceState.STARTING


def test_the_policy_judges_the_service_as_it_will_be(bench: Workbench) -> None:
    instance = bench.start("codellama-13b", owner="vision team", schedule_policy="office")

    (facts,) = bench.gate.asked
    assert facts.id == instance.service
    assert facts.tags["environment"] == "dev"
    assert facts.tags["lifecycle:owner"] == "vision team"
    assert facts.tags["lifecycle:policy"] == "office"


def test_a_start_in_closed_hours_that_is_allowed_is_noted_before_the_service_exists(bench: Workbench) -> None:
    bench.gate.keep_until = bench.clock.now() + timedelta(hours=2)
    services_when_noted: list[int] = []
    note = bench.gate.note_start
    bench.gate.note_start = lambda *args: (services_when_noted.append(len(bench.services())), note(*args))[1]  # type: ignore[method-assign]

    instance = bench.start()

    assert bench.gate.noted == [instance.service]
    assert services_when_noted == [0]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"owner": "a\nb"}, "owner"),
        ({"owner": "<script>"}, "owner"),
        ({"time_to_live": timedelta(seconds=1)}, "time_to_live"),
        ({"instance_type": "ml.m5.large"}, "instance_type"),
    ],
)
def test_what_cannot_be_made_names_its_field(bench: Workbench, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Unfit) as refused:
        bench.start(**asked)

    assert refused.value.field == field
    assert bench.left_over() == []


def test_a_model_whose_weights_a_deployment_cannot_bring_is_refused(bench: Workbench) -> None:
    tiny = bench.catalog.get("tinyllama")
    bench.catalog.change(replace(tiny, weights=Weights(WeightsFrom.SNAPSHOT, "snap-0123456789abcdef0")))

    with pytest.raises(Unfit, match="INFRASTRUCTURE_ROLE"):
        bench.start()


# --- the same start again


def test_the_same_key_gives_the_same_instance(bench: Workbench) -> None:
    first = bench.start(key="k")

    assert bench.start(key="k") == first
    assert len(bench.services()) == 1


def test_the_same_key_of_somebody_else_is_another_start(bench: Workbench) -> None:
    assert bench.start(key="k").id != bench.start(key="k", caller=BEN).id


def test_another_request_under_the_same_key_is_refused(bench: Workbench) -> None:
    bench.start(key="k")

    with pytest.raises(Unfit, match="another start") as refused:
        bench.start("qwen2-5-0-5b", key="k")

    assert refused.value.field == "Idempotency-Key"
    assert len(bench.services()) == 1


def test_a_repeat_finds_its_instance_after_the_key_was_forgotten(bench: Workbench) -> None:
    first = bench.start(key="k")
    for row in list(bench.table.query("IDEMPOTENCY")):
        bench.table.drop("IDEMPOTENCY", row["sk"])

    assert bench.start(key="k") == first
    with pytest.raises(Unfit, match="another start"):
        bench.start("qwen2-5-0-5b", key="k")


def test_a_start_that_was_refused_may_be_tried_again_with_its_key(bench: Workbench) -> None:
    with pytest.raises(Unfit):
        bench.start(key="k", size="huge")

    assert bench.start(key="k").state is InstanceState.STARTING


def test_a_repeat_costs_nothing_of_the_limits(bench: Workbench) -> None:
    bench.settings = replace(bench.settings, max_instances_per_user=1, max_starts_per_minute=1)

    assert bench.start(key="k") == bench.start(key="k")
    with pytest.raises(TooMany):
        bench.start(key="other")


# --- AWS refuses a step


OPERATIONS = (
    ("ecs", "RegisterTaskDefinition"),
    ("elbv2", "CreateTargetGroup"),
    ("elbv2", "ModifyTargetGroupAttributes"),
    ("elbv2", "RegisterTargets"),
    ("elbv2", "ModifyLoadBalancerAttributes"),
    ("elbv2", "CreateRule"),
    ("ecs", "CreateService"),
)


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_a_refused_step_takes_back_all_before_it_and_says_why(bench: Workbench, service: str, operation: str) -> None:
    with refused(bench, service, operation):
        instance = bench.start(key="k")

    assert instance.state is InstanceState.FAILED
    assert operation in instance.state_reason
    assert instance.resources == Resources()
    assert instance.work_until is None
    assert bench.left_over() == []
    assert bench.orphans.find(bench.clock.now()) == ()
    assert bench.start(key="another").state is InstanceState.STARTING


def test_the_second_rule_refused_takes_back_the_first(bench: Workbench) -> None:
    with refused(bench, "elbv2", "CreateRule", after=1):
        instance = bench.start()

    assert instance.state is InstanceState.FAILED
    assert bench.left_over() == []


def test_a_step_without_an_answer_is_looked_for_before_it_is_taken_back(bench: Workbench) -> None:
    with lost_answer(bench, "ecs", "CreateService"):
        instance = bench.start()

    assert instance.state is InstanceState.FAILED
    assert "may or may not have happened" in instance.state_reason
    assert bench.left_over() == []


def test_what_aws_does_not_let_go_is_taken_back_by_a_later_sweep(bench: Workbench) -> None:
    with refused(bench, "ecs", "CreateService"), refused(bench, "elbv2", "DeleteTargetGroup"):
        instance = bench.start(key="k")
    assert instance.state is InstanceState.FAILED
    assert instance.work_until is not None
    assert any("target group" in left for left in bench.left_over())

    healed = bench.launcher().heal(bench.later(minutes=5))

    assert [one.finished for one in healed] == [False]
    assert bench.left_over() == []
    settled = bench.instances.get(instance.id)
    assert settled.state is InstanceState.FAILED
    assert "CreateService" in settled.state_reason
    assert settled.work_until is None


def test_a_target_group_of_our_name_that_is_not_ours_is_left_alone(bench: Workbench) -> None:
    name = f"ollama-{instance_id(ADA.sub, 'k')}"
    theirs = bench.clients.elb.create_target_group(
        Name=name, TargetType="ip", Protocol="HTTP", Port=80, VpcId=bench.settings.vpc_id
    )

    instance = bench.launcher().start(SMALL, ADA, "k")

    assert instance.state is InstanceState.FAILED
    assert "not ours" in instance.state_reason
    assert bench.target_groups() == [name]
    assert theirs["TargetGroups"][0]["TargetGroupName"] == name


def test_a_rule_of_somebody_at_our_priority_is_left_alone(bench: Workbench) -> None:
    listener = bench.settings.listener_arns[0]
    refuse: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    host: Any = {"Field": "host-header", "HostHeaderConfig": {"Values": ["other.example.com"]}}
    for priority in range(1000, 1098):
        bench.clients.elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=[host], Actions=[refuse])

    instance = bench.start()

    assert instance.state is InstanceState.FAILED
    assert "priority below 1000" in instance.state_reason
    assert len(bench.rules()) == 98
    assert bench.target_groups() == []


# --- the process dies


def dying(where: int, *, noted: bool, what: str = "do") -> tuple[Step, ...]:
    """The steps, the one at ``where`` being the last that happens: its note is written, or not even that."""

    def dies_after(step: Step) -> Step:
        def do(shop: Workshop, instance: Instance, model: Model) -> Resources:
            step.do(shop, instance, model)
            raise Killed

        return replace(step, do=do)

    def dies_before(step: Step) -> Step:
        def do(shop: Workshop, instance: Instance, model: Model) -> Resources:
            raise Killed

        return replace(step, do=do)

    steps = list(STEPS)
    if noted and where + 1 < len(steps):
        steps[where + 1] = dies_before(steps[where + 1])
    elif not noted:
        steps[where] = dies_after(steps[where])
    return tuple(steps)


DEATHS = [
    pytest.param(where, noted, id=f"{step.name}, {'noted' if noted else 'not noted'}")
    for where, step in enumerate(STEPS)
    for noted in (False, True)
    if not noted or where + 1 < len(STEPS)
]


def die(bench: Workbench, where: int, *, noted: bool) -> None:
    with pytest.raises(Killed):
        bench.launcher(dying(where, noted=noted)).start(SMALL, ADA, "k")


@pytest.mark.parametrize(("where", "noted"), DEATHS)
def test_a_start_that_died_is_finished_by_the_next_sweep(bench: Workbench, where: int, noted: bool) -> None:
    die(bench, where, noted=noted)
    assert bench.launcher().heal(bench.clock.now()) == (), "somebody may still be at it"

    (healed,) = bench.launcher().heal(bench.later(minutes=5))

    (instance,) = bench.instances.all()
    assert healed.finished
    assert healed.instance_id == instance.id
    assert instance.state is InstanceState.STARTING
    assert instance.work_until is None
    assert not [step.name for step in STEPS if not step.is_done(instance.resources)]
    assert len(bench.left_over()) == PARTS, "nothing was made twice"
    assert bench.orphans.find(bench.clock.now()) == ()
    assert bench.start(key="k") == instance
    assert bench.launcher().heal(bench.later(minutes=5)) == ()


@pytest.mark.parametrize(("where", "noted"), DEATHS)
def test_a_start_that_died_long_ago_is_taken_back(bench: Workbench, where: int, noted: bool) -> None:
    die(bench, where, noted=noted)

    (healed,) = bench.launcher().heal(bench.later(hours=1))

    (instance,) = bench.instances.all()
    assert not healed.finished
    assert instance.state is InstanceState.FAILED
    assert "interrupted" in instance.state_reason
    assert instance.resources == Resources()
    assert bench.left_over() == []
    assert bench.orphans.find(bench.clock.now()) == ()


@pytest.mark.parametrize("undone", range(len(STEPS)))
@pytest.mark.parametrize("noted", [False, True])
def test_taking_back_that_died_is_gone_on_with(bench: Workbench, undone: int, noted: bool) -> None:
    step = STEPS[undone]

    def undo(shop: Workshop, instance: Instance) -> Resources:
        if not noted:
            step.undo(shop, instance)
        raise Killed

    dies = tuple(replace(one, undo=undo) if one is step else one for one in STEPS)
    die(bench, len(STEPS) - 1, noted=False)
    later = bench.later(hours=1)
    with pytest.raises(Killed):
        bench.launcher(dies).heal(later)

    bench.launcher().heal(bench.later(minutes=5))

    (instance,) = bench.instances.all()
    assert instance.state is InstanceState.FAILED
    assert instance.resources == Resources()
    assert bench.left_over() == []


def test_a_death_before_the_row_leaves_nothing_and_the_key_works_again(bench: Workbench) -> None:
    note = bench.gate.note_start
    bench.gate.note_start = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        bench.start(key="k")
    assert bench.left_over() == []

    bench.gate.note_start = note  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="being worked on"):
        bench.start(key="k")
    forget_work(bench)

    assert bench.start(key="k").state is InstanceState.STARTING


def test_a_start_whose_model_was_removed_meanwhile_is_taken_back(bench: Workbench) -> None:
    die(bench, 2, noted=True)
    bench.table.drop("MODEL", "tinyllama")

    (healed,) = bench.launcher().heal(bench.later(minutes=5))

    assert not healed.finished
    assert bench.left_over() == []


def test_two_sweeps_heal_a_start_once(bench: Workbench) -> None:
    die(bench, 3, noted=False)
    later = bench.later(minutes=5)

    results = race(4, lambda _: bench.launcher().heal(later))

    assert sum(len(healed) for healed in results) == 1
    assert len(bench.left_over()) == PARTS


def test_a_slow_start_that_was_taken_over_stops_and_undoes_nothing(bench: Workbench) -> None:
    healer = bench.launcher()

    def slow(shop: Workshop, instance: Instance, model: Model) -> Resources:
        made = STEPS[4].do(shop, instance, model)
        healer.heal(bench.later(minutes=5))
        return made

    steps = tuple(replace(step, do=slow) if step is STEPS[4] else step for step in STEPS)

    bench.launcher(steps).start(SMALL, ADA, "k")

    (instance,) = bench.instances.all()
    assert instance.state is InstanceState.STARTING
    assert len(bench.left_over()) == PARTS


def test_what_others_write_to_the_row_during_a_start_is_kept(bench: Workbench) -> None:
    def counted(shop: Workshop, instance: Instance, model: Model) -> Resources:
        waiting = replace(instance.cold_starts, waiting_requests=3)
        bench.instances.change(instance.id, lambda row: replace(row, cold_starts=waiting))
        return STEPS[2].do(shop, instance, model)

    steps = tuple(replace(step, do=counted) if step is STEPS[2] else step for step in STEPS)

    instance = bench.launcher(steps).start(SMALL, ADA, "k")

    assert instance.cold_starts.waiting_requests == 3
    assert len(bench.left_over()) == PARTS


def test_a_sweep_heals_a_few_at_a_time(bench: Workbench) -> None:
    for number in range(7):
        with pytest.raises(Killed):
            bench.launcher(dying(0, noted=True)).start(SMALL, ADA, f"k{number}")
    later = bench.later(minutes=5)

    assert len(bench.launcher().heal(later)) == 5
    assert len(bench.launcher().heal(later)) == 2
    assert len(bench.services()) == 7


# --- many at once


def test_32_clients_with_one_key_make_one_service(bench: Workbench) -> None:
    launcher = bench.launcher()

    results = race(32, lambda _: launcher.start(SMALL, ADA, "one key"))

    started = [one for one in results if isinstance(one, Instance)]
    others = [one for one in results if not isinstance(one, Instance)]
    assert started
    assert len({one.id for one in started}) == 1
    assert all(isinstance(one, Conflict) for one in others), others
    assert len(bench.services()) == 1
    assert len(bench.left_over()) == PARTS


def test_32_keys_make_32_services_each_with_its_own_place(bench: Workbench) -> None:
    launcher = bench.launcher()

    results = race(32, lambda number: launcher.start(SMALL, ADA, f"key {number}"))

    assert [one for one in results if not isinstance(one, Instance) or one.state is not InstanceState.STARTING] == []
    assert len({one.id for one in results}) == 32
    assert len({one.resources.slot for one in results}) == 32
    assert len(bench.services()) == 32
    assert len(bench.left_over()) == 32 * PARTS


# --- helpers


def killed(*_: Any, **__: Any) -> Any:
    raise Killed


def forget_work(bench: Workbench) -> None:
    """The minute passes after which Powertools forgets a run that died."""
    for row in list(bench.table.query("IDEMPOTENCY")):
        bench.table.drop("IDEMPOTENCY", row["sk"])


class refused:
    """AWS refuses the operation inside, from the call after ``after`` on."""

    def __init__(self, bench: Workbench, service: str, operation: str, *, after: int = 0) -> None:
        self._events = (bench.clients.ecs if service == "ecs" else bench.clients.elb).meta.events
        self._name = f"before-call.{'ecs' if service == 'ecs' else 'elastic-load-balancing-v2'}.{operation}"
        self._left = after

    def __enter__(self) -> None:
        self._events.register(self._name, self._refuse)

    def __exit__(self, *_: object) -> None:
        self._events.unregister(self._name, self._refuse)

    def _refuse(self, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        if self._left:
            self._left -= 1
            return None
        error = {"Error": {"Code": "ServiceUnavailable", "Message": "not today"}, "ResponseMetadata": {}}
        return AWSResponse("", 400, {}, None), error


class lost_answer:
    """AWS does it, and the answer never arrives."""

    def __init__(self, bench: Workbench, service: str, operation: str) -> None:
        self._events = (bench.clients.ecs if service == "ecs" else bench.clients.elb).meta.events
        self._name = f"after-call.{'ecs' if service == 'ecs' else 'elastic-load-balancing-v2'}.{operation}"

    def __enter__(self) -> None:
        self._events.register(self._name, self._lose)

    def __exit__(self, *_: object) -> None:
        self._events.unregister(self._name, self._lose)

    def _lose(self, **_: Any) -> None:
        from botocore.exceptions import ReadTimeoutError

        raise ReadTimeoutError(endpoint_url="ecs")
