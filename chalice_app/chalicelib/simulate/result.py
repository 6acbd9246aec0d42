"""What a simulation found: frozen values, for tables, JSON, Markdown and charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.decide.decision import Because
from chalicelib.decide.facts import ActionKind

REGRET_SECONDS = 1800.0
"""Used again so soon after a stop, the stop is one that people regret (as `lifecycle promote` counts them)."""


@dataclass(frozen=True, slots=True)
class Action:
    """A start or a stop that the policy wanted, and why."""

    at: datetime
    kind: ActionKind
    because: Because
    reason: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """The service was paid for from ``since`` to ``until`` (seconds since 1970)."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Everything the figures rest on that no trace says. All in seconds and US dollars.

    ``wakes``: a request to a stopped service starts it (a gateway or a person does) and waits; else it is refused.
    ``minimum_billing_seconds``: a start that is stopped sooner is paid for so long.
    """

    boot_seconds: float = 240.0
    drain_seconds: float = 120.0
    sweep_seconds: float = 300.0
    usd_per_hour: float | None = None
    wait_usd: float = 1.0
    wakes: bool = True
    minimum_billing_seconds: float = 60.0
    tasks: int = 1

    @property
    def usd_of_all_tasks_per_hour(self) -> float | None:
        return None if self.usd_per_hour is None else self.usd_per_hour * self.tasks

    def sentences(self) -> tuple[str, ...]:
        asked = (
            "a request to a stopped service starts it, as a person would by hand, and waits for the boot"
            if self.wakes
            else "a request to a stopped service is refused and starts nothing"
        )
        price = "a price that is not known" if self.usd_per_hour is None else f"${self.usd_per_hour:g} an hour"
        return (
            f"a boot takes {self.boot_seconds:g} s and is paid for; after a stop {self.drain_seconds:g} s more",
            f"one task costs {price}; at least {self.minimum_billing_seconds:g} s of each start are paid",
            f"one wait for a boot is worth ${self.wait_usd:.2f}",
            f"the controller looks every {self.sweep_seconds:g} s, and the newest two minutes are not trusted",
            asked,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One service under one policy (or under none, or under one that knows the future).

    ``waited`` counts requests that came while it booted, ``refused`` those that found it stopped and started nothing,
    ``regrets`` stops after which a request came within half an hour.
    """

    label: str
    since: float
    until: float
    on_seconds: float
    cold_starts: int
    waited: int
    longest_wait_seconds: float
    refused: int
    stops: int
    starts: int
    regrets: int
    requests: int
    usd: float | None
    wait_usd: float
    actions: tuple[Action, ...] = ()
    on: tuple[Stretch, ...] = ()

    @property
    def hours(self) -> float:
        return self.on_seconds / 3600

    @property
    def cost_usd(self) -> float | None:
        """Dollars paid and dollars' worth of waits."""
        return None if self.usd is None else self.usd + self.wait_usd * self.cold_starts

    @property
    def days(self) -> float:
        return (self.until - self.since) / 86_400

    @property
    def stops_per_day(self) -> float:
        return self.stops / self.days if self.days else 0.0

    @property
    def waited_share(self) -> float:
        return self.waited / self.requests if self.requests else 0.0
