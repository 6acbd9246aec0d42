"""The policy language as frozen pydantic models: what a policy is once it is read.

Every scalar arrives here as text and is parsed by its key's type (``scalars``). Field names are the YAML keys with
underscores; a field's description is its row in the reference and its hover text in editors. What several keys say
together is judged by ``rules`` as soon as a section is made, so no impossible section exists. Nothing here reads
files, the clock or AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from chalicelib.policy import rules
from chalicelib.policy.scalars import (
    TEXT_OR_LIST_SCHEMA,
    Approver,
    AwsOrUnixCron,
    Boolean,
    BusyAbove,
    Channel,
    Country,
    DateOrRange,
    Duration,
    ExcludeUntil,
    Glob,
    Integer,
    KeepRunningPer,
    Moment,
    MoneyText,
    Priority,
    StopAfter,
    Text,
    True_,
    ValueGlob,
    WindowText,
    Word,
    Zone,
)


def yaml_key(field: str) -> str:
    return field.rstrip("_").replace("_", "-")


def _text_or_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


TagGlobs = Annotated[tuple[ValueGlob, ...], BeforeValidator(_text_or_list), WithJsonSchema(TEXT_OR_LIST_SCHEMA)]
"""One text or a list of them: any of the list."""

SignalWord = Literal["requests", "leases", "ollama-ps", "task-protection", "gpu", "cpu", "network-out"]
BecauseWord = Literal["hours", "holiday", "idle", "in-use", "unknown", "exclude", "freeze", "override", "limit"]
NoticeWord = Literal[
    "stopped",
    "starting",
    "started",
    "mended",
    "start-failed",
    "stop-failed",
    "kept",
    "unknown",
    "closing-soon",
    "hand-start",
    "hand-stop",
    "limit",
    "unreadable",
    "policy-changed",
    "policy-problem",
    "tie",
    "refused",
    "would",
    "forgotten",
]


class Section(BaseModel):
    """A map of named keys. Made only when its keys, taken together, make sense (``rules``)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=yaml_key, populate_by_name=True, protected_namespaces=()
    )

    def findings(self) -> Iterable[rules.Finding]:
        """Rules of ``rules`` that this section breaks."""
        return ()

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        rules.enforce(self)
        return self


class Mode(StrEnum):
    DRY_RUN = "dry-run"
    ENFORCE = "enforce"
    DISABLED = "disabled"


class Match(Section):
    clusters: tuple[Glob, ...] | None = Field(None, description="Any of these clusters.")
    names: tuple[Glob, ...] | None = Field(None, description="Any of these service names.")
    tags: Mapping[Text, TagGlobs] | None = Field(
        None, description='Every key must match, with any of its values; `"*"` means: the tag is present.'
    )
    not_tags: Mapping[Text, TagGlobs] | None = Field(
        None, description="A service with any one of these pairs is not matched."
    )
    launch_type: tuple[Literal["fargate", "ec2"], ...] | None = Field(None, description="Any of these launch types.")
    everything: True_ | None = Field(
        None, description="`true` takes all services. Needed when no other key of `match` stands."
    )

    def findings(self) -> Iterable[rules.Finding]:
        return rules.match(self)


class Exclude(Section):
    names: tuple[Glob, ...] | None = Field(None, description="Service names; names or tags are required.")
    tags: Mapping[Text, TagGlobs] | None = Field(None, description="As in `match.tags`.")
    until: ExcludeUntil = Field(description="The last excluded day in the policy's zone, or `never`, written out.")
    """A date (excluded through that day, in the policy's zone), or None for ``never``."""
    reason: Text = Field(description="Why; people read it in `why` and in the report.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.exclude(self)


class HolidayDayIs(StrEnum):
    CLOSED = "closed"
    SAT = "sat"
    SUN = "sun"
    ORDINARY = "ordinary"


class Holidays(Section):
    country: Country | None = Field(None, description="ISO 3166 country whose public holidays count.")
    subdivision: Text | None = Field(None, description="A state or region of that country.")
    extra: tuple[DateOrRange, ...] = Field((), description="Days added to the country's holidays.")
    ignore: tuple[DateOrRange, ...] = Field((), description="Days worked though the country rests.")
    day_is: HolidayDayIs = Field(HolidayDayIs.CLOSED, description="Which windows begin on such a day.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.holidays(self)


class CronEdges(Section):
    start: tuple[AwsOrUnixCron, ...] = Field((), description="Moments of opening; the later of last start, stop rules.")
    stop: tuple[AwsOrUnixCron, ...] = Field((), description="Moments of closing.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.cron_edges(self)


class Opening(StrEnum):
    START = "start"
    LEAVE = "leave"


class Closed(StrEnum):
    STOP = "stop"
    CUT = "cut"
    IDLE = "idle"
    LEAVE = "leave"


class Hours(Section):
    timezone: Zone = Field(description="IANA zone in which the windows are meant. There is no silent UTC.")
    open: tuple[WindowText, ...] | None = Field(
        None, description="Windows in which services may run; any of the list. Required, or `hours.cron`."
    )
    cron: CronEdges | None = Field(None, description="Opening hours as cron edges, instead of `hours.open`.")
    opening: Opening = Field(
        Opening.START, description="Once per opening: `start` restores the size we saved; `leave` only ever stops."
    )
    closed: Closed = Field(
        Closed.STOP,
        description="While closed: `stop` as soon as not in use; `cut` after `cut-after`, even in use; `idle` leaves "
        "stopping to the idle rule; `leave` only ever starts.",
    )
    cut_after: Duration | None = Field(None, description="How long in-use services may go on; only with `closed: cut`.")
    warn_before: Duration = Field(timedelta(), description="People are told so long before closing.")
    started_by_hand: Duration = Field(
        timedelta(hours=2), description="A start by somebody else while closed is kept for so long."
    )
    holidays: Holidays | None = Field(None, description="Which days are holidays, and what they mean.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.hours(self)


class SignalRule(Section):
    """How one signal is read: ``None`` means the built-in value of its row in the reference."""

    ignore: Boolean = Field(False, description="`true`: this signal is not asked.")
    busy_above: BusyAbove | None = Field(
        None, description="Above this it is use: `5%` for gpu and cpu, `50 KiB/s` for network-out, counts for others."
    )
    missing: Literal["unknown", "zero", "zero-while-healthy", "absent"] | None = Field(
        None, description="What no datapoint means."
    )


Signals = Annotated[Mapping[SignalWord, SignalRule], AfterValidator(rules.fit_their_signals)]


class Idle(Section):
    stop_after: StopAfter = Field(description="No request began, ran or ended for so long: 5m or more, or `adaptive`.")
    warm_up: Duration = Field(timedelta(minutes=10), description="Idle time starts so long after it became ready.")
    cold_start_value: MoneyText | None = Field(
        None, description="What one wait for a boot costs the team; required with `adaptive`, and only then."
    )
    min: Duration | None = Field(None, description="Shortest adaptive timeout; 5m.")
    max: Duration | None = Field(None, description="Longest adaptive timeout; 4h.")
    prewarm: Literal["never", "when-it-pays"] | None = Field(None, description="Only with `adaptive`; never.")
    signals: Signals = Field(default_factory=dict, description="How single signals are read, by name.")
    """Keyed by ``decide.facts.SignalName`` values."""
    tell_unknown_after: Duration = Field(
        timedelta(hours=6), description="People are told when nothing could be told for so long."
    )

    def findings(self) -> Iterable[rules.Finding]:
        return rules.idle(self)


class Spot(Section):
    use: Literal["prefer", "only", "never"] = Field(description="Whether services may live on Spot capacity.")
    on_demand_base: Integer = Field(0, description="Tasks that stay on demand.")
    fall_back_after: Duration | None = Field(None, description="On demand after waiting so long; 5m. Not with `only`.")
    try_again_after: Duration | None = Field(None, description="Back to Spot after so long; 2h.")
    max_interruptions_per_day: Integer = Field(3, description="More than this, and the day is spent on demand.")
    providers: Mapping[Literal["spot", "on-demand"], Text] | None = Field(
        None, description="Names of the two capacity providers; by their tags when absent."
    )

    def findings(self) -> Iterable[rules.Finding]:
        return rules.spot(self)


class Approval(Section):
    for_: tuple[Literal["idle-stop", "closed-stop", "start-when-closed", "spot-move", "remove"], ...] = Field(
        description="What needs a yes."
    )
    ask: Channel = Field(description="Where people are asked.")
    approvers: tuple[Approver, ...] = Field(description="Who may answer: groups and people.")
    self: Boolean = Field(False, description="Whether the requester may approve.")
    answer_within: Duration = Field(timedelta(minutes=30), description="How long an answer is waited for.")
    no_answer: Literal["stay-as-is", "do-it", "escalate"] = Field("stay-as-is", description="What silence means.")
    escalate_to: Channel | None = Field(None, description="Required with `no-answer: escalate`.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.approval(self)


class Overrides(Section):
    allow: tuple[Literal["keep", "stop"], ...] = Field(("keep", "stop"), description="What a person may ask for.")
    longest: Duration = Field(timedelta(hours=24), description="No override lasts longer; every one expires.")
    by: tuple[Literal["owner", "admin", "anyone"], ...] = Field(("owner", "admin"), description="Who may.")
    service_tags: tuple[Literal["exclude", "hours", "idle"], ...] = Field(
        ("exclude",), description="Which `lifecycle:` tags on a service count."
    )


class Limits(Section):
    stops_per_hour: Integer = Field(
        20, description="Idle stops an hour, and all stops in the first hour of a new version. The rest wait."
    )
    keep_running: Integer = Field(0, description="So many ready services of a group always stay.")
    keep_running_per: KeepRunningPer | None = Field(
        None, description="The groups: `tag:KEY` or `cluster`; all services of the policy when absent."
    )
    """``tag:KEY`` or ``cluster``; None: the policy's services are one group."""

    def findings(self) -> Iterable[rules.Finding]:
        return rules.limits(self)


class Notify(Section):
    channel: Channel | None = Field(None, description="Where people are told.")
    events: tuple[NoticeWord, ...] | None = Field(None, description="Which notices; all when absent.")
    quiet: tuple[WindowText, ...] = Field((), description="Windows in which nothing is sent.")


class Given(Section):
    state: Literal["running", "stopped"] = Field("running", description="How the service stands.")
    opening: Literal["handled", "due"] = Field("handled", description="Whether this opening was dealt with.")
    idle_for: Duration | None = Field(None, description="The last use was so long ago.")
    in_flight: Integer = Field(0, description="Requests running now.")
    missing: tuple[SignalWord, ...] = Field((), description="Signals that did not report.")
    ready_for: Duration | None = Field(None, description="It became ready so long ago.")
    started: Literal["by-hand"] | None = Field(None, description="Somebody else started it.")
    override: Mapping[Literal["keep-until", "stop-until"], Moment] | None = Field(None, description="A person's word.")
    tags: Mapping[Text, Text] | None = Field(None, description="Tags on the service.")
    freeze: Boolean = Field(False, description="Whether the runtime freeze is on.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.given(self)


class PolicyTest(Section):
    at: Moment = Field(description="When; in the policy's zone, or with an offset.")
    expect: Literal["running", "stopped", "unchanged", "asking"] = Field(description="The wanted state after deciding.")
    because: BecauseWord | None = Field(None, description="The rule that should have decided.")
    next: Moment | None = Field(None, description="The moment of the next transition.")
    given: Given | None = Field(None, description="What differs from an ordinary running service.")
    line: int = Field(default=0, exclude=True)


class Policy(Section):
    """One policy with its defaults merged in. ``source`` is ``file:line`` of its name; ``version`` a hash of its
    merged meaning: two policies with the same version decide alike."""

    name: str = Field(exclude=True)
    source: str = Field(default="", exclude=True)
    version: str = Field(default="", exclude=True)
    description: Text | None = Field(None, description="Shown in Slack, reports and `why`.")
    owner: Text | None = Field(None, description="Whom to ask; shown in Slack, reports and `why`.")
    mode: Mode = Field(
        Mode.DRY_RUN,
        description="`dry-run` only says what it would do; `enforce` does it; `disabled` is not looked at.",
    )
    priority: Priority = Field(0, description="0 to 1000; the higher policy takes a service whole.")
    match: Match = Field(description="Which services.")
    exclude: tuple[Exclude, ...] = Field((), description="Services of the match that are left alone.")
    hours: Hours | None = Field(None, description="When services may run.")
    idle: Idle | None = Field(None, description="When idle means idle.")
    spot: Spot | None = Field(None, description="Whether services may live on Spot; placement is left alone without.")
    approval: Approval | None = Field(None, description="What needs a person's yes.")
    overrides: Overrides = Field(default_factory=Overrides, description="What people may ask for, and how long.")
    limits: Limits = Field(default_factory=Limits, description="How much may happen, and how much must stay.")
    notify: Notify = Field(default_factory=Notify, description="Who is told what, and when not.")
    tests: tuple[PolicyTest, ...] = Field((), description="What this policy must decide at given moments.")


class NeverTouch(Section):
    names: tuple[Glob, ...] | None = Field(None, description="Any of these service names.")
    clusters: tuple[Glob, ...] | None = Field(None, description="Any of these clusters.")
    tags: Mapping[Text, TagGlobs] | None = Field(None, description="As in `match.tags`.")
    reason: Text = Field(description="Why; shown by `why`.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.never_touch(self)


class Freeze(Section):
    name: Word = Field(description="What people call it.")
    from_: Moment = Field(description="Begin; in the zone of `defaults.hours.timezone`, or with an offset.")
    to: Moment = Field(description="End; at this moment it is over.")
    hold: tuple[Literal["start", "stop", "spot-move"], ...] = Field(
        ("start", "stop", "spot-move"), description="What must not happen meanwhile."
    )
    reason: Text = Field(description="Why; shown by `why`.")

    def findings(self) -> Iterable[rules.Finding]:
        return rules.freeze(self)


class PolicySet(BaseModel):
    """Everything in force: policies of all files by name, and what stands above them."""

    model_config = ConfigDict(frozen=True)

    policies: tuple[Policy, ...] = ()
    never_touch: tuple[NeverTouch, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    version: str = ""

    def named(self, name: str) -> Policy | None:
        """The policy of that name, or None."""
        return next((policy for policy in self.policies if policy.name == name), None)


def is_internal(model: type[BaseModel], field: str) -> bool:
    """Whether a field is ours (where it stood, its hash) and no key of the language."""
    return bool(model.model_fields[field].exclude)
