"""What ECS does at the load balancer for a service's tasks: registers them when they are up, takes them out before
they end, and reports their container's health. moto does none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.local.aws import EmbeddedAws


def attach(aws: EmbeddedAws, service: Any, task: Any) -> None:
    """``service`` and ``task`` are moto's. A task without an address of its own is nobody's ``ip`` target."""
    task.health_status = "HEALTHY"
    for group, target in _places(aws, service, task):
        group.register([target])


def detach(aws: EmbeddedAws, service: Any, task: Any) -> None:
    for group, target in _places(aws, service, task):
        if target["Id"] in group.targets:
            group.deregister([target])


def groups_of(aws: EmbeddedAws, service: Any) -> list[tuple[str, str]]:
    """(target group ARN, load balancer ARN) of a service; without those that no rule names."""
    groups = aws.backend("elbv2").target_groups
    arns = [one.get("targetGroupArn") for one in service.load_balancers]
    return [
        (arn, groups[arn].load_balancer_arns[0]) for arn in arns if arn in groups and groups[arn].load_balancer_arns
    ]


def network_of(service: Any) -> dict[str, Any] | None:
    """What the service said of its tasks' network when it was made; None when nothing."""
    for deployment in service.deployments:
        if found := deployment.get("networkConfiguration"):
            return dict(found)
    return None


def address_of(task: Any) -> str:
    """Empty for a task that shares its host's address."""
    for attachment in task.attachments:
        for detail in attachment["details"]:
            if detail["name"] == "privateIPv4Address":
                return str(detail["value"])
    return ""


def _places(aws: EmbeddedAws, service: Any, task: Any) -> list[tuple[Any, dict[str, Any]]]:
    groups = aws.backend("elbv2").target_groups
    address = address_of(task)
    return [
        (groups[one["targetGroupArn"]], {"Id": address, "Port": one["containerPort"]})
        for one in service.load_balancers
        if address and one.get("targetGroupArn") in groups
    ]
