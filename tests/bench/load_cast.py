"""The fleet that the burst is about: what each service stands for, and what AWS tells of it within the minute.

Each part of the fleet has one thing happen to it, so that the right end can be written down by hand, apart from the
rules (`load_losses`): an idle one is stopped, one in use is left alone, a hand is noticed, a start that came up is
recorded as done, a Spot loss is remembered. All events have AWS's shapes and pass the rules of cfn/app-resources.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any
from uuid import UUID

from support.aws_events import (
    alarm_event,
    deployment_event,
    interruption_event,
    launch_failed_event,
    service_event,
    task_event,
)
from support.strict_world import FakeService, World

BURST_AT = datetime(2026, 11, 20, 6, 5, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 20, 5, 50, tzinfo=UTC)
OPEN_AT = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
QUIET_SINCE = datetime(2026, 11, 20, 5, 31, tzinfo=UTC)
"""Idle for half an hour only after the last sweep before the burst, with the two minutes that metrics are late."""
UP_AFTER = timedelta(minutes=4, seconds=30)
SERVICES_PER_CLUSTER = 1_000
ON_SPOT: list[dict[str, str | int]] = [{"capacityProvider": "gpu-spot", "base": 0, "weight": 1}]
ON_FARGATE_SPOT: list[dict[str, str | int]] = [{"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 1}]

POLICY = """\
lifecycle: v1
policies:
  always:
    match: {tags: {environment: dev}}
    idle:
      stop-after: 30m
      signals: {cpu: {ignore: true}, network-out: {ignore: true}}
    limits: {stops-per-hour: 10000}
    mode: enforce
  by-day:
    match: {tags: {environment: day}}
    hours: {timezone: UTC, open: ["daily 06:00-22:00"]}
    limits: {stops-per-hour: 10000}
    mode: enforce
  spot:
    match: {tags: {environment: spot}}
    spot: {use: prefer, fall-back-after: 5m, providers: {spot: gpu-spot, on-demand: gpu-od}}
    mode: enforce
  fargate-spot:
    match: {tags: {environment: fargate-spot}}
    spot: {use: prefer, fall-back-after: 5m}
    mode: enforce
"""


class Part(StrEnum):
    """What happens to a service in the minute."""

    IDLE = "idle, and an alarm says so"
    IDLE_BEHIND = "idle, and an alarm of its target group says so"
    BUSY = "in use, and an alarm says it were idle"
    TURNED_OFF = "stopped by a person"
    TURNED_ON = "started by a person"
    CAME_UP = "started by us, and came up"
    CAME_NOT_UP = "started by us, and did not come up"
    HOST_TAKEN = "on a Spot host that AWS takes"
    TASK_TAKEN = "on Fargate Spot, and AWS takes a task"
    STEADY = "in use, and tasks come and go"


SHARES: Mapping[Part, float] = {
    Part.IDLE: 0.10, Part.IDLE_BEHIND: 0.02, Part.BUSY: 0.06, Part.TURNED_OFF: 0.08, Part.TURNED_ON: 0.06,
    Part.CAME_UP: 0.08, Part.CAME_NOT_UP: 0.01, Part.HOST_TAKEN: 0.02, Part.TASK_TAKEN: 0.02,
}  # fmt: skip
STRANGERS = 0.0005
"""Of all events: alarms of target groups behind which nothing stands. They come back, and end in the dead letters."""
ON_ONE_HOST = 2
LATE = 5.0
"""Seconds within which a copy of an event arrives: those of five seconds come in any order."""


@dataclass(frozen=True)
class Player:
    part: Part
    fake: FakeService
    size: int
    host: str = ""


@dataclass(frozen=True)
class Sent:
    """One event as EventBridge sends it: ``at`` seconds into the minute; ``about`` empty for a stranger's."""

    at: float
    body: str
    kind: str
    about: str


def fleet(world: World, services: int) -> list[Player]:
    """So many services, by their shares at least one of each part; the rest is steady."""
    parts = [part for part, share in SHARES.items() for _ in range(max(ON_ONE_HOST, round(share * services)))]
    parts += [Part.STEADY] * (services - len(parts))
    return [_player(world, number, part, number - parts.index(part)) for number, part in enumerate(parts)]


def _player(world: World, number: int, part: Part, of_its_part: int) -> Player:
    cluster, name = f"gpu-{number // SERVICES_PER_CLUSTER}", f"ollama-{number:05}"
    idle = part in (Part.IDLE, Part.IDLE_BEHIND)
    quiet = part in (Part.CAME_UP, Part.CAME_NOT_UP)
    size = 1 + number % 3 if idle else 1
    tags = {"environment": _ENVIRONMENTS.get(part, "dev")}
    more: dict[str, Any] = {}
    if part in (Part.HOST_TAKEN, Part.TASK_TAKEN):
        more["strategy"] = ON_SPOT if part is Part.HOST_TAKEN else ON_FARGATE_SPOT
    fake = world.add_service(
        cluster, name, desired=0 if part is Part.TURNED_ON else size, tags=tags,
        scaling=(0, 4) if part is Part.STEADY else (1, 4) if idle else None, **more,
    )  # fmt: skip
    fake.sends("requests", (lambda at: 3.0 if at < QUIET_SINCE else 0.0) if idle else 0.0 if quiet else 3.0)
    host = f"i-{of_its_part // ON_ONE_HOST:017x}" if part is Part.HOST_TAKEN else ""
    for task in fake.tasks:
        task.host = host or None
    return Player(part, fake, size, host)


_ENVIRONMENTS: Mapping[Part, str] = {
    Part.CAME_UP: "day",
    Part.CAME_NOT_UP: "day",
    Part.HOST_TAKEN: "spot",
    Part.TASK_TAKEN: "fargate-spot",
}


def happen(players: Sequence[Player]) -> None:
    """What people and AWS did just before the minute begins."""
    for one in players:
        match one.part:
            case Part.TURNED_OFF:
                one.fake.set_desired(0)
            case Part.TURNED_ON:
                one.fake.set_desired(1)
            case Part.CAME_NOT_UP:
                one.fake.given_up = True
                one.fake.says("was unable to place a task because no container instance met all of its requirements.")


def minute(players: Sequence[Player], events: int, seed: int, *, doubled: float = 0.2) -> list[Sent]:
    """``events`` of them over sixty seconds, ``doubled`` of them sent twice (under one id), all in disorder."""
    luck = Random(seed)
    distinct = round(events * (1 - doubled))
    of_one_host = {one.host or id(one): one for one in players}.values()
    needed = [event for one in of_one_host for event in _told(one)]
    needed += [_stranger(number) for number in range(max(1, round(STRANGERS * events)))]
    assert len(needed) <= distinct, f"{len(needed)} events are needed for this fleet, {distinct} are to be sent"
    steady = [one for one in players if one.part is Part.STEADY]
    needed += [_noise(luck.choice(steady), luck) for _ in range(distinct - len(needed))]
    again = luck.choices(range(len(needed)), k=events - distinct)
    happened = [luck.uniform(0, 60 - LATE) for _ in needed]
    ids = [str(UUID(int=luck.getrandbits(128), version=4)) for _ in needed]
    sent = []
    for index in [*range(len(needed)), *again]:
        envelope, kind, about = needed[index]
        moment = BURST_AT + timedelta(seconds=happened[index])
        stamp = envelope["time"] if kind == "Spot" else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        body = json.dumps({**envelope, "id": ids[index], "time": stamp})
        sent.append(Sent(happened[index] + luck.uniform(0, LATE), body, kind, about))
    return sorted(sent, key=lambda one: one.at)


_Event = tuple[Mapping[str, Any], str, str]
"""The envelope, which kind it is, and the service it is about."""


def _told(one: Player) -> Iterator[_Event]:
    """Every event that matters for this service; steady ones have none."""
    fake = one.fake
    about, group = f"{fake.cluster}/{fake.name}", f"service:{fake.name}"
    match one.part:
        case Part.IDLE | Part.BUSY:
            yield alarm_event(f"lifecycle/{about}/idle"), "alarm", about
        case Part.IDLE_BEHIND:
            target_group = fake.target_groups[0].rpartition(":")[2]
            yield alarm_event(f"lifecycle/{fake.name}", dimensions={"TargetGroup": target_group}), "alarm", about
        case Part.TURNED_OFF:
            yield task_event(fake.cluster, group), "task", about
        case Part.TURNED_ON:
            yield task_event(fake.cluster, group, status="RUNNING"), "task", about
        case Part.CAME_UP:
            yield task_event(fake.cluster, group, status="RUNNING"), "task", about
            yield service_event(fake.arn), "service action", about
            yield deployment_event(fake.arn), "deployment", about
        case Part.CAME_NOT_UP:
            yield service_event(fake.arn, "SERVICE_TASK_PLACEMENT_FAILURE"), "service action", about
            yield deployment_event(fake.arn, "SERVICE_DEPLOYMENT_FAILED"), "deployment", about
        case Part.HOST_TAKEN:
            yield interruption_event(one.host, f"{BURST_AT:%Y-%m-%dT%H:%M:%SZ}"), "Spot", about
        case Part.TASK_TAKEN:
            told = task_event(fake.cluster, group)
            detail = {
                **told["detail"], "taskArn": fake.tasks[0].arn, "stopCode": "SpotInterruption",
                "stoppingAt": f"{BURST_AT:%Y-%m-%dT%H:%M:%SZ}",
            }  # fmt: skip
            yield told | {"detail": detail}, "Spot", about


def _stranger(number: int) -> _Event:
    dimensions = {"TargetGroup": f"targetgroup/nobody/{number:016x}"}
    return alarm_event(f"lifecycle/stranger-{number}", dimensions=dimensions), "alarm of a stranger", ""


def _noise(one: Player, luck: Random) -> _Event:
    fake, about = one.fake, f"{one.fake.cluster}/{one.fake.name}"
    match luck.randrange(8):
        case 0 | 1:
            return service_event(fake.arn), "service action", about
        case 2:
            return deployment_event(fake.arn), "deployment", about
        case 3:
            return launch_failed_event("gpu-hosts", "no Spot capacity"), "launch failed", ""
        case other:
            status = "RUNNING" if other % 2 else "STOPPED"
            return task_event(fake.cluster, f"service:{fake.name}", status=status), "task", about
