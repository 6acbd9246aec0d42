"""A snapshot comes back as it was, fits into its shards, and is forgotten when it cannot be trusted."""

from __future__ import annotations

import gzip
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from chalicelib.decide.facts import (
    Availability,
    CapacityProviderUse,
    LaunchType,
    Point,
    ScalingBounds,
    ServiceFacts,
    ServiceId,
    SignalName,
    SignalReading,
    TargetGroup,
)
from chalicelib.observe.fleet import ClusterCounts, Fleet, Unread
from chalicelib.observe.snapshot import SHARD_BYTES, Bookings, Look, Snapshot, dump, load

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def service(number: int) -> ServiceFacts:
    name = f"ollama-{number * 7919 % 100_003:06}"
    return ServiceFacts(
        id=ServiceId("gpu-dev", name),
        arn=f"arn:aws:ecs:eu-central-1:123456789012:service/gpu-dev/{name}",
        desired_count=number % 3,
        running_count=number % 2,
        pending_count=0,
        described_at=NOW,
        launch_type=LaunchType.EC2,
        tags={"environment": "dev", "hard-to-pack": random.Random(number).randbytes(120).hex()},
        capacity_providers=(CapacityProviderUse("spot", 0, 1),),
        target_groups=(TargetGroup(f"targetgroup/{name}/{number * 2654435761 % 2**64:016x}", "app/shared/1"),),
        scaling=ScalingBounds(0, number % 5, scheduled_suspended=True) if number % 2 else None,
        ready_since=NOW - timedelta(seconds=number, microseconds=number) if number % 2 else None,
        created_at=NOW,
        task_definition=f"arn:aws:ecs:eu-central-1:123456789012:task-definition/{name}:{number % 9}",
        unmanageable="It is a DAEMON service." if number == 1 else None,
    )


def snapshot(count: int) -> Snapshot:
    services = {one.id: one for one in map(service, range(count))}
    looks = {
        id: Look(
            look_again_at=NOW + timedelta(minutes=index % 60),
            basis=f"basis-{index % 4}",
            told=frozenset({"unknown", "limit"}) if index % 2 else frozenset(),
            last_reported={SignalName.REQUESTS: NOW},
            absent_since={SignalName.GPU: NOW},
        )
        for index, id in enumerate(services)
        if index % 5
    }
    clusters = {"gpu-dev": ClusterCounts("gpu-dev", "arn", count, 3, 1)}
    problems = (Unread(None, "old", "no answer"), Unread(ServiceId("gpu-dev", "x"), "gpu-dev", "throttled"))
    booked = Bookings(frozenset({NOW, NOW + timedelta(hours=9)}), NOW - timedelta(minutes=40))
    return Snapshot(Fleet(services, clusters, NOW - timedelta(minutes=20), problems), looks, NOW, booked)


def test_a_snapshot_comes_back_as_it_was() -> None:
    before = snapshot(50)

    after = load(dump(before))

    assert after is not None
    assert after == before


def test_an_empty_fleet_comes_back_empty() -> None:
    empty = Snapshot(Fleet.empty(NOW), {}, NOW)

    assert load(dump(empty)) == empty


def test_a_large_fleet_is_cut_into_shards_that_fit_a_database_item() -> None:
    large = snapshot(3_500)

    shards = dump(large)

    assert len(shards) > 1
    assert max(map(len, shards)) < SHARD_BYTES
    assert load(reversed(shards)) == large


def test_a_snapshot_with_a_shard_missing_or_of_two_runs_is_forgotten() -> None:
    large = snapshot(3_500)
    shards, others = dump(large), dump(replace(large, taken_at=NOW + timedelta(minutes=5)))

    assert load(shards[1:]) is None
    assert load(shards[:-1]) is None
    assert load([shards[0], *others[1:]]) is None
    assert load([*shards, shards[0]]) is None


@pytest.mark.parametrize(
    "shard",
    [b"", b"nonsense", gzip.compress(b"[]"), gzip.compress(b"{}"), gzip.compress(b'{"part":0,"format":0,"of":1}')],
    ids=["empty", "no gzip", "a list", "an empty map", "another format"],
)
def test_a_snapshot_that_cannot_be_understood_is_forgotten(shard: bytes) -> None:
    assert load([shard]) is None
    assert load([]) is None


def reading(name: SignalName, availability: Availability, *points: Point) -> SignalReading:
    return SignalReading(name, availability, NOW - timedelta(hours=1), NOW, points=points)


def test_a_look_remembers_when_a_signal_last_spoke_and_which_ones_are_absent() -> None:
    point = Point(NOW - timedelta(minutes=7), 1.0)
    look = Look(NOW).having_seen(
        {
            SignalName.REQUESTS: reading(SignalName.REQUESTS, Availability.READ, point),
            SignalName.GPU: reading(SignalName.GPU, Availability.ABSENT),
        },
        NOW,
    )

    assert look.last_reported == {SignalName.REQUESTS: point.at}
    assert look.not_worth_asking(NOW + timedelta(minutes=59)) == {SignalName.GPU}
    assert look.not_worth_asking(NOW + timedelta(minutes=60)) == frozenset()


def test_a_signal_that_comes_to_life_is_worth_asking_for() -> None:
    absent = Look(NOW).having_seen({SignalName.GPU: reading(SignalName.GPU, Availability.ABSENT)}, NOW)

    alive = absent.having_seen({SignalName.GPU: reading(SignalName.GPU, Availability.READ, Point(NOW, 9.0))}, NOW)

    assert alive.not_worth_asking(NOW) == frozenset()


def test_a_signal_still_absent_when_asked_again_waits_another_hour() -> None:
    absent = {SignalName.GPU: reading(SignalName.GPU, Availability.ABSENT)}
    later = NOW + timedelta(minutes=61)

    look = (
        Look(NOW).having_seen(absent, NOW).having_seen(absent, NOW + timedelta(minutes=30)).having_seen(absent, later)
    )

    assert look.absent_since == {SignalName.GPU: later}
