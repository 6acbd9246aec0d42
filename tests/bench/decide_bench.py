"""How many decisions a second one core takes, over a mixed fleet with two signals of 45 points for each service.

Seconds are those of the processor, so that neighbours on the machine do not count; best of many rounds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice
from time import process_time

from chalicelib.decide.decide import decide
from chalicelib.decide.facts import (
    Availability,
    Observation,
    Override,
    OverrideKind,
    Point,
    SavedSize,
    ServiceFacts,
    ServiceId,
    ServiceMemory,
    SignalName,
    SignalReading,
)
from chalicelib.decide.govern import govern
from chalicelib.decide.needs import needs
from chalicelib.policy.loader import load
from chalicelib.policy.model import Policy, PolicySet
from goals import Goal, Result

GOAL_PER_SECOND = 20_000
POINTS = 45
FLEET = """lifecycle: v1
policies:
  chat:
    match: {tags: {team: chat}}
    hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00], warn-before: 15m, holidays: {country: JP}}
    idle: {stop-after: 45m}
    mode: enforce
  vision:
    match: {tags: {team: vision}, not-tags: {tier: critical}}
    hours: {timezone: Europe/Paris, open: [mon-fri 07:00-19:00, last-fri 19:00-02:00], closed: idle}
    idle: {stop-after: 30m, signals: {gpu: {busy-above: 10%}}}
    exclude: [{names: [vision-demo], until: 2027-12-18, reason: customer demo}]
    mode: enforce
  nights-off:
    match: {tags: {team: search}}
    hours: {timezone: America/New_York, open: [mon-fri 08:00-20:00, sat 10:00-14:00], closed: stop}
    mode: enforce
  idle-only:
    match: {tags: {team: lab}}
    idle: {stop-after: 45m, warm-up: 10m}
    mode: enforce
never-touch: [{tags: {tier: critical}, reason: paid SLA}]
freezes: [{name: launch, from: 2026-12-07T00:00Z, to: 2026-12-12T00:00Z, hold: [stop], reason: launch week}]
"""
TEAMS = ("chat", "vision", "search", "lab")
NOW = datetime(2026, 11, 20, 5, 0, 30, tzinfo=UTC)
MOMENTS = (NOW, NOW + timedelta(hours=7), NOW + timedelta(hours=16), NOW + timedelta(days=3))
MINUTE = timedelta(minutes=1)

Job = tuple[Policy, Observation, tuple[Override, ...], datetime]


def measure(seconds: float = 2.0) -> Result:
    """Decisions, needs and governances per second, each measured for about ``seconds``."""
    policies = load({"fleet.yaml": FLEET}, today=date(2026, 11, 20)).policies
    jobs = _jobs(policies)
    facts = [seen.facts for _, seen, _, _ in jobs]
    outcomes = Counter(
        f"{one.wanted.value}/{one.because.value}"
        for policy, seen, overrides, now in jobs
        for one in (decide(policy, seen, overrides, now, policies=policies),)
    )

    def decide_all() -> None:
        for policy, seen, overrides, now in jobs:
            decide(policy, seen, overrides, now, policies=policies)

    def need_all() -> None:
        for policy, seen, overrides, now in jobs:
            needs(policy, seen, overrides, policies, now)

    def govern_all() -> None:
        for one in facts:
            govern(policies, one)

    decisions = _rate(decide_all, len(jobs), seconds)
    rates = {
        "decisions": decisions,
        "needs (which signals a decision takes)": _rate(need_all, len(jobs), seconds / 4),
        "governances (which policy rules)": _rate(govern_all, len(jobs), seconds / 4),
    }
    return Result(
        title="Decide",
        rows=[{"what": what, "per second on one core": f"{rate:,.0f}"} for what, rate in rates.items()],
        goals=[
            Goal("decisions per second", f">= {GOAL_PER_SECOND:,}", f"{decisions:,.0f}", decisions >= GOAL_PER_SECOND)
        ],
        notes=[
            f"{len(jobs)} services under 4 policies; those that need signals carry two of {POINTS} points. Outcomes: "
            + ", ".join(f"{outcome} {count}" for outcome, count in outcomes.most_common()),
        ],
    )


def _rate(work: object, size: int, seconds: float) -> float:
    assert callable(work)
    work()
    best, began = 0.0, process_time()
    while process_time() - began < seconds:
        start = process_time()
        work()
        best = max(best, size / (process_time() - start))
    return round(best)


def _jobs(policies: PolicySet, count: int = 800) -> list[Job]:
    jobs: list[Job] = []
    for index, (team, now) in enumerate(islice(zip(cycle(TEAMS), cycle(MOMENTS * 3 + MOMENTS[:1])), count)):
        kind = index % 10
        facts = _facts(index, team, now, up=kind != 9)
        ruling = govern(policies, facts).ruling
        assert ruling is not None
        seen = Observation(facts, {}, _memory(now, up=kind != 9))
        keep = Override("o", facts.id, OverrideKind.KEEP, now + timedelta(hours=1), "aiko", "demo", now - MINUTE)
        overrides = (keep,) if kind == 8 else ()
        need = needs(ruling, seen, overrides, policies, now)
        if need is not None:
            seen = replace(seen, signals=_signals(now, kind))
        jobs.append((ruling, seen, overrides, now))
    return jobs


def _facts(index: int, team: str, now: datetime, *, up: bool) -> ServiceFacts:
    return ServiceFacts(
        id=ServiceId("gpu-dev", f"{team}-{index}"),
        arn="",
        desired_count=1 if up else 0,
        running_count=1 if up else 0,
        pending_count=0,
        described_at=now,
        tags={"team": team, "environment": "dev", "model": "llama3.2:3b"},
        ready_since=now - timedelta(hours=20) if up else None,
    )


def _memory(now: datetime, *, up: bool) -> ServiceMemory:
    if up:
        return ServiceMemory(opening_handled=now)
    return ServiceMemory(saved_size=SavedSize(1, None, now), stopped_at=now - timedelta(hours=9))


def _signals(now: datetime, kind: int) -> dict[SignalName, SignalReading]:
    """Kinds 0 to 3 are busy, 4 to 6 quiet, 7 misses its GPU metric, the others are not asked."""
    end = now.replace(second=0, microsecond=0) - 2 * MINUTE
    start = end - POINTS * MINUTE
    busy_at = {0: POINTS - 1, 1: POINTS - 3, 2: 20, 3: 2}.get(kind, -1)
    requests = tuple(Point(start + n * MINUTE, 3.0 if n == busy_at else 0.0) for n in range(POINTS))
    gpu = tuple(Point(start + n * MINUTE, 2.0 + n % 3) for n in range(POINTS))
    missing = Availability.MISSING if kind == 7 else Availability.READ
    return {
        SignalName.REQUESTS: SignalReading(SignalName.REQUESTS, Availability.READ, start, end, requests, unit="Count"),
        SignalName.GPU: SignalReading(SignalName.GPU, missing, start, end, () if kind == 7 else gpu, unit="Percent"),
    }
