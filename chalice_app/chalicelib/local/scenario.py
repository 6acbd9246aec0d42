"""The demo's fleet, its people and its mishaps: a week in Tokyo that begins on a holiday, as plain values.

Nothing here knows a policy; what becomes of the fleet is decided by the real rules over ``policies/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId
from chalicelib.local.fleet import NoCapacity
from chalicelib.local.traffic import EVERY_DAY, Busy, Pattern, Silence, Streams

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = datetime(2026, 11, 23, tzinfo=TOKYO)
"""Labour Thanksgiving Day, a holiday in Japan."""
POLICIES = Path(__file__).parent / "policies"
SEED = 20261123


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One service as it stands before the week: running at ``size``, as it always was."""

    id: ServiceId
    environment: str
    instance_type: str
    traffic: tuple[Pattern, ...] = ()
    size: int = 1
    gpu_agent: bool = False
    """Whether the CloudWatch agent reports its GPU; the load balancer and ECS report of every service."""
    scaling: tuple[int, int] | None = None
    """Bounds of Application Auto Scaling (least, most)."""
    tags: Mapping[str, str] = field(default_factory=dict)
    no_capacity: tuple[NoCapacity, ...] = ()
    silences: tuple[Silence, ...] = ()
    never_stopped: str = ""
    """Why a stop of this service would be a mistake; the demo fails if one happens."""

    @property
    def all_tags(self) -> dict[str, str]:
        return {"environment": self.environment, "instance-type": self.instance_type, **self.tags}


@dataclass(frozen=True, slots=True)
class StartedInConsole:
    """Somebody sets the desired count in the AWS console; nobody tells us."""

    at: datetime
    service: ServiceId
    desired_count: int


@dataclass(frozen=True, slots=True)
class StartedByCommand:
    """``lifecycle start SERVICE``."""

    at: datetime
    service: ServiceId
    by: str


@dataclass(frozen=True, slots=True)
class KeptByCommand:
    """``lifecycle keep SERVICE --until … --reason …``."""

    at: datetime
    service: ServiceId
    by: str
    until: datetime
    reason: str


Deed = StartedInConsole | StartedByCommand | KeptByCommand


@dataclass(frozen=True, slots=True)
class Scenario:
    """``start`` and the deeds are aware; the week is cut short by ``days``, never rearranged."""

    start: datetime
    days: int
    zone: ZoneInfo
    fleet: tuple[Blueprint, ...]
    deeds: tuple[Deed, ...]
    holidays: Mapping[str, str] = field(default_factory=dict)
    """Day (``2026-11-23``) -> name, for the calendar; the policies find them out for themselves."""
    policies: Path = POLICIES
    seed: int = SEED

    @property
    def end(self) -> datetime:
        return (self.start + timedelta(days=self.days)).astimezone(UTC)


def _at(day: int, clock: str) -> datetime:
    """``day`` 0 is the Monday."""
    hour, minute = clock.split(":")
    return (MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))).astimezone(UTC)


DEV_CHAT = ServiceId("gpu-dev", "dev-chat")
DEV_VISION = ServiceId("gpu-dev", "dev-vision")
PROD_CHAT = ServiceId("gpu-prod", "prod-chat")
PROD_OCR = ServiceId("gpu-prod", "prod-ocr")
PROD_STREAM = ServiceId("gpu-prod", "prod-stream")

WORKING = frozenset({1, 2, 3, 4})
"""Tuesday to Friday: on the holiday nobody comes."""

FLEET = (
    Blueprint(
        DEV_CHAT,
        "dev",
        "g5.xlarge",
        (Busy(WORKING, time(8, 10), time(19, 30), per_hour=24), Busy(frozenset({1}), time(19), time(22, 40), 20)),
        tags={"model": "llama3.1:8b", "owner": "assistants"},
        gpu_agent=True,
        no_capacity=(NoCapacity(_at(3, "07:55"), _at(3, "08:40")),),
    ),
    Blueprint(
        DEV_VISION,
        "dev",
        "g6.xlarge",
        (
            Busy(frozenset({1}), time(8, 20), time(11, 30), per_hour=20, seconds=25),
            Busy(frozenset({3}), time(13, 30), time(16), per_hour=20, seconds=25),
            Busy(frozenset({4}), time(21, 20), time(22, 45), per_hour=30, seconds=25),
        ),
        tags={"model": "llava:13b", "owner": "documents"},
    ),
    Blueprint(
        ServiceId("gpu-dev", "dev-poc-mistral"),
        "dev",
        "g5.2xlarge",
        tags={"model": "mistral:7b", "owner": "nobody-knows"},
    ),
    Blueprint(
        ServiceId("gpu-dev", "dev-demo"),
        "dev",
        "g6.xlarge",
        (Busy(frozenset({2}), time(14), time(16), per_hour=15),),
        tags={"model": "llama3.1:8b", "owner": "sales", "lifecycle:exclude": "until 2026-11-25"},
    ),
    Blueprint(
        ServiceId("gpu-staging", "staging-api"),
        "staging",
        "g6.xlarge",
        (Busy(WORKING, time(7, 10), time(21, 30), per_hour=12),),
        size=2,
        tags={"model": "llama3.1:8b", "owner": "assistants"},
        scaling=(1, 4),
    ),
    Blueprint(
        PROD_CHAT,
        "production",
        "g5.2xlarge",
        (Busy(EVERY_DAY, time(0), time(0), per_hour=40), Busy(EVERY_DAY, time(9), time(19), per_hour=120)),
        size=2,
        tags={"model": "llama3.1:8b", "owner": "assistants"},
        never_stopped="it is busy day and night",
    ),
    Blueprint(
        PROD_STREAM,
        "production",
        "g6e.xlarge",
        (Streams(minutes=(100, 300), pause_minutes=(5, 35)),),
        tags={"model": "qwen2.5:32b", "owner": "assistants"},
        never_stopped="it streams long answers, of which the load balancer counts only the first minute",
    ),
    Blueprint(
        PROD_OCR,
        "production",
        "g6.xlarge",
        (Busy(EVERY_DAY, time(0), time(0), per_hour=14),),
        silences=(Silence(_at(2, "17:20"), _at(3, "10:30")),),
        tags={"model": "llava:13b", "owner": "documents"},
        never_stopped="its metrics are missing for a night, and it is used all the while",
    ),
    Blueprint(
        ServiceId("gpu-prod", "prod-summaries"),
        "production",
        "g5.xlarge",
        (Busy(EVERY_DAY, time(6, 40), time(20, 30), per_hour=14),),
        tags={"model": "qwen2.5:14b"},
    ),
)

DEEDS: tuple[Deed, ...] = (
    KeptByCommand(_at(1, "19:45"), DEV_CHAT, "mika@example.com", _at(1, "23:00"), "release night"),
    StartedByCommand(_at(3, "13:35"), DEV_VISION, "ken@example.com"),
    StartedInConsole(_at(4, "21:10"), DEV_VISION, 1),
)


HOLIDAYS = {"2026-11-23": "Labour Thanksgiving Day"}


def week(*, first_day: int = 0, days: int = 7) -> Scenario:
    """The whole week, or ``days`` of it from ``first_day`` (0 is the Monday)."""
    start = MONDAY + timedelta(days=first_day)
    end = start + timedelta(days=days)
    deeds = tuple(sorted((deed for deed in DEEDS if start <= deed.at < end), key=lambda deed: deed.at))
    return Scenario(start.astimezone(UTC), days, TOKYO, FLEET, deeds, HOLIDAYS)


def working_weeks(weeks: int) -> Scenario:
    """From Tuesday at nine in Tokyo: every policy's hours are open, so that people can launch and wake at once."""
    return replace(week(first_day=1, days=7 * weeks), start=_at(1, "09:00"))
