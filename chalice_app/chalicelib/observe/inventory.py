"""Reads which services there are and how each one stands, in as few calls as AWS allows.

Three ways to look, from dear to cheap:

* `refresh_all` describes everything: some 155 calls for 1,000 services in one cluster.
* `refresh` and `refresh_into` describe the services named: after an event, before an action, while one is pending.
* `steady` asks the clusters how many services they count (two calls) and lists a cluster again only when that
  number has changed. It does not see a service deleted and another created between two looks, a changed tag, or
  a desired count changed by hand: ECS offers no cheap question for those. A count changed by hand shows itself
  within seconds in the events of the tasks that it starts or ends, and the periodic full refresh brings all of
  them, so a steady look need not pay 100 calls to find them.

A service is shown whole or not at all: when its scaling bounds, tasks or load balancer cannot be read, it stays
as it was last seen and is named in `Fleet.problems`. Half a description would be worse than an old one: a stop
that believes "no scaling target" suspends nothing and saves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.errors import ObservationError, UnknownService
from chalicelib.observe.calls import MISSING, WORKERS, Failed, attempt, chunks, one_sentence, together
from chalicelib.observe.describing import last_part
from chalicelib.observe.fleet import ClusterCounts, Fleet, Gone, Unread
from chalicelib.observe.parts import PartReader, Parts, whole
from chalicelib.observe.reads import SERVICES_PER_CALL, DescribedClusters, Reads

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.client import ApplicationAutoScalingClient
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import ServiceTypeDef
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client

RETRIES_PER_LOOK = 50
"""Services that could not be read are tried again by the next steady look, so many at a time."""


@dataclass(slots=True)
class _Read:
    """What one round of describing brought. Every id asked for ends in exactly one of the three."""

    facts: dict[ServiceId, ServiceFacts] = field(default_factory=dict)
    gone: set[ServiceId] = field(default_factory=set)
    unread: dict[ServiceId, str] = field(default_factory=dict)


class Inventory:
    """The ECS services of one account and region. ``clusters``: names or ARNs; empty means all of them."""

    def __init__(
        self,
        ecs: ECSClient,
        scaling: ApplicationAutoScalingClient,
        elb: ElasticLoadBalancingv2Client,
        *,
        clusters: Sequence[str] = (),
    ) -> None:
        self._reads = Reads(ecs, scaling, elb)
        self._parts = PartReader(self._reads)
        self._only = tuple(last_part(cluster) for cluster in clusters)

    def refresh_all(self, now: datetime, previous: Fleet | None = None) -> Fleet:
        """Everything, described anew. What cannot be read stays as ``previous`` had it.

        Raises AwsUnreachable or ObservationError when not even the clusters can be read.
        """
        before = previous or Fleet.empty(now)
        clusters = self._clusters()
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="observe") as pool:
            scaling = pool.submit(attempt, self._reads.scaling_of_all) if clusters.counts else None
            lists = {name: pool.submit(attempt, partial(self._reads.list_services, name)) for name in clusters.counts}
            listed = {name: future.result() for name, future in lists.items()}
            everything = [id for ids in listed.values() if not isinstance(ids, Failed) for id in ids]
            read, described = self._describe(everything)
            parts = self._parts.rest_of(described, scaling.result() if scaling else {})
        _finish(read, described, parts, now)
        unlisted = {name: ids.reason for name, ids in listed.items() if isinstance(ids, Failed)}
        return _merged(before, clusters, read, unlisted, at=now, only_these=True)

    def refresh(self, ids: Iterable[ServiceId], now: datetime) -> Mapping[ServiceId, ServiceFacts | Gone]:
        """The services named, as they stand.

        Raises ObservationError when one of them cannot be read, and UnknownService for one of a cluster that is
        not ours to look after: it is not called `Gone`, because what we remember of it must not be forgotten.
        """
        wanted = _unique(ids)
        if strangers := [id for id in wanted if not self.looks_after(id)]:
            raise UnknownService(f"{strangers[0]} is in none of the clusters looked after: {', '.join(self._only)}.")
        read = self._read(wanted, now)
        if read.unread:
            worst = "; ".join(f"{id}: {reason}" for id, reason in sorted(read.unread.items())[:3])
            raise ObservationError(f"Cannot read {len(read.unread)} of the services asked for: {worst}.")
        return {**read.facts, **{id: Gone(id) for id in read.gone}}

    def refresh_into(self, fleet: Fleet, ids: Iterable[ServiceId], now: datetime) -> Fleet:
        """The fleet with the services named described anew; one that cannot be read stays and is named.

        Services of clusters that are not ours to look after are not described, and leave the fleet if they were in it.
        """
        named = _unique(ids)
        if not named:
            return fleet
        wanted = [id for id in named if self.looks_after(id)]
        read = self._read(wanted, now)
        read.gone |= set(named) - set(wanted)
        services = {id: facts for id, facts in fleet.services.items() if id not in read.gone} | read.facts
        asked = set(named)
        problems = (*(one for one in fleet.problems if one.service not in asked), *_unread(read))
        return Fleet(MappingProxyType(services), fleet.clusters, fleet.refreshed_at, problems)

    def steady(self, previous: Fleet, now: datetime) -> Fleet:
        """The fleet as it was, with clusters whose number of services changed listed again.

        Raises AwsUnreachable or ObservationError when not even the clusters can be read.
        """
        clusters = self._clusters()
        changed = [
            name
            for name, counts in clusters.counts.items()
            if name not in previous.clusters or previous.clusters[name].active_services != counts.active_services
        ]
        lists = together([partial(self._reads.list_services, name) for name in changed])
        listed = {name: set(ids) for name, ids in zip(changed, lists, strict=True) if not isinstance(ids, Failed)}
        unlisted = {name: ids.reason for name, ids in zip(changed, lists, strict=True) if isinstance(ids, Failed)}
        new = [id for ids in listed.values() for id in sorted(ids) if id not in previous.services]
        again = [one.service for one in previous.problems if one.service and one.service.cluster in clusters.counts]
        read = self._read(_unique([*new, *again[:RETRIES_PER_LOOK]]), now)
        read.gone |= {id for id in previous.services if id.cluster in listed and id not in listed[id.cluster]}
        return _merged(previous, clusters, read, unlisted, at=previous.refreshed_at, only_these=False)

    def looks_after(self, id: ServiceId) -> bool:
        """Whether its cluster is one of ours to look after."""
        return not self._only or id.cluster in self._only

    def _clusters(self) -> DescribedClusters:
        with one_sentence("read the ECS clusters"):
            names = list(self._only) or self._reads.list_clusters()
            return self._reads.describe_clusters(names) if names else DescribedClusters({}, {})

    def _describe(self, ids: Sequence[ServiceId]) -> tuple[_Read, dict[ServiceId, ServiceTypeDef]]:
        by_cluster: dict[str, list[ServiceId]] = defaultdict(list)
        for id in ids:
            by_cluster[id.cluster].append(id)
        tens = [ten for group in by_cluster.values() for ten in chunks(group, SERVICES_PER_CALL)]
        read = _Read()
        described: dict[ServiceId, ServiceTypeDef] = {}
        answers = together([partial(self._reads.describe_services, ten) for ten in tens])
        for ten, answer in zip(tens, answers, strict=True):
            if isinstance(answer, Failed):
                read.unread.update(dict.fromkeys(ten, answer.reason))
            else:
                described.update(answer.services)
                read.gone |= answer.gone
                read.unread.update(answer.unread)
        return read, described

    def _read(self, ids: Sequence[ServiceId], now: datetime) -> _Read:
        """Describes a few services by name."""
        if not ids:
            return _Read()
        read, described = self._describe(ids)
        if described:
            parts = self._parts.rest_of(described, self._parts.scaling_of(list(described)))
            _finish(read, described, parts, now)
        return read


def _finish(read: _Read, described: Mapping[ServiceId, ServiceTypeDef], parts: Parts, now: datetime) -> None:
    for id, service in described.items():
        facts = whole(id, service, parts, now)
        if isinstance(facts, Failed):
            read.unread[id] = facts.reason
        else:
            read.facts[id] = facts


def _merged(
    before: Fleet,
    clusters: DescribedClusters,
    read: _Read,
    unlisted: Mapping[str, str],
    *,
    at: datetime,
    only_these: bool,
) -> Fleet:
    """What was read, and from before whatever could not be. ``only_these``: all was asked, so the rest is gone."""
    doubtful = {name for name, reason in clusters.unreadable.items() if reason != MISSING}
    services: dict[ServiceId, ServiceFacts] = {}
    for id, facts in before.services.items():
        unknown = id in read.unread or id.cluster in unlisted or id.cluster in doubtful
        if unknown or (not only_these and id.cluster in clusters.counts and id not in read.gone):
            services[id] = facts
    services.update(read.facts)
    # A cluster that could not be listed keeps its former count, so that the next look sees a difference again.
    counts: dict[str, ClusterCounts] = {
        name: before.clusters[name] if name in unlisted else now
        for name, now in clusters.counts.items()
        if name not in unlisted or name in before.clusters
    }
    asked = read.facts.keys() | read.gone | read.unread.keys()
    kept = () if only_these else (one for one in before.problems if one.service and one.service not in asked)
    problems = (
        *(Unread(None, name, f"ECS answered {reason}") for name, reason in sorted(clusters.unreadable.items())),
        *(Unread(None, name, reason) for name, reason in sorted(unlisted.items())),
        *kept,
        *_unread(read),
    )
    return Fleet(MappingProxyType(services), MappingProxyType(counts), at, problems)


def _unread(read: _Read) -> list[Unread]:
    return [Unread(id, id.cluster, reason) for id, reason in sorted(read.unread.items())]


def _unique(ids: Iterable[ServiceId]) -> list[ServiceId]:
    return list(dict.fromkeys(ids))
