"""The scriptable world behind the strict fake: clusters, services, tasks, load balancers, scaling, metrics.

Nothing here knows botocore. A metric is a function of time (or a constant, or None for silence), so a week of
traffic costs no memory. Time stands still at `World.now` until somebody moves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

REGION = "eu-central-1"
ACCOUNT = "123456789012"
ARN = f"arn:aws:{{service}}:{REGION}:{ACCOUNT}:{{resource}}"

Series = Callable[[datetime], float | None]
"""The value reported for the minute that begins at the argument; None where nothing is reported."""

MetricKey = tuple[str, str, frozenset[tuple[str, str]]]
SignalWord = Literal["requests", "healthy-hosts", "gpu", "cpu", "network-out"]

_ids = count(1)


def _unique() -> str:
    return f"{next(_ids):016x}"


@dataclass(slots=True)
class FakeTask:
    arn: str
    service: str
    starts_at: datetime | None
    """When it becomes RUNNING; None: never."""
    protected_until: datetime | None = None
    health: str = "UNKNOWN"
    address: str | None = None
    """Of its own network interface (awsvpc)."""
    provider: str | None = None
    """The capacity provider that placed it."""
    deployment: int = 1
    host: str | None = None
    """The EC2 instance it runs on."""

    def runs(self, now: datetime) -> bool:
        return self.starts_at is not None and self.starts_at <= now


@dataclass(slots=True)
class FakeMetric:
    series: Series
    status: str = "Complete"


@dataclass(slots=True)
class FakeScaling:
    min_capacity: int
    max_capacity: int
    suspended: dict[str, bool] = field(
        default_factory=lambda: {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        }
    )


@dataclass(slots=True)
class FakeService:
    world: World = field(repr=False)
    cluster: str
    name: str
    desired: int
    tags: dict[str, str]
    launch_type: str | None
    strategy: list[dict[str, str | int]]
    target_groups: list[str]
    load_balancers: list[dict[str, object]]
    created_at: datetime
    scheduling: str = "REPLICA"
    controller: str = "ECS"
    task_definition: str = ARN.format(service="ecs", resource="task-definition/ollama:1")
    status: str = "ACTIVE"
    boot: timedelta | None = timedelta(0)
    """How long a new task takes until it runs; None: it never does."""
    tasks: list[FakeTask] = field(default_factory=list)
    healthy_percent: tuple[int, int] = (100, 200)
    deployment: int = 1
    given_up: bool = False
    """The circuit breaker has opened: ECS places nothing more before a new deployment."""
    events: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return ARN.format(service="ecs", resource=f"service/{self.cluster}/{self.name}")

    @property
    def resource_id(self) -> str:
        return f"service/{self.cluster}/{self.name}"

    @property
    def running(self) -> int:
        return sum(task.runs(self.world.now) for task in self.tasks)

    @property
    def pending(self) -> int:
        return len(self.tasks) - self.running

    @property
    def scaling(self) -> FakeScaling | None:
        return self.world.scaling.get(self.resource_id)

    def says(self, message: str) -> None:
        """A service event, as ECS prefixes them."""
        self.events.insert(0, (self.world.now, f"(service {self.name}) {message}"))

    def set_desired(self, desired: int, *, started: datetime | None = None) -> None:
        """Tasks follow at once downwards; upwards they take ``boot``. ``started`` back-dates them."""
        self.desired = desired
        del self.tasks[desired:]
        self.fill(started)

    def fill(self, started: datetime | None = None) -> None:
        """Tasks of the current deployment until there are as many as desired."""
        while sum(task.deployment == self.deployment for task in self.tasks) < self.desired:
            provider = str(self.strategy[-1]["capacityProvider"]) if self.strategy else None
            there = self.boot is not None and provider not in self.world.no_capacity
            at = started or (self.world.now + (self.boot or timedelta()) if there else None)
            arn = ARN.format(service="ecs", resource=f"task/{self.cluster}/{_unique()}")
            self.tasks.append(FakeTask(arn, self.name, at, provider=provider, deployment=self.deployment))

    def deploy_anew(self) -> None:
        """A forced deployment: the old tasks stay for as many as have to be healthy, and go when the new ones run."""
        self.deployment += 1
        self.given_up = False
        self.tasks = [task for task in self.tasks if task.runs(self.world.now)]
        if self.healthy_percent[0] == 0:
            self.tasks = []
        self.fill()
        self.settle()

    def settle(self) -> None:
        """What ECS does by itself: tasks that wait get capacity once there is some, old ones go when new ones run."""
        if self.given_up:
            return
        for task in self.tasks:
            if task.starts_at is None and self.boot is not None and task.provider not in self.world.no_capacity:
                task.starts_at = self.world.now + self.boot
        fresh = [task for task in self.tasks if task.deployment == self.deployment]
        if sum(task.runs(self.world.now) for task in fresh) >= self.desired:
            self.tasks = fresh

    def lose(self, task: FakeTask) -> None:
        """AWS takes its host; ECS starts another."""
        self.tasks.remove(task)
        self.fill()

    def sends(self, signal: SignalWord, series: Series | float | None, *, status: str = "Complete") -> FakeService:
        """What CloudWatch holds for this service. Requests and healthy hosts go to its first target group."""
        match signal:
            case "requests" | "healthy-hosts":
                group = self.target_groups[0]
                balancer = self.world.attached[group]
                dimensions = {"TargetGroup": group.rpartition(":")[2]}
                if balancer:
                    dimensions["LoadBalancer"] = balancer.partition(":loadbalancer/")[2]
                name = "RequestCount" if signal == "requests" else "HealthyHostCount"
                self.world.metric("AWS/ApplicationELB", name, dimensions, series, status=status)
            case "gpu":
                self.world.metric("CWAgent", "nvidia_smi_utilization_gpu", self._own, series, status=status)
            case "cpu":
                self.world.metric("AWS/ECS", "CPUUtilization", self._own, series, status=status)
            case "network-out":
                self.world.metric("ECS/ContainerInsights", "NetworkTxBytes", self._own, series, status=status)
        return self

    @property
    def _own(self) -> dict[str, str]:
        return {"ClusterName": self.cluster, "ServiceName": self.name}


@dataclass(slots=True)
class World:
    now: datetime
    clusters: dict[str, dict[str, FakeService]] = field(default_factory=dict)
    scaling: dict[str, FakeScaling] = field(default_factory=dict)
    attached: dict[str, str | None] = field(default_factory=dict)
    """Target group ARN -> load balancer ARN."""
    schedules: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """Entries of EventBridge Scheduler by group and name."""
    metrics: dict[MetricKey, FakeMetric] = field(default_factory=dict)
    no_capacity: set[str] = field(default_factory=set)
    """Capacity providers that get no host."""
    idle_hosts: set[str] = field(default_factory=set)
    """EC2 instances that stay without a task."""
    draining: set[str] = field(default_factory=set)
    """EC2 instances whose container instances are DRAINING."""
    metrics_late: timedelta = timedelta(minutes=2)
    """How long after its end a minute becomes visible; CloudWatch promises nothing."""
    metric_results_per_page: int | None = None
    """GetMetricData answers in pages of so many; the last result of a page is PartialData and goes on in the next."""

    def advance(self, by: timedelta) -> None:
        self.now += by

    def service(self, cluster: str, name: str) -> FakeService:
        return self.clusters[cluster][name]

    def add_cluster(self, name: str) -> None:
        self.clusters.setdefault(name, {})

    def add_service(
        self,
        cluster: str,
        name: str,
        *,
        desired: int = 1,
        started: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        behind: str | None = "app/shared/0123456789abcdef",
        scaling: tuple[int, int] | None = None,
        launch_type: str | None = "FARGATE",
        strategy: list[dict[str, str | int]] | None = None,
        **more: object,
    ) -> FakeService:
        """A service whose tasks run since ``started`` (a day ago), with a target group of its own.

        ``behind``: the load balancer of that group; "" for a group attached to none; None for no group at all.
        """
        self.add_cluster(cluster)
        groups: list[str] = []
        if behind is not None:
            groups.append(self.add_target_group(name, behind or None))
        service = FakeService(
            world=self,
            cluster=cluster,
            name=name,
            desired=0,
            tags=dict(tags or {}),
            launch_type=None if strategy else launch_type,
            strategy=strategy or [],
            target_groups=groups,
            load_balancers=[
                {"targetGroupArn": arn, "containerName": "ollama", "containerPort": 11434} for arn in groups
            ],
            created_at=self.now - timedelta(days=30),
        )
        for key, value in more.items():
            setattr(service, key, value)
        service.set_desired(desired, started=started or self.now - timedelta(days=1))
        if behind:
            service.sends("healthy-hosts", lambda at: float(sum(task.runs(at) for task in service.tasks)) or None)
        if scaling:
            self.scaling[service.resource_id] = FakeScaling(*scaling)
        self.clusters[cluster][name] = service
        return service

    def remove_service(self, cluster: str, name: str) -> None:
        self.scaling.pop(self.clusters[cluster].pop(name).resource_id, None)

    def add_target_group(self, name: str, behind: str | None) -> str:
        arn = ARN.format(service="elasticloadbalancing", resource=f"targetgroup/{name}/{_unique()}")
        self.attached[arn] = (
            None if behind is None else ARN.format(service="elasticloadbalancing", resource=f"loadbalancer/{behind}")
        )
        return arn

    def metric(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        series: Series | float | None,
        *,
        status: str = "Complete",
    ) -> None:
        """What CloudWatch holds under these exact dimensions, in the metric's own unit."""
        if callable(series):
            function = series
        else:
            constant = series

            def function(_at: datetime) -> float | None:
                return constant

        self.metrics[namespace, name, frozenset(dimensions.items())] = FakeMetric(function, status)

    def let_autoscaling_act(self) -> None:
        """What Application Auto Scaling does on its own: it puts a count below the minimum back, unless suspended."""
        for services in self.clusters.values():
            for service in services.values():
                bounds = service.scaling
                if (
                    bounds
                    and service.desired < bounds.min_capacity
                    and not bounds.suspended["DynamicScalingOutSuspended"]
                ):
                    service.set_desired(bounds.min_capacity)
