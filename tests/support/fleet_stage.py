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
from chalicelib.fleet.catalog import Catalog
from chalicelib.fleet.identity.tokens import Tokens
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.keeping import Keeper, KeeperParts
from chalicelib.fleet.launching import Launcher, LauncherParts
from chalicelib.fleet.limits import Limits
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
from chalicelib.fleet.once import Once
from chalicelib.fleet.orphans import Orphans
from chalicelib.fleet.people import Caller
from chalicelib.fleet.readiness import Readiness
from chalicelib.fleet.removing import Remover
from chalicelib.fleet.routing import Routes, forward
from chalicelib.fleet.seed_models import seed_models
from chalicelib.fleet.slots import Slots
from chalicelib.fleet.waits import Waits
from chalicelib.fleet.waking import Waker, WakerParts
from chalicelib.fleet.wishes import Wishes
from chalicelib.fleet.workshop import Workshop
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.balancer import Balancer, serving
from chalicelib.local.fleet import SimulatedTasks
from chalicelib.local.front import CLUSTER, DOMAIN, Front, make_front
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

TABLE, MODEL = "lifecycle", "tinyllama:1.1b"
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
    front: Front
    wishes: Wishes
    keeper: Keeper
    waker: Waker
    instances: Instances
    launcher: Launcher
    remover: Remover
    meter: LaunchedMeter
    port: int = 0
    notices: list[Notice] = field(default_factory=list)
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
        host = f"{service.name}.{DOMAIN}"
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
        group = elb.create_target_group(Name=id, Protocol="HTTP", Port=11434, VpcId=self.front.vpc_id, TargetType="ip")
        model = group["TargetGroups"][0]["TargetGroupArn"]
        wake = elb.create_target_group(Name=f"wake-{id}", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=wake, Targets=[{"Id": self.front.wake_function_arn}])
        resources = Resources(
            slot=Slot(self.front.listener_arn, 1),
            target_group_arn=model,
            wake_target_group_arn=wake,
            task_definition_arn=id,
        )
        check = {
            "Type": "jwt-validation",
            "Order": 1,
            "JwtValidationConfig": {
                "JwksEndpoint": self.pool.settings.jwks_url,
                "Issuer": self.pool.settings.issuer,
                "AdditionalClaims": [{"Name": "cognito:groups", "Format": "string-array", "Values": ["User", "Admin"]}],
            },
        }
        rule = elb.create_rule(
            ListenerArn=self.front.listener_arn,
            Priority=len(self.instances.all()) + 1,
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
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": list(self.front.subnet_ids), "securityGroups": []}
            },
            tags=[
                {"key": INSTANCE_TAG, "value": id},
                {"key": OWNER_TAG, "value": self.user(owner).email},
                {"key": "environment", "value": "dev"},
            ],
        )["service"]["serviceArn"]
        return replace(resources, rule_arn=rule, service_arn=made)

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

    def every_five_minutes(self, *, minutes: int) -> None:
        """Time passes as it does when deployed: with a sweep every five minutes."""
        for _ in range(minutes // 5):
            self.after(minutes=5)

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
        all_headers = {"Host": f"ollama-{id}.{DOMAIN}", "Content-Type": "application/json"}
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
        if service is None:
            return None
        return self.ollamas.setdefault(service, SimulatedOllama(MODEL, self.clock.now)).answer(method, path, body)

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
        tasks = SimulatedTasks(aws, clock)
        tasks.follow_new_services()
        table = Table(clients.dynamodb, TABLE)
        pool = seed_pool(aws, clients, table)
        settings = Settings(TABLE, str(folder / "policies"), region=aws.region)
        app = build(settings, clients, clock, notifier=Silence(), workers=1)
        stage = _stage(aws, clients, clock, tasks, app, table, pool)
        aws.answer_for_ollama(stage.held_at)
        app.controller.sweep(clock.now())
        balancer = Balancer(
            clients, stage.front.listener_arn, invoke=stage.invoke, serve=stage.serve, count=stage.count
        )
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
    front = make_front(aws, clients)
    instances, waits = Instances(table), Waits(table)
    settings = front.settings(80)
    limits = Limits(table, instances, settings)
    wishes = Wishes(
        app.controller,
        app.inventory,
        app.policies_in_force,
        app.controls,
        app.history,
        clock,
        instances=instances,
        limits=limits,
    )
    slots = Slots(table, settings.listener_arns)
    shop = Workshop(clients.ecs, clients.elb, slots, instances, settings, pool.settings, aws.region)
    catalog = Catalog(table)
    for model in seed_models(clock.now()):
        catalog.add(model)
    launcher = Launcher(
        LauncherParts(
            shop=shop,
            catalog=catalog,
            limits=limits,
            gate=wishes,
            once=Once(table),
            clock=clock,
            new_id=lambda: "a key",
        )
    )
    remover = Remover(shop, clock)
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
            launcher=launcher,
            remover=remover,
            last_seen=last_seen_of(table),
            went_wrong=went_wrong_of(clients),
            orphans=Orphans(shop).find,
        )
    )
    verify = Tokens(pool.settings, fetch_here, SystemClock()).verify
    waker = Waker(WakerParts(instances, wishes, keeper, waits, verify, clock))
    meter = LaunchedMeter(MetricStore(aws), tasks, clock.now())
    stage = FleetStage(
        aws, clients, clock, tasks, app, table, pool, front, wishes, keeper, waker, instances, launcher, remover, meter
    )
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
