"""Which wanted stops wait, and in which order the others go."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.decide.decision import Because, Decision, Evidence, RuleName, Wanted
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.limits import Candidate, ration, slots_wanted, waiting_since
from chalicelib.policy.model import Policy
from support.observations import HOUR, MINUTE, at, service
from support.policies import policy

NOW = at("2026-11-20T15:00")
DEV = policy("idle: {stop-after: 30m}\nlimits: {stops-per-hour: 2}")
PER_MODEL = policy('idle: {stop-after: 30m}\nlimits: {keep-running: 1, keep-running-per: "tag:model"}')


def facts(name: str, model: str = "llama3") -> ServiceFacts:
    return service(id=ServiceId("gpu-dev", name), tags={"model": model})


def candidate(
    name: str,
    *,
    policy: Policy = DEV,
    rule: RuleName = RuleName.IDLE,
    since: datetime = NOW - HOUR,
    version_since: datetime | None = None,
    model: str = "llama3",
) -> Candidate:
    one = facts(name, model)
    evidence = (Evidence("requests", "0", "requests", since, NOW),)
    decision = Decision(one.id, Wanted.STOPPED, rule, Because.IDLE, "idle: not used", evidence, NOW + HOUR)
    return Candidate(one, policy, decision, waiting_since(decision), version_since)


def names(candidates: tuple[Candidate, ...]) -> list[str]:
    return [one.facts.id.name for one in candidates]


def test_the_longest_idle_go_first_and_the_rest_wait() -> None:
    queue = [
        candidate("a", since=NOW - HOUR),
        candidate("b", since=NOW - 3 * HOUR),
        candidate("c", since=NOW - 2 * HOUR),
    ]

    assert slots_wanted(queue, members={}, now=NOW) == {"dev": 3}
    rationed = ration(queue, members={}, granted={"dev": 2}, now=NOW)

    assert names(rationed.allowed) == ["b", "c"]
    held = rationed.held[0]
    assert held.reason == "waits: dev has used its 2 stops of this hour, the longest idle go first"
    assert (held.decision.wanted, held.decision.because) == (Wanted.LEAVE, Because.LIMIT)
    assert held.decision.reason.endswith("(idle: not used)")


def test_foreseen_closings_and_peoples_stops_do_not_count() -> None:
    queue = [candidate("a", rule=RuleName.CLOSED), candidate("b", rule=RuleName.OVERRIDE)]

    assert slots_wanted(queue, members={}, now=NOW) == {}
    assert names(ration(queue, members={}, granted={}, now=NOW).allowed) == ["a", "b"]


def test_in_the_first_hour_of_a_new_version_closings_count_too() -> None:
    def closings(age: timedelta) -> list[Candidate]:
        return [candidate(name, rule=RuleName.CLOSED, version_since=NOW - age) for name in "abc"]

    assert slots_wanted(closings(59 * MINUTE), members={}, now=NOW) == {"dev": 3}
    assert slots_wanted(closings(HOUR), members={}, now=NOW) == {}


def test_a_persons_stop_is_not_held_by_a_new_version() -> None:
    fresh = [candidate("a", rule=RuleName.OVERRIDE, version_since=NOW)]

    assert names(ration(fresh, members={}, granted={}, now=NOW).allowed) == ["a"]


def test_a_group_keeps_its_ready_services() -> None:
    members = {"dev": [facts("a"), facts("b"), facts("c", "mistral")]}
    queue = [
        candidate("a", policy=PER_MODEL, since=NOW - 2 * HOUR),
        candidate("b", policy=PER_MODEL),
        candidate("c", policy=PER_MODEL, model="mistral"),
    ]

    assert slots_wanted(queue, members=members, now=NOW) == {"dev": 1}
    rationed = ration(queue, members=members, granted={"dev": 20}, now=NOW)

    assert names(rationed.allowed) == ["a"]
    assert [held.reason for held in rationed.held] == [
        "waits: dev with model=llama3 keeps 1 ready service running",
        "waits: dev with model=mistral keeps 1 ready service running",
    ]


def test_a_closing_may_stop_the_last_one_of_a_group() -> None:
    members = {"dev": [facts("a")]}

    rationed = ration([candidate("a", policy=PER_MODEL, rule=RuleName.CLOSED)], members=members, granted={}, now=NOW)

    assert names(rationed.allowed) == ["a"]


def test_what_closes_is_not_counted_as_kept() -> None:
    members = {"dev": [facts("a"), facts("b")]}
    queue = [candidate("a", policy=PER_MODEL, rule=RuleName.OVERRIDE), candidate("b", policy=PER_MODEL)]

    rationed = ration(queue, members=members, granted={"dev": 20}, now=NOW)

    assert (names(rationed.allowed), [one.candidate.facts.id.name for one in rationed.held]) == (["a"], ["b"])
