"""The whole deployment on the embedded AWS, each function with its own role's rights and its own environment.

with rights_stage(at="2026-11-20T10:00+09:00") as stage:
    stage.sweep()
    stage.call("POST", "/api/models/start", who="ada", body={"model_id": "tinyllama"})
    assert stage.denied() == {}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import app as deployed
from chalice.test import Client
from chalicelib.decide.facts import ServiceId
from chalicelib.fleet.identity.identity import build_gate
from chalicelib.local.aws import ACCOUNT, REGION, EmbeddedAws
from chalicelib.local.fleet import SimulatedTasks
from chalicelib.local.front import CLUSTER, DOMAIN, Front, make_front
from chalicelib.local.pool import SeededPool, seed_pool
from chalicelib.local.protection import answer_task_protection
from chalicelib.local.slack_local import members_of
from chalicelib.local.slack_standin import SlackStandIn, serving
from chalicelib.local.slack_workspace import TEAM, Workspace
from chalicelib.notify.slack.settings import SlackSettings
from chalicelib.record.table import Table, create_table
from chalicelib.runtime import compose, compose_slack
from chalicelib.runtime.clients import Clients
from chalicelib.runtime.clock import SteppedClock, SystemClock
from chalicelib.runtime.compose import App, build
from chalicelib.runtime.compose_identity import install_gate
from chalicelib.runtime.settings import Settings
from support.aws_events import envelope, queue_event
from support.iam_asks import World
from support.iam_documents import Made, Stack, load_template
from support.iam_guard import Guard, guarded

NAME, TABLE, POLICIES, REPORTS = (
    "lifecycle",
    "lifecycle-LifecycleTable-1A",
    "lifecycle-policies-1a",
    "lifecycle-reports-1a",
)
SENDER, READER = "lifecycle@example.com", "team@example.com"
MANAGED = {"environment": "dev", "lifecycle:managed": "true"}
CHAT = ServiceId("gpu-dev", "chat")
SIGNING, TOKEN = "signing-secret-of-a-test", "xoxb-of-a-test"
POLICY = """
lifecycle: v1
policies:
  office:
    match: {tags: {environment: dev}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    idle: {stop-after: 30m, signals: {requests: {missing: zero}, cpu: {ignore: true}, network-out: {ignore: true}}}
    overrides: {longest: 24h}
    mode: enforce
"""


HANDLERS = {"aws_events": "on_aws_events"}
"""Where a handler has another name in ``app.py`` than its function."""


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function about itself, with the time that a sweep has."""

    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}"
    aws_request_id: str = "request-of-a-test"

    def get_remaining_time_in_millis(self) -> int:
        return 270_000


@dataclass
class RightsStage:
    aws: EmbeddedAws
    root: Clients
    """May do everything: the account's owner, who sets the scene."""
    clock: SteppedClock
    stack: Stack
    pool: SeededPool
    front: Front
    tasks: SimulatedTasks
    slack: SlackStandIn
    launched: str = ""
    """The id of the instance that the API started."""
    guards: dict[str, Guard] = field(default_factory=dict)
    _apps: dict[str, App] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    # --- the functions, as AWS calls them

    def sweep(self) -> Mapping[str, int]:
        answer: Mapping[str, int] = self.invoke("sweep", envelope("aws.events", "Scheduled Event", {}))
        return answer

    def events(self, *bodies: Mapping[str, Any]) -> Any:
        return self.invoke("aws_events", queue_event(*bodies))

    def invoke(self, function: str, event: Any) -> Any:
        compose.install(self.app(function))
        return getattr(deployed, HANDLERS.get(function, function))(event, Context(function))

    def call(
        self, method: str, path: str, *, who: str = "", body: object = None, expect: int = 0, **headers: str
    ) -> Any:
        """The API's answer as JSON."""
        compose.install(self.app("api_handler"))
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Content-Type"] = "application/json"
        if who:
            sent["Authorization"] = f"Bearer {self.token(who)}"
        with Client(deployed.app) as client:
            got = client.http.request(
                method, path, headers=sent, body=b"" if body is None else json.dumps(body).encode()
            )
        assert not expect or got.status_code == expect, got.body
        return json.loads(got.body or b"null")

    def app(self, function: str) -> App:
        if function not in self._apps:
            environment = {**self.stack.environment(function), "AWS_REGION": REGION}
            environment["LIFECYCLE_JWKS_URL"] = self.pool.settings.jwks_url
            environment["LIFECYCLE_SLACK_API"] = self.slack.api
            settings = Settings.from_env(environment)
            self._apps[function] = build(settings, self.clients(function), self.clock, workers=2)
        return self._apps[function]

    def clients(self, function: str) -> Clients:
        """With the rights of the function's role."""
        clients, guard = guarded(self.aws, self.stack.role(function), self._world())
        self.guards[function] = guard
        return clients

    def trigger(self, function: str, event: Mapping[str, Any]) -> Any:
        """One of the user pool's; it gets its own clients."""
        clients = self.clients(function)
        domains = ("example.com",)
        gate = build_gate(Table(clients.dynamodb, TABLE), lambda: clients.cognito, domains, SystemClock())
        install_gate(gate)
        return getattr(deployed, function)(dict(event), Context(function))

    def asks_slack(self, user: str, text: str) -> None:
        """A command, through the door and the queue to the worker."""
        settings = SlackSettings.from_env({**self.stack.environment("slack"), "LIFECYCLE_SLACK_API": self.slack.api})
        assert settings is not None
        compose_slack.install_door(compose_slack.build_door(settings, self.clients("slack"), TABLE))
        body = "&".join(
            f"{key}={quote(value)}"
            for key, value in {
                "command": "/lifecycle", "text": text, "user_id": user, "team_id": TEAM,
                "response_url": f"{self.slack.address}/respond/x", "trigger_id": "1.2.abc",
            }.items()
        )  # fmt: skip
        event = {
            "path": "/api/slack/commands", "httpMethod": "POST", "body": body, "isBase64Encoded": False,
            "headers": {**self.slack.sign(body.encode()), "Content-Type": "application/x-www-form-urlencoded"},
        }  # fmt: skip
        assert deployed.slack(event, Context("slack"))["statusCode"] == 200
        queue = self.root.session.client("sqs", endpoint_url=self.aws.endpoint, region_name=REGION)
        for message in queue.receive_message(QueueUrl=settings.queue_url, MaxNumberOfMessages=10)["Messages"]:
            assert self.invoke("slack_actions", queue_event(message["Body"])) == {"batchItemFailures": []}

    # --- the world

    def add(self, service: ServiceId, tags: Mapping[str, str] = MANAGED, *, scaling: bool = False) -> None:
        ecs = self.root.ecs
        ecs.create_cluster(clusterName=service.cluster)
        container = {"name": "ollama", "image": "ollama/ollama", "memory": 512}
        ecs.register_task_definition(family=service.name, networkMode="awsvpc", containerDefinitions=[container])  # type: ignore[list-item]
        ecs.create_service(
            cluster=service.cluster,
            serviceName=service.name,
            taskDefinition=service.name,
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": list(self.front.subnet_ids), "securityGroups": []}
            },
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        if scaling:
            self.root.scaling.register_scalable_target(
                ServiceNamespace="ecs",
                ResourceId=f"service/{service.cluster}/{service.name}",
                ScalableDimension="ecs:service:DesiredCount",
                MinCapacity=1,
                MaxCapacity=4,
            )

    def desired(self, service: ServiceId) -> int:
        found = self.root.ecs.describe_services(cluster=service.cluster, services=[service.name])["services"]
        return int(found[0]["desiredCount"])

    def goes_to(self, text: str) -> None:
        """Time passes; tasks boot and end on the way."""
        end = datetime.fromisoformat(text)
        while (change := self.tasks.next_change()) is not None and change <= end:
            self.clock.set(max(change, self.clock.now()))
            self.tasks.step()
        self.clock.set(end)
        self.tasks.step()

    def passes(self, **span: float) -> None:
        self.goes_to((self.clock.now() + timedelta(**span)).isoformat())

    def token(self, who: str) -> str:
        if who not in self._tokens:
            user = next(one for one in self.pool.users if one.email.startswith(f"{who}@"))
            answer = self.root.cognito.initiate_auth(
                ClientId=self.pool.settings.client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user.email, "PASSWORD": user.password},
            )
            self._tokens[who] = answer["AuthenticationResult"]["IdToken"]
        return self._tokens[who]

    # --- what came of it

    def denied(self) -> dict[str, list[str]]:
        """By function, what was refused to it; functions that were refused nothing are left out."""
        found = {name: [*map(str, one.denied), *one.mistakes] for name, one in self.guards.items()}
        return {name: sorted(set(refused)) for name, refused in found.items() if refused}

    def _world(self) -> World:
        return World(ACCOUNT, REGION, self._tags_of)

    def _tags_of(self, arn: str) -> Mapping[str, str]:
        if ":service/" in arn:
            tags: Any = self.root.ecs.list_tags_for_resource(resourceArn=arn)["tags"]
            return {one["key"]: one["value"] for one in tags}
        described: Any = self.root.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
        return {tag["Key"]: tag["Value"] for one in described for tag in one["Tags"]}


@contextmanager
def rights_stage(policy: str = POLICY, *, at: str) -> Iterator[RightsStage]:
    clock = SteppedClock(datetime.fromisoformat(at))
    answer_task_protection()
    with EmbeddedAws() as aws:
        root = aws.clients()
        create_table(root.dynamodb, TABLE)
        for bucket in (POLICIES, REPORTS):
            root.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        root.s3.put_object(Bucket=POLICIES, Key="policies/office.yaml", Body=policy.encode())
        tasks = SimulatedTasks(aws, clock)
        tasks.follow_new_services()
        pool = seed_pool(aws, root, Table(root.dynamodb, TABLE))
        front = make_front(aws, root)
        workspace = Workspace(members_of(pool), lambda: clock.now().timestamp())
        with serving(SlackStandIn(workspace, SIGNING, TOKEN)) as slack:
            stack = _stack(aws, root, pool, front)
            stage = RightsStage(aws, root, clock, stack, pool, front, tasks, slack)
            try:
                yield stage
            finally:
                compose.install(None)
                compose_slack.install_door(None)
                install_gate(None)


def _stack(aws: EmbeddedAws, root: Clients, pool: SeededPool, front: Front) -> Stack:
    def arn(service: str, rest: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"

    def client(service: str) -> Any:
        return root.session.client(service, endpoint_url=aws.endpoint, region_name=REGION)

    secret = json.dumps({"signing_secret": SIGNING, "bot_token": TOKEN})
    slack = root.secrets.create_secret(Name="lifecycle/slack", SecretString=secret)["ARN"]
    queues = {
        name: Made(client("sqs").create_queue(QueueName=f"{NAME}-{name}")["QueueUrl"], arn("sqs", f"{NAME}-{name}"))
        for name in ("EventQueue", "SlackQueue", "DeadLetters")
    }
    client("scheduler").create_schedule_group(Name=f"{NAME}-WakeUps")
    client("sesv2").create_email_identity(EmailIdentity=SENDER)
    made = {
        **queues,
        "LifecycleTable": Made(TABLE, arn("dynamodb", f"table/{TABLE}")),
        "PolicyBucket": Made(POLICIES, f"arn:aws:s3:::{POLICIES}"),
        "ReportBucket": Made(REPORTS, f"arn:aws:s3:::{REPORTS}"),
        "UserPool": Made(pool.settings.id, arn("cognito-idp", f"userpool/{pool.settings.id}")),
        "UserPoolClient": Made(pool.settings.client_id),
        "WakeUps": Made(f"{NAME}-WakeUps"),
        "WakeUpRole": Made("wake-up", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-WakeUpRole"),
        "Wake": Made("wake", front.wake_function_arn),
    }
    settings = front.settings(80)
    parameters = {
        "FleetCluster": CLUSTER, "FleetVpc": front.vpc_id, "FleetSubnets": ",".join(front.subnet_ids),
        "FleetSecurityGroups": front.security_group_id, "FleetListeners": front.listener_arn, "FleetDomain": DOMAIN,
        "FleetExecutionRole": settings.execution_role_arn, "FleetTaskRole": settings.task_role_arn,
        "FleetGpuProviders": "g5.xlarge=gpu-hosts", "SignUpDomains": "example.com",
        "SlackSecret": slack, "SlackTeams": TEAM, "NoticeChannel": "#gpu-fleet",
        "MailFrom": SENDER, "NoticeMailTo": READER, "ReportTo": READER, "ReportLayer": "a-layer",
    }  # fmt: skip
    pseudo = {
        "AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::StackName": NAME,
        "AWS::URLSuffix": "amazonaws.com",
    }  # fmt: skip
    return Stack(load_template(), parameters, made, pseudo)
