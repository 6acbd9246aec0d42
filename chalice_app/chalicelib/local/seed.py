"""Makes the fleet of a scenario in the embedded AWS: clusters, load balancer, services, scaling, and our table.

Everything goes through the AWS API, as a team's own CloudFormation would do it; only what the API of moto drops or
cannot be told is set on its objects (``fleet``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.decide.facts import ServiceId
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.fleet import SimulatedTasks
from chalicelib.local.scenario import Blueprint
from chalicelib.record.table import create_table
from chalicelib.runtime.clients import Clients

TABLE = "lifecycle"
CAPACITY_PROVIDER = "gpu-hosts"
RUNNING_SINCE = timedelta(days=1)
"""The fleet has been up for so long when the week begins."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where CloudWatch finds a service: the dimensions of its load balancer's metrics."""

    target_group: str
    load_balancer: str


def make_fleet(
    aws: EmbeddedAws, clients: Clients, tasks: SimulatedTasks, fleet: Sequence[Blueprint], start: datetime
) -> dict[ServiceId, Placed]:
    """Creates every service of the fleet, running, and the project's table."""
    create_table(clients.dynamodb, TABLE)
    for cluster in dict.fromkeys(blueprint.id.cluster for blueprint in fleet):
        clients.ecs.create_cluster(clusterName=cluster)
    front = _LoadBalancer(clients, aws)
    placed: dict[ServiceId, Placed] = {}
    for blueprint in fleet:
        target_group = front.target_group(blueprint.id.name)
        _make_service(clients, blueprint, target_group, front.subnets)
        tasks.adopt(blueprint.id, no_capacity=blueprint.no_capacity, running_since=start - RUNNING_SINCE)
        placed[blueprint.id] = Placed(target_group.rpartition(":")[2], front.arn.partition(":loadbalancer/")[2])
    return placed


def _make_service(clients: Clients, blueprint: Blueprint, target_group: str, subnets: Sequence[str]) -> None:
    id = blueprint.id
    clients.ecs.register_task_definition(
        family=id.name,
        networkMode="awsvpc",
        containerDefinitions=[{"name": "ollama", "image": "ollama/ollama", "memory": 1024, "essential": True}],
    )
    clients.ecs.create_service(
        cluster=id.cluster,
        serviceName=id.name,
        taskDefinition=id.name,
        desiredCount=0,
        launchType="EC2",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": []}},
        loadBalancers=[{"targetGroupArn": target_group, "containerName": "ollama", "containerPort": 11434}],
        tags=[{"key": key, "value": value} for key, value in blueprint.all_tags.items()],
    )
    # moto forgets the strategy given at creation, and keeps the one of an update.
    clients.ecs.update_service(
        cluster=id.cluster,
        service=id.name,
        desiredCount=blueprint.size,
        capacityProviderStrategy=[{"capacityProvider": CAPACITY_PROVIDER, "weight": 1}],
    )
    if blueprint.scaling is not None:
        least, most = blueprint.scaling
        clients.scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{id.cluster}/{id.name}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=least,
            MaxCapacity=most,
        )


class _LoadBalancer:
    """One load balancer for all; a service's target group belongs to it through a rule for the service's path."""

    def __init__(self, clients: Clients, aws: EmbeddedAws) -> None:
        self._elb = clients.elb
        ec2 = clients.session.client("ec2", endpoint_url=aws.endpoint, region_name=aws.region)
        self._vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=self._vpc, EnableDnsHostnames={"Value": True})  # moto's tasks need names
        made_subnets = [
            ec2.create_subnet(VpcId=self._vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{aws.region}{zone}")
            for n, zone in enumerate("ac")
        ]
        self.subnets = [one["Subnet"]["SubnetId"] for one in made_subnets]
        made = self._elb.create_load_balancer(Name="models", Subnets=self.subnets, Scheme="internal")
        self.arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        listener = self._elb.create_listener(
            LoadBalancerArn=self.arn,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        )
        self._listener = listener["Listeners"][0]["ListenerArn"]
        self._rules = 0

    def target_group(self, name: str) -> str:
        """Its ARN."""
        made = self._elb.create_target_group(
            Name=name, Protocol="HTTP", Port=11434, VpcId=self._vpc, TargetType="ip", HealthCheckPath="/api/version"
        )
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        self._rules += 1
        self._elb.create_rule(
            ListenerArn=self._listener,
            Priority=self._rules,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{name}/*"]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": arn}],
        )
        return arn
