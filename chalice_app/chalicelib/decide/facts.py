"""What is known about one service when a decision is made: frozen values, no AWS, no clock.

``observe`` fills these in, ``record`` remembers some of them, ``decide`` only reads them.
Datetimes are aware and in UTC. What signals say of its use stands in `readings` and is handed on from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from chalicelib.decide.capacity import NO_SETBACKS, CapacityNews, Provider, SpotMemory, Strategy
from chalicelib.decide.capacity import CapacityProviderUse as CapacityProviderUse
from chalicelib.decide.flight import Flight
from chalicelib.decide.learned import UNLEARNED, Learned
from chalicelib.decide.readings import Availability as Availability
from chalicelib.decide.readings import Point as Point
from chalicelib.decide.readings import SignalName as SignalName
from chalicelib.decide.readings import SignalReading as SignalReading

INSTANCE_TAG = "lifecycle:instance"
"""On every service that was launched through our API, with the instance's id."""


@dataclass(frozen=True, slots=True, order=True)
class ServiceId:
    """One ECS service of the account and region we look after."""

    cluster: str
    name: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> ServiceId:
        """``cluster/name`` -> ServiceId. Raises ValueError when there is not exactly one slash."""
        cluster, slash, name = text.partition("/")
        if not (cluster and slash and name) or "/" in name:
            raise ValueError(f'"{text}" is not cluster/service')
        return cls(cluster, name)


class LaunchType(StrEnum):
    FARGATE = "fargate"
    EC2 = "ec2"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """CloudWatch's names of a target group: ``targetgroup/…`` and, when attached, ``app/…``."""

    target_group: str
    load_balancer: str | None


@dataclass(frozen=True, slots=True)
class ScalingBounds:
    """An Application Auto Scaling target as it stands: its bounds and its three switches."""

    min_capacity: int
    max_capacity: int
    scale_in_suspended: bool = False
    scale_out_suspended: bool = False
    scheduled_suspended: bool = False


@dataclass(frozen=True, slots=True)
class SavedSize:
    """What ``stop`` found and ``start`` must give back, exactly."""

    desired_count: int
    scaling: ScalingBounds | None
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """One ECS service as AWS described it at ``described_at``."""

    id: ServiceId
    arn: str
    desired_count: int
    running_count: int
    pending_count: int
    described_at: datetime
    launch_type: LaunchType = LaunchType.FARGATE
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    capacity_providers: Strategy = ()
    running_on: tuple[tuple[str, int], ...] = ()
    """Capacity provider and number of its running tasks, in the order of names; without those placed otherwise."""
    hosts: tuple[str, ...] = ()
    """ARNs of the container instances its ready tasks run on; empty on Fargate."""
    healthy_percent: tuple[int, int] | None = None
    """The least and the most tasks while a deployment goes on, in percent of the desired count."""
    target_groups: tuple[TargetGroup, ...] = ()
    scaling: ScalingBounds | None = None
    ready_since: datetime | None = None
    """Start of the newest running task; None while nothing runs."""
    created_at: datetime | None = None
    task_definition: str = ""
    unmanageable: str | None = None
    """Why this service cannot be stopped by desired count (DAEMON, CODE_DEPLOY, EXTERNAL); None if it can."""

    @property
    def is_running(self) -> bool:
        """Whether somebody pays for it: tasks wanted or still there."""
        return self.desired_count > 0 or self.running_count > 0

    @property
    def is_ready(self) -> bool:
        return self.running_count > 0 and self.ready_since is not None


@dataclass(frozen=True, slots=True)
class StartFailure:
    """A start that did not come up: how often in a row, when last, and what ECS said."""

    count: int
    last_at: datetime
    reason: str


class ActionKind(StrEnum):
    START = "start"
    STOP = "stop"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Pending:
    """An action whose effect is not yet verified; it fails at ``deadline``. ``to`` is where a move goes."""

    kind: ActionKind
    since: datetime
    deadline: datetime
    action_id: str
    to: Strategy = ()
    to_spot: bool = False


@dataclass(frozen=True, slots=True)
class Moving:
    """A move of ours that may have gone out, and is not in the history yet."""

    to: Strategy
    to_spot: bool


@dataclass(frozen=True, slots=True)
class ServiceMemory:
    """What our own record knows of one service. The empty memory is that of a service never touched."""

    opening_handled: datetime | None = None
    """Begin of the last opening we dealt with; a later one is still to be handled."""
    hand_started_at: datetime | None = None
    """When somebody else started it (desired count rose without us); None after the next stop."""
    hand_stopped_at: datetime | None = None
    saved_size: SavedSize | None = None
    draining_since: datetime | None = None
    pending: Pending | None = None
    moving: Moving | None = None
    start_failure: StartFailure | None = None
    stopped_at: datetime | None = None
    """When we last stopped it; None while it runs."""
    unknown_since: datetime | None = None
    """Since when nobody can tell whether it is used; None while one can."""
    flight: Flight | None = None
    """The last request that only a probe saw, or when probes were first asked; None: they never were."""
    gone_since: datetime | None = None
    """When it was first missing from the list of all services; None while it is there."""
    spot: SpotMemory = NO_SETBACKS
    hosts_left: tuple[str, ...] = ()
    """Container instances of its last stop (ARNs) that were not seen to end yet."""
    owed_line: str = ""
    """The packed line of the history of an action that was settled and not written down yet."""


class OverrideKind(StrEnum):
    KEEP = "keep"
    STOP = "stop"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class Override:
    """A person's word that beats the schedule until ``until``; None only for exclusions made for good.

    ``force`` is only for STOP: stop even while a request is in flight. So is ``wakes``: a request to the service, once
    it is stopped, may start it again before ``until``.
    """

    id: str
    service: ServiceId
    kind: OverrideKind
    until: datetime | None
    by: str
    reason: str
    made_at: datetime
    force: bool = False
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Switches:
    """What holds for all services: the runtime freeze (``lifecycle freeze --all``)."""

    frozen_by: str | None = None
    frozen_reason: str = ""
    frozen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything ``decide`` may look at, besides the policy and the clock."""

    facts: ServiceFacts
    signals: Mapping[SignalName, SignalReading] = field(default_factory=lambda: MappingProxyType({}))
    memory: ServiceMemory = ServiceMemory()
    switches: Switches = Switches()
    learned: Learned = UNLEARNED
    """Read only for policies with an adaptive idle timeout."""
    usd_per_hour: float | None = None
    """Of all its tasks together; None when the price is not known, or was not asked for."""
    providers: tuple[Provider, ...] | None = None
    """The capacity providers that say by their tags what they are; None where nobody asked."""
    capacity: CapacityNews | None = None
    """What AWS says of tasks that are missing; None where nobody asked."""
    covered_by: str = ""
    """The commitment (Reserved Instance, Savings Plan) that pays for it on demand already; empty: none that we know."""
