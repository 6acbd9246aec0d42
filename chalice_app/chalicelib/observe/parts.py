"""What a service's description needs beside DescribeServices: its scaling bounds, newest task and load balancer.

Each part may fail on its own; `PartReader` keeps the failure in the part's place, and `whole` refuses to make facts of
a service one of whose parts is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.decide.facts import ScalingBounds, ServiceFacts, ServiceId
from chalicelib.observe.calls import Failed, attempt, chunks, together
from chalicelib.observe.describing import Ready, describe, target_group_arns
from chalicelib.observe.reads import NAMES_PER_PAGE, SCALABLE_TARGETS_PER_CALL, Reads

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

TASKS_BY_SERVICE = 50
"""Up to so many running services of a cluster have their tasks listed one by one, beyond it the whole cluster."""


@dataclass(slots=True)
class Parts:
    """What a description needs beside DescribeServices; a part that failed says why."""

    scaling: Mapping[ServiceId, ScalingBounds | Failed] | Failed
    ready: Mapping[ServiceId, Ready]
    ready_failed: Mapping[ServiceId | str, Failed]
    attachments: Mapping[str, str | None] | Failed


class PartReader:
    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def scaling_of(self, ids: Sequence[ServiceId]) -> dict[ServiceId, ScalingBounds | Failed]:
        fifties = chunks(ids, SCALABLE_TARGETS_PER_CALL)
        answers = together([partial(self._reads.scaling_of, fifty) for fifty in fifties])
        scaling: dict[ServiceId, ScalingBounds | Failed] = {}
        for fifty, answer in zip(fifties, answers, strict=True):
            scaling.update(dict.fromkeys(fifty, answer) if isinstance(answer, Failed) else answer)
        return scaling

    def rest_of(
        self,
        described: Mapping[ServiceId, ServiceTypeDef],
        scaling: Mapping[ServiceId, ScalingBounds | Failed] | Failed,
    ) -> Parts:
        """The newest tasks of those that run and the load balancers of those that have one, side by side."""
        running: dict[str, list[ServiceId]] = defaultdict(list)
        for id, service in described.items():
            if service.get("runningCount", 0):
                running[id.cluster].append(id)
        walks: list[ServiceId | str] = []
        for cluster, ids in running.items():
            walks.extend(ids if len(ids) <= TASKS_BY_SERVICE else [cluster])
        with ThreadPoolExecutor(1, thread_name_prefix="observe") as pool:
            attachments = pool.submit(self._attachments, described)
            ready, failed = self._ready(walks)
            return Parts(scaling, ready, failed, attachments.result())

    def _ready(self, walks: Sequence[ServiceId | str]) -> tuple[dict[ServiceId, Ready], dict[ServiceId | str, Failed]]:
        """The ready tasks of each service (or of each of a cluster's), and the walks that failed."""
        lists = together([partial(self._reads.running_tasks, *_where(walk)) for walk in walks])
        failed = {walk: one for walk, one in zip(walks, lists, strict=True) if isinstance(one, Failed)}
        by_cluster: dict[str, list[tuple[str, ServiceId | str]]] = defaultdict(list)
        for walk, arns in zip(walks, lists, strict=True):
            if not isinstance(arns, Failed):
                by_cluster[_where(walk)[0]].extend((arn, walk) for arn in arns)
        hundreds = [(name, some) for name, tasks in by_cluster.items() for some in chunks(tasks, NAMES_PER_PAGE)]
        answers = together(
            [partial(self._reads.ready_among, name, [arn for arn, _ in some]) for name, some in hundreds]
        )
        ready: dict[ServiceId, Ready] = {}
        for (_, some), answer in zip(hundreds, answers, strict=True):
            if isinstance(answer, Failed):
                failed.update(dict.fromkeys((walk for _, walk in some), answer))
                continue
            for arn, walk in some:
                if (reason := answer.unread.get(arn)) is not None:
                    failed[walk] = Failed(reason, f"ECS answered {reason} for one of its tasks")
            for id, some_of_it in answer.ready.items():
                ready[id] = ready[id].and_also(some_of_it) if id in ready else some_of_it
        return ready, failed

    def _attachments(self, described: Mapping[ServiceId, ServiceTypeDef]) -> Mapping[str, str | None] | Failed:
        arns = list(dict.fromkeys(arn for service in described.values() for arn in target_group_arns(service)))
        return attempt(partial(self._reads.attachments, arns)) if arns else {}


def whole(id: ServiceId, service: ServiceTypeDef, parts: Parts, now: datetime) -> ServiceFacts | Failed:
    """The facts of one service, or why a part of them is missing."""
    scaling = parts.scaling if isinstance(parts.scaling, Failed) else parts.scaling.get(id)
    if isinstance(scaling, Failed):
        return scaling
    tasks_failed = parts.ready_failed.get(id) or parts.ready_failed.get(id.cluster)
    if tasks_failed and service.get("runningCount", 0):
        return tasks_failed
    attachments: Mapping[str, str | None] = {}
    if not isinstance(parts.attachments, Failed):
        attachments = parts.attachments
    elif target_group_arns(service):
        return parts.attachments
    return describe(service, id, scaling=scaling, attachments=attachments, ready=parts.ready.get(id), now=now)


def _where(walk: ServiceId | str) -> tuple[str] | tuple[str, str]:
    """The cluster to walk through, and the service when it is only one."""
    return (walk.cluster, walk.name) if isinstance(walk, ServiceId) else (walk,)
