"""Launching and removing on the embedded AWS: a network, load balancers, a cluster, a table, and people who ask.

with embedded() as (aws, clients):
    bench = workbench(aws, clients)
    instance = bench.start("tinyllama")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from chalicelib.decide.facts import Override, ServiceFacts, ServiceId
from chalicelib.errors import NotAllowed
from chalicelib.fleet.allowing import Permission
from chalicelib.fleet.catalog import Catalog
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.launching import Launcher, LauncherParts, StartRequest
from chalicelib.fleet.limits import Limits
from chalicelib.fleet.model import Instance
from chalicelib.fleet.once import Once
from chalicelib.fleet.orphans import Orphans
from chalicelib.fleet.people import Caller, Role
from chalicelib.fleet.removing import Remover
from chalicelib.fleet.seed_models import seed_models
from chalicelib.fleet.settings import FleetSettings, PoolSettings
from chalicelib.fleet.slots import PK as SLOT_PK
from chalicelib.fleet.slots import Slots
from chalicelib.fleet.steps import STEPS, Step
from chalicelib.fleet.workshop import Workshop
from chalicelib.local.aws import REGION, EmbeddedAws
from chalicelib.local.jwt_validation import answer_jwt_validation
from chalicelib.record.table import Table, create_table
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock

NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
ADA = Caller("sub-ada", "ada@example.com", Role.USER)
BEN = Caller("sub-ben", "ben@example.com", Role.USER)
READER = Caller("sub-rea", "rea@example.com", Role.READ_ONLY)
POOL = PoolSettings("pool-1", "client-1", "https://issuer.example/pool-1", "https://issuer.example/pool-1/jwks.json")
SMALL = StartRequest("tinyllama", "dev")


class Killed(BaseException):
    """The process died here: no handler of ours runs."""


@dataclass
class OpenGate:
    """Policies that let everybody in, until ``closed`` says why not."""

    closed: str = ""
    keep_until: datetime | None = None
    asked: list[ServiceFacts] = field(default_factory=list)
    noted: list[ServiceId] = field(default_factory=list)

    def may_start(self, facts: ServiceFacts, caller: Caller, *, schedule_policy: str = "") -> Permission:
        self.asked.append(facts)
        if self.closed:
            raise NotAllowed(self.closed)
        return Permission("dev", "1", self.keep_until)

    def note_start(self, permission: Permission, service: ServiceId, caller: Caller) -> Override | None:
        if permission.keep_until:
            self.noted.append(service)
        return None


@dataclass
class Workbench:
    clients: Clients
    table: Table
    clock: SteppedClock
    settings: FleetSettings
    gate: OpenGate = field(default_factory=OpenGate)
    pool: PoolSettings | None = POOL
    keys: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def instances(self) -> Instances:
        return Instances(self.table)

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.table)

    @property
    def shop(self) -> Workshop:
        slots = Slots(self.table, self.settings.listener_arns)
        return Workshop(self.clients.ecs, self.clients.elb, slots, self.instances, self.settings, self.pool, REGION)

    def launcher(self, steps: tuple[Step, ...] = STEPS) -> Launcher:
        limits = Limits(self.table, self.instances, self.settings)
        return Launcher(
            LauncherParts(
                shop=self.shop,
                catalog=self.catalog,
                limits=limits,
                gate=self.gate,
                once=Once(self.table),
                clock=self.clock,
                new_id=lambda: f"made-up-{next(self.keys)}",
                steps=steps,
            )
        )

    @property
    def remover(self) -> Remover:
        return Remover(self.shop, self.clock)

    @property
    def orphans(self) -> Orphans:
        return Orphans(self.shop)

    def start(self, model: str = "tinyllama", *, key: str = "", caller: Caller = ADA, **more: Any) -> Instance:
        return self.launcher().start(StartRequest(model, "dev", **more), caller, key)

    def later(self, **by: int) -> datetime:
        self.clock.advance(timedelta(**by))
        return self.clock.now()

    # --- what is there

    def services(self) -> list[dict[str, Any]]:
        ecs = self.clients.ecs
        names = [arn.rpartition("/")[2] for arn in ecs.list_services(cluster=self.settings.cluster)["serviceArns"]]
        found = [
            one
            for name in names
            for one in ecs.describe_services(cluster=self.settings.cluster, services=[name], include=["TAGS"])[
                "services"
            ]
        ]
        return [dict(one) for one in found if one["status"] == "ACTIVE"]

    def target_groups(self) -> list[str]:
        found = [one["TargetGroupName"] for one in self.clients.elb.describe_target_groups()["TargetGroups"]]
        return [name for name in found if not name.startswith("ollama-wake-")]

    def rules(self) -> list[dict[str, Any]]:
        return [
            dict(rule)
            for listener in self.settings.listener_arns
            for rule in self.clients.elb.describe_rules(ListenerArn=listener, PageSize=400)["Rules"]
            if not rule.get("IsDefault")
        ]

    def task_definitions(self) -> list[str]:
        return list(self.clients.ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"])

    def slots(self) -> list[str]:
        return [
            f"{row['sk']} {row['holder']}"
            for listener in self.settings.listener_arns
            for row in self.table.query(SLOT_PK + listener)
        ]

    def left_over(self) -> list[str]:
        """Everything that was made for instances, by name; empty when nothing is left of any."""
        services = [f"service {one['serviceName']}" for one in self.services()]
        groups = [f"target group {name}" for name in self.target_groups()]
        rules = [f"rule {rule['Priority']}" for rule in self.rules()]
        definitions = [f"task definition {arn.rpartition('/')[2]}" for arn in self.task_definitions()]
        return [*services, *groups, *rules, *definitions, *(f"slot {one}" for one in self.slots())]


@contextmanager
def embedded() -> Iterator[tuple[EmbeddedAws, Clients]]:
    """Making clients takes longer than most tests: one set for many workbenches."""
    answer_jwt_validation()
    with EmbeddedAws() as aws:
        yield aws, aws.clients()


def workbench(aws: EmbeddedAws, clients: Clients, *, listeners: int = 1, **settings: Any) -> Workbench:
    """An empty account with a network, a cluster and the seed models in the catalog."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
    create_table(clients.dynamodb, "lifecycle-test")
    made = replace(_settings(aws, clients, listeners), **settings)
    bench = Workbench(clients, Table(clients.dynamodb, "lifecycle-test"), SteppedClock(NOON), made)
    for model in seed_models(NOON):
        bench.catalog.add(model)
    return bench


def _settings(aws: EmbeddedAws, clients: Clients, listeners: int) -> FleetSettings:
    ec2 = aws.backend("ec2")
    vpc = ec2.create_vpc("10.0.0.0/16").id
    subnets = [ec2.create_subnet(vpc, f"10.0.{number}.0/24", availability_zone=f"{REGION}{zone}").id
               for number, zone in enumerate("ac")]  # fmt: skip
    group = ec2.create_security_group("tasks", "tasks", vpc_id=vpc).id
    clients.ecs.create_cluster(clusterName="models")
    return FleetSettings(
        cluster="models",
        vpc_id=vpc,
        subnet_ids=tuple(subnets),
        security_group_ids=(group,),
        execution_role_arn="arn:aws:iam::123456789012:role/execution",
        task_role_arn="arn:aws:iam::123456789012:role/task",
        log_group="/lifecycle/models",
        listener_arns=tuple(_listener(clients, f"models-{number}", subnets) for number in range(listeners)),
        domain="models.example.com",
        wake_function_arn=f"arn:aws:lambda:{REGION}:123456789012:function:wake",
        gpu_providers={"g5.xlarge": "gpu-a10g", "g4dn.xlarge": "gpu-t4"},
        max_instances_per_user=50,
        max_usd_per_hour_per_user=Decimal(100),
        max_starts_per_minute=50,
    )


def _listener(clients: Clients, name: str, subnets: Sequence[str]) -> str:
    balancer = clients.elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]
    refuse: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    made = clients.elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[refuse]
    )
    return made["Listeners"][0]["ListenerArn"]


def add_listener(bench: Workbench, name: str) -> str:
    return _listener(bench.clients, name, bench.settings.subnet_ids)
