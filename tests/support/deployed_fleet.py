"""The packaged app on ministack with people and launched models: what AWS does there and ministack does not.

ECS runs nothing without Docker: a task is RUNNING at once, without an address, and never healthy. `EcsWithHealth`
stands before ministack's ECS and says of running tasks that they are healthy; `DeployedFleet` registers them behind the
load balancer, takes them out again, and lets the sweep's schedule come round.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from chalicelib.fleet.catalog import Catalog
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.model import PORT, Instance, RoutedTo
from chalicelib.fleet.seed_models import seed_models
from chalicelib.local.balancer import event_of
from chalicelib.record.table import Table
from support.deployment import Deployment
from support.live_fleet import Session
from support.scripted_session import logged_in

CLUSTER, LOG_GROUP, DOMAIN = "models", "/ollama/lifecycle", "models.example.com"
ADMIN, PASSWORD = "admin@example.com", "Correct-horse-1"
TASK_ADDRESS = "10.0.0.7"
SECONDS_BETWEEN_SWEEPS = 1.0
MAILED = "123456"
"""The one code that ministack ever mails."""


def fleet_parameters(client: Callable[[str], Any]) -> Mapping[str, str]:
    """Makes a network, a load balancer and roles, as the owner of the account does; the stack's parameters that name
    them. ``client`` makes a client of a service."""
    ec2, elb = client("ec2"), client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="models", Description="models", VpcId=vpc)["GroupId"]
    balancer = elb.create_load_balancer(Name="models", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTPS", Port=443,
        Certificates=[{"CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/models"}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]  # fmt: skip
    client("ecs").create_cluster(clusterName=CLUSTER)
    roles = [_role(client("iam"), name) for name in ("ollama-execution", "ollama-task")]
    return {
        "FleetCluster": CLUSTER,
        "FleetVpc": vpc,
        "FleetSubnets": ",".join(subnets),
        "FleetSecurityGroups": group,
        "FleetListeners": listener,
        "FleetDomain": DOMAIN,
        "FleetExecutionRole": roles[0],
        "FleetTaskRole": roles[1],
        "SignUpDomains": "example.com",
    }


def _role(iam: Any, name: str) -> str:
    tasks = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [tasks]})
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


@dataclass(frozen=True)
class DeployedFleet:
    deployment: Deployment

    @property
    def api(self) -> str:
        return f"{self.deployment.address}/restapis/{self.deployment.outputs['RestAPIId']}/v1/_user_request_"

    # --- people

    def session(self, name: str = "") -> Session:
        nobody = Session(self.api)
        return logged_in(nobody, f"{name}@example.com", PASSWORD) if name else nobody

    def make_admin(self) -> None:
        cognito, pool = self.deployment.client("cognito-idp"), self.deployment.outputs["UserPoolId"]
        cognito.admin_create_user(
            UserPoolId=pool, Username=ADMIN, MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": ADMIN}, {"Name": "email_verified", "Value": "true"}],
        )  # fmt: skip
        cognito.admin_set_user_password(UserPoolId=pool, Username=ADMIN, Password=PASSWORD, Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=ADMIN, GroupName="Admin")

    def fill_catalog(self) -> None:
        """As the first sweep of every half hour does."""
        table = Table(self.deployment.client("dynamodb"), self.deployment.outputs["TableName"])
        Catalog(table).plant(seed_models, datetime.now(UTC))

    def code_mailed_to(self, email: str) -> str:
        return MAILED

    def has_confirmed(self, email: str) -> None:
        """Calls the pool's function as Cognito would; ministack calls none but PreSignUp's."""
        pool = self.deployment.outputs["UserPoolId"]
        found = self.deployment.client("cognito-idp").list_users(UserPoolId=pool, Filter=f'email = "{email}"')["Users"]
        sub = next(one["Value"] for one in found[0]["Attributes"] if one["Name"] == "sub")
        self.deployment.invoke(
            "post_confirmation",
            {
                "triggerSource": "PostConfirmation_ConfirmSignUp",
                "userPoolId": pool,
                "userName": found[0]["Username"],
                "request": {"userAttributes": {"sub": sub, "email": email}},
            },
        )

    # --- the load balancer and the tasks

    def row(self, id: str) -> Instance:
        table = Table(self.deployment.client("dynamodb"), self.deployment.outputs["TableName"])
        return Instances(table).get(id)

    def request(self, id: str, path: str, body: Mapping[str, Any], token: str) -> Mapping[str, Any]:
        """What a request to the instance's own address hears while its rule leads to the wake function."""
        row = self.row(id)
        assert row.routed_to is RoutedTo.WAKE, f"{id} is routed to {row.routed_to}"
        headers = {"host": row.host_name, "content-type": "application/json", "authorization": f"Bearer {token}"}
        event = event_of(row.resources.wake_target_group_arn, "POST", path, headers, json.dumps(body).encode())
        answer: Mapping[str, Any] = self.deployment.invoke("wake", event)
        return answer

    def says(self, id: str, line: str) -> None:
        """A line of the instance's container, as the awslogs driver writes it."""
        logs, stream = self.deployment.client("logs"), f"{id}/ollama/0123456789abcdef"
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        now = int(self.row(id).changed_at.timestamp() * 1000)
        logs.put_log_events(
            logGroupName=LOG_GROUP, logStreamName=stream, logEvents=[{"timestamp": now, "message": line}]
        )

    def left_over(self) -> Sequence[str]:
        """The rules, target groups and services that bear an instance's name. The wake function's stays."""
        elb, ecs = self.deployment.client("elbv2"), self.deployment.client("ecs")
        groups = [one["TargetGroupName"] for one in elb.describe_target_groups()["TargetGroups"]]
        listener = elb.describe_listeners(
            LoadBalancerArn=elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        )["Listeners"][0]["ListenerArn"]
        rules = elb.describe_rules(ListenerArn=listener)["Rules"]
        return [
            *(name for name in groups if not name.startswith("ollama-wake-")),
            *(rule["RuleArn"] for rule in rules if not rule["IsDefault"]),
            *ecs.list_services(cluster=CLUSTER)["serviceArns"],
        ]

    @contextmanager
    def hands(self) -> Iterator[None]:
        """While inside: targets follow the tasks, and the sweep comes round."""
        ended, failed = threading.Event(), list[BaseException]()

        def work() -> None:
            try:
                while not ended.wait(SECONDS_BETWEEN_SWEEPS):
                    self._set_targets()
                    self.deployment.sweep()
            except BaseException as error:  # noqa: BLE001 - told to the test
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        assert not failed, failed

    def _set_targets(self) -> None:
        elb, ecs = self.deployment.client("elbv2"), self.deployment.client("ecs")
        for arn in ecs.list_services(cluster=CLUSTER)["serviceArns"]:
            (service,) = ecs.describe_services(cluster=CLUSTER, services=[arn])["services"]
            for one in service["loadBalancers"]:
                change = elb.register_targets if service["runningCount"] else elb.deregister_targets
                change(TargetGroupArn=one["targetGroupArn"], Targets=[{"Id": TASK_ADDRESS, "Port": PORT}])


class _Health(BaseHTTPRequestHandler):
    behind = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, kind, text = self._asked(body)
        if status == http.client.OK and self.headers.get("X-Amz-Target", "").endswith(".DescribeTasks"):
            text = text.replace(b'"UNKNOWN"', b'"HEALTHY"')
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _asked(self, body: bytes) -> tuple[int, str, bytes]:
        """Every header is passed on as it came, the host too: it is signed."""
        with closing(http.client.HTTPConnection(self.behind, timeout=30)) as connection:
            connection.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def ecs_with_health(address: str) -> Iterator[str]:
    """The address of an ECS whose tasks are healthy, for AWS_ENDPOINT_URL_ECS; the rest is that of ``address``."""
    handler = type("Handler", (_Health,), {"behind": urlsplit(address).netloc})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
