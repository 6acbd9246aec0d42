"""Which of the wanted stops may happen now: ``limits.stops-per-hour`` and ``limits.keep-running``.

Limits turn a stop into a wait, never the reverse, and only stops that come from idleness: a closing was foreseen and
a person's stop was asked for, so neither counts, or two hundred services could not close at eight. One exception: in
the first hour of a policy's new version every stop that the policy wants counts, because a new version may be wrong.
Longest idle first. Pure: the caller reserves the slots of the hour in between (`slots_wanted`, then `ration`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.decide.constants import NEW_VERSION_BOUND
from chalicelib.decide.decision import Because, Decision, RuleName, Wanted
from chalicelib.decide.facts import ServiceFacts, ServiceId
from chalicelib.decide.words import counted
from chalicelib.policy.model import Policy

Group = tuple[str, str]
"""Policy name, and what ``keep-running-per`` tells its services apart by."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A decision that wants a service stopped that is up. ``waiting_since`` orders the queue: since when it is idle,
    or since when its stop is wanted if that is longer ago. ``version_since``: when this version of the policy came
    into force; None when that is not known, which counts as long ago."""

    facts: ServiceFacts
    policy: Policy
    decision: Decision
    waiting_since: datetime
    version_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A stop that waits, and why. ``decision`` is what holds instead: the service stays as it is."""

    candidate: Candidate
    reason: str

    @property
    def decision(self) -> Decision:
        wanted = self.candidate.decision
        reason = f"{self.reason} ({wanted.reason})"
        return replace(wanted, wanted=Wanted.LEAVE, because=Because.LIMIT, reason=reason, cuts=False)


@dataclass(frozen=True, slots=True)
class Rationed:
    """``allowed`` in the order in which to stop, ``held`` in the same order."""

    allowed: tuple[Candidate, ...]
    held: tuple[Held, ...]


def waiting_since(decision: Decision) -> datetime:
    """The begin of what a decision's evidence covers: the order of a queue when nothing older is remembered."""
    begins = [fact.since for fact in decision.evidence if fact.since is not None]
    return min(begins, default=decision.look_again_at)


def counts_towards_hour(candidate: Candidate, now: datetime) -> bool:
    """Whether this stop uses one of the ``stops-per-hour``."""
    match candidate.decision.rule:
        case RuleName.IDLE:
            return True
        case RuleName.OVERRIDE:
            return False
        case _:
            since = candidate.version_since
            return since is not None and now < since + NEW_VERSION_BOUND


def slots_wanted(
    candidates: Iterable[Candidate], *, members: Mapping[str, Sequence[ServiceFacts]], now: datetime
) -> Mapping[str, int]:
    """How many slots of this hour each policy (by name) would use if it could have them all."""
    remaining, _ = _keep_running(_queue(candidates), members)
    return Counter(one.policy.name for one in remaining if counts_towards_hour(one, now))


def ration(
    candidates: Iterable[Candidate],
    *,
    members: Mapping[str, Sequence[ServiceFacts]],
    granted: Mapping[str, int],
    now: datetime,
) -> Rationed:
    """Who may stop now.

    ``members``: the services that each policy (by name) rules, to count the ready ones. ``granted``: how many slots
    of the hour each policy got; a policy that is not named got none.
    """
    remaining, held = _keep_running(_queue(candidates), members)
    left = dict(granted)
    allowed: list[Candidate] = []
    for one in remaining:
        name = one.policy.name
        if not counts_towards_hour(one, now):
            allowed.append(one)
        elif left.get(name, 0) > 0:
            left[name] -= 1
            allowed.append(one)
        else:
            limit = counted(one.policy.limits.stops_per_hour, "stop")
            held.append(Held(one, f"waits: {name} has used its {limit} of this hour, the longest idle go first"))
    held.sort(key=lambda one: _place(one.candidate))
    return Rationed(tuple(allowed), tuple(held))


def _queue(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=_place)


def _place(candidate: Candidate) -> tuple[datetime, ServiceId]:
    return candidate.waiting_since, candidate.facts.id


def _keep_running(
    queue: Sequence[Candidate], members: Mapping[str, Sequence[ServiceFacts]]
) -> tuple[list[Candidate], list[Held]]:
    """Holds the idle stops that would leave fewer ready services in a group than ``keep-running`` asks for.

    Closings and people's stops are not held, but they go first: what they leave is what idle stops may take from.
    """
    ready = _ready(queue, members)
    for one in queue:
        if one.decision.rule is not RuleName.IDLE and one.facts.is_ready:
            ready[group_of(one.policy, one.facts)] -= 1
    remaining: list[Candidate] = []
    held: list[Held] = []
    for one in queue:
        least = one.policy.limits.keep_running
        if leaves_some(one) and one.facts.is_ready:
            group = group_of(one.policy, one.facts)
            if ready[group] <= least:
                held.append(Held(one, f"waits: {_group_words(one)} keeps {counted(least, 'ready service')} running"))
                continue
            ready[group] -= 1
        remaining.append(one)
    return remaining, held


def _ready(queue: Sequence[Candidate], members: Mapping[str, Sequence[ServiceFacts]]) -> Counter[Group]:
    policies = {one.policy.name: one.policy for one in queue}
    counts: Counter[Group] = Counter()
    for name, policy in policies.items():
        for facts in members.get(name, ()):
            if facts.is_ready and facts.desired_count > 0:
                counts[group_of(policy, facts)] += 1
    return counts


def leaves_some(candidate: Candidate) -> bool:
    """Whether this stop is one that ``keep-running`` bounds."""
    return candidate.policy.limits.keep_running > 0 and candidate.decision.rule is RuleName.IDLE


def group_of(policy: Policy, facts: ServiceFacts) -> Group:
    """Services without the tag are a group of their own."""
    per = policy.limits.keep_running_per
    if per is None:
        return policy.name, ""
    if per == "cluster":
        return policy.name, facts.id.cluster
    return policy.name, facts.tags.get(per.removeprefix("tag:"), "")


def _group_words(candidate: Candidate) -> str:
    per = candidate.policy.limits.keep_running_per
    name, value = group_of(candidate.policy, candidate.facts)
    if per is None:
        return name
    return f"{name} in cluster {value}" if per == "cluster" else f"{name} with {per.removeprefix('tag:')}={value}"
