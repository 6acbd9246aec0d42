"""When idle means idle: the timeout, and how each signal is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chalicelib.policy import rules
from chalicelib.policy.scalars import Boolean, BusyAbove, Duration, MoneyText, StopAfter
from chalicelib.policy.sections.base import Section

SignalWord = Literal["requests", "leases", "ollama-ps", "task-protection", "gpu", "cpu", "network-out"]


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
    prewarm: Literal["never", "when-it-pays"] | None = Field(
        None, description="Whether to start early what is likely wanted soon; only with `adaptive`."
    )
    signals: Signals = Field(default_factory=dict, description="How single signals are read, by name.")
    """Keyed by ``decide.facts.SignalName`` values."""
    tell_unknown_after: Duration = Field(
        timedelta(hours=6), description="People are told when nothing could be told for so long."
    )

    def findings(self) -> Iterable[rules.Finding]:
        return rules.idle(self)
