"""Finds what was made for an instance that is not there any more, and says so. Takes nothing away.

A start and a removal note every step in the instance's row, so this should find nothing; it looks all the same,
because what nobody knows of is what nobody stops. A start that runs meanwhile is no orphan: its row comes first of
all, so the rows are read again after everything else was listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.decide.facts import ServiceId
from chalicelib.fleet.calls import attempt
from chalicelib.fleet.making_ecs import active_revisions, tags_of_revision
from chalicelib.fleet.making_elb import hosts_of, rules_of
from chalicelib.fleet.model import INSTANCE_TAG, SERVICE_PREFIX, Instance
from chalicelib.notify.notice import Notice, NoticeKind

if TYPE_CHECKING:
    from chalicelib.fleet.workshop import Workshop

_OF_AN_INSTANCE = f"{SERVICE_PREFIX}inst-"
MOST_REVISIONS = 50
"""Task definitions cost nothing, so no more than this many unknown ones are read at a time."""

_DESCRIBED_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class _Found:
    """``part`` in words; ``instance_id`` as its name or its tag says."""

    part: str
    instance_id: str


class Orphans:
    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def find(self, now: datetime) -> tuple[Notice, ...]:
        """One notice for each orphan. For the full sweeps: it lists everything of ours. Raises ActionFailed."""
        before = {row.id: row for row in self._shop.instances.all()}
        found = [
            *self._target_groups(),
            *self._rules(),
            *self._services(before),
            *self._task_definitions(before),
        ]
        unknown = [one for one in found if one.instance_id not in before]
        if not unknown:
            return ()
        after = {row.id for row in self._shop.instances.all()}
        return tuple(self._notice(one, now) for one in unknown if one.instance_id not in after)

    def _notice(self, orphan: _Found, now: datetime) -> Notice:
        service = ServiceId(self._shop.settings.cluster, f"{SERVICE_PREFIX}{orphan.instance_id}")
        text = f"The {orphan.part} was made for {orphan.instance_id}, which nobody knows any more; delete it by hand."
        return Notice(now, NoticeKind.ORPHAN, service, text)

    def _target_groups(self) -> Iterator[_Found]:
        for group in self._pages("elasticloadbalancing:DescribeTargetGroups", "TargetGroups", "Marker", "NextMarker"):
            if (name := str(group["TargetGroupName"])).startswith(_OF_AN_INSTANCE):
                yield _Found(f"target group {name}", name.removeprefix(SERVICE_PREFIX))

    def _rules(self) -> Iterator[_Found]:
        for listener in self._shop.settings.listener_arns:
            for rule in rules_of(self._shop, listener):
                for host in hosts_of(rule):
                    name, dot, domain = host.partition(".")
                    if dot and domain == self._shop.settings.domain and name.startswith(_OF_AN_INSTANCE):
                        yield _Found(f"rule {rule['Priority']} for {host}", name.removeprefix(SERVICE_PREFIX))

    def _services(self, rows: Mapping[str, Instance]) -> Iterator[_Found]:
        """Those of unknown instances that are active: what drains or is gone may still be listed for a while."""
        cluster = self._shop.settings.cluster
        arns = self._pages("ecs:ListServices", "serviceArns", "nextToken", "nextToken", cluster=cluster)
        names = (str(arn).rpartition("/")[2] for arn in arns)
        unknown = [
            name for name in names if name.startswith(_OF_AN_INSTANCE) and name.removeprefix(SERVICE_PREFIX) not in rows
        ]
        for at in range(0, len(unknown), _DESCRIBED_AT_ONCE):
            some = unknown[at : at + _DESCRIBED_AT_ONCE]
            answer = attempt("ecs:DescribeServices", self._shop.ecs.describe_services, cluster=cluster, services=some)
            for service in answer["services"]:
                if service["status"] == "ACTIVE":
                    name = str(service["serviceName"])
                    yield _Found(f"service {name}", name.removeprefix(SERVICE_PREFIX))

    def _task_definitions(self, rows: Mapping[str, Instance]) -> Iterator[_Found]:
        known = {row.resources.task_definition_arn for row in rows.values()}
        families = self._pages(
            "ecs:ListTaskDefinitionFamilies", "families", "nextToken", "nextToken",
            familyPrefix=SERVICE_PREFIX, status="ACTIVE",
        )  # fmt: skip
        unknown = (arn for of in families for arn in active_revisions(self._shop, str(of)) if arn not in known)
        for arn in islice(unknown, MOST_REVISIONS):
            for tag in tags_of_revision(self._shop, arn):
                if tag["key"] == INSTANCE_TAG:
                    yield _Found(f"task definition {arn.rpartition('/')[2]}", str(tag["value"]))

    def _pages(self, action: str, part: str, ask: str, next_page: str, **arguments: Any) -> Iterator[Any]:
        calls: dict[str, Callable[..., Any]] = {
            "elasticloadbalancing:DescribeTargetGroups": self._shop.elb.describe_target_groups,
            "ecs:ListServices": self._shop.ecs.list_services,
            "ecs:ListTaskDefinitionFamilies": self._shop.ecs.list_task_definition_families,
        }
        while True:
            answer = attempt(action, calls[action], **arguments)
            yield from answer[part]
            if not answer.get(next_page):
                return
            arguments[ask] = answer[next_page]
