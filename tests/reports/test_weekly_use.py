"""Which hours of a week count as idle: only those that the rules that stop a service would have proven so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.decide.facts import Point, ServiceFacts, ServiceId, TargetGroup
from chalicelib.observe.batches import Answer, Query
from chalicelib.observe.metrics import CPU, HEALTHY_HOSTS, REQUESTS, Metric
from support.observations import service

from reports.making.use import Use
from reports.measured import Watched, measure

CHAT = ServiceId("gpu", "chat")
BEGIN = datetime(2026, 11, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
BALANCED = (TargetGroup("targetgroup/chat/1", "app/front/1"),)


def facts(groups: tuple[TargetGroup, ...] = BALANCED) -> ServiceFacts:
    return replace(service(id=CHAT), target_groups=groups)


def cloudwatch(told: Mapping[Metric, Mapping[int, float]], failed: tuple[Metric, ...] = ()) -> object:
    """``told``: by metric, the value of each hour that has one."""

    def ask(queries: Iterable[Query]) -> Mapping[Query, Answer]:
        return {query: _answer(query.metric, told, failed) for query in queries}

    return ask


def _answer(metric: Metric, told: Mapping[Metric, Mapping[int, float]], failed: tuple[Metric, ...]) -> Answer:
    points = told.get(metric, {})
    if metric in failed:
        return Answer(failed="could not be read: ThrottlingException")
    return Answer(tuple(Point(BEGIN + HOUR * hour, value) for hour, value in sorted(points.items())))


def used(told: Mapping[Metric, Mapping[int, float]], *, hours: int = 6, **more: object) -> Use:
    failed = more.pop("failed", ())
    watched = Watched(facts(), **more)  # type: ignore[arg-type]
    found, _ = measure([watched], BEGIN, BEGIN + HOUR * hours, cloudwatch(told, failed))  # type: ignore[arg-type]
    return found


def hours_of(use: Use) -> set[int]:
    return {(hour - BEGIN) // HOUR for hour in use.idle[CHAT]}


ALWAYS_THERE = dict.fromkeys(range(6), 1.0)
QUIET_CPU = dict.fromkeys(range(6), 1.0)


def test_an_hour_without_a_request_on_a_healthy_host_is_idle() -> None:
    use = used({REQUESTS: {0: 12, 3: 1}, HEALTHY_HOSTS: ALWAYS_THERE, CPU: QUIET_CPU})
    assert hours_of(use) == {1, 2, 4, 5}
    assert use.total([CHAT]) == 13


def test_an_hour_in_which_the_cpu_worked_is_not_idle() -> None:
    use = used({REQUESTS: {}, HEALTHY_HOSTS: ALWAYS_THERE, CPU: {**QUIET_CPU, 2: 80.0}})
    assert hours_of(use) == {0, 1, 3, 4, 5}


def test_an_hour_of_which_nobody_knows_whether_a_host_was_there_is_not_idle() -> None:
    use = used({REQUESTS: {0: 3}, HEALTHY_HOSTS: {0: 1.0, 1: 1.0}, CPU: QUIET_CPU})
    assert hours_of(use) == {1}


def test_what_could_not_be_read_makes_nothing_idle() -> None:
    assert used({HEALTHY_HOSTS: ALWAYS_THERE}, failed=(REQUESTS,)) == Use()


def test_a_service_behind_no_load_balancer_is_not_counted() -> None:
    found, asked = measure([Watched(facts(()))], BEGIN, BEGIN + HOUR, cloudwatch({CPU: {0: 0.0}}))  # type: ignore[arg-type]
    assert not found.counts(CHAT)
    assert asked == 3, "its own metrics, and none of a load balancer"


def test_of_a_service_that_is_stopped_when_idle_only_the_quiet_before_a_stop_counts() -> None:
    """Quiet from 1 to 3, stopped at 4; quiet again at the end, and still there: a stream, or a stop to come."""
    there = dict.fromkeys([0, 1, 2, 3, 6, 7, 8], 1.0)
    told = {REQUESTS: {0: 5, 6: 2}, HEALTHY_HOSTS: there, CPU: dict.fromkeys(range(9), 1.0)}
    assert hours_of(used(told, hours=9, is_stopped_when_idle=True)) == {1, 2, 3}
    assert hours_of(used(told, hours=9)) == {1, 2, 3, 7, 8}
