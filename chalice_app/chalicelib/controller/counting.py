"""Counts afresh who shares a group with services that are to be stopped, for ``limits.keep-running``.

The picture of the fleet may be half an hour old; it only says whom to describe. What is being stopped already is not
counted as staying, whatever ECS still says of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.decide.facts import ActionKind, ServiceFacts, ServiceMemory
from chalicelib.decide.govern import govern
from chalicelib.decide.limits import Candidate, group_of
from chalicelib.execute.doing import Clock
from chalicelib.observe.fleet import Fleet, Gone
from chalicelib.observe.inventory import Inventory
from chalicelib.policy.model import PolicySet
from chalicelib.record.states import States


def recount(
    candidates: Sequence[Candidate],
    fleet: Fleet,
    policies: PolicySet,
    inventory: Inventory,
    states: States,
    clock: Clock,
) -> Mapping[str, Sequence[ServiceFacts]]:
    """The services in the candidates' groups, by policy. Raises ObservationError, RecordUnavailable."""
    groups = {group_of(one.policy, one.facts) for one in candidates}
    asked = [
        facts.id
        for facts in fleet.services.values()
        if (ruling := govern(policies, facts).ruling) and group_of(ruling, facts) in groups
    ]
    described = inventory.refresh(asked, clock.now())
    memories = states.all()
    to_be_stopped = {one.facts.id for one in candidates}
    members: dict[str, list[ServiceFacts]] = {}
    for id, facts in described.items():
        if isinstance(facts, Gone) or (id not in to_be_stopped and _is_stopping(memories.get(id))):
            continue
        if ruling := govern(policies, facts).ruling:
            members.setdefault(ruling.name, []).append(facts)
    return members


def _is_stopping(memory: ServiceMemory | None) -> bool:
    if memory is None:
        return False
    pending = memory.pending is not None and memory.pending.kind is ActionKind.STOP
    return pending or memory.draining_since is not None
