"""The policy language as frozen pydantic models: what a policy is once it is read.

Every scalar arrives here as text and is parsed by its key's type (``scalars``). Field names are the YAML
keys with underscores. Nothing here reads files, the clock or AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.policy.scalars import (
    AwsOrUnixCron,
    Boolean,
    DateOrRange,
    Duration,
    ExcludeUntil,
    Glob,
    Integer,
    KeepRunningPer,
    Money,
    Moment,
    Share,
    Text,
    WindowText,
    Word,
    Zone,
)


def yaml_key(field: str) -> str:
    return field.rstrip("_").replace("_", "-")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=yaml_key, populate_by_name=True)


class Mode(StrEnum):
    DRY_RUN = "dry-run"
    ENFORCE = "enforce"
    DISABLED = "disabled"


class Match(Section):
    clusters: tuple[Glob, ...] | None = None
    names: tuple[Glob, ...] | None = None
    tags: Mapping[Text, tuple[Glob, ...]] | None = None
    not_tags: Mapping[Text, tuple[Glob, ...]] | None = None
    launch_type: tuple[Literal["fargate", "ec2"], ...] | None = None
    everything: Boolean | None = None


class Exclude(Section):
    names: tuple[Glob, ...] | None = None
    tags: Mapping[Text, tuple[Glob, ...]] | None = None
    until: ExcludeUntil
    """A date (excluded through that day, in the policy's zone), or None for ``never``."""
    reason: Text


class HolidayDayIs(StrEnum):
    CLOSED = "closed"
    SAT = "sat"
    SUN = "sun"
    ORDINARY = "ordinary"


class Holidays(Section):
    country: Text | None = None
    subdivision: Text | None = None
    extra: tuple[DateOrRange, ...] = ()
    ignore: tuple[DateOrRange, ...] = ()
    day_is: HolidayDayIs = HolidayDayIs.CLOSED


class CronEdges(Section):
    start: tuple[AwsOrUnixCron, ...] = ()
    stop: tuple[AwsOrUnixCron, ...] = ()


class Opening(StrEnum):
    START = "start"
    LEAVE = "leave"


class Closed(StrEnum):
    STOP = "stop"
    CUT = "cut"
    IDLE = "idle"
    LEAVE = "leave"


class Hours(Section):
    timezone: Zone
    open: tuple[WindowText, ...] | None = None
    cron: CronEdges | None = None
    opening: Opening = Opening.START
    closed: Closed = Closed.STOP
    cut_after: Duration | None = None
    warn_before: Duration
    started_by_hand: Duration
    holidays: Holidays | None = None


class SignalRule(Section):
    """How one signal is read: ``None`` means the built-in value of its row in the reference."""

    ignore: Boolean = False
    busy_above: Share | None = None
    missing: Literal["unknown", "zero", "zero-while-healthy", "absent"] | None = None


class Idle(Section):
    stop_after: Duration | Literal["adaptive"]
    warm_up: Duration
    cold_start_value: Money | None = None
    min: Duration | None = None
    max: Duration | None = None
    prewarm: Literal["never", "when-it-pays"] | None = None
    signals: Mapping[str, SignalRule] = Field(default_factory=dict)
    """Keyed by ``decide.facts.SignalName`` values."""
    tell_unknown_after: Duration


class Spot(Section):
    use: Literal["prefer", "only", "never"]
    on_demand_base: Integer = 0
    fall_back_after: Duration | None = None
    try_again_after: Duration | None = None
    max_interruptions_per_day: Integer = 2
    providers: Mapping[str, str] | None = None


class Approval(Section):
    for_: tuple[Literal["idle-stop", "closed-stop", "start-when-closed", "spot-move", "remove"], ...]
    ask: Text
    approvers: tuple[Text, ...]
    self: Boolean = False
    answer_within: Duration
    no_answer: Literal["stay-as-is", "do-it", "escalate"] = "stay-as-is"
    escalate_to: Text | None = None


class Overrides(Section):
    allow: tuple[Literal["keep", "stop"], ...] = ("keep", "stop")
    longest: Duration
    by: tuple[Literal["owner", "admin", "anyone"], ...] = ("owner", "admin")
    service_tags: tuple[Literal["exclude", "hours", "idle"], ...] = ("exclude",)


class Limits(Section):
    stops_per_hour: Integer = 20
    keep_running: Integer = 0
    keep_running_per: KeepRunningPer | None = None
    """``tag:KEY`` or ``cluster``; None: the policy's services are one group."""


class Notify(Section):
    channel: Text | None = None
    events: tuple[Word, ...] | None = None
    quiet: tuple[WindowText, ...] = ()


class Given(Section):
    state: Literal["running", "stopped"] = "running"
    opening: Literal["handled", "due"] = "handled"
    idle_for: Duration | None = None
    in_flight: Integer = 0
    missing: tuple[Word, ...] = ()
    ready_for: Duration | None = None
    started: Literal["by-hand"] | None = None
    override: Mapping[Literal["keep-until", "stop-until"], Moment] | None = None
    tags: Mapping[Text, Text] | None = None
    freeze: Boolean = False


class PolicyTest(Section):
    at: Moment
    expect: Literal["running", "stopped", "unchanged", "asking"]
    because: Literal["hours", "holiday", "idle", "in-use", "unknown", "exclude", "freeze", "override", "limit"] | None = None
    next: Moment | None = None
    given: Given | None = None
    line: int = Field(default=0, exclude=True)


class Policy(Section):
    """One policy with its defaults merged in. ``source`` is ``file:line`` of its name; ``version`` a hash of its
    merged meaning: two policies with the same version decide alike."""

    name: str = Field(exclude=True)
    source: str = Field(default="", exclude=True)
    version: str = Field(default="", exclude=True)
    description: Text | None = None
    owner: Text | None = None
    mode: Mode = Mode.DRY_RUN
    priority: Integer = 0
    match: Match
    exclude: tuple[Exclude, ...] = ()
    hours: Hours | None = None
    idle: Idle | None = None
    spot: Spot | None = None
    approval: Approval | None = None
    overrides: Overrides
    limits: Limits = Limits()
    notify: Notify = Notify()
    tests: tuple[PolicyTest, ...] = ()


class NeverTouch(Section):
    names: tuple[Glob, ...] | None = None
    clusters: tuple[Glob, ...] | None = None
    tags: Mapping[Text, tuple[Glob, ...]] | None = None
    reason: Text


class Freeze(Section):
    name: Word
    from_: Moment
    to: Moment
    hold: tuple[Literal["start", "stop", "spot-move"], ...] = ("start", "stop", "spot-move")
    reason: Text


class PolicySet(BaseModel):
    """Everything in force: policies of all files by name, and what stands above them."""

    model_config = ConfigDict(frozen=True)

    policies: tuple[Policy, ...] = ()
    never_touch: tuple[NeverTouch, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    version: str = ""
