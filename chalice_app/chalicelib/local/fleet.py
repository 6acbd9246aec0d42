"""The part of ECS that moto leaves out: tasks that take time to boot and to end, and say so.

moto sets the running count at once, starts no tasks and writes no service events. This module makes a service of
moto behave as ECS does, on the simulated clock: after UpdateService tasks are placed, boot, run, drain and end;
each step moves the counts, writes the service's events and gives out the EventBridge event that ECS would send.
It decides nothing about services: whoever calls UpdateService does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.decide.facts import ServiceId
from chalicelib.local import ecs_events, targets
from chalicelib.local.aws import EmbeddedAws
from chalicelib.local.ecs_events import Event as Event
from chalicelib.runtime.clock import Clock

BOOT = timedelta(minutes=4)
"""From the desired count to a healthy target: a warm host, the image pulled, the model loaded."""
DRAIN = timedelta(minutes=2)
"""From desired count 0 to the task's end: the target group lets go, then the container stops."""


@dataclass(frozen=True, slots=True)
class NoCapacity:
    """AWS has no such GPU instance in ``[since, until)``: tasks wait unplaced, and the service says why."""

    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until


@dataclass(slots=True)
class _Task:
    """One task: moto's object, and the instants of its life on the simulated clock."""

    moto: Any
    placed_at: datetime | None
    due_at: datetime | None
    """When it becomes ready or, while unplaced, can be tried again."""
    ends_at: datetime | None = None
    is_ready: bool = False


@dataclass(frozen=True, slots=True)
class Paid:
    """One task's instance was held in ``[since, until)``; ``until`` None while it still is."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Front:
    """A target group of a service that was created while the fleet runs, and what stands behind it."""

    target_group_arn: str
    load_balancer_arn: str
    ready_tasks: int


@dataclass(slots=True)
class _Service:
    id: ServiceId
    moto: Any
    is_new: bool = False
    no_capacity: tuple[NoCapacity, ...] = ()
    tasks: list[_Task] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)


class SimulatedTasks:
    """Gives tasks to moto's services. Every method is safe against the server's threads."""

    def __init__(self, aws: EmbeddedAws, clock: Clock) -> None:
        self._aws = aws
        self._clock = clock
        self._ecs = aws.backend("ecs")
        self._services: dict[ServiceId, _Service] = {}
        self._events: list[Event] = []
        self._move_the_counts = self._ecs.update_service
        self._ecs.update_service = self._update_service
        self._ecs.list_tasks = self._list_tasks
        self._make = self._ecs.create_service
        self._delete = self._ecs.delete_service
        self._list = self._ecs.list_services

    def adopt(self, id: ServiceId, *, no_capacity: Iterable[NoCapacity] = (), running_since: datetime) -> None:
        """Takes over a service that exists in moto; as many tasks as it desires have been running since then."""
        with self._aws.lock:
            service = _Service(id, self._ecs.services[f"{id.cluster}:{id.name}"], no_capacity=tuple(no_capacity))
            service.moto.created_at = running_since
            self._services[id] = service
            for _ in range(service.moto.desired_count):
                task = self._new_task(service, "RUNNING")
                task.placed_at, task.due_at, task.is_ready = running_since, running_since, True
                task.moto.started_at = running_since
                targets.attach(self._aws, service.moto, task.moto)
            self._count_services(id.cluster)
            self._count(service)

    def follow_new_services(self) -> None:
        """From now on a service that anybody creates gets its tasks, and one that is deleted loses them."""
        self._ecs.create_service = self._create_service
        self._ecs.delete_service = self._delete_service
        self._ecs.list_services = self._list_services

    def next_change(self) -> datetime | None:
        """The next instant at which a task boots, ends or can be placed."""
        with self._aws.lock:
            return min((at for one in self._services.values() for at in self._changes(one)), default=None)

    def step(self) -> tuple[Event, ...]:
        """Brings every task to the present; the events of all that happened since the last step, oldest first."""
        now = self._clock.now()
        with self._aws.lock:
            for service in self._services.values():
                self._advance(service, now)
            events, self._events = tuple(self._events), []
        return events

    def is_ready(self, id: ServiceId) -> bool:
        with self._aws.lock:
            return any(task.is_ready for task in self._services[id].tasks)

    def services_of_addresses(self) -> Mapping[str, ServiceId]:
        """Whose task answers at each address, of those that are ready."""
        with self._aws.lock:
            return {
                targets.address_of(task.moto): service.id
                for service in self._services.values()
                for task in service.tasks
                if task.is_ready
            }

    def new_services_of_addresses(self) -> Mapping[str, ServiceId]:
        """The same, only of services that were created while the fleet runs."""
        with self._aws.lock:
            new = {service.id for service in self._services.values() if service.is_new}
            return {address: id for address, id in self.services_of_addresses().items() if id in new}

    def fronts(self) -> tuple[Front, ...]:
        """Of the new services that stand behind a load balancer."""
        with self._aws.lock:
            return tuple(
                Front(arn, balancer, sum(task.is_ready for task in service.tasks))
                for service in self._services.values()
                if service.is_new
                for arn, balancer in targets.groups_of(self._aws, service.moto)
            )

    def ready_tasks(self, id: ServiceId) -> int:
        with self._aws.lock:
            return sum(task.is_ready for task in self._services[id].tasks)

    def paid(self, id: ServiceId) -> tuple[Paid, ...]:
        """When instances were held for the service, one span for each task, those that still run last."""
        with self._aws.lock:
            service = self._services[id]
            held = (Paid(task.placed_at, None) for task in service.tasks if task.placed_at is not None)
            return (*service.paid, *held)

    def _update_service(self, properties: dict[str, Any]) -> Any:
        """Stands before moto's own: lets it store what was asked, then takes its instant running count back."""
        updated = self._move_the_counts(properties)
        for service in self._services.values():
            if service.moto is updated:
                self._follow(service, self._clock.now())
        return updated

    def _create_service(self, *given: Any, **named: Any) -> Any:
        made = self._make(*given, **named)
        now = self._clock.now()
        made.created_at = now
        service = _Service(ServiceId(made.cluster_name, made.name), made, is_new=True)
        self._services[service.id] = service
        self._count_services(service.id.cluster)
        self._follow(service, now)
        return made

    def _delete_service(self, *given: Any, **named: Any) -> Any:
        """moto only marks it; its tasks end now."""
        gone = self._delete(*given, **named)
        service = self._services.pop(ServiceId(gone.cluster_name, gone.name), None)
        if service is not None:
            for task in list(service.tasks):
                self._end(service, task, self._clock.now())
            gone.running_count = 0
            self._count_services(service.id.cluster)
        return gone

    def _list_services(self, *given: Any, **named: Any) -> list[str]:
        """moto lists deleted ones for ever."""
        gone = {one.arn for one in self._ecs.services.values() if one.status == "INACTIVE"}
        return [arn for arn in self._list(*given, **named) if arn not in gone]

    def _count_services(self, cluster: str) -> None:
        self._ecs.clusters[cluster].active_services_count = sum(one.cluster == cluster for one in self._services)

    def _list_tasks(
        self,
        cluster_str: str | None = None,
        container_instance: str | None = None,
        family: str | None = None,
        started_by: str | None = None,
        service_name: str | None = None,
        desired_status: str | None = None,
    ) -> list[Any]:
        """moto's own ignores the service's name and takes a cluster's name for any name that contains it."""
        cluster = (cluster_str or "default").rpartition("/")[2]
        group = f"service:{service_name.rpartition('/')[2]}" if service_name else None
        return [
            task
            for task in self._ecs.tasks.get(cluster, {}).values()
            if group in (None, task.group) and desired_status in (None, task.desired_status)
        ]

    def _follow(self, service: _Service, now: datetime) -> None:
        """Ends the tasks that are too many, asks for those that are missing."""
        wanted = service.moto.desired_count
        alive = [task for task in service.tasks if task.ends_at is None]
        for task in alive[wanted:]:
            task.ends_at = now + (DRAIN if task.is_ready else timedelta(0))
            task.moto.desired_status = "STOPPED"
            task.moto.last_status = "DEACTIVATING"
            targets.detach(self._aws, service.moto, task.moto)
        for _ in range(wanted - len(alive)):
            self._place(service, self._new_task(service, "PROVISIONING"), now)
        self._advance(service, now)

    def _new_task(self, service: _Service, status: str) -> _Task:
        from moto.ecs.models import Task

        cluster = self._ecs.clusters[service.id.cluster]
        moto = Task(
            cluster=cluster,
            task_definition=self._ecs.describe_task_definition(service.moto.task_definition),
            container_instance_arn=None,
            resource_requirements={},
            backend=self._ecs,
            group=f"service:{service.id.name}",
            launch_type="EC2",
            networking_configuration=targets.network_of(service.moto),
        )
        moto.last_status = status
        moto.created_at = self._clock.now()  # type: ignore[attr-defined]  # moto serialises any attribute
        self._ecs.tasks.setdefault(cluster.name, {})[moto.task_arn] = moto
        task = _Task(moto, None, None)
        service.tasks.append(task)
        return task

    def _place(self, service: _Service, task: _Task, now: datetime) -> None:
        gap = next((gap for gap in service.no_capacity if gap.holds(now)), None)
        if gap is None:
            task.placed_at, task.due_at = now, now + BOOT
            task.moto.last_status = "PENDING"
            return
        task.due_at = gap.until
        self._say(
            service,
            now,
            "was unable to place a task: no GPU capacity.",
            action="SERVICE_TASK_PLACEMENT_FAILURE",
        )

    def _changes(self, service: _Service) -> Iterable[datetime]:
        for task in service.tasks:
            if task.ends_at is not None:
                yield task.ends_at
            elif not task.is_ready and task.due_at is not None:
                yield task.due_at

    def _advance(self, service: _Service, now: datetime) -> None:
        for task in list(service.tasks):
            if task.ends_at is not None:
                if task.ends_at <= now:
                    self._end(service, task, task.ends_at)
            elif task.placed_at is None:
                if task.due_at is not None and task.due_at <= now:
                    self._place(service, task, now)
            elif not task.is_ready and task.due_at is not None and task.due_at <= now:
                self._begin(service, task, task.due_at)
        self._count(service)

    def _begin(self, service: _Service, task: _Task, at: datetime) -> None:
        task.is_ready = True
        task.moto.last_status = "RUNNING"
        task.moto.started_at = at
        targets.attach(self._aws, service.moto, task.moto)
        self._tell_task(service, task, at)
        if all(one.is_ready for one in service.tasks):
            self._say(service, at, "has reached a steady state.", action="SERVICE_STEADY_STATE")

    def _end(self, service: _Service, task: _Task, at: datetime) -> None:
        service.tasks.remove(task)
        targets.detach(self._aws, service.moto, task.moto)
        task.is_ready = False
        task.moto.last_status = "STOPPED"
        del self._ecs.tasks[service.id.cluster][task.moto.task_arn]
        if task.placed_at is not None:
            service.paid.append(Paid(task.placed_at, at))
        self._tell_task(service, task, at)

    def _count(self, service: _Service) -> None:
        service.moto.running_count = sum(task.is_ready for task in service.tasks)
        service.moto.pending_count = sum(task.ends_at is None and not task.is_ready for task in service.tasks)

    def _say(self, service: _Service, at: datetime, words: str, *, action: str) -> None:
        events = service.moto.events
        events.insert(0, ecs_events.line(service.id, words, at))
        del events[100:]
        self._events.append(ecs_events.service_action(service.moto, action, words, at, self._aws.region))

    def _tell_task(self, service: _Service, task: _Task, at: datetime) -> None:
        self._events.append(ecs_events.task_state_change(service.moto, task.moto, at, self._aws.region))
