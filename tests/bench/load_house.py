"""The application on the strict fake AWS, as launching and people need it, ready to be called as Lambda calls it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import app as deployed
from chalice.local import LambdaEventConverter, LocalChalice, RouteMatcher
from chalicelib.fleet.identity.tokens import Tokens
from chalicelib.fleet.seed_models import seed_models
from chalicelib.fleet.settings import FleetSettings
from chalicelib.local.handlers import logging_to
from chalicelib.runtime import compose
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SystemClock
from chalicelib.runtime.settings import Settings
from faults.cloud import WholeAws
from faults.front import CLUSTER, LISTENER, WAKE
from load_calls import ENVIRONMENT, Asked
from support.issuer import POOL, Issuer

POLICY = f"""\
lifecycle: v1
policies:
  launched:
    match: {{tags: {{environment: {ENVIRONMENT}}}}}
    hours: {{timezone: UTC, open: [daily all-day]}}
    mode: enforce
"""
FLEET = FleetSettings(
    cluster=CLUSTER, vpc_id="vpc-1", subnet_ids=("subnet-1",), security_group_ids=("sg-1",), log_group="/ollama",
    execution_role_arn="arn:aws:iam::123456789012:role/execution", listener_arns=(LISTENER,),
    task_role_arn="arn:aws:iam::123456789012:role/task", domain="ollama.example.com", wake_function_arn=WAKE,
    max_instances_per_user=3, max_usd_per_hour_per_user=Decimal(5), max_starts_per_minute=6,
)  # fmt: skip
"""Limits as deployed."""


@dataclass(frozen=True)
class Person:
    name: str
    role: str

    @property
    def sub(self) -> str:
        return f"sub-{self.name}"

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"


class LaunchingAws(WholeAws):
    """Time is the machine's; a task that runs is healthy; the pool knows ``people``."""

    people: Mapping[str, Person]

    def _handle(self, service: str, operation: str, params: Mapping[str, Any]) -> Any:
        self.world.now = datetime.now(UTC)
        match operation:
            case "ecs.DescribeTasks":
                for one in self.world.clusters[CLUSTER].values():
                    for task in one.tasks:
                        task.health = "HEALTHY"
            case "cognito-idp.AdminGetUser":
                return SimpleNamespace(status_code=200), self._user(self.people[params["Username"]])
        return super()._handle(service, operation, params)

    def _user(self, person: Person) -> dict[str, Any]:
        said = {"sub": person.sub, "email": person.email, "email_verified": "true"}
        return {
            "Username": person.sub, "Enabled": True, "UserCreateDate": self.world.now, "UserMFASettingList": [],
            "UserAttributes": [{"Name": name, "Value": value} for name, value in said.items()],
            "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "strict"},
        }  # fmt: skip


@dataclass
class House:
    """The application, ready to be called by `ask`."""

    aws: LaunchingAws
    app: compose.App
    people: Mapping[str, Person]
    issuer: Issuer
    events: LambdaEventConverter
    _tokens: dict[str, str]

    def event(self, one: Asked) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} if one.body is not None else {}
        if one.who:
            headers["Authorization"] = f"Bearer {self._token(one.who)}"
        if one.key:
            headers["Idempotency-Key"] = one.key
        body = None if one.body is None else json.dumps(one.body).encode()
        event: dict[str, Any] = self.events.create_lambda_event(one.method, one.path, headers, body)
        return event

    def call(self, event: Mapping[str, Any]) -> tuple[int, str]:
        answer = deployed.app(event, _context())
        return int(answer["statusCode"]), str(answer["body"])

    def ask(self, who: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        status, text = self.call(self.event(Asked(0.0, who, method, path, "", body=body)))
        assert status < 300, (method, path, status, text)
        return json.loads(text) if text else None

    def _token(self, name: str) -> str:
        if name not in self._tokens:
            one = self.people[name]
            now = datetime.now(UTC)
            self._tokens[name] = self.issuer.token(now, sub=one.sub, email=one.email, groups=(one.role,))
        return self._tokens[name]


def _context() -> Any:
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:api"
    return SimpleNamespace(
        function_name="api", memory_limit_in_mb=1024, invoked_function_arn=arn, aws_request_id="00000000",
        get_remaining_time_in_millis=lambda: 29_000,
    )  # fmt: skip


@contextmanager
def house(users: int, services: int) -> Iterator[House]:
    """``users`` people who may launch, and ``services`` others in the account."""
    names = [f"user{number:03}" for number in range(users)]
    people = {name: Person(name, "User") for name in names}
    people |= {"admin": Person("admin", "Admin"), "rita": Person("rita", "ReadOnly")}
    aws = LaunchingAws(datetime.now(UTC))
    aws.people = {one.sub: one for one in people.values()} | {one.email: one for one in people.values()}
    aws.shelf.objects["policies/load.yaml"] = POLICY.encode()
    for number in range(services):
        aws.world.add_service(f"gpu-{number // 1000}", f"ollama-{number:05}", tags={"environment": "other"})
    settings = Settings("t", "s3://b/policies", aws.session.region_name, pool=POOL, fleet=FLEET)
    issuer = Issuer()
    with tempfile.TemporaryFile("w") as log, logging_to(log), _threads():
        app = compose.build(settings, Clients(aws.session), SystemClock())
        assert app.identity
        app = replace(app, identity=replace(app.identity, tokens=Tokens(POOL, issuer.fetch, SystemClock())))
        assert app.fleet
        compose.install(app)
        try:
            app.controller.sweep(datetime.now(UTC))
            for model in seed_models(datetime.now(UTC)):
                app.fleet.catalog.add(model)
            yield House(aws, app, people, issuer, LambdaEventConverter(RouteMatcher(list(deployed.app.routes))), {})
        finally:
            compose.install(None)


@contextmanager
def _threads() -> Iterator[None]:
    """Each thread has a request of its own, as Chalice's own local server arranges it."""
    kind = deployed.app.__class__
    deployed.app.__class__ = LocalChalice
    try:
        yield
    finally:
        deployed.app.__class__ = kind
