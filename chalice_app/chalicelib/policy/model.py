"""The policy language as frozen pydantic models: what a policy is once it is read, made of its ``sections``.

Every scalar arrives here as text and is parsed by its key's type (``scalars``). Field names are the YAML keys with
underscores; a field's description is its row in the reference and its hover text in editors. What several keys say
together is judged by ``rules`` as soon as a section is made, so no impossible section exists. Nothing here reads
files, the clock or AWS.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.policy import rules
from chalicelib.policy.scalars import Moment, Priority, Text, Word
from chalicelib.policy.sections.base import Section
from chalicelib.policy.sections.expectations import PolicyTest
from chalicelib.policy.sections.hours import Hours
from chalicelib.policy.sections.idle import Idle
from chalicelib.policy.sections.services import Exclude, Match, NeverTouch
from chalicelib.policy.sections.terms import Approval, Limits, Notify, Overrides, Spot


class Mode(StrEnum):
    DRY_RUN = "dry-run"
    ENFORCE = "enforce"
    DISABLED = "disabled"


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
