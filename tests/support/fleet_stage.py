"""One launched model on the embedded AWS, with a clock that is stepped: what tests of keeping and waking play on.

Everything AWS would do is there: tasks boot and drain, targets come and go, the balancer obeys its rules, tokens are
the user pool's own. The instance's parts are made here by hand, so that these tests do not depend on launching.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.execute import trouble
from chalicelib.fleet.answers import render, request_of
from chalicelib.fleet.identity.tokens import Tokens
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.keeping import Keeper, KeeperParts
from chalicelib.fleet.model import (
    INSTANCE_TAG,
    OWNER_TAG,
    Capacity,
    Instance,
    InstanceState,
    Placement,
    Resources,
    RoutedTo,
    Slot,
)
from chalicelib.fleet.people import Caller, Role
from chalicelib.fleet.readiness import Readiness
from chalicelib.fleet.routing import Routes, forward
from chalicelib.fleet.waits import Waits
from chalicelib.fleet.waking import Waker, WakerParts
from chalicelib.fleet.wishes import Wishes
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.balancer import Balancer, serving
from chalicelib.local.fleet import SimulatedTasks
from chalicelib.local.jwt_validation import answer_jwt_validation
from chalicelib.local.launched_meter import LaunchedMeter
from chalicelib.local.listener_rules import fetch_here
from chalicelib.local.metrics import MetricStore
from chalicelib.local.ollama_server import Answer, SimulatedOllama
from chalicelib.local.pool import SeededPool, SeededUser, seed_pool
from chalicelib.local.protection import answer_task_protection
from chalicelib.notify.notice import Notice, Silence
from chalicelib.observe.snapshot import load
from chalicelib.record.snapshots import Snapshots
from chalicelib.record.table import Table, create_table
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock, SystemClock
from chalicelib.runtime.compose import App, build
from chalicelib.runtime.settings import Settings

TABLE, CLUSTER, MODEL = "lifecycle", "gpu", "tinyllama:1.1b"
WAKE_ARN = "arn:aws:lambda:ap-northeast-1:123456789012:function:wake"
PLACEMENT = Placement(Capacity.FARGATE, "small", "", "", 1024, 2048, 0, Decimal("0.05"))
OPEN_ALWAYS = "lifecycle: v1\npolicies:\n  other:\n    match: {names: [nothing]}\n    mode: enforce\n"
OFFICE = """
lifecycle: v1
policies:
  office:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    idle: {stop-after: 30m, signals: {requests: {missing: zero}}}
    mode: enforce
"""


@dataclass
class FleetStage:
    aws: EmbeddedAws
    clients: Clients
    clock: SteppedClock
    tasks: SimulatedTasks
    app: App
    table: Table
    pool: SeededPool
    listener: str
    wishes: Wishes
    keeper: Keeper
    waker: Waker
    instances: Instances
    meter: LaunchedMeter
    port: int = 0
    notices: list[Notice] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)
    ollamas: dict[ServiceId, SimulatedOllama] = field(default_factory=dict)
    unhealthy: bool = False
    _tokens: dict[str, str] = field(default_factory=dict)

    # --- people

    def user(self, name: str) -> SeededUser:
        return next(user for user in self.pool.users if user.email.startswith(f"{name}@"))

    def caller(self, name: str) -> Caller:
        user = self.user(name)
        return Caller(user.sub, user.email, user.role)

    def token(self, name: str) -> str:
        if name not in self._tokens:
            user = self.user(name)
            answer = self.clients.cognito.initiate_auth(
                ClientId=self.pool.settings.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user.email, "PASSWORD": user.password},
            )
            self._tokens[name] = answer["AuthenticationResult"]["IdToken"]
        return self._tokens[name]

    # --- the instance

    def launch(self, id: str = "inst-1", *, owner: str = "ada", **more: Any) -> Instance:
        """A new instance of ``owner``, starting; ``more`` are fields of its row."""
        service = ServiceId(CLUSTER, f"ollama-{id}")
        host = f"{service.name}.fleet.example"
        resources = self._make(id, service, host, owner)
        row = Instance(
            id=id,
            model_id="tinyllama",
            model_name="TinyLlama",
            ollama_name=MODEL,
            owner_sub=self.user(owner).sub,
            owner_email=self.user(owner).email,
            service=service,
            environment="dev",
            placement=PLACEMENT,
            host_name=host,
            endpoint_url=f"https://{host}",
            state=InstanceState.STARTING,
            created_at=self.clock.now(),
            changed_at=self.clock.now(),
            resources=resources,
            routed_to=RoutedTo.WAKE,
            ready_by=self.clock.now() + timedelta(minutes=20),
        )
        return self.instances.create(replace(row, **more))

    def _make(self, id: str, service: ServiceId, host: str, owner: str) -> Resources:
        elb, ecs = self.clients.elb, self.clients.ecs
        group = elb.create_target_group(Name=id, Protocol="HTTP", Port=11434, VpcId=self._vpc, TargetType="ip")
        model = group["TargetGroups"][0]["TargetGroupArn"]
        wake = elb.create_target_group(Name=f"wake-{id}", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=wake, Targets=[{"Id": WAKE_ARN}])
        resources = Resources(
            slot=Slot(self.listener, 1), target_group_arn=model, wake_target_group_arn=wake, task_definition_arn=id
        )
        check = {
            "Type": "jwt-validation",
            "Order": 1,
            "JwtValidationConfig": {
                "JwksEndpoint": self.pool.settings.jwks_url,
                "Issuer": self.pool.settings.issuer,
            },
        }
        rule = elb.create_rule(
            ListenerArn=self.listener,
            Priority=len(self.ollamas) + 1,
            Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [host]}}],
            Actions=[check, forward(resources, RoutedTo.WAKE, 2)],  # type: ignore[list-item]
        )["Rules"][0]["RuleArn"]
        ecs.register_task_definition(
            family=id,
            networkMode="awsvpc",
            containerDefinitions=[{"name": "ollama", "image": "ollama/ollama", "memory": 1024}],
        )
        made = ecs.create_service(
            cluster=CLUSTER,
            serviceName=service.name,
            taskDefinition=id,
            desiredCount=1,
            launchType="FARGATE",
            loadBalancers=[{"targetGroupArn": model, "containerName": "ollama", "containerPort": 11434}],
            networkConfiguration={"awsvpcConfiguration": {"subnets": [self._subnet], "securityGroups": []}},
            tags=[
                {"key": INSTANCE_TAG, "value": id},
                {"key": OWNER_TAG, "value": self.user(owner).email},
                {"key": "environment", "value": "dev"},
            ],
        )["service"]["serviceArn"]
        self.ollamas[service] = SimulatedOllama(MODEL, self.clock.now)
        return replace(resources, rule_arn=rule, service_arn=made)

    @property
    def _subnet(self) -> str:
        return str(self._ec2.describe_subnets()["Subnets"][0]["SubnetId"])

    @property
    def _vpc(self) -> str:
        return str(self._ec2.describe_subnets()["Subnets"][0]["VpcId"])

    @property
    def _ec2(self) -> Any:
        return self.clients.session.client("ec2", endpoint_url=self.aws.endpoint)

    def row(self, id: str = "inst-1") -> Instance:
        return self.instances.get(id)

    def desired(self, id: str = "inst-1") -> int:
        found = self.clients.ecs.describe_services(cluster=CLUSTER, services=[f"ollama-{id}"])["services"]
        return int(found[0]["desiredCount"])

    # --- time

    def after(self, **delay: float) -> None:
        """Time passes, and the sweep and the keeper come round at its end."""
        end = self.clock.now() + timedelta(**delay)
        while (change := self.tasks.next_change()) is not None and change <= end:
            self._pass_until(max(change, self.clock.now()))
        self._pass_until(end)
        self.tend()

    def _pass_until(self, at: datetime) -> None:
        self.meter.measure_until(at)
        self.clock.set(at)
        self.tasks.step()

    def tend(self) -> None:
        now = self.clock.now()
        self.app.controller.sweep(now)
        self.notices += self.keeper.tend(now)

    def run(self, id: str = "inst-1", **more: Any) -> Instance:
        """Launched and running."""
        self.launch(id, **more)
        self.after(minutes=4)
        assert self.row(id).state is InstanceState.RUNNING, self.row(id)
        return self.row(id)

    def hold_tasks(self, held: Callable[[], bool]) -> None:
        """Tasks protect themselves while ``held`` says so: a long answer is under way."""
        backend = self.aws.backend("ecs")
        backend.protects_tasks = held

    @contextmanager
    def calls(self) -> Iterator[list[str]]:
        """The calls to AWS made inside, as in ``dynamodb.Query``."""
        made: list[str] = []

        def note(model: Any, **_: object) -> None:
            made.append(f"{model.service_model.service_name}.{model.name}")

        clients = (self.clients.dynamodb, self.clients.ecs, self.clients.elb, self.clients.cloudwatch)
        for client in clients:
            client.meta.events.register("before-call", note)
        try:
            yield made
        finally:
            for client in clients:
                client.meta.events.unregister("before-call", note)

    # --- requests

    def request(
        self, path: str = "/api/generate", *, who: str = "ada", id: str = "inst-1", method: str = "POST", **headers: str
    ) -> tuple[int, Mapping[str, str], str]:
        """Status, headers (lower case) and body of one request through the balancer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        all_headers = {"Host": f"ollama-{id}.fleet.example", "Content-Type": "application/json"}
        if who:
            all_headers["Authorization"] = f"Bearer {self.token(who)}"
        all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps({"model": MODEL, "prompt": "hi", "stream": False}) if method == "POST" else None
        try:
            connection.request(method, path, body, all_headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def serve(self, address: str, method: str, path: str, body: bytes) -> Answer | None:
        service = self.tasks.services_of_addresses().get(address)
        return self.ollamas[service].answer(method, path, body) if service in self.ollamas else None

    def held_at(self, address: str) -> bytes | None:
        """``/api/ps`` at a task's address."""
        answer = self.serve(address, "GET", "/api/ps", b"")
        return b"".join(answer.parts) if answer else None

    def count(self, target_group_arn: str) -> None:
        self.meter.count(target_group_arn, self.clock.now())

    def knows(self, address: str, model: str) -> bool:
        if self.unhealthy:
            raise OSError("connection refused")
        answer = self.serve(address, "POST", "/api/show", json.dumps({"model": model}).encode())
        return answer is not None and answer.status == 200

    def invoke(self, arn: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        request = request_of(event)
        return render(self.waker.answer(request), request)


class NoLauncher:
    """Nothing is ever half made here."""

    def heal(self, now: datetime) -> tuple[()]:
        return ()


class NotedRemovals:
    def __init__(self, noted: list[str]) -> None:
        self._noted = noted

    def go_on(self, instance: Instance, now: datetime) -> Instance:
        self._noted.append(instance.id)
        return instance


@contextmanager
def fleet_stage(folder: Path, policies: str = OPEN_ALWAYS, *, at: str) -> Iterator[FleetStage]:
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "policy.yaml").write_text(policies)
    clock = SteppedClock(datetime.fromisoformat(at))
    answer_task_protection()
    answer_jwt_validation()
    with EmbeddedAws() as aws:
        clients = aws.clients()
        create_table(clients.dynamodb, TABLE)
        clients.ecs.create_cluster(clusterName=CLUSTER)
        tasks = SimulatedTasks(aws, clock)
        tasks.follow_new_services()
        table = Table(clients.dynamodb, TABLE)
        pool = seed_pool(aws, clients, table)
        settings = Settings(TABLE, str(folder / "policies"), region=aws.region)
        app = build(settings, clients, clock, notifier=Silence(), workers=1)
        stage = _stage(aws, clients, clock, tasks, app, table, pool)
        aws.answer_for_ollama(stage.held_at)
        app.controller.sweep(clock.now())
        balancer = Balancer(clients, stage.listener, invoke=stage.invoke, serve=stage.serve, count=stage.count)
        with serving(balancer) as stage.port:
            yield stage


def _stage(
    aws: EmbeddedAws,
    clients: Clients,
    clock: SteppedClock,
    tasks: SimulatedTasks,
    app: App,
    table: Table,
    pool: SeededPool,
) -> FleetStage:
    instances, waits = Instances(table), Waits(table)
    wishes = Wishes(
        app.controller, app.inventory, app.policies_in_force, app.controls, app.history, clock, instances=instances
    )
    removals: list[str] = []
    stage: FleetStage

    def knows(address: str, model: str) -> bool:
        return stage.knows(address, model)

    keeper = Keeper(
        KeeperParts(
            instances=instances,
            inventory=app.inventory,
            controls=app.controls,
            wishes=wishes,
            routes=Routes(clients.elb),
            readiness=Readiness(clients.ecs, clients.elb, knows),
            waits=waits,
            launcher=NoLauncher(),  # type: ignore[arg-type]
            remover=NotedRemovals(removals),  # type: ignore[arg-type]
            last_seen=last_seen_of(table),
            went_wrong=went_wrong_of(clients),
        )
    )
    verify = Tokens(pool.settings, fetch_here, SystemClock()).verify
    waker = Waker(WakerParts(instances, wishes, keeper, waits, verify, clock))
    listener = _listener(clients, aws)
    meter = LaunchedMeter(MetricStore(aws), tasks, clock.now())
    stage = FleetStage(aws, clients, clock, tasks, app, table, pool, listener, wishes, keeper, waker, instances, meter)
    stage.removals = removals
    return stage


def last_seen_of(table: Table) -> Callable[[], Mapping[ServiceId, ServiceFacts]]:
    def seen() -> Mapping[ServiceId, ServiceFacts]:
        picture = load(Snapshots(table).load())
        return picture.fleet.services if picture else {}

    return seen


def went_wrong_of(clients: Clients) -> Callable[[ServiceId, datetime], str]:
    def said(service: ServiceId, since: datetime) -> str:
        found = trouble.read_trouble(clients.ecs, {service: since}).get(service, trouble.Trouble())
        return found.hopeless or found.last_words

    return said


def _listener(clients: Clients, aws: EmbeddedAws) -> str:
    ec2 = clients.session.client("ec2", endpoint_url=aws.endpoint)
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    balancer = clients.elb.create_load_balancer(Name="models", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    return clients.elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]


NAMES = {Role.USER: "ada", Role.ADMIN: "admin", Role.READ_ONLY: "rita"}
