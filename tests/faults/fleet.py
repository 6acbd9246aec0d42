"""The fleet that is played: each service stands for one thing that must not go wrong, with its policy and its truth.

Modelled on the demo's week (chalicelib.local.scenario), with what the demo has none of: a question, a cut, a least
number that keeps running, a clock alone. What is true of a service (when it was in use, whether its hours are open)
is written here in plain Python, apart from the rules that are tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from chalicelib.decide.facts import ServiceId

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = datetime(2026, 11, 9, tzinfo=TOKYO)
MINUTE = timedelta(minutes=1)
STOPS_PER_HOUR = 2
KEPT_RUNNING = 1

POLICIES: Mapping[str, str] = {
    "policies/office.yaml": f"""
lifecycle: v1
policies:
  office:
    match: {{tags: {{environment: dev}}}}
    hours: {{timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}}
    idle: {{stop-after: 30m, signals: {{task-protection: {{}}}}}}
    limits: {{stops-per-hour: {STOPS_PER_HOUR}}}
    mode: enforce
  batch:
    match: {{tags: {{environment: batch}}}}
    hours: {{timezone: Asia/Tokyo, open: [daily 06:00-22:00], closed: cut, cut-after: 30m}}
    mode: enforce
""",
    "policies/production.yaml": f"""
lifecycle: v1
policies:
  production:
    match: {{tags: {{environment: production}}}}
    hours: {{timezone: Asia/Tokyo, open: [daily all-day]}}
    idle: {{stop-after: 1h, signals: {{task-protection: {{}}}}}}
    mode: enforce
  pool:
    match: {{tags: {{environment: pool}}}}
    hours: {{timezone: Asia/Tokyo, open: [daily all-day]}}
    idle: {{stop-after: 30m}}
    limits: {{keep-running: {KEPT_RUNNING}}}
    mode: enforce
""",
    "policies/placed.yaml": """
lifecycle: v1
policies:
  placed:
    match: {tags: {environment: spot}}
    spot:
      use: prefer
      fall-back-after: 5m
      try-again-after: 2h
      providers: {spot: gpu-spot, on-demand: gpu-od}
    mode: enforce
  placed-by-day:
    match: {tags: {environment: spot-by-day}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    spot:
      use: prefer
      fall-back-after: 5m
      try-again-after: 2h
      providers: {spot: gpu-spot, on-demand: gpu-od}
    mode: enforce
""",
    "policies/launched.yaml": """
lifecycle: v1
policies:
  launched:
    match: {tags: {environment: launched}}
    hours: {timezone: Asia/Tokyo, open: [daily all-day]}
    idle: {stop-after: 1h}
    mode: enforce
""",
    "policies/asked.yaml": """
lifecycle: v1
policies:
  asked:
    match: {tags: {environment: asked}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}
    idle: {stop-after: 30m}
    approval:
      for: [idle-stop]
      ask: "#vision"
      approvers: [group:leads]
      answer-within: 1h
      no-answer: do-it
    mode: enforce
""",
}

SPOT, ON_DEMAND = "gpu-spot", "gpu-od"

OFFICE = (frozenset(range(5)), time(8), time(20))
ALWAYS = (frozenset(range(7)), time(0), time.max)
BATCH = (frozenset(range(7)), time(6), time(22))
Hours = tuple[frozenset[int], time, time]


@dataclass(frozen=True)
class Blueprint:
    """``stop_after``: the idle time of its policy. ``usage``: how likely an hour has a stretch of use."""

    name: str
    environment: str
    hours: Hours
    stop_after: timedelta | None
    usage: float = 0.5
    size: int = 1
    scaling: tuple[int, int] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    measured: bool = True
    streams: bool = False
    """Its use shows in task protection alone, no request being counted."""
    cut: bool = False
    excluded: bool = False
    provider: str = ""
    """The capacity provider that it begins on; empty: Fargate."""
    cluster: str = "gpu-dev"

    @property
    def id(self) -> ServiceId:
        return ServiceId(self.cluster, self.name)

    def is_open(self, at: datetime) -> bool:
        days, opens, closes = self.hours
        local = at.astimezone(TOKYO)
        return local.weekday() in days and opens <= local.time() < closes


HALF, HOUR = timedelta(minutes=30), timedelta(hours=1)
FLEET = (
    Blueprint("dev-chat", "dev", OFFICE, HALF),
    Blueprint("dev-sized", "dev", OFFICE, HALF, size=3, scaling=(2, 4)),
    Blueprint("dev-stream", "dev", OFFICE, HALF, usage=0.7, streams=True),
    Blueprint("dev-excluded", "dev", OFFICE, HALF, 0.0, tags={"lifecycle:exclude": "never-expires"}, excluded=True),
    Blueprint("dev-unmeasured", "dev", OFFICE, HALF, measured=False),
    Blueprint("batch-cut", "batch", BATCH, None, usage=0.9, size=2, cut=True),
    Blueprint("prod-busy", "production", ALWAYS, HOUR, usage=1.0, cluster="gpu-prod"),
    Blueprint("prod-quiet", "production", ALWAYS, HOUR, usage=0.4, size=2, scaling=(1, 3), cluster="gpu-prod"),
    Blueprint("asked-ocr", "asked", OFFICE, HALF, usage=0.4, cluster="gpu-prod"),
    Blueprint("asked-sized", "asked", OFFICE, HALF, usage=0.4, size=2, cluster="gpu-prod"),
    Blueprint("pool-a", "pool", ALWAYS, HALF, usage=0.3, cluster="gpu-prod"),
    Blueprint("pool-b", "pool", ALWAYS, HALF, usage=0.3, cluster="gpu-prod"),
    Blueprint("spot-chat", "spot", ALWAYS, None, usage=0.4, size=2, provider=ON_DEMAND),
    Blueprint("spot-by-day", "spot-by-day", OFFICE, None, usage=0.4, provider=SPOT),
)


def launched(name: str) -> Blueprint:
    """An instance of somebody's."""
    return Blueprint(name, "launched", ALWAYS, HOUR, usage=0.3, cluster="launched")


class Use:
    """When a service is in use: stretches of some minutes, drawn anew for each hour, the same for the same seed."""

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        self._seed = seed
        self._of = blueprint
        self._days: dict[date, frozenset[int]] = {}

    def at(self, moment: datetime) -> bool:
        local = moment.astimezone(TOKYO)
        day = local.date()
        if day not in self._days:
            self._days[day] = frozenset(self._minutes(day))
        return local.hour * 60 + local.minute in self._days[day]

    def within(self, start: datetime, end: datetime) -> datetime | None:
        """The first minute of use that lies in ``[start, end)`` as a whole."""
        moment = start.replace(second=0, microsecond=0)
        moment += MINUTE * (moment < start)
        while moment + MINUTE <= end:
            if self.at(moment):
                return moment
            moment += MINUTE
        return None

    def _minutes(self, day: date) -> Iterator[int]:
        chance = Random(f"{self._seed} {self._of.name} {day}")
        for hour in range(24):
            if self._of.usage >= 1:
                yield from range(hour * 60, hour * 60 + 60, 4)
            working = self._of.is_open(datetime.combine(day, time(hour, 30), TOKYO))
            if chance.random() < self._of.usage * (1.0 if working else 0.25):
                start, length = chance.randrange(60), chance.randrange(2, 50)
                yield from range(hour * 60 + start, min(24 * 60, hour * 60 + start + length))
