"""What an interruption means for our services: it is remembered, told once, and its host takes no new task.

Only services that a policy with ``spot:`` speaks of are touched, and a host only for one whose policy enforces and
which is not excluded. A host that is merely at risk is left only where nobody on it minds: each of its services says
``act``, and no freeze holds moves. What follows for a service (where its replacement goes) is decided by the look that
comes next, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.controller.memo import Memo
from chalicelib.controller.telling import WHO
from chalicelib.decide import rules
from chalicelib.decide.capacity import Setback, SetbackKind
from chalicelib.decide.case import Speaks, make_case
from chalicelib.decide.facts import Observation, ServiceFacts, ServiceId, ServiceMemory
from chalicelib.decide.govern import govern
from chalicelib.decide.placement import hands_off
from chalicelib.decide.words import clock
from chalicelib.errors import ActionFailed
from chalicelib.execute import aws
from chalicelib.notify.notice import Notice, NoticeKind, Notifier
from chalicelib.observe.fleet import Fleet
from chalicelib.observe.hosts import Host, Hosts
from chalicelib.policy.model import Policy, PolicySet
from chalicelib.record.controls import Controls, ControlState
from chalicelib.record.history import Entry, EntryKind, History
from chalicelib.record.states import States

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient

TOO_LATE = timedelta(minutes=10)
"""The host of an older warning is gone: it is remembered, and nothing is drained."""


@dataclass(frozen=True, slots=True)
class Interruptions:
    """``policies`` reads those in force."""

    ecs: ECSClient
    hosts: Hosts
    states: States
    controls: Controls
    history: History
    memo: Memo
    notifier: Notifier
    policies: Callable[[], PolicySet]

    def host_taken(self, instance: str, at: datetime, now: datetime) -> frozenset[ServiceId]:
        """Raises ObservationError or RecordUnavailable."""
        picture = self.memo.load()
        if picture is None or (host := self.hosts.find(instance, picture.fleet.clusters)) is None:
            return frozenset()
        mine = self._on_spot(host.services, picture.fleet, now)
        self._lost(mine, f"its Spot host {instance}", instance, at, now)
        self._drain(host, [one for one in mine if one.enforced and not one.excluded], at, now)
        return frozenset(one.facts.id for one in mine)

    def host_at_risk(self, instance: str, at: datetime, now: datetime) -> frozenset[ServiceId]:
        """Tells people; where the policy says ``act`` the host is left as if it were taken."""
        picture = self.memo.load()
        if picture is None or (host := self.hosts.find(instance, picture.fleet.clusters)) is None:
            return frozenset()
        mine = self._on_spot(host.services, picture.fleet, now)
        acting = [one for one in mine if one.acts_on_risk]
        self._lost(acting, f"its Spot host {instance} (by a recommendation)", instance, at, now)
        if {one.facts.id for one in acting if one.enforced} == host.services:
            self._drain(host, acting, at, now)
        told = [one for one in mine if not one.acts_on_risk and self._is_news(one.facts.id, instance, now)]
        self.notifier.tell([_at_risk(one, instance, now) for one in told])
        return frozenset(one.facts.id for one in acting)

    def task_taken(self, service: ServiceId, task: str, at: datetime, now: datetime) -> frozenset[ServiceId]:
        picture = self.memo.load()
        mine = self._on_spot([service], picture.fleet, now) if picture else []
        self._lost(mine, "a Fargate Spot task of it", task.rpartition("/")[2], at, now)
        return frozenset({service})

    def who_waits(self) -> frozenset[ServiceId]:
        """The services whose tasks are missing."""
        return frozenset(id for id, memory in self.states.all().items() if memory.spot.short_since)

    def _lost(self, mine: Iterable[_Ruled], what: str, key: str, at: datetime, now: datetime) -> None:
        notices = []
        for one in mine:
            id = one.facts.id
            if not self.states.note_setback(id, Setback(at, SetbackKind.LOST, key)):
                continue  # told before
            text = f"{id}: AWS takes {what} (told {clock(at)}); a replacement is started where there is capacity"
            self.history.append(
                Entry(
                    at=now, kind=EntryKind.NOTICE, who=WHO, reason=text, service=id, policy=one.policy.name,
                    outcome=NoticeKind.SPOT_INTERRUPTED.value, desired_count=one.facts.desired_count,
                )
            )  # fmt: skip
            notices.append(Notice(now, NoticeKind.SPOT_INTERRUPTED, id, text, one.policy.name))
        self.notifier.tell(notices)

    def _drain(self, host: Host, mine: Sequence[_Ruled], at: datetime, now: datetime) -> None:
        """For the sake of ``mine``. ECS does so by itself only where its agent was told to; to say it twice changes
        nothing."""
        enforced = next(iter(mine), None)
        if enforced is None or now - at > TOO_LATE or self.controls.read(now).switches.frozen_by:
            return
        try:
            aws.drain_host(self.ecs, enforced.facts.id, host.cluster, host.arn)
        except ActionFailed as refused:
            text = f"{refused} Its Spot host could not be drained."
            self.notifier.tell([Notice(now, NoticeKind.UNREADABLE, enforced.facts.id, text, enforced.policy.name)])

    def _on_spot(self, services: Iterable[ServiceId], fleet: Fleet, now: datetime) -> list[_Ruled]:
        policies, controls = self.policies(), self.controls.read(now)
        found = [fleet.services[id] for id in sorted(services) if id in fleet.services]
        return [ruled for facts in found if (ruled := _ruled(facts, policies, controls, now))]

    def _is_news(self, service: ServiceId, instance: str, now: datetime) -> bool:
        return self.states.first_refusal(service, f"at-risk:{instance}", now)


@dataclass(frozen=True, slots=True)
class _Ruled:
    """A service that a policy with ``spot:`` speaks of. ``movable``: nothing keeps our hands off its placement."""

    facts: ServiceFacts
    policy: Policy
    enforced: bool
    excluded: bool
    movable: bool

    @property
    def acts_on_risk(self) -> bool:
        return self.movable and self.policy.spot is not None and self.policy.spot.on_rebalance == "act"


def _ruled(facts: ServiceFacts, policies: PolicySet, controls: ControlState, now: datetime) -> _Ruled | None:
    governance = govern(policies, facts)
    if facts.unmanageable or governance.never_touch:
        return None
    ruling = governance.ruling
    enforced = ruling is not None and ruling.spot is not None
    policy = ruling if enforced else next((one for one in governance.shadows if one.spot is not None), None)
    if policy is None:
        return None
    case = make_case(policy, Observation(facts, {}, ServiceMemory()), controls.overrides, now, policies)
    excluded = isinstance(rules.excluded(case), Speaks)
    return _Ruled(
        facts, policy, enforced, excluded, movable=not controls.switches.frozen_by and hands_off(case) is None
    )


def _at_risk(one: _Ruled, instance: str, now: datetime) -> Notice:
    text = f"{one.facts.id}: AWS recommends to leave its Spot host {instance}; it stays until it is taken"
    return Notice(now, NoticeKind.SPOT_INTERRUPTED, one.facts.id, text, one.policy.name)
