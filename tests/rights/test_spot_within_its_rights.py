"""What policies with ``spot:`` need of AWS, within the rights of the functions that act: moves, falls, taken hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from chalicelib.entrypoints.spot_events import struck
from chalicelib.entrypoints.triggers import parse_trigger
from support.aws_events import interruption_event
from support.iam_asks import World
from support.iam_documents import Made, Stack, load_template
from support.iam_guard import Guard
from support.stage import TABLE, Stage, staged
from support.strict_world import ACCOUNT, REGION

POLICY = """
lifecycle: v1
policies:
  dev:
    match: {tags: {environment: dev}}
    spot:
      use: prefer
      fall-back-after: 5m
      try-again-after: 2h
      providers: {spot: gpu-spot, on-demand: gpu-od}
    mode: enforce
"""
ON_DEMAND = [{"capacityProvider": "gpu-od", "base": 0, "weight": 1}]
MANAGED = {"environment": "dev", "lifecycle:managed": "true"}
HOST = "i-0123456789abcdef0"


@contextmanager
def guarded(stage: Stage, function: str) -> Iterator[Guard]:
    """What the application does inside, it does with this function's rights."""
    made = {
        "LifecycleTable": Made(TABLE, f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"),
        "WakeUps": Made("wake-ups"),
        **{
            name: Made(name, f"arn:aws:any:{REGION}:{ACCOUNT}:{name}")
            for name in ("PolicyBucket", "UserPool", "WakeUpRole", "DeadLetters", "EventQueue", "SlackQueue")
        },
    }
    pseudo = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": "lifecycle"}
    every = [service for cluster in stage.aws.world.clusters.values() for service in cluster.values()]
    tags = {service.arn: service.tags for service in every}
    world = World(ACCOUNT, REGION, lambda arn: tags.get(arn, {}))
    guard = Guard(Stack(load_template(), {}, made, pseudo).role(function), world)
    clients = stage.app.clients
    each = (clients.ecs, clients.scaling, clients.elb, clients.cloudwatch, clients.dynamodb, clients.autoscaling)
    for client in (*each, clients.cost_explorer):
        client.meta.events.register_first("before-parameter-build", guard.remember)
        client.meta.events.register_first("before-call", guard.judge)
    yield guard


def test_moves_to_spot_and_back_are_within_the_rights_of_whoever_looks(tmp_path: Path) -> None:
    """`transition` has the fewest of those who act (tests/packaging compares them)."""
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        chat = stage.add("chat", strategy=ON_DEMAND, tags=MANAGED)
        stray = stage.add("stray", strategy=ON_DEMAND)
        with guarded(stage, "transition") as guard:
            stage.run_until("12:30")
            stage.aws.world.no_capacity.add("gpu-spot")
            chat.desired = 0
            stage.run_until("13:30")

        assert [str(one) for one in guard.denied if str(stray.name) not in one.resource] == []
        assert {str(one).partition(" ")[0] for one in guard.denied} <= {"ecs:UpdateService"}
        assert guard.mistakes == []
        assert chat.strategy[0]["capacityProvider"] in ("gpu-spot", "gpu-od")
        assert stray.strategy == ON_DEMAND, "nobody tagged it as managed"
        assert "has it the tag lifecycle:managed=true?" in str(stage.told(stray))


def test_a_host_that_aws_takes_back_is_drained_within_the_rights_of_the_events(tmp_path: Path) -> None:
    with staged(tmp_path, POLICY, at="2026-11-18T12:00+09:00") as stage:
        spot = [{"capacityProvider": "gpu-spot", "base": 0, "weight": 1}]
        chat = stage.add("chat", strategy=spot, tags=MANAGED, boot=timedelta(minutes=4))
        chat.tasks[0].host = HOST
        stage.sweep(full=True)
        with guarded(stage, "aws_events") as guard:
            services = struck(parse_trigger(json.dumps(interruption_event(HOST, "2026-11-18T03:00:00Z"))), stage.app)  # type: ignore[arg-type]
            stage.app.controller.look_at(services, stage.clock.now(), why="an interruption")

        assert (guard.denied, guard.mistakes) == ([], [])
        assert stage.aws.world.draining == {HOST}
        assert guard.used >= {"ecs:ListContainerInstances", "ecs:UpdateContainerInstancesState", "ecs:UpdateService"}
