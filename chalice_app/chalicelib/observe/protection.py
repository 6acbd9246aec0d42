"""ECS task scale-in protection, which a service sets on its tasks while they work: a probe that can only show use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.decide.facts import ServiceFacts, ServiceId, SignalName, SignalReading
from chalicelib.errors import ObservationError
from chalicelib.observe.calls import MISSING, Failed, attempt, chunks, together
from chalicelib.observe.describing import SERVICE_GROUP
from chalicelib.observe.signals import missing, read

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import FailureTypeDef

TASKS_PER_CALL = 100
"""ListTasks, DescribeTasks and GetTaskProtection: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"""

MANY = 25
"""Services of one cluster from which on the whole cluster is read instead: up to 1,600 tasks that is fewer calls."""


class TaskProtection:
    """Two calls per 100 tasks of a service; for `MANY` of one cluster two per 100 tasks of the cluster, and one per 100
    of theirs."""

    name = SignalName.TASK_PROTECTION

    def __init__(self, ecs: ECSClient) -> None:
        self._ecs = ecs

    def ask(self, facts: ServiceFacts, now: datetime) -> SignalReading:
        try:
            answer = attempt(partial(self._protected_of, facts.id))
        except ObservationError as untold:
            return missing(self.name, now, f"could not be read: {untold}")
        if isinstance(answer, Failed):
            return missing(self.name, now, f"could not be read: {answer.reason}")
        return self._reading(answer, now)

    def ask_many(self, services: Sequence[ServiceFacts], now: datetime) -> Mapping[ServiceId, SignalReading]:
        """See `ManyAtOnce`. Of a cluster that could not be read whole each service is asked by itself."""
        by_cluster: dict[str, list[ServiceId]] = {}
        for facts in services:
            by_cluster.setdefault(facts.id.cluster, []).append(facts.id)
        found: dict[ServiceId, SignalReading] = {}
        for cluster, ids in by_cluster.items():
            if len(ids) < MANY:
                continue
            try:
                counts = attempt(partial(self._protected_in, cluster, {one.name for one in ids}))
            except ObservationError:
                continue
            if not isinstance(counts, Failed):
                found |= {id: self._reading(counts[id.name], now) for id in ids}
        return found

    def _reading(self, protected: int, now: datetime) -> SignalReading:
        return replace(read(self.name, now, "protected tasks"), in_flight=protected)

    def _protected_of(self, id: ServiceId) -> int:
        return len(self._protected(id.cluster, self._tasks(id.cluster, id.name)))

    def _protected_in(self, cluster: str, names: set[str]) -> Counter[str]:
        """How many tasks protect themselves, by the name of the service."""
        owners: dict[str, str] = {}
        for answer in together(
            [partial(self._ecs.describe_tasks, cluster=cluster, tasks=list(chunk)) for chunk in self._tasks(cluster)]
        ):
            if isinstance(answer, Failed):
                raise ObservationError(answer.reason)
            _all_told(answer.get("failures", []))
            for task in answer["tasks"]:
                name = task.get("group", "").removeprefix(SERVICE_GROUP)
                if name in names and task.get("group", "").startswith(SERVICE_GROUP):
                    owners[task["taskArn"]] = name
        return Counter(owners[arn] for arn in self._protected(cluster, chunks(list(owners), TASKS_PER_CALL)))

    def _tasks(self, cluster: str, service: str = "") -> list[Sequence[str]]:
        """ARNs of the tasks that are to run, of one service or of all, in the chunks of a call."""
        paginate = partial(
            self._ecs.get_paginator("list_tasks").paginate, PaginationConfig={"PageSize": TASKS_PER_CALL}
        )
        pages = paginate(cluster=cluster, serviceName=service) if service else paginate(cluster=cluster)
        return chunks([arn for page in pages for arn in page["taskArns"]], TASKS_PER_CALL)

    def _protected(self, cluster: str, tasks: Iterable[Sequence[str]]) -> list[str]:
        """The ARNs of those that protect themselves."""
        found: list[str] = []
        for answer in together(
            [partial(self._ecs.get_task_protection, cluster=cluster, tasks=list(chunk)) for chunk in tasks]
        ):
            if isinstance(answer, Failed):
                raise ObservationError(answer.reason)
            _all_told(answer.get("failures", []))
            found += [task["taskArn"] for task in answer["protectedTasks"] if task.get("protectionEnabled", False)]
        return found


def _all_told(failures: Sequence[FailureTypeDef]) -> None:
    """A task that ended between two calls protects nothing any more; of any other nobody can tell."""
    if untold := [one for one in failures if one.get("reason") != MISSING]:
        raise ObservationError(f"ECS answered {untold[0].get('reason')} for {len(untold)} of its tasks")
