"""The environment, parsed once into a frozen value. Nothing else reads environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.errors import ConfigurationError
from chalicelib.execute.bookings import BookingSettings
from chalicelib.fleet.settings import FleetSettings, PoolSettings
from chalicelib.notify.report_settings import ReportSettings
from chalicelib.notify.settings import NoticeSettings, Outbox
from chalicelib.notify.slack.settings import SlackSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """How one deployment runs.

    ``policies`` is a folder or ``s3://bucket/prefix``. ``clusters`` empty means every cluster of the region.
    ``handler_seconds`` is the time one run may take before it leaves the rest to the next sweep.
    ``probe_ollama``: whether Ollama itself is asked before a stop; needs a function inside the tasks' network.
    ``pool`` None: nobody can log in. ``fleet`` None: nothing can be launched. ``bookings`` None: this process books no
    wake-ups for edges of the clock. ``slack`` None: nobody is asked anything, and Slack is told nothing.
    """

    table: str
    policies: str
    region: str = ""
    clusters: tuple[str, ...] = ()
    full_refresh_seconds: int = 1800
    max_actions_per_run: int = 50
    handler_seconds: int = 240
    probe_ollama: bool = False
    pool: PoolSettings | None = None
    fleet: FleetSettings | None = None
    bookings: BookingSettings | None = None
    outbox: Outbox = Outbox.OFF
    notices: NoticeSettings = field(default_factory=NoticeSettings)
    slack: SlackSettings | None = None
    report: ReportSettings | None = None
    """None: nobody wants the weekly report."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ""
        return cls(
            table=_required(env, "LIFECYCLE_TABLE"),
            policies=_required(env, "LIFECYCLE_POLICIES"),
            region=region,
            clusters=_clusters(env),
            full_refresh_seconds=_positive(env, "LIFECYCLE_FULL_REFRESH_SECONDS", 1800),
            max_actions_per_run=_positive(env, "LIFECYCLE_MAX_ACTIONS_PER_RUN", 50),
            handler_seconds=_positive(env, "LIFECYCLE_HANDLER_SECONDS", 240),
            probe_ollama=_switch(env, "LIFECYCLE_PROBE_OLLAMA"),
            pool=PoolSettings.from_env(env, region),
            fleet=FleetSettings.from_env(env),
            bookings=_bookings(env),
            outbox=Outbox.from_env(env),
            notices=NoticeSettings.from_env(env),
            slack=SlackSettings.from_env(env),
            report=ReportSettings.from_env(env),
        )


def _bookings(env: Mapping[str, str]) -> BookingSettings | None:
    group = env.get("LIFECYCLE_BOOKING_GROUP", "").strip()
    if not group:
        return None
    return BookingSettings(
        group=group,
        target=_required(env, "LIFECYCLE_BOOKING_TARGET"),
        role=_required(env, "LIFECYCLE_BOOKING_ROLE"),
        dead_letters=_required(env, "LIFECYCLE_BOOKING_DEAD_LETTERS"),
    )


def _clusters(env: Mapping[str, str]) -> tuple[str, ...]:
    """Those that are named, and with them that of launched models; none named: all."""
    named = [name.strip() for name in env.get("LIFECYCLE_CLUSTERS", "").split(",") if name.strip()]
    launched = env.get("LIFECYCLE_FLEET_CLUSTER", "").strip()
    return tuple(dict.fromkeys([*named, *([launched] if launched else [])])) if named else ()


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"the environment variable {name} is not set; the CloudFormation stack sets it")
    return value


def _switch(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").strip()
    if text not in ("", "true", "false"):
        raise ConfigurationError(f'{name} is "{text}": write true or false')
    return text == "true"


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f'{name} is "{text}": write a whole number above 0')
    return int(text)
