"""What a policy's own tests say: a moment, what is given, and what must be decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from chalicelib.policy import rules
from chalicelib.policy.scalars import Boolean, Duration, Integer, Moment, Text
from chalicelib.policy.sections.base import Section
from chalicelib.policy.sections.idle import SignalWord

BecauseWord = Literal[
    "hours", "holiday", "idle", "in-use", "unknown", "exclude", "freeze", "override", "limit", "prewarm"
]


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
