"""Whether each accepted call had its effect, once: told from what ECS lists and what the record holds."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.decide.facts import OverrideKind
from chalicelib.fleet.instances import Instances
from chalicelib.fleet.model import SERVICE_PREFIX
from chalicelib.record.controls import Controls
from chalicelib.record.history import History
from chalicelib.record.table import Table
from load_calls import WRITES, Answered, Cast, Mine
from load_figures import share_of


@dataclass(frozen=True)
class Effects:
    """What stands afterwards: services by name as ECS lists them, their desired counts, and what the record tells."""

    services: Counter[str]
    desired: Mapping[str, int]
    rows: frozenset[str]
    actions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By service name and kind (stop, start): how many actions since the load began."""
    kept: Mapping[str, int] = field(default_factory=dict)
    """By service name: standing words that keep it running."""


def effects(table: Table, ecs: Any, cluster: str, since: datetime, now: datetime) -> Effects:
    pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
    names = [arn.rpartition("/")[2] for page in pages for arn in page["serviceArns"]]
    desired: dict[str, int] = {}
    for first in range(0, len(names), 10):
        found = ecs.describe_services(cluster=cluster, services=names[first : first + 10])["services"]
        desired |= {one["serviceName"]: one["desiredCount"] for one in found}
    ids: Mapping[str, Mapping[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in History(table).since(since, now):
        if entry.service and entry.action and entry.outcome in ("begun", "done"):
            ids[entry.service.name][entry.action.value].add(entry.action_id)
    kept = Counter(
        one.service.name for one in Controls(table).read(now).overrides if one.kind is OverrideKind.KEEP
    )  # fmt: skip
    actions = {name: {kind: len(some) for kind, some in kinds.items()} for name, kinds in ids.items()}
    return Effects(Counter(names), desired, frozenset(one.id for one in Instances(table).all()), actions, kept)


def wrongs(cast: Cast, answers: Sequence[Answered], after: Effects) -> list[str]:
    """One sentence for each answer that is none, and each accepted write that has no effect or more than one."""
    found = [
        f"{one.asked.kind}: {one.status} for {one.asked.method} {one.asked.path}: {one.text[:160]}"
        for one in answers
        if one.status not in one.asked.right
    ]
    found += [f"{one.id}: {wrong}" for one in cast.everything for wrong in _wrong_with(cast, one, after)]
    launched, of_keys = _launched(answers)
    found += of_keys
    expected = Counter(SERVICE_PREFIX + one.id for one in cast.everything) + Counter(
        SERVICE_PREFIX + id for id in launched
    )
    found += [f"service {name} is missing" for name in sorted((expected - after.services).elements())]
    found += [f"service {name} is nobody's" for name in sorted((after.services - expected).elements())]
    found += [f"launched {id} has no row" for id in sorted(launched - after.rows)]
    found += [f"launched {id} is not on" for id in sorted(launched) if after.desired.get(SERVICE_PREFIX + id) != 1]
    return found


def _launched(answers: Sequence[Answered]) -> tuple[set[str], list[str]]:
    """The instances that were promised, and what is wrong with the promises."""
    by_key: dict[str, set[str]] = defaultdict(set)
    for one in answers:
        if one.asked.kind == "launch" and one.status == 202:
            by_key[one.asked.key].add(str(json.loads(one.text)["instance_id"]))
    ids = [id for some in by_key.values() for id in some]
    wrong = [f"key {key}: answered with {len(some)} instances" for key, some in by_key.items() if len(some) != 1]
    wrong += [f"instance {id}: promised under {times} keys" for id, times in Counter(ids).items() if times > 1]
    return set(ids), wrong


def _wrong_with(cast: Cast, one: Mine, after: Effects) -> Iterator[str]:
    """A word that is answered 409 stands too: another run is about to do what it says."""
    name = SERVICE_PREFIX + one.id
    made = after.actions.get(name, {})
    stops, starts, kept = made.get("stop", 0), made.get("start", 0), after.kept.get(name, 0)
    found = (after.desired.get(name), stops, starts, kept)
    right = (0, 1, 0, 0) if one in cast.to_stop else (1, 0, 1, 1) if one in cast.to_wake else (1, 0, 0, 1)
    if found != right:
        yield f"desired count, stops, starts, words that keep it: {found}, not {right}"
    if one.id not in after.rows:
        yield "its row is gone"


def told(cast: Cast, answers: Sequence[Answered], after: Effects, seconds: float) -> dict[str, Any]:
    """A load as numbers: seconds by kind of call, counts, what is wrong."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for one in answers:
        by_kind[one.asked.kind].append(one.seconds)
    return {
        "calls": len(answers), "seconds": seconds, "wrong": wrongs(cast, answers, after),
        "5xx": sum(one.status >= 500 or one.status == 0 for one in answers),
        "kinds": {kind: _shares(some) for kind, some in sorted(by_kind.items())},
        "all": _shares([one.seconds for one in answers]),
        "writes": sum(one.asked.kind in WRITES for one in answers),
        "accepted": sum(one.asked.kind in WRITES and one.status == 202 for one in answers),
    }  # fmt: skip


def _shares(values: Sequence[float]) -> Mapping[str, float]:
    return {
        "calls": len(values), "p50": share_of(values, 0.5), "p99": share_of(values, 0.99), "most": max(values)
    }  # fmt: skip
