"""Policies in force, the history of decisions, and why a service is as it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from chalicelib.controller.report import WhyNot
from chalicelib.decide.decision import Because, Evidence, RuleName, Wanted
from chalicelib.decide.facts import ActionKind
from chalicelib.entrypoints.api.discretion import discreet
from chalicelib.entrypoints.api.shapes.common import Line, Listing, Moment, Price, Shape, price_of
from chalicelib.fleet.model import InstanceState
from chalicelib.fleet.people import Caller
from chalicelib.policy.model import Mode, Policy
from chalicelib.record.history import Entry, EntryKind


class TransitionShape(Shape):
    """The next moment at which the hours change."""

    at: Moment
    opens: bool


class PolicyShape(Shape):
    """One policy in force. ``held``: its file has errors, so its last good version rules. ``since``: when this version
    took force. ``allows`` and ``longest_override_minutes`` are what people may say against it."""

    name: str
    description: str | None
    owner: str | None
    mode: Mode
    priority: int
    source: str
    version: str
    since: Moment | None
    held: bool
    zone: str | None
    opens: list[str]
    next_transition: TransitionShape | None
    stops_when_idle: bool
    allows: list[str]
    longest_override_minutes: int


class PolicySort(StrEnum):
    NAME = "name"
    NAME_DOWN = "-name"
    PRIORITY_DOWN = "-priority"


class PolicyQuery(Listing):
    mode: Mode | None = None
    owner: Line | None = None
    sort: PolicySort = PolicySort.NAME


class PolicyPage(Shape):
    """``version`` names the whole set; null while no policy was ever in force."""

    version: str | None
    items: list[PolicyShape]
    next_cursor: str | None


class EvidenceShape(Shape):
    name: str
    value: str
    unit: str
    since: Moment | None
    until: Moment | None

    @classmethod
    def of(cls, one: Evidence) -> EvidenceShape:
        return cls(name=one.name, value=one.value, unit=one.unit, since=one.since, until=one.until)


class DecisionShape(Shape):
    """One entry of the record: what was decided, done, refused or said, by whom and why. Entries with one ``action_id``
    tell one action. To ReadOnly other people are ``somebody``."""

    at: Moment
    kind: EntryKind
    who: str
    reason: str
    service: str | None
    policy: str | None
    policy_version: str | None
    wanted: Wanted | None
    because: Because | None
    evidence: list[EvidenceShape]
    steps: list[str]
    outcome: str | None
    action: ActionKind | None
    action_id: str | None
    desired_count: int | None
    price: Price | None

    @classmethod
    def of(cls, entry: Entry, reader: Caller) -> DecisionShape:
        return cls(
            at=entry.at,
            kind=entry.kind,
            who=discreet(entry.who, reader),
            reason=discreet(entry.reason, reader),
            service=str(entry.service) if entry.service else None,
            policy=entry.policy or None,
            policy_version=entry.policy_version or None,
            wanted=entry.wanted,
            because=entry.because,
            evidence=[EvidenceShape.of(one) for one in entry.evidence],
            steps=[discreet(one, reader) for one in entry.steps],
            outcome=discreet(entry.outcome, reader) or None,
            action=entry.action,
            action_id=entry.action_id or None,
            desired_count=entry.desired_count,
            price=price_of(entry.price_usd_per_hour),
        )


class DecisionSort(StrEnum):
    NEWEST = "-at"
    OLDEST = "at"


ServiceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,255}/[A-Za-z0-9_-]{1,255}$")]


class DecisionQuery(Listing):
    """``since`` is a week ago when not said. ``service`` is ``cluster/service``; ``kind`` may be several."""

    service: ServiceName | None = None
    kind: tuple[EntryKind, ...] = ()
    since: Moment | None = None
    until: Moment | None = None
    sort: DecisionSort = DecisionSort.NEWEST


class DecisionPage(Shape):
    """A page may hold fewer than ``limit`` and still have a ``next_cursor``: a month is searched at a time."""

    items: list[DecisionShape]
    next_cursor: str | None


class RuleShape(Shape):
    """One rule in the order of power. ``wanted`` is null while it is silent; one of them ``wins``."""

    rule: RuleName
    says: str
    wanted: Wanted | None
    wins: bool


class WishShape(Shape):
    """What one policy wants of the service, and why. Only the first one acts; those in dry-run only say it."""

    policy: str
    mode: Mode
    source: str
    version: str
    wanted: Wanted
    reason: str
    rules: list[RuleShape]
    evidence: list[EvidenceShape]
    look_again_at: Moment
    next_transition: TransitionShape | None


class WhyShape(Shape):
    """``held``: why a wanted action waits. ``refused``: why no policy may act on it, ``why_not`` as a word.
    ``policy_note``: that no policy in force matches it, and what then becomes of it."""

    instance_id: str
    service: str
    at: Moment
    status: InstanceState
    status_reason: str
    desired_count: int
    running_count: int
    refused: str | None
    why_not: WhyNot | None
    held: str | None
    policy_note: str | None
    policies: list[WishShape]


def transition_of(policy: Policy, at: Moment) -> TransitionShape | None:
    from chalicelib.policy.timetable import Timetable

    if policy.hours is None:
        return None
    following = Timetable.of(policy.hours).next_transition(at)
    return TransitionShape(at=following.at, opens=following.opens) if following else None
