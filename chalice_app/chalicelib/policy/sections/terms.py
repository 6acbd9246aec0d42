"""On what terms a policy acts: Spot capacity, approvals, overrides, limits, and who is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Literal

from pydantic import Field

from chalicelib.policy import rules
from chalicelib.policy.scalars import Approver, Boolean, Channel, Duration, Integer, KeepRunningPer, Text, WindowText
from chalicelib.policy.sections.base import Section

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
    "orphan",
    "spot-interrupted",
    "spot-fallback",
    "moved",
    "budget-pace",
    "budget",
    "cost-anomaly",
    "alarm",
]


class Spot(Section):
    use: Literal["prefer", "only", "never"] = Field(description="Whether services may live on Spot capacity.")
    on_demand_base: Integer = Field(0, description="Tasks that stay on demand.")
    fall_back_after: Duration | None = Field(None, description="On demand after waiting so long; 5m. Not with `only`.")
    try_again_after: Duration | None = Field(None, description="Back to Spot after so long; 2h.")
    max_interruptions_per_day: Integer = Field(3, description="More than this, and the day is spent on demand.")
    on_rebalance: Literal["warn", "act"] = Field(
        "warn", description="What a recommendation of AWS to leave a host means: tell people, or leave it."
    )
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
