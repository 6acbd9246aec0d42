"""Finds, makes and takes away an instance's task definition and service. What bears our name without our tag stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.errors import ActionFailed
from chalicelib.fleet.calls import attempt
from chalicelib.fleet.model import CONTAINER, PORT, Capacity, Instance, Model, Resources, WeightsFrom
from chalicelib.fleet.task_definition import family, tags, task_definition, volume_configurations
from chalicelib.fleet.workshop import Workshop, is_ours

GRACE_SECONDS = 1800
"""How long failing health checks stop nothing after a task started: the weights of a large model are pulled then."""


# --- the task definition


def find_task_definition(shop: Workshop, instance: Instance) -> Resources | None:
    """The family is shared, so a revision that no row knows may be ours: its tag says so."""
    known = {one.resources.task_definition_arn for one in shop.instances.all()}
    for arn in active_revisions(shop, family(instance)):
        if arn not in known and is_ours(tags_of_revision(shop, arn), instance):
            return replace(instance.resources, task_definition_arn=arn)
    return None


def make_task_definition(shop: Workshop, instance: Instance, model: Model) -> Resources:
    arguments = task_definition(instance, model, shop.settings, shop.region)
    made = attempt("ecs:RegisterTaskDefinition", shop.ecs.register_task_definition, **arguments)
    return replace(instance.resources, task_definition_arn=made["taskDefinition"]["taskDefinitionArn"])


def unmake_task_definition(shop: Workshop, instance: Instance) -> Resources:
    """Tasks that still drain keep what they were started with."""
    attempt(
        "ecs:DeregisterTaskDefinition",
        shop.ecs.deregister_task_definition,
        "ClientException",
        taskDefinition=instance.resources.task_definition_arn,
    )
    return replace(instance.resources, task_definition_arn="")


def active_revisions(shop: Workshop, of_family: str) -> Iterator[str]:
    """Newest first, page by page."""
    arguments: dict[str, Any] = {"familyPrefix": of_family, "status": "ACTIVE", "sort": "DESC"}
    while True:
        answer = attempt("ecs:ListTaskDefinitions", shop.ecs.list_task_definitions, **arguments)
        yield from answer["taskDefinitionArns"]
        if not answer.get("nextToken"):
            return
        arguments["nextToken"] = answer["nextToken"]


def tags_of_revision(shop: Workshop, arn: str) -> list[Mapping[str, Any]]:
    found = attempt(
        "ecs:DescribeTaskDefinition",
        shop.ecs.describe_task_definition,
        "ClientException",
        taskDefinition=arn,
        include=["TAGS"],
    )
    return list(found.get("tags", ())) if found else []


# --- the service


def find_service(shop: Workshop, instance: Instance) -> Resources | None:
    found = described(shop, instance)
    if found is None or found.get("status") != "ACTIVE" or not is_ours(found.get("tags", ()), instance):
        return None
    return replace(instance.resources, service_arn=found["serviceArn"])


def described(shop: Workshop, instance: Instance) -> Mapping[str, Any] | None:
    """The service as ECS describes it, tags included; None when there is none of the name."""
    answer = attempt(
        "ecs:DescribeServices",
        shop.ecs.describe_services,
        cluster=instance.service.cluster,
        services=[instance.service.name],
        include=["TAGS"],
    )
    found: Mapping[str, Any] | None = next(iter(answer["services"]), None)
    return found


def make_service(shop: Workshop, instance: Instance, model: Model) -> Resources:
    """``clientToken`` and the name are the instance's alone: a request that is sent twice makes one service."""
    there = described(shop, instance)
    if there is not None and there.get("status") != "INACTIVE":
        if (ours := find_service(shop, instance)) is not None:
            return ours
        raise ActionFailed(
            f"There is a service {instance.service} that is not ours, or still drains; it is left alone."
        )
    made = attempt("ecs:CreateService", shop.ecs.create_service, **_service(shop, instance, model))
    return replace(instance.resources, service_arn=made["service"]["serviceArn"])


def unmake_service(shop: Workshop, instance: Instance) -> Resources:
    """``force``: its tasks are stopped with it. Removal stops them before, and waits."""
    attempt(
        "ecs:DeleteService",
        shop.ecs.delete_service,
        "ServiceNotFoundException",
        "ServiceNotActiveException",
        "ClusterNotFoundException",
        cluster=instance.service.cluster,
        service=instance.service.name,
        force=True,
    )
    return replace(instance.resources, service_arn="")


def _service(shop: Workshop, instance: Instance, model: Model) -> dict[str, Any]:
    settings, resources = shop.settings, instance.resources
    network = {
        "subnets": list(settings.subnet_ids),
        "securityGroups": list(settings.security_group_ids),
        "assignPublicIp": "DISABLED",
    }
    arguments: dict[str, Any] = {
        "cluster": instance.service.cluster,
        "serviceName": instance.service.name,
        "clientToken": instance.service.name,
        "taskDefinition": resources.task_definition_arn,
        "desiredCount": 1,
        "loadBalancers": [
            {"targetGroupArn": resources.target_group_arn, "containerName": CONTAINER, "containerPort": PORT}
        ],
        "healthCheckGracePeriodSeconds": GRACE_SECONDS,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            "minimumHealthyPercent": 0,
            "maximumPercent": 100,
        },
        "networkConfiguration": {"awsvpcConfiguration": network},
        "tags": [{"key": key, "value": value} for key, value in tags(instance).items()],
        "propagateTags": "SERVICE",
        "enableECSManagedTags": True,
    }
    if instance.placement.capacity is Capacity.FARGATE:
        arguments |= {"launchType": "FARGATE", "platformVersion": "LATEST"}
    else:
        provider = instance.placement.capacity_provider
        arguments["capacityProviderStrategy"] = [{"capacityProvider": provider, "weight": 1, "base": 0}]
        del network["assignPublicIp"]
    if model.weights.come_from is WeightsFrom.SNAPSHOT:
        arguments["volumeConfigurations"] = volume_configurations(model, settings)
    return arguments
