"""ECS as strict as it is: page sizes, ten services a call, tags only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from support.strict_world import ARN, FakeService, FakeTask, World

Params = Mapping[str, Any]
T = TypeVar("T")


class AwsError(Exception):
    """Becomes botocore's ClientError with this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def page(
    items: Sequence[T], params: Params, size: str, token: str, *, default: int, most: int, code: str
) -> tuple[Sequence[T], dict[str, str]]:
    """One page and the key of the next. Refuses sizes that AWS refuses."""
    wanted = params.get(size, default)
    if not 1 <= wanted <= most:
        raise AwsError(code, f"{size} must be between 1 and {most}, not {wanted}")
    start = int(params.get(token, "0"))
    end = start + wanted
    return items[start:end], ({token: str(end)} if end < len(items) else {})


def at_most(items: Sequence[object], most: int, what: str) -> None:
    if len(items) > most:
        raise AwsError("InvalidParameterException", f"{what} cannot have more than {most} elements")


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def _cluster(world: World, params: Params) -> dict[str, FakeService]:
    name = _last(params.get("cluster", "default"))
    if name not in world.clusters:
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return world.clusters[name]


def cluster_arn(name: str) -> str:
    return ARN.format(service="ecs", resource=f"cluster/{name}")


def list_clusters(world: World, params: Params) -> dict[str, Any]:
    arns = [cluster_arn(name) for name in world.clusters]
    found, more = page(arns, params, "maxResults", "nextToken", default=100, most=100, code="InvalidParameterException")
    return {"clusterArns": list(found), **more}


def describe_clusters(world: World, params: Params) -> dict[str, Any]:
    names = [_last(one) for one in params.get("clusters", ["default"])]
    at_most(names, 100, "clusters")
    known = [name for name in names if name in world.clusters]
    return {
        "clusters": [_describe_cluster(name, world.clusters[name].values()) for name in known],
        "failures": [{"arn": cluster_arn(name), "reason": "MISSING"} for name in names if name not in world.clusters],
    }


def _describe_cluster(name: str, services: Any) -> dict[str, Any]:
    return {
        "clusterArn": cluster_arn(name),
        "clusterName": name,
        "status": "ACTIVE",
        "activeServicesCount": sum(service.status == "ACTIVE" for service in services),
        "runningTasksCount": sum(service.running for service in services),
        "pendingTasksCount": sum(service.pending for service in services),
    }


def list_services(world: World, params: Params) -> dict[str, Any]:
    arns = [service.arn for service in _cluster(world, params).values()]
    found, more = page(arns, params, "maxResults", "nextToken", default=10, most=100, code="InvalidParameterException")
    return {"serviceArns": list(found), **more}


def describe_services(world: World, params: Params) -> dict[str, Any]:
    for service in _cluster(world, params).values():
        service.settle()
    at_most(params["services"], 10, "services")
    services = _cluster(world, params)
    names = [_last(one) for one in params["services"]]
    with_tags = "TAGS" in params.get("include", ())
    return {
        "services": [describe_service(services[name], with_tags) for name in names if name in services],
        "failures": [
            {"arn": ARN.format(service="ecs", resource=f"service/{name}"), "reason": "MISSING"}
            for name in names
            if name not in services
        ],
    }


def describe_service(service: FakeService, with_tags: bool) -> dict[str, Any]:
    launch = {"launchType": service.launch_type} if service.launch_type else {}
    strategy = {"capacityProviderStrategy": list(service.strategy)} if service.strategy else {}
    tags = {"tags": [{"key": key, "value": value} for key, value in service.tags.items()]} if with_tags else {}
    whole = "COMPLETED" if service.running == service.desired else "IN_PROGRESS"
    rollout = "FAILED" if service.given_up else whole
    return {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": cluster_arn(service.cluster),
        "status": service.status,
        "desiredCount": service.desired,
        "runningCount": service.running,
        "pendingCount": service.pending,
        "loadBalancers": service.load_balancers,
        "taskDefinition": service.task_definition,
        "schedulingStrategy": service.scheduling,
        "deploymentController": {"type": service.controller},
        "deploymentConfiguration": {
            "minimumHealthyPercent": service.healthy_percent[0],
            "maximumPercent": service.healthy_percent[1],
        },
        "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": rollout}],
        "events": [
            {"id": str(index), "createdAt": at, "message": message}
            for index, (at, message) in enumerate(service.events[:100])
        ],
        "createdAt": service.created_at,
        **launch,
        **strategy,
        **tags,
    }


def update_service(world: World, params: Params) -> dict[str, Any]:
    services = _cluster(world, params)
    name = _last(params["service"])
    if name not in services:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    service = services[name]
    if service.status != "ACTIVE":
        raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
    if "taskDefinition" in params:
        service.task_definition = params["taskDefinition"]
    if "capacityProviderStrategy" in params:
        names = {one["capacityProvider"] for one in params["capacityProviderStrategy"]}
        if not params.get("forceNewDeployment"):
            raise AwsError("InvalidParameterException", "A new strategy takes a forced deployment.")
        if names & {"FARGATE", "FARGATE_SPOT"} and names - {"FARGATE", "FARGATE_SPOT"}:
            raise AwsError("InvalidParameterException", "Fargate and Auto Scaling group providers cannot be mixed.")
        service.strategy, service.launch_type = list(params["capacityProviderStrategy"]), None
    if "desiredCount" in params:
        if params["desiredCount"] < 0:
            raise AwsError("InvalidParameterException", "desiredCount must not be negative")
        if service.scheduling == "DAEMON":
            raise AwsError("InvalidParameterException", "The daemon scheduling strategy has no desired count")
        service.set_desired(params["desiredCount"])
    if params.get("forceNewDeployment"):
        service.deploy_anew()
    return {"service": describe_service(service, with_tags=False)}


def _tasks(world: World, params: Params) -> dict[str, FakeTask]:
    return {task.arn: task for service in _cluster(world, params).values() for task in service.tasks}


def _host_arn(cluster: str, instance: str) -> str:
    return ARN.format(service="ecs", resource=f"container-instance/{cluster}/{instance}")


def list_container_instances(world: World, params: Params) -> dict[str, Any]:
    services = _cluster(world, params).values()
    hosts = {task.host for service in services for task in service.tasks if task.host}
    wanted = params.get("filter", "").partition("ec2InstanceId == ")[2]
    arns = [_host_arn(_last(params["cluster"]), host) for host in sorted(hosts) if wanted in ("", host)]
    return {"containerInstanceArns": arns}


def describe_container_instances(world: World, params: Params) -> dict[str, Any]:
    at_most(params["containerInstances"], 100, "containerInstances")
    services = _cluster(world, params).values()
    busy = {task.host for service in services for task in service.tasks if task.host}
    there = [arn for arn in params["containerInstances"] if _last(arn) in busy | world.idle_hosts]
    return {
        "containerInstances": [
            {"containerInstanceArn": arn, "status": "ACTIVE", "runningTasksCount": int(_last(arn) in busy)}
            for arn in there
        ],
        "failures": [],
    }


def update_container_instances_state(world: World, params: Params) -> dict[str, Any]:
    at_most(params["containerInstances"], 10, "containerInstances")
    if params["status"] != "DRAINING":
        raise AwsError("InvalidParameterException", "Only DRAINING is scripted here")
    world.draining |= {_last(arn) for arn in params["containerInstances"]}
    return {"containerInstances": [], "failures": []}


def list_tasks(world: World, params: Params) -> dict[str, Any]:
    services = _cluster(world, params)
    name = params.get("serviceName")
    if name is not None and _last(name) not in services:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    chosen = services.values() if name is None else [services[_last(name)]]
    # Tasks whose desired status is RUNNING include those that still boot.
    arns = [task.arn for service in chosen for task in service.tasks]
    if params.get("desiredStatus", "RUNNING") != "RUNNING":
        arns = []
    if "containerInstance" in params:
        host = _last(params["containerInstance"])
        arns = [task.arn for service in chosen for task in service.tasks if task.host == host]
    found, more = page(arns, params, "maxResults", "nextToken", default=100, most=100, code="InvalidParameterException")
    return {"taskArns": list(found), **more}


def describe_tasks(world: World, params: Params) -> dict[str, Any]:
    at_most(params["tasks"], 100, "tasks")
    tasks = _tasks(world, params)
    return {
        "tasks": [_describe_task(tasks[arn], world) for arn in params["tasks"] if arn in tasks],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in params["tasks"] if arn not in tasks],
    }


def _cluster_of(task: FakeTask) -> str:
    return task.arn.split("/")[-2]


def _describe_task(task: FakeTask, world: World) -> dict[str, Any]:
    runs = task.runs(world.now)
    return {
        "taskArn": task.arn,
        "group": f"service:{task.service}",
        "desiredStatus": "RUNNING",
        "lastStatus": "RUNNING" if runs else "PROVISIONING" if task.provider in world.no_capacity else "PENDING",
        "healthStatus": task.health,
        **({"startedAt": task.starts_at} if runs else {}),
        **({"containerInstanceArn": _host_arn(_cluster_of(task), task.host)} if task.host else {}),
        **({"capacityProviderName": task.provider} if task.provider else {}),
        **({"attachments": [_interface(task.address)]} if task.address else {}),
    }


def _interface(address: str) -> dict[str, Any]:
    return {
        "id": "eni-attach-1",
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [{"name": "subnetId", "value": "subnet-1"}, {"name": "privateIPv4Address", "value": address}],
    }


def get_task_protection(world: World, params: Params) -> dict[str, Any]:
    tasks = _tasks(world, params)
    arns = params.get("tasks") or list(tasks)
    at_most(arns, 100, "tasks")
    protected = []
    for arn in arns:
        until = tasks[arn].protected_until if arn in tasks else None
        if arn in tasks:
            holds = until is not None and until > world.now
            protected.append(
                {"taskArn": arn, "protectionEnabled": holds, **({"expirationDate": until} if holds else {})}
            )
    return {
        "protectedTasks": protected,
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in tasks],
    }


OPERATIONS: dict[str, Callable[[World, Params], dict[str, Any]]] = {
    "ecs.ListClusters": list_clusters,
    "ecs.DescribeClusters": describe_clusters,
    "ecs.ListServices": list_services,
    "ecs.DescribeServices": describe_services,
    "ecs.UpdateService": update_service,
    "ecs.ListContainerInstances": list_container_instances,
    "ecs.DescribeContainerInstances": describe_container_instances,
    "ecs.UpdateContainerInstancesState": update_container_instances_state,
    "ecs.ListTasks": list_tasks,
    "ecs.DescribeTasks": describe_tasks,
    "ecs.GetTaskProtection": get_task_protection,
}
