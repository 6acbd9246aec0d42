"""What the steps work with: clients handed in, the deployment's settings, and the places on the load balancers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.fleet.model import INSTANCE_TAG, Instance

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client

    from chalicelib.fleet.instances import Instances
    from chalicelib.fleet.settings import FleetSettings, PoolSettings
    from chalicelib.fleet.slots import Slots


@dataclass(frozen=True, slots=True)
class Workshop:
    ecs: ECSClient
    elb: ElasticLoadBalancingv2Client
    slots: Slots
    instances: Instances
    settings: FleetSettings
    pool: PoolSettings | None
    region: str


def is_ours(tags: Iterable[Mapping[str, Any]], instance: Instance) -> bool:
    """Tags as ECS (``key``) or Elastic Load Balancing (``Key``) gives them."""
    return any(
        tag.get("key", tag.get("Key")) == INSTANCE_TAG and tag.get("value", tag.get("Value")) == instance.id
        for tag in tags
    )
