"""What holds a move by force, where tasks count as placed, and between which capacity providers a service may move."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chalicelib.decide.capacity import (
    CapacityProviderUse,
    Market,
    Provider,
)
from chalicelib.decide.case import make_case
from chalicelib.decide.decision import Placing
from chalicelib.decide.facts import (
    ActionKind,
    LaunchType,
    Pending,
    ServiceFacts,
    ServiceId,
)
from chalicelib.decide.forced import cuts_running_work, why_not_at_once, why_not_by_force
from chalicelib.decide.in_place import at_place, short, short_since
from chalicelib.decide.pairs import Pair, needs_tags, pair_of, strategy
from chalicelib.policy.model import PolicySet
from support.observations import HOUR, MINUTE, VISION, service
from support.placements import (
    NOW,
    ON_DEMAND,
    PREFER,
    SPOT,
    back,
    decided,
    missing_since,
    on_hosts,
    placing,
    requests,
    seen,
)
from support.policies import policy


def test_room_for_one_task_more_is_room_enough() -> None:
    for healthy in ((100, 150), (50, 100)):
        two = replace(on_hosts(ON_DEMAND, 2), healthy_percent=healthy)
        assert why_not_by_force(make_case(PREFER, seen(two), (), NOW, PolicySet()), decided(seen(two))) is None


@pytest.mark.parametrize(
    ("desired", "running", "healthy", "cuts"),
    [
        (1, 1, (0, 100), False),
        (2, 2, (50, 100), True),
        (2, 1, (50, 100), False),
        (3, 2, (50, 100), False),
        (3, 3, (67, 100), False),
        (3, 3, (66, 100), True),
        (2, 0, (0, 100), False),
        (3, 1, (0, 100), True),
        (2, 2, None, False),
        (2, 2, (100, 200), False),
    ],
)
def test_a_deployment_cuts_running_work_only_below_what_runs(
    desired: int, running: int, healthy: tuple[int, int] | None, cuts: bool
) -> None:
    facts = replace(on_hosts(SPOT, desired, running), healthy_percent=healthy)

    assert cuts_running_work(facts) is cuts


def test_work_on_tasks_that_nobody_takes_is_waited_for() -> None:
    facts = replace(on_hosts(SPOT, 3, 2), healthy_percent=(0, 100))
    busy, quiet = (
        make_case(PREFER, seen(facts, back(60), signals=requests(value)), (), NOW, PolicySet()) for value in (3.0, 0.0)
    )
    whole = make_case(PREFER, seen(replace(facts, healthy_percent=None), signals=requests(3.0)), (), NOW, PolicySet())

    held = why_not_at_once(busy)
    assert held is not None
    assert held.says == "in use: 3 requests since 02:53, the last at 02:59"
    assert why_not_at_once(quiet) is None
    assert why_not_at_once(whole) is None
    found = placing(quiet.seen)
    assert found is not None
    assert (found.to, found.by_force) == (ON_DEMAND, True)


def test_tasks_count_where_they_are_to_run() -> None:
    mixed = replace(on_hosts(SPOT, 3), running_on=(("gpu-od", 1), ("gpu-spot", 2)))
    silent = replace(on_hosts(SPOT, 2), running_on=())

    assert short(mixed) == 1
    assert not at_place(mixed, SPOT)
    assert at_place(mixed, (*SPOT, *ON_DEMAND))
    assert short(replace(mixed, desired_count=1)) == 0
    assert short(silent) == 0
    assert short(replace(silent, running_count=1)) == 1
    assert not at_place(replace(silent, desired_count=1), ON_DEMAND)
    assert not at_place(replace(silent, desired_count=0), SPOT)
    assert at_place(on_hosts(SPOT, 1), SPOT)


@pytest.mark.parametrize(
    ("kind", "since"), [(ActionKind.START, NOW), (ActionKind.MOVE, NOW), (ActionKind.STOP, NOW - MINUTE)]
)
def test_a_start_or_move_that_is_awaited_knows_best_since_when_tasks_are_missing(
    kind: ActionKind, since: object
) -> None:
    memory = replace(missing_since(1), pending=Pending(kind, NOW, NOW + HOUR, "a"))

    assert short_since(on_hosts(SPOT, 1, 0), memory) == since
    assert short_since(on_hosts(SPOT), memory) is None
    assert short_since(on_hosts(SPOT, 1, 0), missing_since(1)) == NOW - MINUTE


POOLS = (
    Provider("a-spot", Market.SPOT, "a"),
    Provider("a-od", Market.ON_DEMAND, "a"),
    Provider("b-spot", Market.SPOT, "b"),
    Provider("b-od", Market.ON_DEMAND, "b"),
)
BY_TAGS = policy("spot: {use: prefer}").spot
NAMED = PREFER.spot


def test_providers_are_named_by_the_policy_by_fargate_or_by_their_tags() -> None:
    assert BY_TAGS is not None
    assert NAMED is not None
    hosts, fargate = on_hosts((CapacityProviderUse("b-od", 0, 1),)), service()

    assert pair_of(NAMED, hosts, None) == Pair("gpu-spot", "gpu-od")
    assert pair_of(BY_TAGS, fargate, None) == Pair("FARGATE_SPOT", "FARGATE")
    assert pair_of(BY_TAGS, hosts, POOLS) == Pair("b-spot", "b-od")
    assert pair_of(BY_TAGS, on_hosts(ON_DEMAND), POOLS[:2]) == Pair("a-spot", "a-od")
    assert needs_tags(BY_TAGS, hosts)
    assert not needs_tags(BY_TAGS, fargate)
    assert not needs_tags(NAMED, hosts)


@pytest.mark.parametrize(
    ("spot", "facts", "providers", "why"),
    [
        (
            BY_TAGS,
            replace(service(), launch_type=LaunchType.EXTERNAL),
            None,
            "EXTERNAL hosts are not bought by the hour",
        ),
        (
            NAMED,
            service(),
            None,
            "it runs on Fargate and the policy names capacity providers of hosts; a service stays on one kind",
        ),
        (
            policy("spot: {use: prefer, providers: {spot: FARGATE_SPOT, on-demand: FARGATE}}").spot,
            on_hosts(SPOT),
            None,
            "it runs on hosts of EC2 and the policy names capacity providers of Fargate; a service stays on one kind",
        ),
        (BY_TAGS, on_hosts(SPOT), None, "the tags of its capacity providers could not be read"),
        (
            BY_TAGS,
            on_hosts(SPOT),
            POOLS,
            "of its capacity providers 2 for Spot and 2 on demand say so by their tag lifecycle:market, one of each is "
            "needed; name both under spot.providers, or tell pools apart with lifecycle:pool",
        ),
        (
            BY_TAGS,
            on_hosts(SPOT),
            POOLS[:1],
            "of its capacity providers 1 for Spot and 0 on demand say so by their tag lifecycle:market, one of each is "
            "needed; name both under spot.providers, or tell pools apart with lifecycle:pool",
        ),
    ],
)
def test_without_one_provider_of_each_kind_it_is_said_why_it_cannot_be_moved(
    spot: object, facts: ServiceFacts, providers: tuple[Provider, ...] | None, why: str
) -> None:
    assert pair_of(spot, facts, providers) == why  # type: ignore[arg-type]
    refusing = PREFER.model_copy(update={"spot": spot})
    assert placing(seen(facts, providers=providers), refusing) == Placing(
        None, f"its placement is left alone: {why}", refused=True
    )


def test_a_base_stays_on_demand_and_the_rest_goes_to_spot() -> None:
    pair = Pair("s", "o")
    all_there, base, rest = (
        CapacityProviderUse("o", 0, 1),
        CapacityProviderUse("o", 2, 0),
        CapacityProviderUse("s", 0, 1),
    )

    assert strategy(pair, Market.ON_DEMAND, 0, 3) == (all_there,)
    assert strategy(pair, Market.SPOT, 0, 3) == (rest,)
    assert strategy(pair, Market.SPOT, 2, 3) == (base, rest)
    assert strategy(pair, Market.SPOT, 2, 2) == (all_there,)
    assert strategy(pair, Market.SPOT, 2, 0) == (base, rest)


def test_a_service_is_known_by_its_cluster_and_name() -> None:
    assert ServiceId.parse("gpu-dev/ollama-vision") == VISION
    for wrong in ("ollama", "/ollama", "gpu/", "gpu/ollama/x"):
        with pytest.raises(ValueError, match="is not cluster/service"):
            ServiceId.parse(wrong)
