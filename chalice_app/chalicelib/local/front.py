"""Where launched models live on the embedded AWS: a network, a load balancer of their own, a cluster and a log group.

What the CloudFormation stack is told by its parameters, this makes and hands over as settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.fleet.settings import FleetSettings
from chalicelib.local.aws import ACCOUNT, EmbeddedAws
from chalicelib.local.jwt_validation import answer_jwt_validation

if TYPE_CHECKING:
    from chalicelib.runtime.clients import Clients

CLUSTER = "launched"
DOMAIN = "ollama.localhost"
"""Every name below ``localhost`` leads to this machine, without anybody's name server."""
LOG_GROUP = "/ollama/launched"


@dataclass(frozen=True, slots=True)
class Front:
    listener_arn: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_id: str
    wake_function_arn: str

    def settings(self, port: int) -> FleetSettings:
        """``port``: where the local load balancer answers."""
        return FleetSettings(
            cluster=CLUSTER,
            vpc_id=self.vpc_id,
            subnet_ids=self.subnet_ids,
            security_group_ids=(self.security_group_id,),
            execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/launched-execution",
            task_role_arn=f"arn:aws:iam::{ACCOUNT}:role/launched-task",
            log_group=LOG_GROUP,
            listener_arns=(self.listener_arn,),
            domain=DOMAIN,
            wake_function_arn=self.wake_function_arn,
            gpu_providers={"g5.xlarge": "gpu-hosts", "g6.xlarge": "gpu-hosts"},
            endpoint_scheme="http",
            endpoint_port=port,
        )


def make_front(aws: EmbeddedAws, clients: Clients) -> Front:
    answer_jwt_validation()
    ec2 = clients.session.client("ec2", endpoint_url=aws.endpoint, region_name=aws.region)
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})  # moto's tasks need names
    subnets = tuple(
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"{aws.region}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ac")
    )
    group = ec2.create_security_group(GroupName="launched", Description="Launched models", VpcId=vpc)["GroupId"]
    balancer = clients.elb.create_load_balancer(Name="launched", Subnets=list(subnets), Scheme="internal")
    listener = clients.elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]
    clients.ecs.create_cluster(clusterName=CLUSTER)
    clients.logs.create_log_group(logGroupName=LOG_GROUP)
    wake = f"arn:aws:lambda:{aws.region}:{ACCOUNT}:function:wake"
    return Front(listener, vpc, subnets, group, wake)
